"""The families of the parallel combinators: a fixed number of children, an outcome by policy."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, final

from effio.algebra.argument import returned_no_program
from effio.algebra.io import IO
from effio.algebra.primitive import FAIL, PURE, Halt, Named, OnExit, Parallel, Pure
from effio.algebra.primitive import Fail as FailNode
from effio.data.cause import Cause, Die, Fail
from effio.data.location import ChildReport
from effio.interpreter.fiber import Fiber
from effio.interpreter.frames import Frame
from effio.interpreter.scope import visible_cancel
from effio.interpreter.supervision import ChildrenWait, Family
from returns.result import Failure, Success

RUNNING: Final = 0
SUCCEEDED: Final = 1
FAILED: Final = 2
CANCELLED: Final = 3

Outcome: TypeAlias = Literal["succeeded", "failed", "cancelled"]


class ParallelFamily(Family):
    """The children of one parallel combinator, started in order, at most `limit` at once.

    `states` says how each item stands. `decided` is true once nothing more is to be started.
    """

    __slots__ = ("decided", "node", "results", "states")

    def __init__(self, owner: Fiber, node: Parallel) -> None:
        super().__init__(owner, node._name, owner.region)
        self.node = node
        self.decided = False
        self.results: list[Any] = [None] * len(node._items)
        self.states = bytearray(len(node._items))

    # -- Starting ----

    def start(self) -> None:
        """Start as many children as may run; one that is a value or an error already costs no fiber."""
        node = self.node
        count = len(node._items)
        limit = count if node._limit is None else node._limit
        while self.forked < count and len(self.children) < limit and not self.decided:
            index = self.forked
            self.forked += 1
            item = node._items[index]
            if node._function is not None:
                try:
                    item = node._function(item)
                except BaseException as error:
                    self.failed_early(index, self.fiber.raised(error))
                    continue
            self.start_one(index, item)

    def start_one(self, index: int, program: IO[Any, Any]) -> None:
        labels = self.node._labels
        tag = getattr(program, "_tag", None)
        if tag == PURE:
            self.states[index] = SUCCEEDED
            self.succeeded(index, program._value)  # type: ignore[attr-defined]
        elif tag == FAIL:
            error = Fail(program._error, self.fiber.at(program._site))  # type: ignore[attr-defined]
            self.failed_early(index, error)
        elif tag is None:
            self.failed_early(index, Die(returned_no_program(self.node._function or self.name, program), self.fiber.at(None)))
        else:
            label = None if labels is None else labels[index]
            self.fork(program, index, label, self.fiber.context.copy())

    def failed_early(self, index: int, cause: Cause[Any]) -> None:
        self.states[index] = FAILED
        self.failed(index, self.label(index), cause, cause)

    def go_on(self) -> None:
        if not self.decided and self.forked < len(self.states):
            self.start()
        super().go_on()

    # -- Children end ----

    def succeeded(self, index: int, value: Any) -> None:
        self.states[index] = SUCCEEDED
        self.results[index] = value

    def lost(self, child: Fiber, cause: Cause[Any]) -> None:
        self.states[child.index] = CANCELLED
        self.decided = True

    def failed(self, index: int, name: str, rest: Cause[Any], whole: Cause[Any]) -> None:
        self.states[index] = FAILED
        self.failures[index] = rest
        self.decide("sibling", name)

    def decide(self, source: Any, name: str) -> None:
        """Nothing more counts: start no more, cancel what runs."""
        self.decided = True
        if self.children:
            self.request_cancel(source, name, None)

    # -- The end ----

    def outcome(self) -> IO[Any, Any]:
        """What the whole gives, once the last child has ended."""
        self.leave()
        cause = self.conclude(self.parts())
        return Pure(self.results) if cause is None else Halt(cause)

    def label(self, index: int) -> str:
        """The name of the child at `index`, whether it has a fiber or not."""
        if self.node._labels is not None:
            return str(self.node._labels[index])
        item = self.node._items[index]
        if self.node._function is None and type(item) is Named:
            return str(item._name)
        return f"{self.name}[{index}]"

    def reports(self, parts: dict[int, Cause[Any]]) -> tuple[ChildReport, ...]:
        return tuple(
            ChildReport(self.label(index), outcome_of(state, index in parts))
            for index, state in enumerate(self.states[: self.forked])
            if index in parts or index not in self.failures
        )


def outcome_of(state: int, counts: bool) -> Outcome:
    """How a child stands, in words; a failure that a winner made void leaves the child cancelled."""
    if counts:
        return "failed"
    return "succeeded" if state == SUCCEEDED else "cancelled"


@final
class AllFamily(ParallelFamily):
    """Every value, or the first failure cancels the others."""

    __slots__ = ()


@final
class SettleFamily(ParallelFamily):
    """Every exit, whatever it is."""

    __slots__ = ()

    def succeeded(self, index: int, value: Any) -> None:
        self.states[index] = SUCCEEDED
        self.results[index] = Success(value)

    def failed(self, index: int, name: str, rest: Cause[Any], whole: Cause[Any]) -> None:
        self.states[index] = FAILED
        self.results[index] = Failure(whole)

    def lost(self, child: Fiber, cause: Cause[Any]) -> None:
        self.states[child.index] = CANCELLED
        self.results[child.index] = Failure(cause)
        self.decided = self.cut is not None


@final
class ValidateFamily(ParallelFamily):
    """Every value, or all typed errors together."""

    __slots__ = ()

    def failed(self, index: int, name: str, rest: Cause[Any], whole: Cause[Any]) -> None:
        self.states[index] = FAILED
        self.failures[index] = rest

    def outcome(self) -> IO[Any, Any]:
        causes = self.parts().values()
        if not causes or self.cut is not None or not all(is_typed(cause) for cause in causes):
            return super().outcome()
        self.leave()
        errors = tuple(error for cause in causes for error in cause.failures())
        return FailNode(errors)


def is_typed(cause: Cause[Any]) -> bool:
    """Whether it holds nothing but typed errors."""
    return not cause.has_defect and not cause.has_cancelled


class FirstFamily(ParallelFamily):
    """The first exit counts; the others are cancelled and awaited.

    `won` holds the values that nobody was given yet, by index. `void` holds failures that a winner makes void.
    """

    __slots__ = ("void", "winner", "won")

    def __init__(self, owner: Fiber, node: Parallel) -> None:
        super().__init__(owner, node)
        self.winner: int | None = None
        self.won: dict[int, Any] = {}
        self.void: dict[int, Cause[Any]] = {}

    def succeeded(self, index: int, value: Any) -> None:
        self.states[index] = SUCCEEDED
        self.won[index] = value
        if not self.decided:
            self.winner = index
            self.decide("race", self.label(index))

    def failed(self, index: int, name: str, rest: Cause[Any], whole: Cause[Any]) -> None:
        self.states[index] = FAILED
        counts = rest is not whole or rest.has_defect
        if counts or self.ends_with_failure():
            self.failures[index] = rest
            self.decide("sibling", name)
        else:
            self.void[index] = rest

    def ends_with_failure(self) -> bool:
        """Whether a plain failure that comes now is the outcome."""
        return not self.decided

    def outcome(self) -> IO[Any, Any]:
        self.leave()
        if self.winner is None:
            self.failures.update(self.void)
        cause = self.conclude(self.parts())
        if cause is None and self.winner is not None:
            return self.disposing(Pure(self.won.pop(self.winner)))
        return self.disposing(Halt(cause if cause is not None else self.fiber.cancelled_by(self)))

    def conclude(self, parts: dict[int, Cause[Any]]) -> Cause[Any] | None:
        """As for any family, but a value that was won in time is given, unless it can be given back instead."""
        if parts or self.winner is None:
            return super().conclude(parts)
        target = visible_cancel(self.fiber.region)
        if target is None or self.node._dispose is None:
            return None
        return self.cancelled(self.fiber.cancelled_by(target), None)

    def disposing(self, node: IO[Any, Any]) -> IO[Any, Any]:
        """Give back every value that nobody gets, then go on with `node`."""
        dispose = self.node._dispose
        if dispose is not None:
            for value in self.won.values():
                node = OnExit(node, Disposal(dispose, value))
        return node


@final
class RaceFamily(FirstFamily):
    """The first success counts; plain failures count only if all fail."""

    __slots__ = ()

    def ends_with_failure(self) -> bool:
        return False


@final
class Disposal:
    """The finalizer that gives back one value."""

    __slots__ = ("dispose", "value")

    def __init__(self, dispose: Any, value: Any) -> None:
        self.dispose = dispose
        self.value = value

    def __call__(self, exit: Any) -> IO[Any, Any]:
        program: IO[Any, Any] = self.dispose(self.value)
        return program


FAMILIES: Final[dict[str, type[ParallelFamily]]] = {
    "all": AllFamily,
    "settle": SettleFamily,
    "validate": ValidateFamily,
    "race": RaceFamily,
    "first": FirstFamily,
}


@final
class ParallelFrame(Frame):
    """The owner of a parallel family comes back here when its last child has ended."""

    __slots__ = ("family",)

    def __init__(self, family: ParallelFamily) -> None:
        self.family = family

    def returned(self, fiber: Fiber, value: Any) -> IO[Any, Any]:
        return self.family.outcome()


def run_parallel(fiber: Fiber, node: Parallel) -> IO[Any, Any] | None:
    """Start the children of `node`; the fiber waits unless all of them were values already."""
    family = FAMILIES[node._policy](fiber, node)
    fiber.region = family
    family.start()
    if not family.children:
        return family.outcome()
    family.waiting = True
    fiber.stack.append(ParallelFrame(family))
    fiber.park(ChildrenWait(family))
    return None

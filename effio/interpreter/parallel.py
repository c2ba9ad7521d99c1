"""The families of the parallel combinators: a fixed number of children, an outcome by policy."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# The test for a program leaves its type arguments open.
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, cast, final

from returns.result import Failure, Success

from effio.algebra.argument import returned_no_program
from effio.algebra.io import IO
from effio.algebra.primitive import Fail as FailNode
from effio.algebra.primitive import Halt, Named, OnExit, Parallel, Pure
from effio.data.cause import Cause, Die
from effio.data.errors import CancelSource
from effio.data.location import ChildReport
from effio.data.native import mypyc_attr
from effio.data.origin import origin_of
from effio.interpreter.fiber import GIVEN, Fiber
from effio.interpreter.frames import Frame
from effio.interpreter.scope import visible_cancel
from effio.interpreter.supervision import ChildrenWait, Family, copied, has_failed

RUNNING: Final = 0
SUCCEEDED: Final = 1
FAILED: Final = 2
CANCELLED: Final = 3

PLACES: Final = tuple(f"[{index}]" for index in range(16))  # with which most children are called
NONE_ENDED: Final = bytearray((RUNNING,))  # to be multiplied, which is faster than to make one

Outcome: TypeAlias = Literal["succeeded", "failed", "cancelled"]


class ParallelFamily(Family):
    """The children of one parallel combinator, started in order, at most `limit` at once.

    `states` says how each item stands; `results` holds the values, or None where the policy wants none.
    """

    __slots__ = ("node", "results", "states")
    part = "parallel"

    def __init__(self, owner: Fiber, node: Parallel) -> None:
        super().__init__(owner, node._name, owner.region)
        self.node = node
        self.more = True
        self.results: list[Any] = [None] * len(node._items)
        self.states = NONE_ENDED * len(node._items)
        seconds: list[float | None] = [None] * len(node._items)
        self.seconds = seconds

    # -- Starting ----

    def start(self) -> None:
        """Start as many children as may run; one that is a value already costs no fiber."""
        node = self.node
        items = node._items
        count = len(items)
        room = count if node._limit is None else node._limit
        context = self.fiber.context
        while self.more and len(self.children) < room:
            index = self.forked
            if index == count:
                self.more = False
                break
            item: Any = items[index]
            if node._function is not None:
                try:
                    item = node._function(item)
                except BaseException as error:
                    self.failed_to_start(self.fiber.raised(error))
                    break
            if isinstance(item, Pure):
                self.forked += 1
                self.succeeded(index, item._value)
            elif isinstance(item, IO):
                program: IO[Any, Any] = item
                self.fork(program, None if node._labels is None else node._labels[index], copied(context))
            else:
                maker = node._function or self.name
                self.failed_to_start(Die(returned_no_program(maker, item), self.fiber.at(origin_of(maker))))

    def failed_to_start(self, cause: Cause[Any]) -> None:
        """The mapping function gave no program: that is a failure, and nothing more is started."""
        index = self.forked
        self.forked += 1
        self.failed(index, self.label(index), cause, cause)
        self.more = False

    # -- Children end ----

    def succeeded(self, index: int, value: Any) -> None:
        self.states[index] = SUCCEEDED
        self.results[index] = value

    def lost(self, child: Fiber) -> None:
        if self.request is None and self.cut is None:
            # Somebody cancelled just this child, as a host may: then it has no value, and that is its failure.
            whole = child.exit.failure()
            self.failed(child.index, child.name, whole, whole)
            return
        self.states[child.index] = CANCELLED
        self.more = False

    def failed(self, index: int, name: str, rest: Cause[Any], whole: Cause[Any]) -> None:
        self.states[index] = FAILED
        self.failures[index] = rest
        self.decide("sibling", name)

    def decide(self, source: CancelSource, name: str) -> None:
        """Nothing more counts: start no more, cancel what runs.

        Those that were to start together all start, so that none of their failures is lost.
        """
        if self.waiting or source == "race":
            self.more = False
        if self.request is None:
            self.request_cancel(source, name, None)

    # -- The end ----

    def outcome(self) -> IO[Any, Any]:
        """What the whole gives, once the last child has ended."""
        self.leave()
        cause = self.conclude(self.parts())
        self.left(cause)
        if cause is not None:
            return Halt(cause)
        self.fiber.value = self.results
        return GIVEN

    def label(self, index: int) -> str:
        """The name of the child at `index`, whether it has a fiber or not."""
        if self.node._labels is not None:
            return str(self.node._labels[index])
        item = self.node._items[index]
        if self.node._function is None and type(item) is Named:
            return str(item._name)
        return self.name + (PLACES[index] if index < len(PLACES) else f"[{index}]")

    def reports(self, parts: dict[int, Cause[Any]]) -> tuple[ChildReport, ...]:
        times = cast("list[float | None]", self.seconds)
        return tuple(
            ChildReport(self.label(index), outcome_of(self.states[index], has_failed(parts.get(index))), times[index])
            for index in range(self.forked)
            if index in parts or index not in self.failures
        )


def outcome_of(state: int, counts: bool) -> Outcome:
    """How a child stands, in words; a failure that a winner made void leaves the child cancelled."""
    if counts:
        return "failed"
    return "succeeded" if state == SUCCEEDED else "cancelled"


@final
@mypyc_attr(free_list_len=1)
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
        self.results[index] = Failure(whole.placed(self.fiber.at(None)))
        self.failures[index] = rest

    def lost(self, child: Fiber) -> None:
        self.states[child.index] = CANCELLED
        self.results[child.index] = child.exit
        self.more = self.more and self.cut is None

    def conclude(self, parts: dict[int, Cause[Any]]) -> Cause[Any] | None:
        """Failures are values, unless a cancel from outside keeps them from being given to anybody."""
        return None if self.cut is None else super().conclude(parts)


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
        failed = FailNode(tuple(error for cause in causes for error in cause.failures()))
        self.left(self.fiber.failure(failed))
        return failed


def is_typed(cause: Cause[Any]) -> bool:
    """Whether it holds nothing but typed errors."""
    return not cause.has_defect and not cause.has_cancelled


class FirstFamily(ParallelFamily):
    """The first exit counts; the others are cancelled and awaited.

    `winner` is the index of the child whose value is given. `void` holds failures that a winner makes void.
    """

    __slots__ = ("void", "winner")

    def __init__(self, owner: Fiber, node: Parallel) -> None:
        super().__init__(owner, node)
        self.winner: int | None = None
        self.void: dict[int, Cause[Any]] | None = None

    def succeeded(self, index: int, value: Any) -> None:
        self.states[index] = SUCCEEDED
        self.results[index] = value
        if self.request is None:
            self.winner = index
            self.decide("race", self.label(index))

    def failed(self, index: int, name: str, rest: Cause[Any], whole: Cause[Any]) -> None:
        self.states[index] = FAILED
        counts = rest is not whole or rest.has_defect
        if counts or self.ends_with_failure():
            self.failures[index] = rest
            self.decide("sibling", name)
        elif self.void is None:
            self.void = {index: rest}
        else:
            self.void[index] = rest

    def ends_with_failure(self) -> bool:
        """Whether a plain failure that comes now is the outcome."""
        return self.request is None

    def outcome(self) -> IO[Any, Any]:
        self.leave()
        winner = self.winner
        if winner is None and self.void is not None:
            self.failures.update(self.void)
        cause = self.conclude(self.parts())
        self.left(cause)
        if cause is None and winner is not None:
            return self.disposing(Pure(self.results[winner]), winner)
        assert cause is not None
        return self.disposing(Halt(cause), None)

    def conclude(self, parts: dict[int, Cause[Any]]) -> Cause[Any] | None:
        """As for any family, but a value that was won in time is given, unless it can be given back instead."""
        if parts or self.winner is None:
            return super().conclude(parts)
        target = None if self.node._dispose is None else visible_cancel(self.fiber.region)
        if target is None or target.request is None:
            return None
        return self.cancelled(target.request.leaf, None)

    def disposing(self, node: IO[Any, Any], given: int | None) -> IO[Any, Any]:
        """Give back every value but the `given` one, which nobody gets, then go on with `node`."""
        dispose = self.node._dispose
        if dispose is not None:
            for index in range(self.forked):
                if index != given and self.states[index] == SUCCEEDED:
                    node = OnExit(node, Disposal(dispose, self.results[index]))
        return node


@final
@mypyc_attr(free_list_len=1)
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

    def __call__(self, exit: Any) -> Any:
        return self.dispose(self.value)


def family_of(fiber: Fiber, node: Parallel) -> ParallelFamily:
    """The family that ends as the policy of `node` says. Each is made by name, which is faster where it is compiled."""
    policy = node._policy
    if policy == "all":
        return AllFamily(fiber, node)
    if policy == "race":
        return RaceFamily(fiber, node)
    if policy == "first":
        return FirstFamily(fiber, node)
    return SettleFamily(fiber, node) if policy == "settle" else ValidateFamily(fiber, node)


@final
@mypyc_attr(free_list_len=1)
class ParallelFrame(Frame):
    """The owner of a parallel family comes back here when its last child has ended."""

    __slots__ = ("family",)

    def __init__(self, family: ParallelFamily) -> None:
        self.family = family

    def returned(self, fiber: Fiber, value: Any) -> IO[Any, Any]:
        return self.family.outcome()


def run_parallel(fiber: Fiber, node: Parallel) -> IO[Any, Any] | None:
    """Start the children of `node`; the fiber waits unless all of them were values already."""
    family = family_of(fiber, node)
    fiber.region = family
    observer = fiber.scheduler.observer
    if observer is not None:
        observer.on_enter(fiber, "parallel", family.name, family)
    family.start()
    if not family.children:
        return family.outcome()
    family.waiting = True
    fiber.stack.append(ParallelFrame(family))
    fiber.park(ChildrenWait(family))
    return None

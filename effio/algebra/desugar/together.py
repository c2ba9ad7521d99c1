"""What runs at once, in primitive words: one parallel node by policy, task groups, staggered races."""

# Reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, final

from returns.result import Failure

from effio.algebra import derived
from effio.algebra.desugar.sequence import constant
from effio.algebra.desugar.signal import Signal
from effio.algebra.io import IO
from effio.algebra.primitive import (
    Ask,
    Call,
    FlatMap,
    Fold,
    Fork,
    Group,
    Halt,
    Map,
    Named,
    OnExit,
    Parallel,
    Pure,
    Scoped,
    Shield,
    Suspend,
    Then,
    Watch,
)
from effio.algebra.shape import made
from effio.data.cause import Cause, Die
from effio.data.errors import NotStarted
from effio.data.exit import Exit

NOTHING: Final = Pure(None)

# -- All of them ---------------------------------------------------------------------------------------------


def par_zip(node: derived.ParZip) -> IO[Any, Any]:
    return Map(Parallel(node._ios, "all", "par_zip"), tuple)


def par_map(node: derived.ParMap) -> IO[Any, Any]:
    function = node._function
    return Map(Parallel(node._ios, "all", "par_map"), lambda values: function(*values))


def par_collect(node: derived.ParCollect) -> IO[Any, Any]:
    return Parallel(node._ios, "all", "par_collect", limit=node._limit)


def par_traverse(node: derived.ParTraverse) -> IO[Any, Any]:
    return Parallel(node._items, "all", "par_traverse", function=node._function, limit=node._limit)


def par_dict(node: derived.ParDict) -> IO[Any, Any]:
    labels = tuple(map(str, node._keys))
    together = Parallel(node._ios, "all", "par_dict", limit=node._limit, labels=labels)
    return Map(together, lambda values: dict(zip(node._keys, values, strict=True)))


def par_settle(node: derived.ParSettle) -> IO[Any, Any]:
    return Parallel(node._ios, "settle", "par_settle", limit=node._limit)


def par_validate(node: derived.ParValidate) -> IO[Any, Any]:
    return Parallel(node._ios, "validate", "par_validate", limit=node._limit)


# -- One of them ---------------------------------------------------------------------------------------------


def race(node: derived.Race | derived.RaceAll) -> IO[Any, Any]:
    return Parallel(node._ios, "race", node.word, dispose=node._dispose)


def first_completed(node: derived.FirstCompleted) -> IO[Any, Any]:
    return Parallel(node._ios, "first", "first_completed", dispose=node._dispose)


def race_staggered(node: derived.RaceStaggered) -> IO[Any, Any]:
    """A race in which every attempt but the first waits at a gate."""
    if node._seconds == 0 or len(node._ios) == 1:
        return Parallel(node._ios, "race", node.word, dispose=node._dispose)
    return Suspend(lambda: staggered(node))


def staggered(node: derived.RaceStaggered) -> IO[Any, Any]:
    """One run of a staggered race: the gate of each attempt looks at the start and the failure of the one before."""
    attempts: list[IO[Any, Any]] = []
    labels: list[str] = []
    before: Attempt | None = None
    for index, program in enumerate(node._ios):
        label = program.name if isinstance(program, Named) else f"{node.word}[{index}]"
        attempt = Attempt()
        attempts.append(attempt.program(program, before, node._seconds))
        labels.append(label)
        before = attempt
    return Parallel(attempts, "race", node.word, labels=labels, dispose=node._dispose)


@final
class Attempt:
    """One attempt of a staggered race: when it began, and that it failed; also if it was cancelled before it began."""

    __slots__ = ("began", "failed")

    def __init__(self) -> None:
        self.began = Signal("the attempt before it to begin")
        self.failed = Signal("the attempt before it to fail")

    def program(self, program: IO[Any, Any], before: Attempt | None, delay: float) -> IO[Any, Any]:
        attempt = FlatMap(Call(self.began.fire, (NOTHING,)), lambda first: program)
        if before is not None:
            patience = Scoped(lambda scope: before.failed.wait(), delay, lambda scope: NOTHING, "delay")
            attempt = FlatMap(Then(before.began.wait(), patience), constant(attempt))
        return OnExit(attempt, self.ended)

    def ended(self, exit: Exit[Any, Any]) -> IO[Any, Any]:
        if isinstance(exit, Failure):
            self.began.fire(NOTHING)
            self.failed.fire(NOTHING)
        return NOTHING


# -- Task groups ---------------------------------------------------------------------------------------------


def task_group(node: derived.TaskGrouped) -> IO[Any, Any]:
    return Group(node._body, node._on_failure, node._handler, node._name or "task_group", node._site)


def start_service(node: derived.StartService) -> IO[Any, Any]:
    return Shield(lambda restore: Starting(node).program(restore))


@final
class Starting:
    """One start of a service: until it is ready its failure is the starter's, afterwards it is the group's."""

    __slots__ = ("node", "ready")

    def __init__(self, node: derived.StartService) -> None:
        self.node = node
        self.ready = Signal("a service to report that it is ready")

    def program(self, restore: Callable[[IO[Any, Any]], IO[Any, Any]]) -> IO[Any, Any]:
        service = Suspend(partial(made, self.node._service, self.started))
        guarded = OnExit(Fold(service, self.failed, self.succeeded), self.ended)
        fork = Fork(self.node._group, guarded, self.node._name)
        return FlatMap(restore(fork), lambda fiber: OnExit(restore(self.ready.wait()), partial(self.given_up, fiber)))

    def started(self, value: Any = None, /) -> IO[None]:
        """Report ready; a second report is a defect."""
        return Ask(lambda fiber: self.report(value))

    def report(self, value: Any) -> None:
        if not self.ready.fire(Pure(value)):
            problem = RuntimeError(f"service {self.name!r} reported that it had started twice")
            problem.add_note("run started(...) once")
            raise problem

    @property
    def name(self) -> str:
        return self.node._name or str(getattr(self.node._service, "__name__", repr(self.node._service)))

    def failed(self, cause: Cause[Any]) -> IO[Any, Any]:
        return NOTHING if self.ready.fire(Halt(cause)) else Halt(cause)

    def succeeded(self, value: Any) -> IO[Any, Any]:
        if not self.ready.fired:
            self.ready.fire(Halt(Die(NotStarted(self.name))))
        return Pure(value)

    def ended(self, exit: Exit[Any, Any]) -> IO[Any, Any]:
        if isinstance(exit, Failure):
            self.ready.fire(Halt(exit.failure()))
        return NOTHING

    def given_up(self, fiber: Any, exit: Exit[Any, Any]) -> IO[Any, Any]:
        """The starter was cancelled before the service was ready: take the service down with it."""
        if isinstance(exit, Failure) and not self.ready.fired:
            return Watch(fiber._core, "cancel")
        return NOTHING


# -- Once ----------------------------------------------------------------------------------------------------


def memoize(node: derived.Memoize) -> IO[Any, Any]:
    return Call(lambda: Memo(node._source).joined())


@final
class Memo:
    """One memoised program: the first run of it works for all; if it is cancelled, the next one takes over.

    `running` is the fiber of that run, which would wait for ever if it waited for the end.
    """

    __slots__ = ("ended", "outcome", "running", "source")

    def __init__(self, source: IO[Any, Any]) -> None:
        self.source = source
        self.running: Any = None
        self.outcome: IO[Any, Any] | None = None
        self.ended = Signal("a memoised program")

    def joined(self) -> IO[Any, Any]:
        """Run the program if nobody has, or take on the exit of whoever does."""
        return Ask(self.begin, peek=True).flatten()

    def begin(self, fiber: Any) -> IO[Any, Any]:
        if self.outcome is not None:
            return self.outcome
        if self.running is not None:
            if self.running is fiber:
                raise RuntimeError(f"{fiber.name!r} cannot wait for the end of a memoised program that it is part of")
            return self.ended.wait()
        self.running = fiber
        return OnExit(self.source, self.finish)

    def finish(self, exit: Exit[Any, Any]) -> IO[Any, Any]:
        ended = self.ended
        if isinstance(exit, Failure) and exit.failure().has_cancelled:
            self.running = None
            self.ended = Signal("a memoised program")
            ended.fire(self.joined())
            return NOTHING
        self.outcome = Halt(exit.failure()) if isinstance(exit, Failure) else Pure(exit.unwrap())
        self.running = None
        ended.fire(self.outcome)
        return NOTHING


ROWS: Final[dict[type, Callable[[Any], IO[Any, Any]]]] = {
    derived.ParZip: par_zip,
    derived.ParMap: par_map,
    derived.ParCollect: par_collect,
    derived.ParTraverse: par_traverse,
    derived.ParDict: par_dict,
    derived.ParSettle: par_settle,
    derived.ParValidate: par_validate,
    derived.Race: race,
    derived.RaceAll: race,
    derived.FirstCompleted: first_completed,
    derived.RaceStaggered: race_staggered,
    derived.Hedge: race_staggered,
    derived.TaskGrouped: task_group,
    derived.StartService: start_service,
    derived.Memoize: memoize,
}

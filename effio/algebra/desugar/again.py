"""What runs again, in primitive words: a loop that asks a schedule after each run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, Final, TypeAlias, final

import attrs
from returns.result import Success

from effio.algebra import derived
from effio.algebra.desugar.error import is_typed
from effio.algebra.desugar.sequence import constant
from effio.algebra.primitive import Ask, FlatMap, Generate, Halt, Map, Parallel, Pure, Suspend
from effio.algebra.primitive import Sleep as SleepNode
from effio.algebra.shape import Program
from effio.data.cause import Both, Cancelled, Cause, Die, Fail, Then
from effio.data.exit import Exit
from effio.data.location import Location
from effio.schedule.rule import Moment, Rule, Step
from effio.schedule.schedule import Schedule

Loop: TypeAlias = Generator[Program, Any, Any]

FATAL: Final = (KeyboardInterrupt, SystemExit)
KEPT: Final = 10
"""So many of the first and of the last failed attempts are told of."""


# -- The schedule of a loop ----------------------------------------------------------------------------------


@final
class Following:
    """Where one loop stands in its schedule. The time is asked for only if the schedule looks at it."""

    __slots__ = ("rule", "state", "timed")

    def __init__(self, schedule: Schedule[Any, Any]) -> None:
        self.rule: Rule = schedule.rule
        self.timed = self.rule.needs_time
        self.state: Any = None

    def begin(self) -> Generator[Program, Any, None]:
        self.state = self.rule.start((yield MOMENT) if self.timed else SOMETIME)

    def next(self, given: object) -> Generator[Program, Any, Step[Any]]:
        """Decide, and wait as long as that says."""
        step = self.rule.step(self.state, given, (yield MOMENT) if self.timed else SOMETIME)
        self.state = step.state
        if step.delay and step.goes_on:
            yield SleepNode(step.delay)
        return step


def moment_of(fiber: Any) -> Moment:
    """The time of the run."""
    return Moment(fiber.now(), fiber.wall())


MOMENT: Final = Ask(moment_of, touches=())
SOMETIME: Final = Moment()


# -- After values --------------------------------------------------------------------------------------------


def repeat(node: derived.Repeat) -> Program:
    return Map(Generate(repeatedly, (node.source, node.schedule), {}), last_value)


def scheduled(node: derived.Scheduled) -> Program:
    return Map(Generate(repeatedly, (node.source, node.schedule), {}), last_output)


def repeatedly(source: Program, schedule: Schedule[Any, Any]) -> Loop:
    following = Following(schedule)
    yield from following.begin()
    while True:
        value = yield source
        step = yield from following.next(value)
        if not step.goes_on:
            return value, step.output


def last_value(ended: tuple[Any, Any]) -> Any:
    return ended[0]


def last_output(ended: tuple[Any, Any]) -> Any:
    return ended[1]


# -- After failures ------------------------------------------------------------------------------------------


def retry(node: derived.Retry) -> Program:
    return Generate(until_success, (constant(node.source.exit()), node.schedule, typed_error), {})


def retrying(node: derived.Retrying) -> Program:
    def attempt(number: int) -> Program:
        return FlatMap(Pure(number), node.function).exit()

    return Generate(until_success, (attempt, node.schedule, typed_error), {})


def retry_or_else(node: derived.RetryOrElse) -> Program:
    def give_up(error: object, step: Step[Any]) -> Program:
        return Suspend(partial(node.function, error, step.output))

    return Generate(until_success, (constant(node.source.exit()), node.schedule, typed_error, give_up), {})


def supervise(node: derived.Supervise) -> Program:
    return supervised(node.source, node.schedule)


def supervise_all(node: derived.SuperviseAll) -> Program:
    alone = node.strategy == "one_for_one"
    services = [supervised(io, node.schedule) for io in node.ios] if alone else node.ios
    together = Parallel(services, "all", node.word, labels=tuple(map(str, node.keys)))
    program = together if alone else supervised(together, node.schedule)
    return Map(program, lambda values: dict(zip(node.keys, values, strict=True)))


def supervised(source: Program, schedule: Schedule[Any, Any]) -> Program:
    return Generate(until_success, (constant(source.exit()), schedule, failure), {})


def until_success(
    attempt: Callable[[int], Program],
    schedule: Schedule[Any, Any],
    reason: Callable[[Cause[Any]], tuple[Any] | None],
    give_up: Callable[[Any, Step[Any]], Program] | None = None,
) -> Loop:
    """Show the schedule the `reason` of each failed attempt; one without a reason is the last."""
    following = Following(schedule)
    attempts = Attempts()
    yield from following.begin()
    number = 0
    while True:
        number += 1
        exit: Exit[Any, Any] = yield attempt(number)
        if isinstance(exit, Success):
            return exit.unwrap()
        cause = exit.failure()
        attempts.add(cause)
        given = reason(cause)
        if given is None:
            break
        step = yield from following.next(given[0])
        if not step.goes_on:
            if give_up is not None:
                return (yield give_up(given[0], step))
            break
    yield Halt(attempts.cause())


def typed_error(cause: Cause[Any]) -> tuple[Any] | None:
    """The primary error of a cause with typed errors alone."""
    found = cause if isinstance(cause, Fail) else cause.first_fail() if is_typed(cause) else None
    return None if found is None or isinstance(found.error, FATAL) else (found.error,)


def failure(cause: Cause[Any]) -> tuple[Any] | None:
    """The cause itself, unless somebody wants the program to end."""
    return None if cause.has_cancelled or cause.fatal() is not None else (cause,)


@final
class Attempts:
    """What the failed attempts of one loop failed with: the first few and the last few."""

    __slots__ = ("first", "last", "omitted")

    def __init__(self) -> None:
        self.first: list[Cause[Any]] = []
        self.last: deque[Cause[Any]] = deque(maxlen=KEPT)
        self.omitted = 0

    def add(self, cause: Cause[Any]) -> None:
        if len(self.first) < KEPT:
            self.first.append(cause)
        else:
            self.omitted += len(self.last) == KEPT
            self.last.append(cause)

    def cause(self) -> Cause[Any]:
        causes = [*self.first, *self.last]
        if self.omitted:
            causes[KEPT] = noted(causes[KEPT], f"{self.omitted} more attempts failed before this one")
        return Then(tuple(causes), when="in the next attempt") if len(causes) > 1 else causes[0]


def noted(cause: Cause[Any], note: str) -> Cause[Any]:
    """The same cause with a note where it happened first."""
    if isinstance(cause, Then):
        return Then((noted(cause.causes[0], note), *cause.causes[1:]), when=cause.when)
    assert isinstance(cause, Fail | Die | Cancelled | Both)
    at = cause.at or Location()
    return attrs.evolve(cause, at=attrs.evolve(at, notes=(*at.notes, note)))


ROWS: Final[dict[type, Callable[[Any], Program]]] = {
    derived.Repeat: repeat,
    derived.Scheduled: scheduled,
    derived.Retry: retry,
    derived.RetryOrElse: retry_or_else,
    derived.Retrying: retrying,
    derived.Supervise: supervise,
    derived.SuperviseAll: supervise_all,
}

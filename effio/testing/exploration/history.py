"""Whether concurrent calls look as if each had happened at one moment."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias, final

import attrs
from returns.result import Failure

from effio.algebra.io import IO, Error, Value
from effio.algebra.primitive import Ask, FlatMap, OnExit, Operation
from effio.data.cause_text import short_repr
from effio.data.exit import Exit
from effio.data.touch import Touch


@final
@attrs.frozen
class Call:
    """One call: what was called with which argument, its result, and when it began and ended.

    `ended` is None if it was never seen to end, because it failed or was cancelled: it may have happened or not.
    """

    name: str
    argument: Any = None
    result: Any = None
    began: int = attrs.field(default=0, kw_only=True)
    ended: int | None = attrs.field(default=None, kw_only=True)

    def __str__(self) -> str:
        argument = "" if self.argument is None else short_repr(self.argument)
        ended = "?" if self.ended is None else short_repr(self.result)
        return f"{self.name}({argument}) -> {ended}"


@final
@attrs.frozen
class Model:
    """A thing as it would be if there were only one caller.

    `step(state, call)` gives the states that the call may lead to: none if it could not have had that result. A call
    that was never seen to end has no result: all states that it might lead to count. `partition` gives calls that do
    not concern each other different keys, which makes the check much cheaper.
    """

    initial: Hashable
    step: Callable[[Any, Call], Iterable[Hashable]]
    partition: Callable[[Call], Hashable] | None = attrs.field(default=None, kw_only=True)


class NotLinearizable(AssertionError):
    """No order of the calls that agrees with time explains their results; `calls` are those of the history."""

    def __init__(self, calls: Sequence[Call]) -> None:
        super().__init__(calls)
        self.calls = calls
        for call in calls[:CALLS_SHOWN]:
            self.add_note(f"{call.began:4} to {'?' if call.ended is None else call.ended:>4}: {call}")

    def __str__(self) -> str:
        return f"no order of the {len(self.calls)} calls explains what they gave"


CALLS_SHOWN = 20


# -- Recording -----------------------------------------------------------------------------------------------


@final
class History:
    """Calls as they happen. Beginnings and ends are steps of their own, so that an explorer tries their orders."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.calls: list[Call] = []
        self.moment = 0
        self._begins = (Touch(self, "read"),)
        self._ends = (Touch(self, "write"),)

    def call(self, name: str, argument: Any, io: IO[Value, Error], /) -> IO[Value, Error]:
        """Run `io` as a call, and write down when it began, when it ended and what it gave."""
        begin = Ask(partial(self._begin, name, argument), peek=True, touches=self._begins)
        return FlatMap(begin, lambda place: OnExit(io, partial(self._end, place)))

    def verify(self) -> IO[None]:
        """Fail with a `NotLinearizable` defect if no order explains the calls so far."""
        return Operation(partial(assert_linearizable, self.calls, self.model), self._begins)

    def _begin(self, name: str, argument: Any, fiber: Any) -> int:
        self.calls.append(Call(name, argument, began=self._tick()))
        return len(self.calls) - 1

    def _end(self, place: int, exit: Exit[Any, Any]) -> IO[None]:
        return Ask(partial(self._note, place, exit), peek=True, touches=self._ends)

    def _note(self, place: int, exit: Exit[Any, Any], fiber: Any) -> None:
        if not isinstance(exit, Failure):
            self.calls[place] = attrs.evolve(self.calls[place], result=exit.unwrap(), ended=self._tick())

    def _tick(self) -> int:
        self.moment += 1
        return self.moment


def linearizable(model: Model, /) -> IO[History]:
    """Make a new `History`, to record calls in and to verify them against `model`."""
    return Operation(History, (), (model,))


# -- Checking ------------------------------------------------------------------------------------------------


def assert_linearizable(calls: Sequence[Call], model: Model, /) -> None:
    """Raise `NotLinearizable` unless some order of the calls, in line with time, explains their results.

    Each call must come before those that began after it had ended. Cost: exponential in the number of calls that
    overlap, linear in the length of the history (Wing and Gong 1993, with the memory of Lowe 2017).
    """
    for part in partitioned(calls, model):
        if not is_linearizable(part, model):
            raise NotLinearizable(part)


def partitioned(calls: Sequence[Call], model: Model) -> list[list[Call]]:
    """The calls that concern each other, in the order they began."""
    parts: dict[Hashable, list[Call]] = {}
    for call in sorted(calls, key=lambda call: call.began):
        parts.setdefault(None if model.partition is None else model.partition(call), []).append(call)
    return list(parts.values())


Point: TypeAlias = tuple[int, Hashable]


def is_linearizable(calls: Sequence[Call], model: Model) -> bool:
    """Whether an order explains the calls, which are sorted by when they began."""
    required = 0
    for place, call in enumerate(calls):
        if call.ended is not None:
            required |= 1 << place
    seen: set[Point] = set()
    pending: list[Point] = [(0, model.initial)]
    while pending:
        point = pending.pop()
        if point in seen:
            continue
        seen.add(point)
        done, state = point
        if done & required == required:
            return True
        for place in possible_next(calls, done):
            pending.extend((done | 1 << place, after) for after in model.step(state, calls[place]))
    return False


def possible_next(calls: Sequence[Call], done: int) -> Iterable[int]:
    """The calls that may come next: begun before any other that is left has ended."""
    place = ((done + 1) & ~done).bit_length() - 1  # All calls before the first that is left are done.
    limit: float = float("inf")
    found: list[int] = []
    while place < len(calls) and calls[place].began < limit:
        if not done >> place & 1:
            found.append(place)
            ended = calls[place].ended
            limit = limit if ended is None else min(limit, ended)
        place += 1
    return found

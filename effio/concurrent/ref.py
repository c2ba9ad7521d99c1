"""`Ref`, a value that fibers share and change, one atomic step at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar, final

import attrs

from effio.algebra import argument
from effio.algebra.io import IO, NewValue, T
from effio.algebra.primitive import Operation, Park, Pure, Suspend
from effio.concurrent.shared import OneTouch, Shared, make, shared
from effio.data.cause_text import name_of, short_repr
from effio.data.made_elsewhere import made_elsewhere

Held = TypeVar("Held")


@final
@attrs.frozen
class RefStats:
    """How many fibers wait until the value is as they want it."""

    waiting: int


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class Ref(Generic[Held]):
    """A shared value. What a function given to it raises is a defect and leaves the value as it was."""

    _shared: Shared
    _value: Held
    _waiting: dict[Any, Callable[[Held], bool]] = attrs.field(init=False, factory=dict[Any, Callable[[Held], bool]])

    @staticmethod
    def make(value: T, *, name: str | None = None) -> IO[Ref[T]]:
        """Make a new `Ref` that holds `value`."""
        return make(Ref, shared("Ref", name), value)

    def get(self) -> IO[Held]:
        """Give the value."""
        return Operation(self._get, self._shared.reads)

    def set(self, value: Held, /) -> IO[None]:
        """Hold `value` from now on."""
        return Operation(self._set, self._shared.writes, (value,))

    def update(self, f: Callable[[Held], Held], /) -> IO[None]:
        """Hold what `f` makes of the value."""
        return Operation(self._update, self._shared.writes, (argument.function("update", f),))

    def modify(self, f: Callable[[Held], tuple[NewValue, Held]], /) -> IO[NewValue]:
        """Give the first of the two things that `f` makes of the value, and hold the second."""
        return Operation(self._modify, self._shared.writes, (argument.function("modify", f),))

    def get_and_set(self, value: Held, /) -> IO[Held]:
        """Hold `value` from now on, and give the one before."""
        return Operation(self._get_and_set, self._shared.writes, (value,))

    def get_and_update(self, f: Callable[[Held], Held], /) -> IO[Held]:
        """Hold what `f` makes of the value, and give the one before."""
        return Operation(self._get_and_update, self._shared.writes, (argument.function("get_and_update", f),))

    def update_and_get(self, f: Callable[[Held], Held], /) -> IO[Held]:
        """Hold what `f` makes of the value, and give that."""
        return Operation(self._update_and_get, self._shared.writes, (argument.function("update_and_get", f),))

    def compare_and_set(self, expected: Held, value: Held, /) -> IO[bool]:
        """Hold `value` if the one so far is `expected` or equals it; tell whether it was."""
        return Operation(self._compare_and_set, partial(self._compares, expected), (expected, value))

    def wait_until(self, predicate: Callable[[Held], bool], /) -> IO[Held]:
        """Wait until the value is as `predicate` wants it, and give it.

        Whoever changes the value asks the predicates of all who wait, in the order they came, so a value that is
        right only for a moment is not missed: it is given even if another one has followed. What the predicate raises
        is a defect of who waits. Cost: a call for each waiter at each change.
        """
        enlist = partial(self._enlist, argument.function("wait_until", predicate))
        return Park(enlist, self._withdraw, self._reason, touches=self._shared.reads)

    def stats(self) -> IO[RefStats]:
        """Count who waits."""
        return Operation(self._stats, self._shared.reads)

    def __repr__(self) -> str:
        return f"<{self._shared}: {short_repr(self._value)}>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _get(self) -> Held:
        return self._value

    def _set(self, value: Held) -> None:
        self._value = value
        if self._waiting:
            self._tell()

    def _update(self, f: Callable[[Held], Held]) -> None:
        self._set(f(self._value))

    def _modify(self, f: Callable[[Held], tuple[NewValue, Held]]) -> NewValue:
        pair = f(self._value)
        try:
            result, value = pair
        except (TypeError, ValueError):
            raise no_pair(f, pair) from None
        self._set(value)
        return result

    def _get_and_set(self, value: Held) -> Held:
        before = self._value
        self._set(value)
        return before

    def _get_and_update(self, f: Callable[[Held], Held]) -> Held:
        return self._get_and_set(f(self._value))

    def _update_and_get(self, f: Callable[[Held], Held]) -> Held:
        self._set(f(self._value))
        return self._value

    def _compare_and_set(self, expected: Held, value: Held) -> bool:
        if not self._is(expected):
            return False
        self._set(value)
        return True

    def _compares(self, expected: Held) -> OneTouch:
        return self._shared.writes if self._is(expected) else self._shared.reads

    def _is(self, expected: Held) -> bool:
        return self._value is expected or self._value == expected

    def _stats(self) -> RefStats:
        return RefStats(len(self._waiting))

    # -- Waiting ---------------------------------------------------------------------------------------------

    def _enlist(self, predicate: Callable[[Held], bool], resume: Any) -> IO[Held] | None:
        if predicate(self._value):
            return Pure(self._value)
        self._waiting[resume] = predicate
        return None

    def _withdraw(self, resume: Any) -> None:
        self._waiting.pop(resume, None)

    def _tell(self) -> None:
        for resume, predicate in [*self._waiting.items()]:
            try:
                if predicate(self._value):
                    self._wake(resume, Pure(self._value))
            except BaseException as error:
                self._wake(resume, Suspend(partial(_raise, error)))

    def _wake(self, resume: Any, answer: IO[Held]) -> None:
        if self._waiting.pop(resume, None) is not None:
            resume(answer)

    def _reason(self) -> str:
        return f"{self._shared} to be as it wants it"


def _raise(error: BaseException) -> Any:
    raise error


def no_pair(function: object, given: object) -> TypeError:
    """The error for a function of `modify` that gave something else than two values."""
    problem = TypeError(f"{name_of(function)} must return a pair for modify, not {short_repr(given)}")
    problem.add_note("give (answer, new value), or use update, which takes the new value alone")
    return problem

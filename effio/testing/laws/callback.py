"""Waiting for somebody to call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from effio.algebra.arity import par_zip
from effio.algebra.create import delay, fail, from_callback, pure, sleep, suspend
from effio.testing.laws.equation import AnyIO, Equation

Resume = Callable[[AnyIO], None]


def later(seconds: int, *answers: AnyIO, canceller: AnyIO | None = None) -> AnyIO:
    """Wait for a callback that another fiber calls after so many seconds."""

    def both() -> AnyIO:
        kept: list[Resume] = []

        def register(resume: Resume) -> AnyIO | None:
            kept.append(resume)
            return canceller

        call = sleep(seconds).then(delay(lambda: [kept[0](answer) for answer in answers]))
        return par_zip(from_callback(register), call).map(lambda values: values[0])

    return suspend(both)


def resume_at_once(value: object) -> Equation:
    """An answer that is there already is the value."""
    return Equation(from_callback(lambda resume: resume(pure(value))), pure(value))


def resume_with_a_program(fa: AnyIO) -> Equation:
    """The answer is a program, which runs in the fiber that waits."""
    return Equation(from_callback(lambda resume: resume(fa)), fa)


def resume_later(value: object, seconds: int) -> Equation:
    """An answer that comes later is the value then."""
    return Equation(later(seconds, pure(value)), sleep(seconds).as_value(value))


def the_first_answer_counts(value: object, error: object) -> Equation:
    """A second answer is ignored."""

    def register(resume: Callable[[Any], None]) -> None:
        resume(pure(value))
        resume(fail(error))

    return Equation(from_callback(register), pure(value))


def the_first_late_answer_counts(value: object, error: object, seconds: int) -> Equation:
    """A second answer that comes later is ignored."""
    return Equation(later(seconds, pure(value), fail(error)), sleep(seconds).as_value(value))


def the_canceller_is_for_cancels(value: object, seconds: int, fin: AnyIO) -> Equation:
    """What undoes the registration does not run when an answer came."""
    return Equation(later(seconds, pure(value), canceller=fin), sleep(seconds).as_value(value))


def a_cancel_runs_the_canceller(seconds: int, fin: AnyIO) -> Equation:
    """What undoes the registration runs when the wait is cancelled, and is waited for."""
    waiting: AnyIO = from_callback(lambda resume: fin.exit())
    return Equation(waiting.move_on_after(seconds), sleep(seconds).then(fin.exit()).as_value(None))


def without_a_canceller(seconds: int) -> Equation:
    """A wait that nobody can undo is abandoned."""
    waiting: AnyIO = from_callback(lambda resume: None)
    return Equation(waiting.move_on_after(seconds), sleep(seconds))

"""When things happen: not before they run, and again each time."""

from __future__ import annotations

from typing import Any, NoReturn

from effio.algebra.create import delay, die, pure, suspend, unit
from effio.testing.laws.equation import AnyIO, Continuation, Equation


def raising(bug: BaseException) -> Any:
    """A function that raises, whatever it is given."""

    def raise_it(*given: object) -> NoReturn:
        raise bug

    return raise_it


def suspend_is_its_program(fa: AnyIO) -> Equation:
    """Making a program when it runs is the same program."""
    return Equation(suspend(lambda: fa), fa)


def building_runs_nothing(fa: AnyIO, fb: AnyIO) -> Equation:
    """What is built and not run leaves no trace."""
    return Equation(suspend(lambda: (fa.then(fb), fa.race(fb), fb)[-1]), fb)


def running_twice_does_everything_twice(still: AnyIO) -> Equation:
    """A program that runs two times has its effects two times."""
    counted: list[int] = []

    def counting() -> AnyIO:
        counted.clear()
        count = delay(counted.append, 1).then(still)
        return count.then(count).then(delay(lambda: len(counted)))

    return Equation(suspend(counting), pure(2))


def raising_in_delay(bug: BaseException) -> Equation:
    """What a delayed function raises is a bug."""
    return Equation(delay(raising(bug)), die(bug))


def raising_in_suspend(bug: BaseException) -> Equation:
    """What a suspended function raises is a bug."""
    return Equation(suspend(raising(bug)), die(bug))


def raising_in_map(peaceful: AnyIO, bug: BaseException) -> Equation:
    """What a mapping raises is a bug at that place."""
    return Equation(peaceful.map(raising(bug)), peaceful.then(die(bug)))


def raising_in_flat_map(peaceful: AnyIO, bug: BaseException) -> Equation:
    """What a continuation raises is a bug at that place."""
    return Equation(peaceful.flat_map(raising(bug)), peaceful.then(die(bug)))


def raising_in_a_handler(peaceful: AnyIO, bug: BaseException) -> Equation:
    """What a handler raises is a bug at that place."""
    failing = peaceful.flip()
    return Equation(failing.catch_all(raising(bug)), failing.catch_all(lambda error: die(bug)))


def raising_in_a_finalizer(fa: AnyIO, bug: BaseException) -> Equation:
    """What a finalizer raises is a bug that follows."""
    return Equation(fa.on_exit(raising(bug)), fa.ensuring(die(bug)))


def raised_bugs_reach_the_end(bug: BaseException, f: Continuation) -> Equation:
    """No step comes after a bug, and no typed handler sees it."""
    return Equation(unit.map(raising(bug)).flat_map(f).catch_all(f), die(bug))

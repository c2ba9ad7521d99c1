"""Runs of a program with a cancel at every action, and of scripts of operations one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from effio import IO, Exit, Failure, Success, VirtualClock, delay, run_exit
from effio.interpreter.backends.simulated import Simulated, drive
from effio.interpreter.fiber import Fiber
from effio.interpreter.outcome import outcome
from effio.interpreter.scheduler import Scheduler


class CancelAt:
    """Cancels the fiber of a name just before the action of a number, whichever fiber is to perform that."""

    def __init__(self, victim: str, number: int) -> None:
        self.victim = victim
        self.number = number
        self.seen = 0

    def stops_before(self, fiber: Fiber, node: IO[Any, Any]) -> bool:
        self.seen += 1
        if self.seen == self.number:
            for other in fiber.scheduler.fibers():
                if other.name == self.victim:
                    other.request_cancel("explicit", None, None)
        return False


def cancelled_everywhere(
    program: Callable[[], IO[Any, Any]],
    check: Callable[[Any], None],
    *,
    victims: Iterable[str],
    seeds: Iterable[int | None] = (None, 1, 2, 3),
) -> int:
    """Run `program` with each of the victims cancelled at each action, in several orders; `check` the value each time.

    Gives the number of runs.
    """
    runs = 0
    for victim in victims:
        for seed in seeds:
            number = 0
            seen = 1
            while number < seen:
                number += 1
                steering = CancelAt(victim, number)
                scheduler = Scheduler(program(), VirtualClock(), Simulated(), steering=steering)
                drive(scheduler, seed=seed)
                check(value_of(outcome(scheduler)))
                seen = steering.seen
                runs += 1
    return runs


def value_of(exit: Exit[Any, Any]) -> Any:
    """The value of a success."""
    assert isinstance(exit, Success), exit.failure()
    return exit.unwrap()


def go(program: IO[Any, Any]) -> Any:
    """Run in virtual time and give the value."""
    return value_of(run_exit(program, clock=VirtualClock()))


def noting(log: list[Any], *before: object) -> Callable[[object], None]:
    """What appends to `log` what it is given, after what is known before, if anything is."""
    return lambda value: log.append((*before, value) if before else value)


def into(log: list[Any]) -> Callable[[object], IO[None]]:
    """What makes a program that appends to `log`."""
    return lambda item: delay(log.append, item)


def defect_of(exit: Exit[Any, Any]) -> BaseException:
    """The one defect that a program failed with."""
    assert isinstance(exit, Failure), exit
    (defect,) = exit.failure().defects()
    return defect


def error_of(exit: Exit[Any, Any]) -> Any:
    """The one typed error that a program failed with."""
    assert isinstance(exit, Failure), exit
    (error,) = exit.failure().failures()
    return error

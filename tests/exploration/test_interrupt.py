"""Ctrl-C while a program is run again and again."""

from __future__ import annotations

import signal
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from effio import IO, Failure, Ref, delay, do, par_collect
from effio.testing import cancel_sweep, explore, fault_sweep, replay, simulate

Search = Callable[..., Any]
SEARCHES = pytest.mark.parametrize("search", [explore, cancel_sweep, fault_sweep])


@do
def counting(fibers: int) -> Any:
    counter = yield from Ref.make(0, name="counter")
    yield from par_collect([counter.get().flat_map(lambda value: counter.set(value + 1))] * fibers)
    return (yield from counter.get())


def interrupting(nth: int, times: int = 1) -> Callable[[object], bool]:
    """A check that presses Ctrl-C when it is asked for the nth time."""
    asked = count(1)

    def check(exit: object) -> bool:
        if next(asked) == nth:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return True

    return check


def stubborn(times: int) -> IO[int]:
    """An action during which Ctrl-C is pressed."""

    def press() -> int:
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        return 1

    return delay(press)


@SEARCHES
def test_first_one_ends_the_search_after_the_run(search: Search) -> None:
    """What was found until then is given, with the run under way, and it is said that this is not all."""
    found = search(counting(4), interrupting(5))
    assert found.interrupted
    assert (found.schedules if search is explore else found.runs) == 5
    assert not found.exhaustive
    assert found.bounds == ("it was interrupted",)


@SEARCHES
def test_second_one_breaks_into_the_run(search: Search) -> None:
    """A run that does not come back can be left; it is no failure of the program."""
    found = search(stubborn(2))
    assert found.interrupted
    assert found.failures == ()
    assert (found.schedules if search is explore else found.runs) == 0


@SEARCHES
def test_interrupted_search_is_never_ok(search: Search) -> None:
    """`assert_ok` goes on with the interrupt, which tells what was found."""
    with pytest.raises(KeyboardInterrupt) as caught:
        search(counting(4), interrupting(3)).assert_ok()
    assert "it was interrupted" in caught.value.__notes__[0]


@pytest.mark.parametrize("run", [simulate, lambda program: replay(program, simulate(delay(int)).token)])
def test_single_run_is_left_at_once(run: Callable[[IO[Any]], object]) -> None:
    """Ctrl-C in a simulated run is raised, not taken for what the program did."""
    with pytest.raises(KeyboardInterrupt):
        run(stubborn(1))


def test_interrupt_that_the_program_raises_is_its_own() -> None:
    """A program that raises KeyboardInterrupt fails, and the search goes on."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    found = explore(delay(interrupt), stop_on_first=False)
    assert not found.interrupted
    (failure,) = found.failures
    assert isinstance(failure.outcome, Failure)
    assert isinstance(failure.outcome.failure().defects()[0], KeyboardInterrupt)


def test_handler_is_put_back() -> None:
    """After a search Ctrl-C means what it meant before."""
    explore(counting(2), interrupting(1))
    cancel_sweep(counting(2), interrupting(1))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

"""`given_sim`: a program and all that may happen to it drawn together, shrunk together, and shown when it fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, assume, example, settings
from hypothesis import strategies as st

from effio import (
    IO,
    Do,
    Failure,
    Mutex,
    Ref,
    Success,
    TaskGroup,
    attempt,
    delay,
    do,
    from_async,
    par_collect,
    pure,
    sleep,
    task_group,
    unit,
    yield_now,
)
from effio import testing as t
from effio.data.errors import Deadlock
from effio.testing import Fault, Simulation, given_sim, replay
from effio.testing.order import Order
from effio.testing.strategies import cancels, faults, schedules

fast = settings(deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate, Phase.shrink])
few = settings(fast, max_examples=30)


@do
def counting(fibers: int) -> Do[int]:
    """Count the fibers with a read and a write, between which others can come."""
    counter = yield from Ref.make(0, name="counter")
    increment = counter.get().flat_map(lambda value: counter.set(value + 1))
    yield from par_collect([increment] * fibers)
    return (yield from counter.get())


@do
def philosophers(count: int) -> Do[None]:
    forks: list[Mutex] = []
    for number in range(count):
        forks.append((yield from Mutex.make(name=f"fork {number}")))
    yield from par_collect(
        [forks[place].with_lock(forks[(place + 1) % count].with_lock(unit)) for place in range(count)]
    )


def failure(test: Callable[..., Any], *args: Any) -> tuple[BaseException, str]:
    """What a test fails with, and what its notes say."""
    with pytest.raises(AssertionError) as raised:
        test(*args)
    return raised.value, "\n".join(getattr(raised.value, "__notes__", ()))


def seen(strategy: Any, **options: Any) -> list[Simulation]:
    """The runs that a passing test is given."""
    runs: list[Simulation] = []

    def test(run: Simulation) -> None:
        runs.append(run)

    few(given_sim(program=strategy, **options)(test))()
    return runs


# -- What is drawn -------------------------------------------------------------------------------------------


def test_names_are_those_of_the_package() -> None:
    """The decorator and the strategies are found in `effio.testing` too."""
    assert t.given_sim is given_sim
    assert t.strategies.schedules is schedules


def test_race_shrinks_to_one_preemption_and_is_shown() -> None:
    """A lost update among up to four fibers is found; two are left, with one preemption, a picture and a token."""

    @fast
    @given_sim(program=counting, schedule=schedules(), fibers=st.integers(1, 4))
    def test(fibers: int, run: Simulation) -> None:
        assert run.outcome == Success(fibers)

    _, notes = failure(test)
    assert "fibers=2" in notes
    assert "schedule=Order(deviations=((1, 0),))" in notes
    assert notes.count("has to wait") == 1
    token = notes.partition("token: ")[2].split()[0]
    assert replay(counting(2), token).outcome == Success(1)


def test_deadlock_shrinks_to_two_philosophers() -> None:
    """A deadlock that needs an order of its own is found, and says who waits for whom."""

    @fast
    @given_sim(program=philosophers, count=st.integers(2, 3))
    def test(count: int, run: Simulation) -> None:
        assert isinstance(run.outcome, Success), count

    _, notes = failure(test)
    assert "count=2" in notes
    assert "a circle: par_collect[0] waits for par_collect[1] waits for par_collect[0]" in notes


def test_program_may_be_fixed_drawn_or_made() -> None:
    """A program, a strategy of programs, and a function that makes one of drawn data are run for each example."""
    assert {run.outcome for run in seen(pure(1))} == {Success(1)}
    assert {run.outcome for run in seen(st.integers(1, 3).map(pure))} == {Success(1), Success(2), Success(3)}
    made: list[list[int]] = []

    def program() -> IO[None]:
        made.append([])
        return delay(made[-1].append, 1)

    seen(program)
    assert len(made) > 1
    assert all(log == [1] for log in made)


def test_faults_and_cancels_shrink_with_the_schedule() -> None:
    """Of everything that was drawn, what does not matter for the failure shrinks to nothing."""

    @fast
    @given_sim(program=yield_now.then(yield_now), faults=faults(), cancels=cancels())
    def cancelled(run: Simulation) -> None:
        assert isinstance(run.outcome, Success)

    @fast
    @given_sim(program=delay(int).then(delay(int)), faults=faults(), cancels=cancels())
    def failing(run: Simulation) -> None:
        assert not (isinstance(run.outcome, Failure) and run.outcome.failure().defects())

    _, notes = failure(failing)
    assert "faults={0: RuntimeError('bug')}" in notes
    assert "cancels={}" in notes
    assert "schedule=Order(deviations=())" in notes
    _, notes = failure(cancelled)
    assert ("faults={}" in notes) != ("cancels={}" in notes)
    assert "schedule=Order(deviations=())" in notes


def test_calls_may_go_wrong() -> None:
    """Functions in `faults` go wrong in some examples and not in others, and the run says how."""

    def charge(amount: int) -> int:
        return amount

    runs = seen(attempt(charge, 30), faults={charge: [TimeoutError, Fault.corrupt(str)]})
    assert {str(run.outcome) for run in runs} == {
        "<Success: 30>",
        "<Failure: Fail(TimeoutError())>",
    }
    assert {type(run.outcome.unwrap()) for run in runs if isinstance(run.outcome, Success)} == {int, str}


def test_time_and_models_are_those_of_a_simulation() -> None:
    """Timers may be racy, and a foreign coroutine has a model."""

    async def fetch() -> str:
        raise AssertionError

    answer = yield_now.then(pure("answer")).timeout_to(1, pure("too late"))
    assert {run.outcome for run in seen(answer)} == {Success("answer")}
    assert {run.outcome for run in seen(answer, time="racy")} == {Success("answer"), Success("too late")}
    page = seen(from_async(fetch), models={fetch: lambda: sleep(1).as_value("page")})
    assert {(run.outcome, run.virtual_elapsed) for run in page} == {(Success("page"), 1.0)}


@do
def children(group: TaskGroup) -> Do[None]:
    """Three children of which one waits for another."""
    counter = yield from Ref.make(0)
    yield from group.fork(counter.wait_until(bool))
    yield from group.fork(sleep(1).then(counter.set(1)))
    yield from group.fork(yield_now.ensuring(counter.set(2)))


@settings(max_examples=30, deadline=None)
@given_sim(program=task_group(children), cancels=cancels(max_cancels=2))
def test_run_with_cancels_can_be_replayed(run: Simulation) -> None:
    """The token of a run with cancels of any fibers gives the same run again."""
    assert replay(task_group(children), run.token) == run


def test_endless_run_is_cut() -> None:
    """A program that goes on for ever is cut after `max_steps`; the test sees that there is no outcome."""
    for run in seen(sleep(1).repeat(1000), max_steps=10):
        assert run.outcome is None


# -- With Hypothesis -----------------------------------------------------------------------------------------


@given_sim(program=counting, fibers=st.integers(1, 3))
@example(fibers=1, schedule=Order())
@example(fibers=2, schedule=Order(((3, 0),)))
@settings(max_examples=5, deadline=None)
def test_examples_and_settings_may_stand_below(fibers: int, run: Simulation) -> None:
    """`@example` and `@settings` work on either side of `given_sim`."""
    assert run.outcome is not None


@settings(max_examples=5, deadline=None)
@given_sim(program=counting, fibers=st.integers(1, 3))
def test_what_was_drawn_can_be_asked_for(fibers: int, program: IO[int], schedule: Order, run: Simulation) -> None:
    """Arguments with the names of what is drawn are that, the program the one that was run."""
    assert schedule.simulate(program) == run
    assert replay(counting(fibers), run.token) == run


@settings(max_examples=5, deadline=None)
@given_sim(program=counting, fibers=st.integers(1, 3))
def test_data_may_be_for_the_program_alone(run: Simulation) -> None:
    """A test need not take the data that the program is made of."""
    assert isinstance(run.outcome, Success)


def test_explicit_example_is_run() -> None:
    """An `@example` fails with its own order, before anything is drawn."""

    @settings(phases=[Phase.explicit])
    @example(fibers=3, schedule=Order(((1, 0),)))
    @given_sim(program=counting, fibers=st.integers(1, 3))
    def test(fibers: int, run: Simulation) -> None:
        assert run.outcome == Success(fibers)

    _, notes = failure(test)
    assert "fibers=3" in notes
    assert "has to wait" in notes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("folder")


class TestInAClass:
    """A class of tests, with fixtures and parameters."""

    @pytest.mark.parametrize("limit", [1, 2])
    @settings(max_examples=5, deadline=None)
    @given_sim(program=counting, fibers=st.integers(1, 2))
    def test_arguments_of_pytest_come_first(self, folder: Path, limit: int, fibers: int, run: Simulation) -> None:
        """Fixtures, parameters and drawn data have their own names, and the run is the last argument."""
        assume(fibers <= limit)
        assert folder.is_dir()
        assert isinstance(run.outcome, Success)


# -- Mistakes ------------------------------------------------------------------------------------------------


def test_test_must_take_the_run() -> None:
    """A test without an argument for the run is refused when it is decorated."""
    with pytest.raises(TypeError, match="must take the run as its last argument"):

        @given_sim(program=pure(1))
        def test() -> None: ...


def test_program_must_be_one() -> None:
    """What is no program is an error that says so."""
    with pytest.raises(TypeError, match="given_sim"):
        seen(3)


def test_deadlock_is_an_outcome() -> None:
    """A deadlock is no error of the test: the run tells of it."""
    (stuck,) = {type(run.outcome.failure().defects()[0]) for run in seen(Mutex.make().flat_map(blocked))}  # type: ignore[union-attr]
    assert stuck is Deadlock


@do
def blocked(mutex: Mutex) -> Do[None]:
    yield from mutex.acquire()
    yield from par_collect([mutex.acquire()])

"""The strategies for users: what they generate is valid, and what fails shrinks to the shortest."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from effio import IO, Do, Exit, Failure, Ref, Success, VirtualClock, delay, do, fail, par_collect, pure, run_exit
from effio.cause import Both, Cause, Then
from effio.testing import replay, simulate
from effio.testing.order import Order
from effio.testing.strategies import causes, faults, ios, schedules
from tests.architecture.source import ROOT

quick = settings(max_examples=min(60, settings().max_examples), deadline=None)
unshrunk = settings(max_examples=5000, phases=[Phase.generate])


@do
def counting(fibers: int) -> Do[int]:
    """Count the fibers with a read and a write, between which others can come."""
    counter = yield from Ref.make(0, name="counter")
    increment = counter.get().flat_map(lambda value: counter.set(value + 1))
    yield from par_collect([increment] * fibers)
    return (yield from counter.get())


def in_virtual_time(io: IO[Any, Any]) -> Exit[Any, Any]:
    return run_exit(io, clock=VirtualClock())


# -- Programs ------------------------------------------------------------------------------------------------


@given(ios(st.integers(), errors=st.text(max_size=3)))
@quick
def test_programs_give_values_or_typed_errors(io: IO[int, str]) -> None:
    """A generated program ends with one of the values, or with a cause of nothing but its errors."""
    exit = in_virtual_time(io)
    if isinstance(exit, Success):
        assert isinstance(exit.unwrap(), int)
    else:
        assert exit.failure().failures()
        assert all(isinstance(error, str) for error in exit.failure().failures())
        assert not exit.failure().defects()


@given(ios(st.sampled_from("abc")))
@quick
def test_programs_without_errors_succeed(io: IO[str]) -> None:
    """Without `errors` a generated program cannot fail."""
    assert in_virtual_time(io).unwrap() in "abc"


@given(ios(st.integers(), errors=st.text(max_size=1), defects=True), schedules())
@quick
def test_programs_leave_nothing_behind_in_any_order(io: IO[int, str], order: Order) -> None:
    """A generated program ends in every order, and no fiber, timer or permit of it is left."""
    run = order.simulate(io)
    assert run.outcome is not None
    assert run.leaks == ()


def test_programs_shrink_to_a_value() -> None:
    """The simplest program is a pure value."""
    assert str(find(ios(st.integers()), lambda io: True)) == "pure(0)"


@pytest.mark.parametrize("word", ["race", "par_zip", "ensuring", "bracket", "sleep", "task_group", "fail"])
def test_every_word_is_generated(word: str) -> None:
    """Programs with each of the words come up."""
    found = find(ios(st.integers(), errors=st.text()), lambda io: word in str(io), settings=unshrunk)
    assert word in str(found)


# -- By type -------------------------------------------------------------------------------------------------


@given(st.from_type(IO[int, str]), st.from_type(IO[bool]))
@quick
def test_type_of_a_program_says_what_it_gives(fallible: IO[int, str], total: IO[bool]) -> None:
    """`from_type` of a program generates programs of that type; without an error type they cannot fail."""
    exit = in_virtual_time(fallible)
    assert isinstance(exit.unwrap(), int) if isinstance(exit, Success) else exit.failure().failures()
    assert isinstance(in_virtual_time(total).unwrap(), bool)


@given(st.from_type(Cause[str]))  # type: ignore[type-abstract]  # it is abstract to type checkers only
@quick
def test_type_of_a_cause_says_what_fails(cause: Cause[str]) -> None:
    """`from_type` of a cause generates causes whose typed failures are of that type."""
    assert all(isinstance(error, str) for error in cause.failures())


def test_types_are_known_without_an_import() -> None:
    """Where effio is installed, `from_type(IO[...])` works, whichever of Hypothesis and effio is imported first."""
    entry = (
        "from importlib.metadata import EntryPoint\n"
        "EntryPoint('effio', 'effio.testing.hypothesis_entry:register', 'hypothesis').load()()\n"
    )
    finding = (
        "from hypothesis import Phase, find, settings, strategies as st\nfrom effio import IO\n"
        "print(find(st.from_type(IO[int, str]), lambda io: True, settings=settings(phases=[Phase.generate])))"
    )
    for source in (
        f"import sys\n{entry}assert 'effio.algebra.io' not in sys.modules\n{finding}",
        f"from effio import IO\n{entry}{finding}",
    ):
        assert printed(source) == "pure(0)\n"
    assert (
        'entry-points.hypothesis]\neffio = "effio.testing.hypothesis_entry:register"'
        in (ROOT / "pyproject.toml").read_text()
    )


def printed(source: str) -> str:
    """What a program prints in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True
    ).stdout


# -- Causes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Then, Both])
def test_causes_nest(kind: type[Cause[Any]]) -> None:
    """Causes one after another and at the same time come up, inside each other too."""

    def nests(cause: Cause[Any]) -> bool:
        return isinstance(cause, kind) and any(part.parts for part in cause.parts)

    found = find(causes(st.text()), nests, settings=unshrunk)
    assert isinstance(found, kind)


@given(causes())
@quick
def test_causes_without_errors_hold_no_typed_failure(cause: Cause[Any]) -> None:
    """Without `errors` there is no `Fail` in a cause."""
    assert cause.failures() == ()


# -- Orders --------------------------------------------------------------------------------------------------


def test_usual_order_is_that_of_a_simulation_without_seed() -> None:
    """Without deviations a program runs as `simulate` runs it."""
    assert Order().simulate(counting(3)) == simulate(counting(3))


@given(schedules())
@quick
def test_order_can_be_replayed(order: Order) -> None:
    """The token of a run in any order gives the same run again."""
    run = order.simulate(counting(3))
    assert replay(counting(3), run.token) == run


@pytest.mark.parametrize("fibers", [2, 3, 5])
def test_failing_order_shrinks_to_one_preemption(fibers: int) -> None:
    """The shortest order that loses an update has one deviation, and its run one preemption."""
    found = find(schedules(), lambda order: order.simulate(counting(fibers)).outcome != Success(fibers))
    assert len(found.deviations) == 1
    assert found.simulate(counting(fibers)).preemptions == 1


def test_order_of_another_program_fits_too() -> None:
    """Deviations beyond the end of a program change nothing."""
    assert Order(((30, 3),)).simulate(pure(1)).outcome == Success(1)


def test_order_refuses_what_is_no_program() -> None:
    """Something else than a program is an error at once."""
    with pytest.raises(TypeError, match="simulate"):
        Order().simulate(3)  # type: ignore[arg-type]  # the mistake that is tested


# -- Faults --------------------------------------------------------------------------------------------------


def test_fault_hits_one_action() -> None:
    """The action with the number of a fault fails with it, and the finalizer still runs."""
    log: list[str] = []
    actions = delay(log.append, "first").then(delay(log.append, "second")).ensuring(delay(log.append, "last"))
    bug = RuntimeError("bug")
    outcome = Order().simulate(actions, faults={1: bug}).outcome
    assert isinstance(outcome, Failure)
    assert outcome.failure().defects() == (bug,)
    assert log == ["first", "last"]


@given(faults(st.just(OSError("disk full"))))
@quick
def test_faults_are_what_was_asked_for(plan: dict[int, BaseException]) -> None:
    """A program with no faults of its own fails with the given one, or succeeds if none hits it."""
    outcome = Order().simulate(delay(int).then(delay(int)), faults=plan).outcome
    assert isinstance(outcome, Success) == (not plan.keys() & {0, 1})


def test_faults_shrink_to_the_one_that_matters() -> None:
    """Of several faults only the first action's is left."""
    io = delay(int).then(delay(int).catch_all(fail))
    found = find(faults(), lambda plan: isinstance(Order().simulate(io, faults=plan).outcome, Failure))
    assert list(found) == [0]

"""Schedules: how often, how long in between, limits and combinations; nothing runs here."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio import pure, run
from effio.schedule.rule import Moment, Step
from effio.schedule.schedule import Schedule

SECOND = st.integers(1, 5)


def simple() -> st.SearchStrategy[Schedule[object, Any]]:
    """Schedules that are not made of others."""
    return st.one_of(
        st.builds(Schedule.recurs, st.integers(0, 4)),
        st.just(Schedule.forever()),
        st.builds(Schedule.spaced, SECOND),
        st.builds(Schedule.fixed, SECOND),
        st.builds(Schedule.windowed, SECOND),
        st.builds(Schedule.linear, SECOND),
        st.builds(Schedule.exponential, SECOND),
        st.builds(Schedule.fibonacci, SECOND),
        st.builds(Schedule.during, SECOND),
        st.just(Schedule.cron("*/5 * * * *")),
    )


def combined(inner: st.SearchStrategy[Schedule[object, Any]]) -> st.SearchStrategy[Schedule[object, Any]]:
    return st.one_of(
        st.builds(Schedule[object, Any].both, inner, inner),
        st.builds(Schedule[object, Any].either, inner, inner),
        st.builds(Schedule[object, Any].and_then, inner, inner),
        st.builds(Schedule[object, Any].up_to, inner, st.integers(0, 20)),
        st.builds(Schedule[object, Any].resetting_after, inner, SECOND),
        st.builds(Schedule[object, Any].jittered, inner, st.integers(0, 9)),
        st.builds(Schedule[object, Any].collect, inner),
    )


schedules = st.recursive(simple(), combined, max_leaves=4)
durations = st.lists(st.integers(0, 7), max_size=12)


def decisions(schedule: Schedule[object, Any], durations: list[int]) -> list[Step[Any]]:
    """The steps of a series of runs that take so long, to the end of the schedule."""
    moment = Moment()
    state = schedule.start(moment)
    steps: list[Step[Any]] = []
    for duration in durations:
        moment = moment.after(duration)
        step = schedule.step(state, "given", moment)
        steps.append(step)
        if not step.goes_on or step.delay is None or step.delay == inf:
            break
        moment = moment.after(step.delay)
        state = step.state
    return steps


def begins(schedule: Schedule[object, Any], durations: list[float]) -> list[float]:
    """When the runs of a series begin that take so long."""
    moment = Moment()
    state = schedule.start(moment)
    begun = [0.0]
    for duration in durations:
        moment = moment.after(duration)
        step = schedule.step(state, None, moment)
        if step.delay is None or not step.goes_on:
            break
        moment = moment.after(step.delay)
        state = step.state
        begun.append(moment.now)
    return begun


# -- How often, how long in between --------------------------------------------------------------------------

PREVIEWS: dict[str, tuple[Schedule[object, Any], Sequence[float]]] = {
    "recurs": (Schedule.recurs(3), [0, 0, 0]),
    "recurs never": (Schedule.recurs(0), []),
    "forever": (Schedule.forever(), [0] * 8),
    "spaced": (Schedule.spaced(2.5), [2.5] * 8),
    "fixed": (Schedule.fixed(2), [2] * 8),
    "windowed": (Schedule.windowed(2), [2] * 8),
    "linear": (Schedule.linear(2), [2, 4, 6, 8, 10, 12, 14, 16]),
    "exponential": (Schedule.exponential(1), [1, 2, 4, 8, 16, 32, 64, 128]),
    "exponential by 3": (Schedule.exponential(1, factor=3), [1, 3, 9, 27, 81, 243, 729, 2187]),
    "fibonacci": (Schedule.fibonacci(1), [1, 1, 2, 3, 5, 8, 13, 21]),
    "both waits for the longer": (Schedule.linear(1) & Schedule.spaced(3), [3, 3, 3, 4, 5, 6, 7, 8]),
    "both ends with the first": (Schedule.spaced(1) & Schedule.recurs(2), [1, 1]),
    "either waits for the shorter": (Schedule.linear(1) | Schedule.spaced(3), [1, 2, 3, 3, 3, 3, 3, 3]),
    "either ends with the last": (Schedule.recurs(1) | Schedule.spaced(2).up_to(6), [0, 2, 2, 2]),
    "either on two grids": (Schedule.fixed(2) | Schedule.fixed(3), [2, 1, 1, 2, 2, 1, 1, 2]),
    "either of two windows": (Schedule.windowed(2) | Schedule.windowed(3), [2, 1, 1, 2, 2, 1, 1, 2]),
    "either of two crons": (Schedule.cron("0 * * * *") | Schedule.cron("30 * * * *"), [1800] * 8),
    "either in either": (Schedule.fixed(5) | (Schedule.fixed(3) | Schedule.spaced(2)), [2, 1, 2, 1, 2, 1, 1, 2]),
    "both in either": (Schedule.fixed(3) & Schedule.recurs(9) | Schedule.spaced(2), [2, 1, 2, 1, 2, 1, 2, 1]),
    "either of a grid that begins late": (
        Schedule.recurs(1).and_then(Schedule.fixed(3)) | Schedule.spaced(2),
        [0, 2, 1, 2, 1, 2, 1, 2],
    ),
    "and_then": (Schedule.recurs(2).and_then(Schedule.spaced(5).up_to(10)), [0, 0, 5, 5]),
    "and_then after nothing": (Schedule.recurs(0).and_then(Schedule.recurs(2)), [0, 0]),
    "up_to": (Schedule.spaced(3).up_to(10), [3, 3, 3]),
    "up_to its own end": (Schedule.spaced(5).up_to(10), [5, 5]),
    "up_to in tenths": (Schedule.spaced(0.1).up_to(0.3), [0.1, 0.1, 0.1]),
    "up_to 0": (Schedule.spaced(1).up_to(0), []),
    "during": (Schedule.spaced(3) & Schedule.during(10), [3, 3, 3]),
    "an hour at most": (Schedule.exponential(1000) | Schedule.spaced(3600), [1000, 2000, 3600, 3600] + [3600] * 4),
    "seeded jitter of 1": (Schedule.spaced(3).jittered(1, low=1, high=1), [3] * 8),
}


@pytest.mark.parametrize(("schedule", "delays"), PREVIEWS.values(), ids=PREVIEWS)
def test_preview_lists_the_delays(schedule: Schedule[object, Any], delays: Sequence[float]) -> None:
    """The first eight delays are the expected ones."""
    assert schedule.preview(8) == delays


def test_fixed_catches_up_without_drift() -> None:
    """A run that is late begins at once, the next ones are on the grid again, and none is made up for."""
    assert begins(Schedule.fixed(2), [0.5, 3, 0, 1, 9, 0.25, 1]) == [0, 2, 5, 6, 8, 17, 18, 20]


def test_fixed_hits_each_slot_once_on_an_inexact_clock() -> None:
    """In tenths of a second, which floats are not exact in, the runs begin a tenth apart."""
    begun = begins(Schedule.fixed(0.1), [0.0] * 1000)
    assert begun == pytest.approx([index / 10 for index in range(1001)])


def test_windowed_waits_for_the_next_multiple() -> None:
    """A run begins at multiples of the interval only; those that another run missed are left out."""
    assert begins(Schedule.windowed(2), [0.5, 3, 0, 2, 9]) == [0, 2, 6, 8, 12, 22]


def test_exponential_does_not_overflow() -> None:
    """After a thousand doublings the delay is infinite."""
    assert Schedule.exponential(1).preview(2000)[-1] == inf


def test_resetting_after_begins_anew_after_a_long_run() -> None:
    """The back-off grows while runs are short, and begins anew after a long one."""
    steps = decisions(Schedule.exponential(1).resetting_after(7), [0, 0, 6, 7, 0])
    assert [step.delay for step in steps] == [1, 2, 4, 1, 2]


def test_resetting_after_does_not_count_the_delay() -> None:
    """A delay that is longer than the limit is no long run."""
    assert Schedule.spaced(10).resetting_after(5).collect().preview(3) == [10, 10, 10]
    assert Schedule.exponential(4).resetting_after(5).preview(4) == [4, 8, 16, 32]


# -- Conditions and outputs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pace",
    [
        lambda growing: growing & Schedule.spaced(10),
        lambda growing: growing | Schedule.spaced(10),
        lambda growing: growing.jittered(3, low=1.5, high=1.5),
        lambda growing: (growing.jittered(3, low=0.5, high=0.5) | Schedule.spaced(10)) & Schedule.spaced(1),
    ],
    ids=["both", "either", "jittered", "all of them"],
)
def test_resetting_after_counts_runs_and_no_delays(
    pace: Callable[[Schedule[object, Any]], Schedule[object, Any]],
) -> None:
    """Whatever makes the delays longer or shorter, only a run that took so long lets the back-off begin anew."""
    growing = Schedule.exponential(1)
    resetting = pace(growing.resetting_after(2))
    short = [1.0] * 6
    assert begins(resetting, short) == begins(pace(growing), short)
    after_a_long_run = begins(resetting, [*short, 2])
    assert after_a_long_run[-1] - after_a_long_run[-2] == 2 + resetting.preview(1)[0]


def test_while_error_ends_after_another_error() -> None:
    """A test, a class or a tuple of classes says which errors go on."""
    for test in (lambda error: isinstance(error, OSError), OSError, (KeyError, OSError)):
        schedule: Schedule[Any, int] = Schedule.forever().while_error(test)
        assert schedule.step(schedule.start(), TimeoutError()).goes_on
        assert not schedule.step(schedule.start(), ValueError()).goes_on


def test_while_value_looks_at_the_value() -> None:
    """A value for which the test is false is the last."""
    schedule = Schedule.spaced(1).while_value(lambda value: value != "ready")
    assert schedule.step(schedule.start(), "busy").goes_on
    assert not schedule.step(schedule.start(), "ready").goes_on


@pytest.mark.parametrize(
    ("schedule", "outputs"),
    [
        (Schedule.recurs(2), [0, 1, 2]),
        (Schedule.linear(2), [2, 4, 6, 8]),
        (Schedule.recurs(2) & Schedule.spaced(1), [(0, 0), (1, 1), (2, 2)]),
        (Schedule.recurs(1).and_then(Schedule.linear(1)), [0, 1, 2, 3]),
        (Schedule.recurs(2).collect(), [[0], [0, 1], [0, 1, 2]]),
        (Schedule.recurs(2).map(str), ["0", "1", "2"]),
        (Schedule.during(9), [1, 2, 3, 4]),
    ],
    ids=str,
)
def test_outputs(schedule: Schedule[object, Any], outputs: list[object]) -> None:
    """What a schedule tells after each of at most four runs, the one that ends it included."""
    assert [step.output for step in decisions(schedule, [1] * 4)] == outputs


# -- Laws ----------------------------------------------------------------------------------------------------


@given(schedules, durations)
def test_steps_are_pure(schedule: Schedule[object, Any], durations: list[int]) -> None:
    """The same runs get the same decisions, also from a copy that was pickled."""
    copy: Schedule[object, Any] = pickle.loads(pickle.dumps(schedule))
    assert decisions(schedule, durations) == decisions(schedule, durations) == decisions(copy, durations)


@given(st.integers(0, 20))
def test_recurs_counts(times: int) -> None:
    """It goes on so many times."""
    assert len(Schedule.recurs(times).preview(30)) == times


def goes_on(schedule: Schedule[object, Any], durations: list[int]) -> list[bool]:
    return [step.goes_on for step in decisions(schedule, durations)]


@given(schedules, schedules)
def test_both_goes_on_while_both_want_to(left: Schedule[object, Any], right: Schedule[object, Any]) -> None:
    """The first decision of `both` is the longer delay, if both go on and the longer one is allowed by both."""
    one, other, both = (schedule.step(schedule.start(), None) for schedule in (left, right, left & right))
    if one.goes_on and other.goes_on and one.delay is not None and other.delay is not None:
        longer = max(one.delay, other.delay)
        assert both.delay == longer
        assert both.goes_on is (longer <= min(one.within, other.within))
    else:
        assert not both.goes_on


@given(schedules, schedules)
def test_either_goes_on_while_one_wants_to(left: Schedule[object, Any], right: Schedule[object, Any]) -> None:
    """The first decision of `either` is the shorter delay of those that go on."""
    one, other, either = (schedule.step(schedule.start(), None) for schedule in (left, right, left | right))
    wanted = [step.delay for step in (one, other) if step.goes_on and step.delay is not None]
    assert either.goes_on is bool(wanted)
    assert either.delay == min(wanted, default=None)


@given(schedules, schedules, st.sampled_from([Schedule[object, Any].both, Schedule[object, Any].either]))
def test_both_and_either_commute(
    left: Schedule[object, Any], right: Schedule[object, Any], combine: Callable[..., Schedule[object, Any]]
) -> None:
    """Which one is written first changes no delay."""
    assert combine(left, right).preview(6) == combine(right, left).preview(6)


@given(schedules, schedules, schedules, durations)
def test_both_is_associative(
    a: Schedule[object, Any], b: Schedule[object, Any], c: Schedule[object, Any], durations: list[int]
) -> None:
    """How three are grouped changes no decision."""
    left, right = (decisions(schedule, durations) for schedule in ((a & b) & c, a & (b & c)))
    assert [(step.delay, step.goes_on) for step in left] == [(step.delay, step.goes_on) for step in right]


@given(schedules, durations)
def test_forever_changes_nothing(schedule: Schedule[object, Any], durations: list[int]) -> None:
    """Together with what always goes on at once a schedule decides as alone."""
    alone, together = decisions(schedule, durations), decisions(schedule & Schedule.forever(), durations)
    assert [step.delay for step in alone] == [step.delay for step in together]


@given(schedules, st.integers(0, 20), durations)
def test_up_to_is_both_with_during(schedule: Schedule[object, Any], seconds: int, durations: list[int]) -> None:
    """The two ways to say how long are one."""
    limited, together = schedule.up_to(seconds), schedule & Schedule.during(seconds)
    assert goes_on(limited, durations) == goes_on(together, durations)


@given(schedules, st.integers(0, 9), durations)
def test_jitter_stays_in_bounds(schedule: Schedule[object, Any], seed: int, durations: list[int]) -> None:
    """The first delay is between its bounds, and the same again for the same seed."""
    plain = schedule.step(schedule.start(), None)
    jittered = schedule.jittered(seed, low=0.5, high=1.5)
    delays = {jittered.step(jittered.start(), None).delay for _ in range(2)}
    (delay,) = delays
    if plain.delay is None:
        assert delay is None
    else:
        assert delay is not None
        assert plain.delay * 0.5 <= delay <= plain.delay * 1.5


def test_jitter_without_a_seed_differs_between_series() -> None:
    """Twenty series of runs do not all wait for the same time."""
    schedule = Schedule.spaced(1).jittered()
    assert len({tuple(schedule.preview(3)) for _ in range(20)}) > 1


def test_jitter_with_a_seed_differs_between_steps() -> None:
    """The delays of one series are not all the same."""
    assert len(set(Schedule.spaced(1).jittered(7).preview(10))) > 5


# -- Values --------------------------------------------------------------------------------------------------


def test_shown_as_it_is_written() -> None:
    """The repr of a schedule is the expression that makes it."""
    schedule = (Schedule.exponential(0.1) & Schedule.recurs(5)).up_to(60) | Schedule.cron("0 9 * * 1")
    text = "(Schedule.exponential(0.1) & Schedule.recurs(5)).up_to(60) | Schedule.cron('0 9 * * 1')"
    assert repr(schedule) == text
    assert eval(text) == schedule


def chained(nested: bool) -> Schedule[object, Any]:
    """A thousand schedules in turn, the first or the last of which is the innermost."""
    whole: Schedule[object, Any] = Schedule.recurs(1)
    for _ in range(999):
        whole = Schedule.recurs(1).and_then(whole) if nested else whole.and_then(Schedule.recurs(1))
    return whole


@pytest.mark.parametrize("nested", [False, True])
def test_a_long_row_needs_no_deep_stack(nested: bool) -> None:
    """A thousand schedules in turn are followed, shown, compared and hashed as three are."""
    schedule = chained(nested)
    assert len(schedule.preview(2000)) == 1000
    assert str(schedule).count("and_then") == 999
    assert len({schedule, chained(True), chained(False)}) == 1
    assert run(pure(1).repeat(schedule)) == 1


def test_equal_if_made_equally() -> None:
    """Schedules are values."""
    assert Schedule.spaced(1) & Schedule.recurs(2) == Schedule.spaced(1) & Schedule.recurs(2)
    assert Schedule.spaced(1) != Schedule.fixed(1)
    assert len({Schedule.recurs(1), Schedule.recurs(1)}) == 1


def test_constructor_called_on_a_schedule_is_refused() -> None:
    """`Schedule.spaced(1).recurs(3)` would forget the spacing, so it says how to combine the two."""
    with pytest.raises(AttributeError, match="recurs makes a new schedule") as caught:
        _ = Schedule.spaced(1).recurs
    assert "schedule & Schedule.recurs" in caught.value.__notes__[0]


MISTAKES: dict[str, tuple[type[Exception], Callable[[], object]]] = {
    "recurs -1": (ValueError, lambda: Schedule.recurs(-1)),
    "recurs 1.5": (TypeError, lambda: Schedule.recurs(1.5)),  # type: ignore[arg-type]
    "spaced nan": (ValueError, lambda: Schedule.spaced(nan)),
    "fixed 0": (ValueError, lambda: Schedule.fixed(0)),
    "windowed 0": (ValueError, lambda: Schedule.windowed(0)),
    "jitter upside down": (ValueError, lambda: Schedule.spaced(1).jittered(low=2, high=1)),
    "Schedule 3": (TypeError, lambda: Schedule(3)),  # type: ignore[arg-type]
    "both 3": (TypeError, lambda: Schedule.spaced(1).both(3)),  # type: ignore[call-overload]
    "while_error 3": (TypeError, lambda: Schedule.spaced(1).while_error(3)),  # type: ignore[call-overload]
    "map 3": (TypeError, lambda: Schedule.spaced(1).map(3)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("error", "build"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_refused_when_built(error: type[Exception], build: Callable[[], object]) -> None:
    """A wrong argument raises where the schedule is made."""
    with pytest.raises(error):
        build()

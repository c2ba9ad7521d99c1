"""An exploration that was cut anywhere and gone on with is the one that was not cut."""

from __future__ import annotations

import json
import signal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from effio import IO, Ref, Success, delay, do, par_collect, task_group
from effio.testing import (
    Exploration,
    NotResumable,
    Sweep,
    TokenMismatch,
    cancel_sweep,
    explore,
    fault_sweep,
    replay,
    simulate,
)
from effio.testing.exploration.checkpoint import State
from tests.exploration.bugs import cancels, locks, refs
from tests.exploration.bugs.case import Bug

BUGS = (*refs.BUGS, *locks.BUGS, *cancels.BUGS)
ENOUGH = 6


def told(exploration: Exploration) -> tuple[Any, ...]:
    """All that an exploration tells but how long it took and how often it was interrupted."""
    stats = exploration.stats
    return (
        exploration.schedules,
        exploration.exhaustive,
        exploration.bounds,
        exploration.never,
        [(finding.token, str(finding)) for finding in exploration.failures],
        (stats.redundant, stats.races, stats.planned, stats.postponed, stats.cut, dict(stats.by_preemptions)),
    )


def written_down(exploration: Exploration | Sweep) -> State:
    """The state, after JSON has written and read it."""
    state: State = json.loads(json.dumps(exploration.state))
    return state


@do
def counting(fibers: int) -> Any:
    counter = yield from Ref.make(0, name="counter")
    yield from par_collect([counter.get().flat_map(lambda value: counter.set(value + 1))] * fibers)
    return (yield from counter.get())


def is_three(exit: Any) -> bool:
    return bool(exit == Success(3))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_cut_after_every_schedule(bug: Bug) -> None:
    """Known bugs and their mended forms: cut after each schedule and resumed, the same is found and counted."""
    for make in (bug.broken, bug.mended):
        options: dict[str, Any] = {"cancel": bug.cancel, "sampling": 0, "stop_on_first": False}
        whole = explore(make(), bug.check, max_schedules=ENOUGH, **options)
        part = explore(make(), bug.check, max_schedules=1, **options)
        while part.schedules < whole.schedules or (whole.exhaustive and not part.exhaustive):
            part = explore(make(), bug.check, max_schedules=1, resume=written_down(part), **options)
        assert told(part) == told(whole)


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 8, 13, 21, 34, 35])
def test_cut_anywhere(cut: int) -> None:
    """Whichever schedule an exploration is cut after, it goes on to the 36 there are, with the same failures."""
    whole = explore(counting(3), is_three, stop_on_first=False)
    first = explore(counting(3), is_three, stop_on_first=False, max_schedules=cut)
    assert (first.schedules, first.exhaustive) == (cut, False)
    assert told(explore(counting(3), is_three, stop_on_first=False, resume=written_down(first))) == told(whole)


@pytest.mark.parametrize("cut", range(16))
def test_interrupt_in_the_middle_of_a_run_loses_that_run_only(cut: int) -> None:
    """What the run under way had planned is taken back, so that nothing is run twice or left out."""
    actions = count()

    def program(last: int | None) -> IO[Any]:
        def watched(value: int) -> int:
            if next(actions) == last:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            return value

        @do
        def main() -> Any:
            counter = yield from Ref.make(0, name="counter")
            add = counter.get().flat_map(lambda value: counter.set(value + 1)).then(delay(watched, 1))
            yield from par_collect([add] * 2)
            return (yield from counter.get())

        return main()

    options: dict[str, Any] = {"check": lambda exit: exit == Success(2), "stop_on_first": False, "sampling": 0}
    first = explore(program(cut), **options)
    assert first.interrupted
    assert told(explore(program(None), resume=written_down(first), **options)) == told(
        explore(program(None), **options)
    )


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 8, 13, 21])
def test_interrupt_of_the_check_loses_that_schedule_only(cut: int) -> None:
    """A schedule that could not be judged is run again."""
    judged = count(1)

    def check(exit: Any) -> bool:
        if next(judged) == cut:
            raise KeyboardInterrupt
        return is_three(exit)

    first = explore(counting(3), check, stop_on_first=False)
    assert first.interrupted
    rest = explore(counting(3), is_three, stop_on_first=False, resume=written_down(first))
    assert told(rest) == told(explore(counting(3), is_three, stop_on_first=False))


def test_budget_counts_anew() -> None:
    """`max_schedules` is what one call may run; the counts are of all calls together."""
    first = explore(counting(3), lambda exit: True, max_schedules=10)
    second = explore(counting(3), lambda exit: True, max_schedules=10, resume=first.state)
    assert (second.schedules, second.stats.complete, second.exhaustive) == (20, 20, False)
    assert "schedules" in second.bounds[0]


def test_random_schedules_go_on_with_others() -> None:
    """A resumed exploration draws new random schedules, as many as its own budget gives."""
    first = explore(counting(6), lambda exit: True, max_schedules=220, sampling=0.5)
    second = explore(counting(6), lambda exit: True, max_schedules=20, sampling=0.5, resume=first.state)
    assert 0 < first.stats.sampled < second.stats.sampled
    assert second.schedules + second.stats.sampled == 240


def test_cancels_go_on_with_the_next_fiber() -> None:
    """With `cancel` an exploration may be cut between the fibers that are cancelled, and inside of each."""

    @do
    def program() -> Any:
        counter = yield from Ref.make(0, name="counter")
        yield from task_group(lambda group: group.fork(counter.set(1)).then(group.fork(counter.set(2))))
        return (yield from counter.get())

    options: dict[str, Any] = {"check": lambda exit: isinstance(exit, Success), "cancel": True, "stop_on_first": False}
    whole = explore(program(), **options)
    assert whole.exhaustive
    assert whole.failures
    part = explore(program(), max_schedules=3, **options)
    while not part.exhaustive:
        part = explore(program(), max_schedules=3, resume=written_down(part), **options)
    assert told(part) == told(whole)


def test_file_is_as_good_as_the_state(tmp_path: Path) -> None:
    """`save` writes what `resume` reads, over what was there."""
    path = tmp_path / "counting.json"
    explore(counting(3), is_three, stop_on_first=False, max_schedules=5).save(path)
    explore(counting(3), is_three, stop_on_first=False, max_schedules=5, resume=path).save(path)
    rest = explore(counting(3), is_three, stop_on_first=False, resume=str(path))
    assert told(rest) == told(explore(counting(3), is_three, stop_on_first=False))
    assert [*tmp_path.iterdir()] == [path]


def test_finished_exploration_has_nothing_more_to_do() -> None:
    """To resume one that is complete runs nothing and tells the same."""
    whole = explore(counting(3), is_three, stop_on_first=False)
    again = explore(counting(3), is_three, stop_on_first=False, resume=whole.state)
    assert told(again) == told(whole)
    assert again.stats.steps == whole.stats.steps


def test_failure_found_before_is_judged_again() -> None:
    """What an earlier call found is replayed: it still counts, or it does not if the check accepts it now."""
    first = explore(counting(3), is_three)
    assert explore(counting(3), is_three, resume=first.state).failures[0].token == first.failures[0].token
    assert explore(counting(3), lambda exit: True, resume=first.state).exhaustive


@do
def moving(source: str, target: str) -> Any:
    stock, sold = (yield from Ref.make(3, name="stock")), (yield from Ref.make(0, name="sold"))
    named = {"stock": stock, "sold": sold}
    first, last = named[source].update(lambda n: n - 1), named[target].update(lambda n: n + 1)
    yield from par_collect([stock.get(), first, last])


def test_program_that_does_the_same_to_another_thing_is_refused() -> None:
    """Which shared object an action is about counts, although its name does not."""
    part = explore(moving("stock", "sold"), max_schedules=1)
    assert explore(moving("stock", "sold"), resume=part.state).exhaustive
    with pytest.raises(NotResumable, match="another program, at turn"):
        explore(moving("sold", "stock"), resume=part.state)
    with pytest.raises(TokenMismatch, match="something else"):
        replay(moving("sold", "sold"), simulate(moving("stock", "sold")).token)


def test_other_program_is_refused() -> None:
    """The state of one program is no use to another, and the error says so."""
    state = explore(counting(3), is_three, max_schedules=1).state
    with pytest.raises(NotResumable, match="another program, at turn 5"):
        explore(counting(2), resume=state)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"time": "racy"}, "cannot resume with time='racy' what was begun with time='idle'"),
        ({"cancel": True}, "cannot resume with cancel=True"),
        ({"max_steps": 7}, "cannot resume with max_steps=7"),
        ({"preemption_bound": 1}, "cannot resume with preemption_bound=1"),
    ],
)
def test_other_options_are_refused(options: dict[str, Any], complaint: str) -> None:
    """Options that say which schedules there are must be the same again."""
    state = explore(counting(3), is_three, max_schedules=1).state
    with pytest.raises(NotResumable, match=complaint):
        explore(counting(3), resume=state, **options)


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    """Other JSON, text that is none, and states of other versions are each refused in a sentence."""
    path = tmp_path / "x.json"
    for text in ("[1]", "not JSON", "{}"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(NotResumable, match="not the state of an exploration"):
            explore(counting(3), resume=path)
    state = {**explore(counting(3), max_schedules=1).state, "version": 99}
    with pytest.raises(NotResumable, match="version 99"):
        explore(counting(3), resume=state)


# -- Sweeps --------------------------------------------------------------------------------------------------


def swept(sweep: Sweep) -> tuple[Any, ...]:
    """All that a sweep tells but how often it was interrupted."""
    return sweep.runs, sweep.schedules, [str(finding) for finding in sweep.failures]


@pytest.mark.parametrize("options", [{}, {"pairs": True}], ids=["once", "pairs"])
@pytest.mark.parametrize("budget", [1, 5])
def test_sweep_goes_on_where_it_was_cut(options: dict[str, Any], budget: int) -> None:
    """However often a sweep is cut, it makes as many injections, with the same failures."""
    options = {"max_schedules": 2, "stop_on_first": False, **options}
    refused = cancel_sweep(counting(2), lambda exit: False, max_runs=12, **options)
    assert refused.failures
    part = cancel_sweep(counting(2), lambda exit: False, max_runs=2, **options)
    while part.runs < refused.runs:
        left = min(budget, refused.runs - part.runs)
        part = cancel_sweep(counting(2), lambda exit: False, max_runs=left, resume=written_down(part), **options)
    assert swept(part) == swept(refused)


def test_interrupted_injection_is_made_again(tmp_path: Path) -> None:
    """A sweep that Ctrl-C broke into goes on from its file with the injection that was under way."""
    path = tmp_path / "sweep.json"
    judged = count(1)

    def check(exit: Any) -> bool:
        if next(judged) == 3:
            raise KeyboardInterrupt
        return True

    first = fault_sweep(counting(2), check)
    assert (first.runs, first.interrupted) == (2, True)
    first.save(path)
    whole = fault_sweep(counting(2), lambda exit: True)
    assert swept(fault_sweep(counting(2), lambda exit: True, resume=path)) == swept(whole)


def test_failure_of_a_sweep_is_looked_at_again() -> None:
    """What an earlier sweep found is found at once, or no longer counts if the check accepts it now."""
    first = cancel_sweep(counting(2), lambda exit: False)
    again = cancel_sweep(counting(2), lambda exit: False, resume=first.state)
    assert [finding.token for finding in again.failures] == [finding.token for finding in first.failures]
    assert not cancel_sweep(counting(2), lambda exit: True, resume=first.state).failures


def test_sweep_goes_on_with_itself_only() -> None:
    """The state of an exploration, of another sweep, or of another program is refused."""
    state = cancel_sweep(counting(2), lambda exit: True, max_runs=1).state
    with pytest.raises(NotResumable, match="not the state of a sweep"):
        cancel_sweep(counting(2), resume=explore(counting(2), is_three, max_schedules=1).state)
    with pytest.raises(NotResumable, match="injections='fail_once' what was begun with injections='cancel_once'"):
        fault_sweep(counting(2), resume=state)
    with pytest.raises(NotResumable, match="another program"):
        cancel_sweep(counting(3), resume=state)

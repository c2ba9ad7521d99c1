"""What a run tells of what it came to: who did what, and what came true."""

from __future__ import annotations

from typing import Any

from effio import Do, Ref, delay, do, par_collect, sleep
from effio.testing import buggify, explore, replay, simulate, sometimes
from effio.testing.exploration.coverage import Coverage


@do
def shop() -> Do[None]:
    """Two fibers that write, one that reads and sleeps, and three things that may come true."""
    stock = yield from Ref.make(2, name="stock")
    yield from sometimes("sold out", lambda left: left == 0, stock)
    yield from sometimes("oversold", lambda left: left < 0, stock)
    yield from buggify("late")
    sale = stock.update(lambda left: left - 1)
    yield from par_collect([sale, sale.then(stock.get()), sleep(1).then(stock.get()).then(delay(len, ()))])


def test_actions_are_counted_by_fiber() -> None:
    """Each action of the trace is in one cell, without its arguments."""
    run = simulate(shop())
    coverage = run.coverage
    assert coverage.actions["update stock"] == {"par_collect[0]": 1, "par_collect[1]": 1}
    assert coverage.actions["get stock"] == {"par_collect[1]": 1, "par_collect[2]": 1}
    assert set(coverage.actions) >= {"sleep", "len", "par_collect of 3"}
    assert sum(sum(counts.values()) for counts in coverage.actions.values()) == len(run.trace)


def test_what_came_true_is_told() -> None:
    """Properties, and choices that the program asked for, are told apart by whether they came."""
    coverage = simulate(shop()).coverage
    assert coverage.sometimes["sold out"]
    assert not coverage.sometimes["oversold"]
    assert coverage.missed == ("oversold",)


def test_a_run_tells_of_itself_only() -> None:
    """What came true in a run before, or in the one that a sampler needs first, is not counted."""

    @do
    def order() -> Do[None]:
        first = yield from Ref.make(0)
        yield from sometimes("first was first", lambda value: value == 1, first)
        yield from par_collect([first.update(lambda old: old or 1), first.update(lambda old: old or 2)])

    seen = {simulate(order(), seed=seed, sampler="pct2").coverage.sometimes["first was first"] for seed in range(8)}
    assert simulate(order()).coverage.sometimes["first was first"]
    assert seen == {True, False}


def test_a_replay_has_the_coverage_of_the_run() -> None:
    """The same run tells the same, whether it is run, replayed or found by an exploration."""
    run = simulate(shop(), seed=3)
    assert replay(shop(), run.token).coverage == run.coverage
    finding = explore(shop(), lambda exit: False).failures[0]
    assert replay(shop(), finding.token).coverage == finding.run.coverage


def test_an_exploration_still_knows_what_never_came() -> None:
    """What is written down again, after a failure or for a token, does not lose what an exploration saw."""
    assert explore(shop()).never == ("oversold",)
    assert explore(shop(), lambda exit: False, stop_on_first=False).never == ()


def test_runs_add_up() -> None:
    """Of two runs together the counts are sums, and what came in one has come."""
    first, second = simulate(shop(), seed=1).coverage, simulate(shop(), seed=2).coverage
    both = first.plus(second)
    assert both.actions["update stock"] == {"par_collect[0]": 2, "par_collect[1]": 2}
    came, never = Coverage({}, {"a": True, "b": False}), Coverage({}, {"a": False, "c": False})
    assert came.plus(never).sometimes == never.plus(came).sometimes == {"a": True, "b": False, "c": False}
    assert first.plus(second).plus(first).actions == first.plus(first).plus(second).actions


def test_coverage_as_a_table() -> None:
    """A row for each thing that is done, a column for each fiber, then what came true."""
    lines = str(simulate(shop()).coverage).splitlines()
    header: Any = [cell.strip() for cell in lines[0].split("|")]
    row = next(line for line in lines if line.startswith("update stock"))
    assert header == ["", "shop", "par_collect[0]", "par_collect[1]", "par_collect[2]"]
    assert [cell.strip() for cell in row.split("|")][1:4] == ["", "1", "1"]
    assert lines[-2:] == ["came: sold out", "never came: oversold"]

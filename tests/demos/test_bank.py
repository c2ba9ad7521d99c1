"""The demo of a race: it is found, shown, replayed, and the mended program is proved."""

from __future__ import annotations

import re

import pytest

from effio import Success, run
from effio.demos import bank
from effio.testing import explore, replay


def test_demo_shows_the_shortest_schedule_and_replays_it(capsys: pytest.CaptureFixture[str]) -> None:
    """One preemption between reading and writing the shop's balance, 50 of 200 lost, the same when replayed."""
    run(bank.main())
    printed = capsys.readouterr().out
    assert "1 preemption\n" in printed
    assert re.search(r"get shop -> 0 .*\n.*\| yield .*\n.*update bob.* <- ada pays has to wait\n", printed)
    assert "succeeded with 150\ntoken: effio1:" in printed
    assert "replayed, there is again: <Success: 150>" in printed
    assert printed.endswith("transfer: no failure in 2 schedules (all there are)\n")


def test_pause_loses_money_in_some_schedules_only() -> None:
    """Both ways of losing a payment are found, and with all schedules also those that keep the money."""
    exploration = explore(bank.bank(bank.transfer_with_pause), bank.keeps_the_money, stop_on_first=False)
    assert exploration.exhaustive
    assert {failure.outcome for failure in exploration.failures} == {Success(150), Success(170)}
    assert len(exploration.failures) < exploration.schedules


def test_found_schedule_can_be_had_again() -> None:
    """Replaying the token loses the same money, action by action."""
    (found,) = explore(bank.bank(bank.transfer_with_pause), bank.keeps_the_money).failures
    assert replay(bank.bank(bank.transfer_with_pause), found.token) == found.run


def test_one_action_keeps_the_money_in_every_schedule() -> None:
    """No schedule of the mended program loses money, and none was left out."""
    exploration = explore(bank.bank(bank.transfer), bank.keeps_the_money).assert_ok()
    assert exploration.exhaustive

"""Every known bug is found, and its mended form is proved right within the bounds of the search."""

from __future__ import annotations

import pytest

from effio.testing import cancel_sweep, replay
from tests.exploration.bugs import cancels, locks, refs, sctbench, structures, upstream
from tests.exploration.bugs.case import Bug

BUGS = (*refs.BUGS, *locks.BUGS, *structures.BUGS, *sctbench.BUGS, *cancels.BUGS, *upstream.BUGS)
BY_NAME = pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)


@BY_NAME
def test_bug_is_found(bug: Bug) -> None:
    """Among the first few hundred schedules one fails, with few preemptions; replaying its token shows it again."""
    exploration = bug.find()
    (finding,) = exploration.failures
    assert exploration.schedules <= 250
    assert finding.run.preemptions <= 2
    again = replay(bug.broken(), finding.token)
    assert [str(event) for event in again.trace] == [str(event) for event in finding.trace]
    assert str(again.outcome) == str(finding.outcome)


@BY_NAME
def test_mended_form_is_right_under_every_schedule(bug: Bug) -> None:
    """No schedule of the mended program fails, and all there are have been run."""
    exploration = bug.prove().assert_ok()
    assert exploration.exhaustive


@pytest.mark.parametrize("bug", upstream.BUGS, ids=lambda bug: bug.name)
def test_two_cancels_at_any_two_moments_do_no_harm_to_the_mended_form(bug: Bug) -> None:
    """Whatever two fibers are cancelled when, nobody waits for ever and nothing is left behind."""
    sweep = cancel_sweep(bug.mended(), lambda exit: True, pairs=True, max_schedules=1, max_runs=150).assert_ok()
    assert sweep.runs >= 30

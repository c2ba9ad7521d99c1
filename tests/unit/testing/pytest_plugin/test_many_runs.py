"""Tests that run many times: explored, swept, replayed, and remembered."""

from __future__ import annotations

import re

import pytest

from tests.unit.testing.pytest_plugin.conftest import RunTests

RACE = """
@pytest.mark.effio(explore=True)
@do
def test_it():
    counter = yield from Ref.make(0, name="counter")
    increment = counter.get().flat_map(lambda value: counter.set(value + 1))
    yield from par_zip(increment, increment)
    assert (yield from counter.get()) == 2
"""
MENDED = RACE.replace("counter.get().flat_map(lambda value: counter.set(value + 1))", "counter.update(lambda n: n + 1)")
TOKEN = re.compile(r'run it again: pytest "test_it.py::test_it" --effio-replay=(\S+)')


def token_of(result: pytest.RunResult) -> str:
    found = TOKEN.search(result.stdout.str())
    assert found is not None
    return found[1]


def test_race_is_found_and_can_be_replayed(run_tests: RunTests) -> None:
    """The report shows the schedule and a command; that command fails in the same way, with one run."""
    result = run_tests(RACE, "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*get counter -> 0 *<- par_zip[[]0[]] has to wait*"])
    again = run_tests("", "-p", "no:cacheprovider", f"--effio-replay={token_of(result)}")
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["*get counter -> 0 *<- par_zip[[]0[]] has to wait*", "*assert 1 == 2*"])
    assert token_of(again) == token_of(result)
    assert "failing among" not in again.stdout.str()


def test_mended_program_passes_and_is_forgotten(run_tests: RunTests) -> None:
    """A failure is replayed first in the next session, and a program that no longer has it passes."""
    first = run_tests(RACE)
    second = run_tests("")
    assert "failing among" in first.stdout.str()
    assert "failing among" not in second.stdout.str()
    assert token_of(second) == token_of(first)
    run_tests(MENDED).assert_outcomes(passed=1)
    assert "failing among" in run_tests(RACE).stdout.str()


def test_replay_of_another_program_says_so(run_tests: RunTests) -> None:
    """A token that does not fit is an error that says where the run differs."""
    token = token_of(run_tests(RACE, "-p", "no:cacheprovider"))
    result = run_tests(MENDED, "-p", "no:cacheprovider", f"--effio-replay={token}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*TokenMismatch: cannot replay the token*"])


def test_seed_of_the_command_line_is_reproducible(run_tests: RunTests) -> None:
    """With a seed every test is simulated, the same seed in the same order, and its token replays."""
    race = RACE.replace("@pytest.mark.effio(explore=True)\n", "")
    run_tests(race).assert_outcomes(passed=1)
    seed, result = next((seed, result) for seed in range(20) if (result := run_tests("", f"--effio-seed={seed}")).ret)
    assert token_of(run_tests("", f"--effio-seed={seed}")) == token_of(result)
    run_tests("", f"--effio-replay={token_of(result)}").assert_outcomes(failed=1)


def test_number_of_schedules_is_bounded(run_tests: RunTests) -> None:
    """With one schedule, asked for by the marker or on the command line, the race stays hidden."""
    run_tests(RACE.replace("explore=True", "explore=True, max_schedules=1")).assert_outcomes(passed=1)
    run_tests(RACE, "--effio-schedules=1").assert_outcomes(passed=1)


def test_sweeps_find_what_is_left_behind(run_tests: RunTests) -> None:
    """A permit that is not given back after a cancel, or after a fault, fails the test with a token."""
    for sweep in ("cancel_sweep", "fault_sweep"):
        result = run_tests(f"""
@pytest.mark.effio({sweep}=True)
@do
def test_it():
    semaphore = yield from Semaphore.make(1)
    yield from semaphore.acquire()
    yield from sleep(1)
    yield from semaphore.release()
""")
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["*failing among * injections*"])
        assert token_of(result)


@pytest.mark.slow
def test_program_without_an_end_is_cut(run_tests: RunTests) -> None:
    """A simulated test that goes on for ever fails instead of hanging."""
    result = run_tests("@pytest.mark.effio(seed=1)\n@do\ndef test_it():\n    while True:\n        yield from yield_now")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*livelock*"])


def test_each_run_makes_the_program_anew(run_tests: RunTests) -> None:
    """State that a test makes in its body is fresh in each schedule."""
    run_tests("""
runs = []

@pytest.mark.effio(explore=True)
def test_it():
    mine = []
    runs.append(mine)
    def check(_):
        assert sorted(mine) == [1, 2]
    return par_zip(delay(mine.append, 1), delay(mine.append, 2)).map(check)

def test_runs():
    assert len(runs) > 2
""").assert_outcomes(passed=2)


LEAK = """
@pytest.mark.effio(SWEEP=True)
@do
def test_it():
    semaphore = yield from Semaphore.make(1)
    yield from semaphore.acquire()
    yield from sleep(1)
    yield from semaphore.release()
"""


@pytest.mark.parametrize("sweep", ["cancel_sweep", "fault_sweep"])
def test_finding_of_a_sweep_comes_first_the_next_time(run_tests: RunTests, sweep: str) -> None:
    """What a sweep failed with is tried before anything else, by itself fails again, and is forgotten once mended."""
    first = run_tests(LEAK.replace("SWEEP", sweep))
    first.stdout.fnmatch_lines(["1 failing among * injections into 1 schedule"])
    second = run_tests("")
    second.stdout.fnmatch_lines(["an injection that failed before fails again", "*it leaves behind Semaphore*"])
    assert token_of(second) == token_of(first)
    again = run_tests("", f"--effio-replay={token_of(first)}")
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["*it leaves behind Semaphore*"])
    mended = LEAK.replace("semaphore.acquire()", "semaphore.with_permit(sleep(1))").replace(
        "semaphore.release()", "unit"
    )
    run_tests(mended.replace("SWEEP", sweep)).assert_outcomes(passed=1)


@pytest.mark.parametrize("sweep", ["cancel_sweep", "fault_sweep"])
def test_swept_test_must_pass_by_itself(run_tests: RunTests, sweep: str) -> None:
    """A test that fails without any injection fails, with its own error."""
    result = run_tests(f"@pytest.mark.effio({sweep}=True)\n@do\ndef test_it():\n    assert (yield from pure(1)) == 2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 1 == 2*"])


def test_timers_may_be_racy(run_tests: RunTests) -> None:
    """With `time="racy"` a timeout may fire although the work could go on; without, it does not."""
    test = """
@pytest.mark.effio(explore=True)
@do
def test_it():
    assert (yield from yield_now.as_value(1).move_on_after(1)) == 1
"""
    run_tests(test).assert_outcomes(passed=1)
    run_tests(test.replace("explore=True", "explore=True, time='racy'")).assert_outcomes(failed=1)


def test_interrupted_exploration_ends_the_session_and_goes_on_in_the_next(
    run_tests: RunTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends the session, not only the test; the next goes on where it was, unless a file was edited since."""
    test = """
import os, signal
count = 0

@pytest.mark.effio(explore=True)
def test_it():
    global count
    count += 1
    if count == int(os.environ["CUT"]):
        signal.raise_signal(signal.SIGINT)
    counter = []
    return par_collect([delay(counter.append, number) for number in range(4)])

def test_next():
    print("runs:", count)
"""

    def runs(cut: int, tests: str = "") -> list[int]:
        monkeypatch.setenv("CUT", str(cut))
        result = run_tests(tests, "-s")
        assert result.ret == (pytest.ExitCode.OK if cut < 0 else pytest.ExitCode.INTERRUPTED)
        return [int(line.partition("runs:")[2]) for line in result.outlines if "runs:" in line]

    assert runs(20, test) == []
    (rest,) = runs(-1)
    (whole,) = runs(-1)
    assert rest < whole / 2
    assert runs(20) == []
    assert runs(-1, f"{test}# edited") == [whole]


HYPOTHESIS = """
from hypothesis import given, settings, strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

@pytest.mark.effio(explore=True)
@given(st.integers(1, 2))
@settings(max_examples=5, database=DirectoryBasedExampleDatabase("examples"))
@do
def test_it(amount):
    counter = yield from Ref.make(0, name="counter")
    increment = counter.get().flat_map(lambda value: counter.set(value + amount))
    yield from par_zip(increment, increment)
    right = (yield from counter.get()) == 2 * amount
    with open("runs.txt", "a") as runs:
        runs.write("right " if right else "lost ")
    assert right
"""


def test_schedule_of_an_example_is_kept_beside_it(run_tests: RunTests, pytester: pytest.Pytester) -> None:
    """Whoever has Hypothesis's database, and nothing else, has the failing schedule of the example tried first."""
    runs = pytester.path / "runs.txt"
    for tests, first in ((HYPOTHESIS, "right"), ("", "lost")):
        run_tests(tests, "-p", "no:cacheprovider").assert_outcomes(failed=1)
        assert runs.read_text(encoding="utf-8").split()[0] == first
        runs.unlink()


def test_token_of_the_marker_comes_first(run_tests: RunTests) -> None:
    """A token in the marker is replayed in every session, before anything else."""
    token = token_of(run_tests(RACE, "-p", "no:cacheprovider"))
    marked = RACE.replace("explore=True", f"explore=True, first={token!r}")
    result = run_tests(marked, "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    assert "failing among" not in result.stdout.str()


@pytest.mark.parametrize(("first", "complaint"), [("'x'", "'x' is no token"), ("3", "must be a token or a list")])
def test_marker_refuses_what_is_no_token(run_tests: RunTests, first: str, complaint: str) -> None:
    """A test with something else in `first` fails, and is told."""
    result = run_tests(RACE.replace("explore=True", f"explore=True, first={first}"))
    assert complaint in result.stdout.str()

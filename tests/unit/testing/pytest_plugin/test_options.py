"""The options of the command line that ask how much was explored, and what is kept between two sessions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from effio.testing.pytest_plugin.memory import Memory
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
TOKEN = "effio1:AgDJAagB"
RIGHT = RACE.replace("counter.get().flat_map(lambda value: counter.set(value + 1))", "counter.update(lambda n: n + 1)")


# -- --effio-exhaustive --------------------------------------------------------------------------------------


def test_exploration_that_left_something_out_fails(run_tests: RunTests) -> None:
    """With `--effio-exhaustive` a test passes that was explored to its end, and fails, saying why, if it was not."""
    run_tests(RIGHT, "--effio-exhaustive").assert_outcomes(passed=1)
    run_tests("", "--effio-schedules=1").assert_outcomes(passed=1)
    result = run_tests("", "--effio-schedules=1", "--effio-exhaustive")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*test_it must be explored exhaustively*", "*not complete: the budget of schedules was used up*"]
    )


def test_marker_may_ask_for_all_schedules(run_tests: RunTests) -> None:
    """`exhaustive=True` in the marker asks for the same of one test."""
    marked = RIGHT.replace("explore=True", "explore=True, exhaustive=True, max_schedules=1")
    run_tests(marked).assert_outcomes(failed=1)
    run_tests(marked.replace("max_schedules=1", "max_schedules=2")).assert_outcomes(passed=1)


def test_only_explored_tests_must_be_exhaustive(run_tests: RunTests) -> None:
    """A test that is not explored, or only swept, passes with `--effio-exhaustive`."""
    run_tests(RIGHT.replace("explore=True", "seed=1"), "--effio-exhaustive").assert_outcomes(passed=1)
    run_tests(RIGHT.replace("explore", "cancel_sweep"), "--effio-exhaustive").assert_outcomes(passed=1)


# -- --effio-stats -------------------------------------------------------------------------------------------


def test_stats_have_a_line_for_each_search(run_tests: RunTests) -> None:
    """The summary says of each search whether it was exhaustive and how many schedules there were, and no more."""
    both = RIGHT.replace("explore=True", "explore=True, cancel_sweep=True")
    result = run_tests(f"{both}\ndef test_other():\n    pass", "--effio-stats")
    result.assert_outcomes(passed=2)
    section = result.stdout.str().partition("effio stats")[2]
    first, second = (line for line in section.splitlines() if line.startswith("test_it.py::"))
    assert first.startswith("test_it.py::test_it explore: exhaustive; 2 schedules by preemptions: ")
    assert first.endswith(" runs/s")
    assert second.startswith("test_it.py::test_it cancel_sweep: no failing among ")
    unmarked = run_tests("def test_it():\n    pass", "--effio-stats")
    unmarked.stdout.fnmatch_lines(["*effio stats*", "no test was explored"])
    assert "effio stats" not in run_tests("").stdout.str()


def test_stats_of_a_failing_test_are_shown(run_tests: RunTests) -> None:
    """A test that fails has a line too, which says how many schedules that took."""
    result = run_tests(RACE, "--effio-stats")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_it explore: 1 failing among 2 schedules*"])


def test_stats_of_a_hypothesis_test_are_of_the_largest_example(run_tests: RunTests) -> None:
    """Each example is explored; of all of them the one with most schedules has the line."""
    result = run_tests(
        """
from hypothesis import example, given, strategies as st

@pytest.mark.effio(explore=True)
@example(1)
@example(3)
@given(st.just(2))
@do
def test_it(fibers):
    counter = yield from Ref.make(0)
    yield from par_collect([counter.update(lambda n: n + 1)] * fibers)
""",
        "--effio-stats",
    )
    result.stdout.fnmatch_lines(["*test_it explore: the largest of 3: exhaustive; 6 schedules*"])


# -- .effio --------------------------------------------------------------------------------------------------


def test_failures_are_kept_in_a_folder(run_tests: RunTests, pytester: pytest.Pytester) -> None:
    """`.effio/failures` has a file for a failing test, with its tokens, out of sight of git, until it passes."""
    run_tests(RACE)
    folder = pytester.path / ".effio" / "failures"
    (path,) = folder.glob("*.json")
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["test"] == "test_it.py::test_it"
    assert [token[:7] for token in kept["failures"]["explore"]] == ["effio1:"]
    assert "\n*\n" in (folder / ".gitignore").read_text(encoding="utf-8")
    run_tests(RIGHT).assert_outcomes(passed=1)
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"failures": 3}', '{"failures": {"explore": ["effio1:"]}}', "\\x00"])
def test_file_that_is_spoilt_counts_as_none(request: pytest.FixtureRequest, tmp_path: Path, text: str) -> None:
    """What is no list of tokens there does no harm, and is replaced."""
    memory = Memory(request.node)
    memory.root = tmp_path
    memory.keep("explore", [TOKEN])
    (path,) = (tmp_path / ".effio" / "failures").glob("*.json")
    path.write_text(text, encoding="utf-8")
    assert memory.recall("explore") == []
    memory.keep("explore", [TOKEN])
    assert memory.recall("explore") == [TOKEN]


def test_session_without_cache_keeps_nothing(run_tests: RunTests, pytester: pytest.Pytester) -> None:
    """Whoever tells pytest to write no cache has no `.effio` either."""
    run_tests(RACE, "-p", "no:cacheprovider").assert_outcomes(failed=1)
    assert not (pytester.path / ".effio").exists()


# -- What is told ----


def test_token_that_was_cut_runs_nothing(run_tests: RunTests) -> None:
    """A text that is no token ends the session before any test, with one line."""
    result = run_tests(RIGHT, "--effio-replay=effio1:cut!")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--effio-replay: 'effio1:cut!' is no whole token" in result.stderr.str()


WORLD = """
async def fetch(url):
    raise AssertionError("nothing foreign runs")

@pytest.mark.effio(explore=True, models={fetch: lambda url: pure(url.upper())}, faults={fetch: OSError})
@do
def test_it():
    assert (yield from from_async(fetch, "page")) == "PAGE"
"""


def test_marker_takes_models_and_faults(run_tests: RunTests) -> None:
    """Foreign coroutines have models and calls go wrong as in `explore`, also when the failing run is replayed."""
    result = run_tests(WORLD)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*1 failing among 2 schedules*", "*fetch('page') -> raises OSError()*"])
    token = result.stdout.str().partition("--effio-replay=")[2].split()[0]
    run_tests("", f"--effio-replay={token}").assert_outcomes(failed=1)
    run_tests(WORLD.replace("faults={fetch: OSError}", "")).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("preemption_bound=0", "not exhaustive; 2 schedules"),
        ("symmetric=True, preemption_bound=0", "not exhaustive; 1 schedule "),
        ("max_seconds=0", "not exhaustive; 0 schedules"),
        ("touches={print: ()}, opaque='refuse', preemption_bound=0", "not exhaustive; 2 schedules"),
    ],
)
def test_marker_says_how_far_to_explore(run_tests: RunTests, option: str, line: str) -> None:
    """The options of `explore` that bound it do so in the marker, and hide the race."""
    result = run_tests(RACE.replace("explore=True", f"explore=True, {option}"), "--effio-stats")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*test_it explore: {line}*"])


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("faults=[print]", "faults= of the marker effio must be a dictionary with functions as keys"),
        ("preemption_bound=-1", "preemption_bound= of the marker effio must be a whole number from 0 on, not -1"),
        ("opaque='no'", "opaque= of the marker effio must be one of world, refuse, not 'no'"),
        ("max_seconds='x'", "max_seconds of the marker effio"),
    ],
)
def test_marker_refuses_what_explore_would(run_tests: RunTests, option: str, complaint: str) -> None:
    """A mistake in an option fails the test before it runs, and is told."""
    result = run_tests(RIGHT.replace("explore=True", f"explore=True, {option}"))
    result.assert_outcomes(errors=1)
    assert complaint in result.stdout.str()


def test_tests_of_given_sim_may_be_marked(run_tests: RunTests) -> None:
    """A marker for a whole module, which explores other tests, does not concern a test that judges runs."""
    result = run_tests("""
from effio.testing import given_sim

pytestmark = pytest.mark.effio(explore=True)

@given_sim(program=pure(1))
def test_right(run):
    assert run.outcome == Success(1)

@given_sim(program=pure(1))
def test_wrong(run):
    assert run.outcome == Success(2)
""")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*succeeded with 1", "*token: effio1:*"])

"""Tests that return programs: which are run, where, and what is printed when they fail."""

from __future__ import annotations

import pytest

from tests.unit.testing.pytest_plugin.conftest import RunTests


def test_program_that_a_test_returns_is_run(run_tests: RunTests) -> None:
    """A returned program and one in do-notation run; those that fail fail."""
    run_tests("""
def test_succeeds():
    return sleep(0.001).then(pure(1))

def test_fails():
    return fail(ValueError("no such user"))

@do
def test_asserts():
    value = yield from pure(1)
    assert value == 2
""").assert_outcomes(passed=1, failed=2)


def test_failure_prints_the_error_tree(run_tests: RunTests) -> None:
    """The report shows what failed, and beside what, as a tree."""
    result = run_tests("def test_it():\n    return par_zip(never.named('left'), fail('broken').named('right'))")
    result.stdout.fnmatch_lines(
        ["*effio error tree*", "par_zip failed", "├─ ○ left *cancelled, because 'right' failed*", "└─ ✗ right *"]
    )


def test_assertion_in_a_program_is_explained(run_tests: RunTests) -> None:
    """Pytest's own explanation of an assertion shows in the error of a program too."""
    result = run_tests("@do\ndef test_it():\n    found = yield from pure([1])\n    assert found == [2]")
    result.stdout.fnmatch_lines(["E *assert [[]1[]] == [[]2[]]*"])


def test_classes_parameters_and_other_outcomes(run_tests: RunTests) -> None:
    """Programs in classes, of TestCase too, and with parameters run; skip and xfail mean what they always mean."""
    run_tests("""
import unittest

class TestGroup:
    def test_method(self):
        return pure(self).map(type)

    @pytest.mark.parametrize("seconds", [0, 0.001])
    def test_parameter(self, seconds):
        return sleep(seconds)

class Case(unittest.TestCase):
    def setUp(self):
        self.expected = 1

    def test_program(self):
        return pure(1).map(lambda value: self.assertEqual(value, self.expected))

    def test_failing(self):
        return pure(2).map(lambda value: self.assertEqual(value, self.expected))

@pytest.mark.xfail(raises=KeyError)
def test_expected():
    return fail(KeyError("k"))

@do
def test_skips_itself():
    yield from sleep(0)
    pytest.skip("not today")

@pytest.mark.effio(explore=True)
def test_skips_when_explored():
    return delay(pytest.skip, "not today")

def test_fails_itself():
    return delay(pytest.fail, "never")
""").assert_outcomes(passed=4, failed=2, xfailed=1, skipped=2)


def test_virtual_clock_takes_no_time(run_tests: RunTests) -> None:
    """Under a virtual clock a year passes at once."""
    run_tests(
        "@pytest.mark.effio(clock='virtual')\n@do\ndef test_it():\n"
        "    yield from sleep(365 * 86400)\n    assert (yield from now) == 365 * 86400"
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize("backend", ["asyncio", "uvloop", "trio"])
def test_backend_of_the_marker_runs_the_test(run_tests: RunTests, backend: str) -> None:
    """The marker's backend is where the program runs, and so is that of the ini file."""
    pytest.importorskip(backend)
    body = """
import asyncio, sniffio

async def where():
    library = sniffio.current_async_library()
    return library if library == "trio" else type(asyncio.get_running_loop()).__module__.partition(".")[0]

@do
def test_it():
    assert (yield from from_async(where)).replace("unix_events", "asyncio") == BACKEND
"""
    name = f"BACKEND = {backend!r}\n"
    run_tests(f"{name}pytestmark = pytest.mark.effio(backend=BACKEND)\n{body}").assert_outcomes(passed=1)
    run_tests(name + body, "-o", f"effio_backend={backend}").assert_outcomes(passed=1)


def test_simulated_test_takes_no_time_and_refuses_what_is_foreign(run_tests: RunTests) -> None:
    """A simulated test has virtual time, and fails when it awaits something real."""
    result = run_tests("""
import asyncio
pytestmark = pytest.mark.effio(backend="simulated")

def test_slow():
    return sleep(1_000_000)

def test_foreign():
    return from_async(asyncio.sleep, 0)
""")
    result.assert_outcomes(passed=1, failed=1)


def test_closest_marker_wins(run_tests: RunTests) -> None:
    """An option of the test overrides that of the module; others stay."""
    run_tests("""
pytestmark = pytest.mark.effio(clock="virtual", timeout=1)

def test_module():
    return sleep(10).exit().flat_map(lambda exit: pure(exit))

@pytest.mark.effio(timeout=100)
def test_longer():
    return sleep(50)

@pytest.mark.effio(timeout=0.5)
def test_shorter():
    return sleep(0.9)
""").assert_outcomes(passed=1, failed=2)


def test_timeout_fails_the_test(run_tests: RunTests) -> None:
    """A program that takes longer than the timeout is cancelled and its test fails."""
    result = run_tests("@pytest.mark.effio(timeout=0.01)\ndef test_it():\n    return never")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*TimedOut*"])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("colour='red'", "the marker effio takes clock, backend, *, not 'colour'"),
        ("'virtual'", "the marker effio takes its options by name, not 'virtual'"),
        ("clock='fast'", "clock= of the marker effio must be one of real, virtual, not 'fast'"),
        ("backend='curio'", "backend= of the marker effio must be one of asyncio, *, not 'curio'"),
        ("seed='x'", "seed= of the marker effio must be a whole number from 0 on, not 'x'"),
        ("explore=3", "explore= of the marker effio must be True or False, not 3"),
        ("max_schedules=0", "max_schedules= of the marker effio must be a whole number from 1 on, not 0"),
        ("timeout=-1", "timeout of the marker effio must be zero or more seconds, not -1"),
    ],
)
def test_bad_option_is_an_error_in_one_line(run_tests: RunTests, options: str, complaint: str) -> None:
    """A marker that makes no sense fails the test in its setup, and says why without a traceback."""
    result = run_tests(f"@pytest.mark.effio({options})\ndef test_it():\n    return unit")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"{complaint}*"])
    assert "Traceback" not in result.stdout.str()
    assert "mode.py" not in result.stdout.str()


def test_bad_default_ends_the_session(run_tests: RunTests) -> None:
    """An ini file that names no backend is a usage error."""
    result = run_tests("def test_it():\n    return unit", "-o", "effio_backend=curio")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*effio_backend must be one of asyncio*not 'curio'*"])


@pytest.mark.parametrize("body", ["sleep(1)", "return 3"])
def test_marked_test_must_return_a_program(run_tests: RunTests, body: str) -> None:
    """A marked test that forgot its `return` fails instead of passing unseen."""
    result = run_tests(f"@pytest.mark.effio\ndef test_it():\n    {body}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["test_it is marked effio and must return a program, not *"])


def test_tests_without_programs_are_left_alone(run_tests: RunTests) -> None:
    """An ordinary test runs as without the plugin, its own exception unchanged."""
    result = run_tests("def test_good():\n    pass\n\ndef test_bad():\n    raise KeyError('k')")
    result.assert_outcomes(passed=1, failed=1)
    assert "effio" not in result.stdout.str().partition("FAILURES")[2]


def test_interrupt_ends_the_session_after_the_finalizers(run_tests: RunTests) -> None:
    """Ctrl-C in a program runs its finalizers, releases the fixtures, and ends the session."""
    result = run_tests(
        """
import signal

@pytest.fixture(scope="session")
def server():
    return Resource.make(pure("server"), lambda server: delay(print, "released"))

@do
def test_it(server):
    yield from delay(signal.raise_signal, signal.SIGINT).then(never).ensuring(delay(print, "finalized"))

def test_next():
    return delay(print, "went on")
""",
        "-s",
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*finalized", "*released", "*KeyboardInterrupt*"])
    assert "went on" not in result.stdout.str()

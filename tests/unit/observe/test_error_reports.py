"""Reports of typical failures, and what other tools show of them."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import textwrap
import traceback
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.traceback import Traceback

from effio import IO, Cause, VirtualClock, attempt, do, fail, par_zip, run, run_exit, sleep
from effio.cause import Both, Fail
from tests.architecture.source import ROOT
from tests.unit.observe.failing_programs import NoSuchUser, programs, report_of, reports

NAMES = sorted(programs())
TREE = (
    "✓ profile  0.10 s",
    "✗ orders   NoSuchUser: ada, after 0.20 s",
    "○ basket   cancelled, because 'orders' failed, after 0.20 s",
)


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are shown as seen from the current folder."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("EFFIO_FULL_TRACEBACK", raising=False)


def raised_by(program: IO[Any, Any]) -> BaseException:
    try:
        run(program, clock=VirtualClock())
    except BaseException as error:
        return error
    raise AssertionError("it succeeded")


@pytest.mark.parametrize("name", NAMES)
def test_report_is_the_one_that_was_looked_at(name: str) -> None:
    """`cause.render()` shows the tree, each error with the user's lines, notes and path, as in `error_reports.md`."""
    assert report_of(programs()[name]) == reports()[name]


def test_every_report_has_its_program() -> None:
    """`error_reports.md` holds the reports of the programs and no other."""
    assert sorted(reports()) == NAMES


def test_full_traceback_shows_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """With EFFIO_FULL_TRACEBACK=1 the frames of the library are shown, without it they are not."""
    program = programs()["an exception in a function"]
    assert "interpreter" not in report_of(program)
    monkeypatch.setenv("EFFIO_FULL_TRACEBACK", "1")
    assert "interpreter" in report_of(program)


@pytest.mark.slow
def test_only_some_of_many_errors_are_told_in_full() -> None:
    """Of a thousand errors twenty have their lines below the tree, the rest is counted."""
    cause = run_exit(par_zip(*(fail(number) for number in range(1_000)))).failure()
    shown = cause.render()
    assert shown.count("· tests/unit/observe/test_error_reports.py") == 20
    assert shown.endswith("… and 980 more errors")


def test_frames_of_whoever_called_run_are_not_part_of_the_failure() -> None:
    """A failure that was raised by `run` and read back shows the lines inside the run only."""
    error = raised_by(programs()["an exception in a function"])
    lines = Cause.from_exception(error).render().splitlines()
    assert [line for line in lines if "test_error_reports" in line] == []
    assert any("failing_programs.py" in line for line in lines)


def test_long_tracebacks_keep_both_ends() -> None:
    """Of a deep recursion the first and the last lines are shown."""

    def dive(depth: int) -> int:
        return 1 // depth if depth == 0 else dive(depth - 1)

    shown = run_exit(attempt(dive, 100)).failure().render()
    assert shown.count("in dive") == 12


# -- JSON ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_json_holds_every_leaf(name: str) -> None:
    """The JSON of a cause has an object for each leaf, in order."""
    cause = run_exit(programs()[name], clock=VirtualClock()).failure()
    pending = [json.loads(cause.to_json())]
    kinds = []
    while pending:
        node = pending.pop()
        pending += reversed(node.get("causes", ()))
        kinds += [] if "causes" in node else [node["kind"]]
    assert kinds == [type(leaf).__name__.lower() for leaf in cause.leaves()]


def test_json_says_what_the_report_says() -> None:
    """Children, places, source lines, causes and notes are in the JSON."""
    tree = json.loads(run_exit(programs()["one of three"], clock=VirtualClock()).failure().to_json())
    assert (tree["kind"], tree["construct"]) == ("both", "par_zip")
    assert [child["outcome"] for child in tree["children"]] == ["succeeded", "failed", "cancelled"]
    (leaf,) = tree["causes"]
    assert (leaf["error"], leaf["path"]) == ("NoSuchUser: ada", ["main", "par_zip", "orders"])
    assert [line["text"] for line in leaf["lines"]] == ["raise NoSuchUser(name)"]
    chained = json.loads(run_exit(programs()["an exception with a cause"]).failure().to_json())
    assert chained["caused_by"] == "ConnectionError: bank is down"


def test_json_of_a_deep_tree_is_written() -> None:
    """The depth of a tree does not matter."""
    cause: Cause[int] = Fail(1)
    for _ in range(20_000):
        cause = Both((cause,))
    assert cause.to_json().count('"both"') == 20_000


# -- Through other tools -------------------------------------------------------------------------------------


def test_traceback_shows_the_tree_and_the_line() -> None:
    """A printed traceback has what every child did and the user's line, and no frame of the step loop."""
    shown = "".join(traceback.format_exception(raised_by(programs()["one of three"])))
    assert all(line in shown for line in TREE)
    assert "raise NoSuchUser(name)" in shown
    assert "advance" not in shown


def test_logged_exception_shows_the_tree() -> None:
    """`logger.exception` writes what every child did."""
    out = io.StringIO()
    logger = logging.Logger("shop")
    logger.addHandler(logging.StreamHandler(out))
    try:
        run(programs()["one of three"], clock=VirtualClock())
    except ExceptionGroup:
        logger.exception("no page")
    assert all(line in out.getvalue() for line in TREE)


def test_rich_shows_the_notes() -> None:
    """A traceback of rich shows the notes of the group, at least with its message, and the user's line."""
    error = raised_by(programs()["one of three"])
    out = io.StringIO()
    console = Console(file=out, width=160)
    console.print(Traceback.from_exception(type(error), error, error.__traceback__))
    assert "raise NoSuchUser(name)" in out.getvalue()
    assert "par_zip failed" in out.getvalue()


def test_ipython_shows_the_tree() -> None:
    """An uncaught failure in IPython shows what every child did."""
    ultratb = pytest.importorskip("IPython.core.ultratb")
    error = raised_by(programs()["one of three"])
    shown = "".join(ultratb.FormattedTB(mode="Plain").text(type(error), error, error.__traceback__))
    assert all(line in shown for line in TREE)


SHOP = """
from tests.unit.observe.failing_programs import programs
from effio import VirtualClock, run

def test_page():
    run(programs()["one of three"], clock=VirtualClock())

if __name__ == "__main__":
    test_page()
"""


def shop(tmp_path: Path) -> Path:
    file = tmp_path / "test_shop.py"
    file.write_text(SHOP, encoding="utf-8")
    return file


def output_of(*command: object) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_uncaught_exception_shows_the_tree(tmp_path: Path) -> None:
    """What the interpreter prints at the end has what every child did, and the user's line."""
    shown = output_of(shop(tmp_path))
    assert all(line in shown for line in TREE)
    assert "raise NoSuchUser(name)" in shown


def test_report_of_pytest_shows_the_tree(tmp_path: Path) -> None:
    """A failed test shows what every child did, and no line of the runtime."""
    shown = output_of("-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", shop(tmp_path))
    assert all(line in shown for line in TREE)
    assert "value_of(" not in shown


def test_notes_are_added_once() -> None:
    """Raising a failure again does not repeat its notes."""
    cause = run_exit(programs()["one of three"], clock=VirtualClock()).failure()
    first = list(cause.to_exception().__notes__)
    assert cause.to_exception().__notes__ == first


def test_first_class_errors_stay_what_they_are() -> None:
    """The report adds nothing to a lone error but its place."""

    @do
    def program() -> Any:
        yield from sleep(0.1)
        yield from fail(NoSuchUser("ada"))

    error = raised_by(program())
    assert isinstance(error, NoSuchUser)
    assert len(error.__notes__) == 1
    assert textwrap.shorten(error.__notes__[0], 200).startswith("in program · ")

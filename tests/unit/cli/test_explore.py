"""`effio explore` as a user types it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from effio.cli.main import main

SHOP = """
from itertools import count
from signal import SIGINT, raise_signal

from effio import *

RUNS = count(1)

def press():
    if next(RUNS) == 5:
        raise_signal(SIGINT)

@do
def pressed():
    yield from delay(press)
    for _ in range(3):
        yield from yield_now

@do
def counting(fibers):
    counter = yield from Ref.make(0, name="counter")
    increment = counter.get().flat_map(lambda value: counter.set(value + 1))
    yield from par_collect([increment] * fibers)
    return (yield from counter.get())

@do
def racy():
    assert (yield from counting(2)) == 2

def endless():
    return counting(20)

def four():
    return par_collect([delay(int)] * 4)

@do
def hasty():
    assert (yield from yield_now.as_value(1).move_on_after(1)) == 1

@do
def fine():
    yield from par_zip(pure(1), delay(int))

@do
def leaky():
    semaphore = yield from Semaphore.make(1)
    yield from semaphore.acquire()
    yield from sleep(1)
    yield from semaphore.release()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user works: a folder with a module in it."""
    (tmp_path / "corner_shop.py").write_text(SHOP, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "corner_shop", raising=False)
    return tmp_path


def test_race_is_shown_and_can_be_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    """A failing schedule ends with 1, drawn with its token; replaying that ends with 1 too and draws the same run."""
    assert main(["explore", "corner_shop:racy"]) == 1
    shown = capsys.readouterr().out
    assert "<- par_collect[0] has to wait" in shown
    token = re.search(r"token: (\S+)", shown)
    assert token is not None
    assert main(["explore", "corner_shop:racy", "--replay", token[1]]) == 1
    assert "get counter -> 0" in capsys.readouterr().out


def test_program_without_a_race_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing found and nothing left out ends with 0."""
    assert main(["explore", "corner_shop:fine"]) == 0
    assert capsys.readouterr().out == "no failure in 1 schedule (all there are)\n"


def test_budget_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A search that was cut says so, and ends with 0."""
    assert main(["explore", "corner_shop:endless", "--schedules", "20"]) == 0
    assert "not complete: the budget of schedules was used up" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--cancel", "--faults"])
def test_sweep_finds_what_is_left_behind(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A permit that a cancel or a fault leaves taken ends with 1."""
    assert main(["explore", "corner_shop:leaky"]) == 0
    assert main(["explore", "corner_shop:leaky", option]) == 1
    assert "it leaves behind Semaphore" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["corner_shop:missing"], "module 'corner_shop' has no 'missing'"),
        (["corner_shop:counting"], "needs arguments"),
        (["corner_shop:racy", "--replay", "nonsense"], "'nonsense' is no token"),
        (["corner_shop:fine", "--replay", "effio1:CwEGAADJAfIBWCr1ATrcAf8B9QGIAdQB"], "cannot replay the token"),
    ],
)
def test_mistake_is_one_sentence(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be explored or replayed ends with 2, and one sentence on stderr."""
    assert main(["explore", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_search_goes_on_in_pieces(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--resume` writes how far a search came and goes on from there, until all is done; it says how each time."""
    command = ["explore", "corner_shop:four", "--schedules", "10", "--resume", "new/four.json"]
    assert main(command) == 0
    told = capsys.readouterr()
    assert "no failure in 10 schedules (not all there are)" in told.out
    assert told.err == "to go on: effio explore corner_shop:four --resume new/four.json\n"
    assert main([*command, "--schedules", "1000"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("no failure in 24 schedules (all there are)\n", "")


def test_sweep_goes_on_in_pieces(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C in a sweep is as in an exploration: the same command goes on with the next injection."""
    command = ["explore", "corner_shop:pressed", "--cancel", "--resume", "pressed.json"]
    assert main(command) == 130
    told = capsys.readouterr()
    assert "no failing among 4 injections into 1 schedule\nnot complete: it was interrupted" in told.out
    assert told.err == "to go on: effio explore corner_shop:pressed --resume pressed.json --cancel\n"
    assert main(command) == 0
    told = capsys.readouterr()
    assert told.out.endswith("no failing among 8 injections into 1 schedule\n")
    assert told.err == ""


def test_what_cannot_be_resumed_is_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file of another program, of other options, or of something else ends with 2."""
    assert main(["explore", "corner_shop:four", "--schedules", "1", "--resume", "four.json"]) == 0
    capsys.readouterr()
    for arguments, complaint in [
        (["corner_shop:endless", "--resume", "four.json"], "another program"),
        (
            ["corner_shop:four", "--resume", "four.json", "--time", "racy"],
            "time='racy' what was begun with time='idle'",
        ),
        (["corner_shop:four", "--resume", "corner_shop.py"], "not the state of an exploration"),
    ]:
        assert main(["explore", *arguments]) == 2
        told = capsys.readouterr()
        assert (told.out, told.err.count("\n")) == ("", 1)
        assert complaint in told.err


def test_edited_program_is_not_gone_on_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program whose module was edited since may be another one although it does as many steps: it ends with 2."""
    command = ["explore", "corner_shop:four", "--schedules", "10", "--resume", "four.json"]
    assert main(command) == 0
    capsys.readouterr()
    (folder / "corner_shop.py").write_text(f"{SHOP}# edited", encoding="utf-8")
    assert main(command) == 2
    assert "four.json: cannot resume: corner_shop changed since" in capsys.readouterr().err


def test_time_may_be_racy(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--time racy` a timeout may hit what was about to go on."""
    assert main(["explore", "corner_shop:hasty"]) == 0
    assert main(["explore", "corner_shop:hasty", "--time", "racy"]) == 1
    assert "the next timer fires" in capsys.readouterr().out


@pytest.mark.slow
def test_interrupt_shows_what_was_found(folder: Path) -> None:
    """Ctrl-C ends the search between two runs with 130, after lines about the progress, and tells how far it came."""
    with subprocess.Popen(
        [sys.executable, "-m", "effio", "explore", "corner_shop:endless", "--schedules", "10000000"],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert re.fullmatch(r"\d+ schedules run( and \d+ random ones)?\n", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert re.search(r"no failure in \d+ schedules.*\(not all there are\).*\nnot complete: it was interrupted\n", out)
    assert "Traceback" not in err
    assert "to go on: effio explore corner_shop:endless --resume .effio/corner_shop.endless.json" in err
    assert (folder / ".effio/corner_shop.endless.json").exists()

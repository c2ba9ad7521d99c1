"""`effio explain` draws a program without running it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from effio.cli.main import main

SHOP = """
from effio import *

page = delay(print, "running").named("page").race(never)
made = []

def order():
    made.append(1)
    return page.flat_map(lambda value: pure(value).named("after"))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user works: a folder with a module in it."""
    (tmp_path / "explained_shop.py").write_text(SHOP, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_the_tree_is_printed_and_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The default is the text of the plan; the action in it does not run."""
    assert main(["explain", "explained_shop:page"]) == 0
    assert capsys.readouterr().out == "1 race\n2 ╠═ 'page'\n3 ║  └─ delay(print, 'running')\n4 ╚═ never\n"


def test_follow_shows_what_functions_make(capsys: pytest.CaptureFixture[str]) -> None:
    """With --follow the program that a continuation makes is in the tree."""
    main(["explain", "explained_shop:order"])
    assert "'after'" not in capsys.readouterr().out
    main(["explain", "--follow", "explained_shop:order"])
    assert "'after'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "begin"),
    [("a.html", "<!doctype html>"), ("a.dot", "digraph"), ("a.mmd", "flowchart"), ("a.json", "{"), ("a.txt", "1 race")],
)
def test_the_file_decides_the_format(folder: Path, capsys: pytest.CaptureFixture[str], name: str, begin: str) -> None:
    """The plan is written in the format of the file's name, and nothing is printed."""
    assert main(["explain", "explained_shop:page", "-o", name]) == 0
    assert (folder / name).read_text(encoding="utf-8").startswith(begin)
    assert capsys.readouterr().out == ""


def test_a_format_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    """With --format the plan is printed in that format."""
    main(["explain", "explained_shop:page", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["format"] == "effio.plan"


def test_a_terminal_gets_colours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the same text is drawn in colours."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    main(["explain", "explained_shop:page"])
    drawn = capsys.readouterr().out
    assert "\x1b[" in drawn
    assert re.sub(r"\x1b\[[\d;]*m", "", drawn).splitlines()[0] == "1 race"


def test_a_missing_program_is_a_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    """What leads to no program ends with 2 and one line."""
    assert main(["explain", "explained_shop:nothing"]) == 2
    assert capsys.readouterr().err == "effio: module 'explained_shop' has no 'nothing'\n"

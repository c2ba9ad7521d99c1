"""The live picture: what it draws, and that the program does not notice."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text

from effio import IO, VirtualClock, delay, do, fail, par_zip, run, run_exit, sleep
from effio.algebra.progress import Progress
from effio.cli.live import BAR_WIDTH, COUNTS_SHOWN, Lines, Picture, drawn
from effio.data.fiber_dump import FiberDump, FiberState, ProgressState
from tests.architecture.source import ROOT

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

import pty


@do
def failing() -> Any:
    yield from par_zip(sleep(1).named("slow"), fail(ValueError("no")).named("bad"))


def test_picture_shows_each_fiber_and_its_wait() -> None:
    """A line for each fiber: its name, what it does or waits for, and since when."""
    picture = Picture()
    look = delay(lambda: str(picture.__rich__()))
    program = par_zip(sleep(5).named("sleeper"), sleep(2).then(look).named("looker"))
    (_, drawn) = run(picture.of(program.named("page")), clock=VirtualClock())
    assert drawn.splitlines() == [
        "page  the end of par_zip ('sleeper' and 1 more), for 2.0 s",
        "  sleeper  sleep(5), for 2.0 s",
        "  looker  running",
    ]


def test_picture_is_empty_before_the_run() -> None:
    """Nothing is drawn of a program that does not run yet."""
    assert str(Text.assemble(Picture().__rich__())) == ""


def test_program_fails_as_it_does_unseen() -> None:
    """The error tree, paths and names included, is the same with a picture as without."""
    seen: IO[Any, Any] = Picture().of(failing())
    assert run_exit(seen).failure().render() == run_exit(failing()).failure().render()


def test_terminal_shows_the_fibers(tmp_path: Path) -> None:
    """On a terminal the fibers are drawn on stderr while the program runs; stdout has its own output only."""
    source = "from effio import *\np = par_zip(sleep(.4).named('left'), sleep(.4).named('right')).as_value(1)"
    (tmp_path / "shop.py").write_text(source + ".then(delay(print, 'done'))", encoding="utf-8")
    terminal, other_end = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "effio", "run", "shop:p"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=other_end,
        timeout=30,
        check=False,
    )
    drawn = os.read(terminal, 100_000).decode()
    os.close(terminal)
    os.close(other_end)
    assert (done.returncode, done.stdout) == (0, b"done\n")
    assert "left" in drawn
    assert "right" in drawn


def test_lines_are_bounded_and_forget_what_is_over() -> None:
    """Of a thousand counts that are over a few are told at once, the others counted, and none is kept."""
    stream = StringIO()
    lines = Lines(stream)
    counts = [Progress(f"request {number}", 1, None) for number in range(1_000)]
    for progress in counts:
        lines.add(progress)
        progress.over = True
    lines.tell()
    told = stream.getvalue().splitlines()
    assert told[0] == "request 0 0/1 (0%)"
    assert told[COUNTS_SHOWN:] == [f"… and {1_000 - COUNTS_SHOWN} more"]
    lines.tell()
    assert stream.getvalue().splitlines() == told


def test_many_counts_leave_room_on_the_terminal() -> None:
    """Only a few bars are drawn, and how many there are more is said."""
    count = ProgressState("pages", 5, 10)
    fiber = FiberState(name="worker", path=(), depth=0, state="running", age=0.0, progress=count)
    text = str(drawn(FiberDump([fiber] * 100)))
    assert text.count("━") + text.count("─") == BAR_WIDTH * COUNTS_SHOWN
    assert text.splitlines()[-1] == f"… and {100 - COUNTS_SHOWN} more"

"""`effio trace`, `effio top` and `effio run --live`, as a user types them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from effio import Trace
from effio.cli.main import main
from effio.data.fiber_dump import FiberDump
from tests.architecture.source import ROOT

SHOP = """
from effio import *

page = par_zip(sleep(60).named("profile"), sleep(90).named("orders"))
broken = sleep(60).then(fail(ValueError("no such user")))
endless = delay(print, "begun", flush=True).then(sleep(60))
pages = par_traverse([0, 0.01, 0.02], sleep).with_progress("pages")
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "effio", *arguments]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user works: a folder with a module in it."""
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    return tmp_path


def effio(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What the command would do, without the time that a process takes to begin."""
    printed, complained = StringIO(), StringIO()
    with redirect_stdout(printed), redirect_stderr(complained):
        code = main(arguments)
    return subprocess.CompletedProcess(arguments, code, printed.getvalue(), complained.getvalue())


# -- trace ---------------------------------------------------------------------------------------------------


def test_trace_prints_the_timeline(folder: Path) -> None:
    """Without a file the timeline is printed."""
    done = effio("trace", "shop:page", "--virtual")
    assert (done.returncode, done.stderr) == (0, "")
    assert "   ├─ profile  ▒▒▒" in done.stdout
    assert "✓ 90 s" in done.stdout


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("out.html", "<!doctype html>"),
        ("out.svg", "<svg"),
        ("out.json", '{"format": "effio.trace"'),
        ("out.tree", "✓ main"),
    ],
)
def test_trace_writes_what_the_file_is_called_after(folder: Path, name: str, begin: str) -> None:
    """The ending of the file chooses the format."""
    done = effio("trace", "shop:page", "--virtual", "-o", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"the trace is in {name}\n")
    assert (folder / name).read_text(encoding="utf-8").lower().startswith(begin.lower())


def test_trace_for_other_viewers(folder: Path) -> None:
    """With --format chrome the file can be opened in Perfetto."""
    effio("trace", "shop:page", "--virtual", "--format", "chrome", "-o", "out.json")
    assert "traceEvents" in json.loads((folder / "out.json").read_text(encoding="utf-8"))


def test_trace_of_a_failure_is_written_too(folder: Path) -> None:
    """A program that fails ends with 1 and its report, and the trace is there."""
    done = effio("trace", "shop:broken", "--virtual", "-o", "out.json")
    assert done.returncode == 1
    assert "ValueError: no such user" in done.stderr
    assert Trace.from_json((folder / "out.json").read_text(encoding="utf-8")).root.state == "failed"


def test_trace_of_an_interrupted_program_is_written_too(folder: Path) -> None:
    """After Ctrl-C the trace says how far the program was."""
    running = subprocess.Popen(
        command("trace", "shop:endless", "-o", "out.json"), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    with running:
        assert running.stdout.readline() == b"begun\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
    assert Trace.from_json((folder / "out.json").read_text(encoding="utf-8")).root.state == "cancelled"


def test_unknown_ending_is_refused(folder: Path) -> None:
    """A file whose format nobody knows is an error before the program runs."""
    done = effio("trace", "shop:endless", "-o", "out.xyz")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot tell the format of out.xyz" in done.stderr


# -- run and top ---------------------------------------------------------------------------------------------


def test_live_without_a_terminal_prints_clean_lines(folder: Path) -> None:
    """Into a pipe go a line for each count, and nothing that moves a cursor."""
    done = effio("run", "--live", "shop:pages")
    assert (done.returncode, done.stdout) == (0, "[None, None, None]\n")
    assert done.stderr.splitlines()[-1] == "pages 3/3 (100%)"
    assert "\x1b" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals and local sockets")
def test_running_program_can_be_looked_at(folder: Path) -> None:
    """`effio top` prints the fibers of a program that runs with --top, as text or JSON; SIGUSR1 prints them there.

    Where only one process can be looked at, it need not be named.
    """
    running = subprocess.Popen(
        command("run", "--top", "shop:endless"), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stderr is not None
    with running:
        assert running.stdout.readline() == "begun\n"
        text = effio("top", "--once")
        data = effio("top", str(running.pid), "--json")
        os.kill(running.pid, signal.SIGUSR1)
        assert running.stderr.readline().startswith("main: waits for sleep(60), for ")
        running.send_signal(signal.SIGINT)
    assert text.stdout.startswith("main: waits for sleep(60), for ")
    assert FiberDump.from_json(data.stdout).fibers[0].wait == "sleep(60)"


def test_without_a_process_there_is_nothing_to_look_at(folder: Path) -> None:
    """Without a number `effio top` looks for a process, and says so if it finds none."""
    done = effio("top")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("effio: no process can be looked at: ")


def test_process_that_cannot_be_looked_at(folder: Path) -> None:
    """Where nothing answers, `effio top` says how to make it, and ends with 2."""
    done = effio("top", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("effio: cannot look at process 1: nothing answers there; ")
    assert "`effio run --top`" in done.stderr

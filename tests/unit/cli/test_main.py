"""The command line as a user types it, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from effio.cli.main import main
from effio.demos.catalogue import DEMOS
from tests.architecture.source import ROOT

SHOP = """
import asyncio

from effio import *

async def loop_name():
    try:
        return type(asyncio.get_running_loop()).__name__
    except RuntimeError:
        return "trio"

hosted = from_async(loop_name)

def say(text):
    return delay(lambda: print(text, flush=True))

page = say("served").named("page")
broken = par_zip(sleep(9).named("basket"), sleep(0.01).then(fail(ValueError("no such user"))).named("orders"))
endless = say("begun").then(never).ensuring(sleep(0.01).then(say("closed")))
priced = say("served").as_value("3 €")
messy = say("begun").then(sleep(60)).ensuring(fail(OSError("disk full")))
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "effio", *arguments]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user works: a folder with a module in it."""
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.fixture
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process stands in that folder, and forgets its module afterwards."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "shop", raising=False)


def effio(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True, timeout=30, check=False)


# -- run -----------------------------------------------------------------------------------------------------


def test_run_prints_what_the_program_prints(folder: Path) -> None:
    """A program whose value is None adds nothing to its own output."""
    done = effio(folder, "run", "shop:page")
    assert (done.returncode, done.stdout, done.stderr) == (0, "served\n", "")


@pytest.mark.usefixtures("inside")
def test_run_prints_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    """Any other value is printed last, as Python shows it."""
    assert main(["run", "shop:priced"]) == 0
    assert capsys.readouterr().out == "served\n'3 €'\n"


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    ("backend", "loop"), [("asyncio", "_UnixSelectorEventLoop"), ("uvloop", "Loop"), ("trio", "trio")]
)
def test_run_on_a_backend(capsys: pytest.CaptureFixture[str], backend: str, loop: str) -> None:
    """The coroutines of the program are awaited by the event loop that was named."""
    pytest.importorskip(backend)
    assert main(["run", "shop:hosted", "--backend", backend]) == 0
    assert capsys.readouterr().out == f"'{loop}'\n"


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("word", ["run", "trace"])
def test_backend_that_is_missing_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    """It ends with 2 before the program runs."""
    monkeypatch.setattr("effio.cli.backend.find_spec", lambda name: None)
    assert main([word, "shop:page", "--backend", "uvloop"]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", "effio: backend uvloop is not installed: pip install 'effio[uvloop]'\n")


def test_run_draws_the_error_tree(folder: Path) -> None:
    """A program that fails ends with 1, its error tree on stderr."""
    done = effio(folder, "run", "shop:broken")
    assert (done.returncode, done.stdout) == (1, "")
    first, *rest = done.stderr.splitlines()
    assert first == "par_zip failed"
    assert any(line.startswith("├─ ○ basket  cancelled, because 'orders' failed, after 0.") for line in rest)
    assert any(line.startswith("└─ ✗ orders  ValueError: no such user, after 0.") for line in rest)


def test_run_of_nothing_says_so(folder: Path) -> None:
    """A target that is not there ends with 2, and one sentence on stderr."""
    done = effio(folder, "run", "shop:missing")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "effio: module 'shop' has no 'missing'\n"


@pytest.mark.parametrize("word", ["run", "explain", "trace"])
def test_module_that_raises_shows_the_frames_of_the_user(folder: Path, word: str) -> None:
    """What a module raises while it is imported ends with 1, and a traceback that begins in that module."""
    (folder / "wrong.py").write_text("from effio import sleep\nnap = sleep(-1)\n", encoding="utf-8")
    done = effio(folder, word, "wrong:nap")
    assert (done.returncode, done.stdout) == (1, "")
    head, place, *_, error, note = done.stderr.splitlines()
    assert (head, place) == (
        "Traceback (most recent call last):",
        f'  File "{folder / "wrong.py"}", line 2, in <module>',
    )
    assert error == "ValueError: duration of sleep must be zero or more seconds, not -1"
    assert note == "0 means already expired, float('inf') means never"
    assert done.stderr.count("  File ") == 1


def test_module_that_is_no_python_shows_its_line(folder: Path) -> None:
    """A mistake in the syntax is shown with its line, and no frame of the import."""
    (folder / "wrong.py").write_text("nap = sleep(\n", encoding="utf-8")
    done = effio(folder, "run", "wrong:nap")
    assert done.stderr.splitlines()[:2] == [f'  File "{folder / "wrong.py"}", line 1', "    nap = sleep("]


def test_full_traceback_of_a_module_that_raises(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`EFFIO_FULL_TRACEBACK=1` gives back the frames of the import and of effio."""
    (folder / "wrong.py").write_text("raise ValueError('no')\n", encoding="utf-8")
    monkeypatch.setenv("EFFIO_FULL_TRACEBACK", "1")
    assert effio(folder, "run", "wrong:nap").stderr.count("  File ") > 3


@pytest.mark.parametrize(
    ("name", "printed", "complaint"), [("endless", "closed\n", ""), ("messy", "", "OSError: disk full\n")]
)
@pytest.mark.parametrize(
    ("sent", "told", "code"), [(signal.SIGINT, "interrupted\n", 130), (signal.SIGTERM, "terminated\n", 143)]
)
def test_signal_closes_everything(
    folder: Path, name: str, printed: str, complaint: str, sent: signal.Signals, told: str, code: int
) -> None:
    """Ctrl-C and SIGTERM run the finalizers and end with 130 and 143; what the finalizers fail with is shown."""
    with subprocess.Popen(
        command("run", f"shop:{name}"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(sent)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (code, printed)
    assert err.startswith(told + complaint)


# -- demo ----------------------------------------------------------------------------------------------------


def test_demo_prints_nothing_but_the_demo(folder: Path) -> None:
    """The output of a demo in virtual time is the one that is promised."""
    done = effio(folder, "demo", "sum", "--virtual")
    assert (done.returncode, done.stdout, done.stderr) == (0, "4950 + 14950 = 19900\n", "")


def test_list_has_a_sentence_for_each_demo(capsys: pytest.CaptureFixture[str]) -> None:
    """Each demo is listed with what it shows; without a name the list is shown too."""
    assert main(["demo", "--list"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == list(DEMOS)
    assert main(["demo"]) == 0
    assert capsys.readouterr().out == listed


def test_every_demo_exists() -> None:
    """The catalogue names modules that are there."""
    for demo in DEMOS.values():
        assert find_spec(demo.program.partition(":")[0]) is not None


def test_demo_that_takes_its_time_cannot_be_virtual(capsys: pytest.CaptureFixture[str]) -> None:
    """A demo on real sockets refuses a virtual clock, instead of ignoring it."""
    assert main(["demo", "happy-eyeballs", "--virtual"]) == 2
    assert "cannot be --virtual" in capsys.readouterr().err


def test_unknown_demo_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A demo that is not there ends with 2 and names those that are."""
    with pytest.raises(SystemExit) as caught:
        main(["demo", "nothing"])
    assert caught.value.code == 2
    assert "'sleeper'" in capsys.readouterr().err


def test_demo_without_its_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where aiohttp is missing, the demo that needs it names the extra."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "effio.demos.transaction", raising=False)
    monkeypatch.delitem(sys.modules, "effio.demos.web_service", raising=False)
    assert main(["demo", "transaction"]) == 2
    assert capsys.readouterr().err == "effio: demo transaction needs aiohttp: pip install 'effio[cli]'\n"


# -- info ----------------------------------------------------------------------------------------------------


def test_info_names_python_and_the_extras(capsys: pytest.CaptureFixture[str]) -> None:
    """Versions of effio, Python and every package that it can use."""
    assert main(["info"]) == 0
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert {"effio", "Python", "attrs", "returns", "trio", "rich", "aiohttp"} <= rows.keys()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_output_that_nobody_reads_is_no_error(folder: Path) -> None:
    """As for any command whose reader goes away: no traceback, and the exit code of SIGPIPE."""
    process = subprocess.Popen(command("info"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints one line."""
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("effio ")

"""Calls in child processes: killed by a cancel, used again, gone with the run."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import attrs
import pytest

from effio import IO, BrokenProcess, collect, delay, par_collect, par_zip, run, run_exit, sleep, to_process
from effio.cause import Die, Fail
from effio.interop.child import READS_MAIN
from effio.interop.processes import Child
from tests.conformance.support import ASYNCIO, TRIO, VIRTUAL, Backend, cause_of, until, value_of

ROOT = Path(__file__).parents[2]

every_host = pytest.mark.parametrize("host", [VIRTUAL, ASYNCIO, TRIO], ids=lambda backend: str(backend.name))


class Coded(ValueError):
    """An error with a code, which pickling keeps."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Odd(Exception):
    """An error that cannot be pickled and read again."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(first)


@attrs.frozen
class Point:
    x: int
    y: int


def mirrored(point: Point) -> Point:
    return Point(point.y, point.x)


def refuse(code: int) -> None:
    raise Coded(code)


def be_odd() -> None:
    raise Odd(1, 2)


def lock() -> object:
    return threading.Lock()


def pid_and_sleep(path: str, seconds: float) -> None:
    Path(f"{path}.new").write_text(str(os.getpid()), encoding="utf-8")
    os.rename(f"{path}.new", path)
    time.sleep(seconds)


READING = threading.Event()


def read_slowly() -> None:
    READING.set()
    time.sleep(0.02)


class SlowToRead:
    """A result that takes the parent a while to read."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return read_slowly, ()


@every_host
def test_call_runs_in_another_process(host: Backend) -> None:
    """Arguments and the result travel, and the process is another one."""
    point, pid = value_of(host.run(to_process(mirrored, Point(1, 2)).zip(to_process(os.getpid))))

    assert point == Point(2, 1)
    assert pid != os.getpid()


def test_child_is_used_again_and_ends_with_the_run() -> None:
    """Calls one after the other share a child, which is gone when the run has ended."""
    pids = run(collect([to_process(os.getpid)] * 3))

    assert len(set(pids)) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_calls_at_once_have_a_child_each() -> None:
    """Two calls that overlap run in two processes."""
    naps = par_zip(to_process(time.sleep, 0.3).then(to_process(os.getpid)), to_process(time.sleep, 0.3))

    assert run(naps)[0] != os.getpid()
    assert run(par_collect([to_process(math.sqrt, number) for number in (1, 4, 9)])) == [1, 2, 3]


@pytest.mark.slow
@every_host
def test_exception_in_a_child_is_a_typed_failure(host: Backend) -> None:
    """It arrives with its class and attributes; a note tells where in the child it was raised."""
    (error,) = cause_of(host.run(to_process(refuse, 7))).failures()

    assert isinstance(error, Coded)
    assert error.code == 7
    assert any("in process" in note and "in refuse" in note for note in error.__notes__)


@pytest.mark.slow
def test_exception_that_is_not_caught_is_a_defect() -> None:
    """With `catch=` only such exceptions are typed failures."""
    assert isinstance(cause_of(run_exit(to_process(refuse, 7, catch=KeyError))), Die)
    assert isinstance(cause_of(run_exit(to_process(refuse, 7, catch=Coded))), Fail)


@pytest.mark.slow
def test_what_cannot_be_sent_back_is_told_of() -> None:
    """An error or a result that cannot be pickled is a failure that says so, and the child lives on."""
    odd, unsendable, value = run(
        to_process(be_odd)
        .either()
        .zip(to_process(lock).either())
        .zip(to_process(math.sqrt, 4))
        .map(lambda t: (*t[0], t[1]))
    )

    assert "Odd cannot be sent" in str(odd.failure())
    assert "pickle" in str(unsendable.failure())
    assert value == 2


def test_function_that_a_child_cannot_find_is_refused_when_built() -> None:
    """A lambda has no name to find it by; the error says what to give instead."""
    with pytest.raises(TypeError, match="<lambda>") as raised:
        to_process(lambda: 1)

    assert "top of a module" in raised.value.__notes__[0]


def test_coroutine_function_is_refused_when_built() -> None:
    """A coroutine would be awaited by nobody."""

    async def coroutine() -> None: ...

    with pytest.raises(TypeError, match="coroutine") as raised:
        to_process(coroutine)
    assert "from_async" in raised.value.__notes__[0]


@every_host
def test_cancel_kills_the_child(host: Backend, tmp_path: Path) -> None:
    """The race does not wait for the function that lost it, and its process is gone."""
    path = tmp_path / "pid"
    began = time.perf_counter()

    assert value_of(host.run(to_process(pid_and_sleep, str(path), 600).race(until(path.exists)))) is None
    assert time.perf_counter() - began < 300
    with pytest.raises(ProcessLookupError):
        os.kill(int(path.read_text(encoding="utf-8")), 0)


def test_call_after_a_cancelled_one_works() -> None:
    """A killed child is replaced."""
    cut = to_process(time.sleep, 60).move_on_after(0.05)

    assert run(cut.then(to_process(math.sqrt, 9))) == 3


def test_child_that_has_answered_is_not_killed() -> None:
    """A cancel that comes while the answer is being read ends the call and leaves the child for the next one."""
    READING.clear()
    pid = to_process(os.getpid)
    cut = to_process(SlowToRead).race(until(READING.is_set))

    (first, _), second = run(pid.zip(cut).zip(pid))

    assert first == second


def test_child_that_ended_between_two_calls_is_replaced() -> None:
    """A call does not go to a child that nobody noticed to be dead."""

    def killed(pid: int) -> IO[object]:
        os.kill(pid, signal.SIGKILL)
        return delay(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    assert run(to_process(os.getpid).flat_map(killed).then(to_process(math.sqrt, 9))) == 3


def test_child_that_dies_while_it_is_asked_tells_its_exit_code() -> None:
    """That the rest of a long call cannot be sent does not hide how the child ended."""
    child = Child()
    child.process.kill()
    child.process.wait()

    with pytest.raises(BrokenPipeError):
        child.ask(b"x" * 1_000_000)
    assert child.kill() == -signal.SIGKILL


def test_child_that_dies_is_a_failure() -> None:
    """A child that is killed from outside, or ends by itself, is named with its exit code."""
    (error,) = cause_of(run_exit(to_process(os._exit, 3))).failures()

    assert isinstance(error, BrokenProcess)
    assert error.exit_code == 3
    assert "to_process(_exit, 3)" in str(error)


def test_child_that_crashes_is_a_failure() -> None:
    """The same for a crash, whose signal is the negative exit code."""
    (error,) = cause_of(run_exit(to_process(signal.raise_signal, signal.SIGKILL))).failures()

    assert isinstance(error, BrokenProcess)
    assert error.exit_code == -signal.SIGKILL


def test_function_of_a_session_is_refused_when_built() -> None:
    """What was typed in cannot be found by a child, and the error says so."""
    script = """
    from effio import to_process

    def double(number):
        return 2 * number

    to_process(double, 21)
    """
    done = subprocess.run(
        [sys.executable, "-"], input=textwrap.dedent(script), capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert "TypeError: to_process cannot send 'double' of a session" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("script.py",), ("-m", "script")])
def test_function_of_a_script_file_is_found(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A function of the main module runs in a child, and in a child of that, where `__name__` is not `__main__`."""
    script = """
    import os, sys
    sys.path.append(os.environ["EFFIO"])
    from effio import run, to_process

    def double(number):
        return 2 * number

    def double_elsewhere(number):
        return run(to_process(double, number))

    print("loaded", __name__, file=sys.stderr)
    if __name__ == "__main__":
        print(run(to_process(double_elsewhere, 21)))
    """
    (tmp_path / "script.py").write_text(textwrap.dedent(script), encoding="utf-8")
    environment = {**os.environ, "EFFIO": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )

    assert done.stdout == "42\n"
    assert done.stderr.split() == ["loaded", "__main__", *["loaded", "__mp_main__"] * 2]


def test_script_that_a_child_reads_must_not_call_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """A main module that runs its program wherever it is read would start one process after the other."""
    monkeypatch.setitem(vars(sys.modules["__main__"]), READS_MAIN, True)
    (problem,) = run_exit(to_process(math.sqrt, 4)).failure().defects()

    assert "reading the main module" in str(problem)
    assert "if __name__" in problem.__notes__[0]


def test_runner_that_replaces_the_main_module_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where coverage or a notebook puts another module in the place of the main one, functions still find a child."""
    monkeypatch.setitem(sys.modules, "__mp_main__", ModuleType("__mp_main__"))
    assert run(to_process(math.sqrt, 4)) == 2.0


@pytest.mark.slow
def test_what_a_child_prints_does_no_harm() -> None:
    """Output of the function is not mistaken for its answer."""
    assert run(to_process(print, "hello").then(to_process(math.sqrt, 4))) == 2


@pytest.mark.slow
def test_others_run_while_a_child_computes() -> None:
    """A call holds up no fiber."""
    assert run(to_process(time.sleep, 0.2).race(sleep(0.05).as_value("first"))) == "first"

"""Section F: Ctrl-C and SIGTERM, in a process of its own for each case."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a signal is sent to one process")

ROOT = Path(__file__).parents[2]
HOSTS = ("loop_factory=asyncio.new_event_loop", "loop_factory=uvloop.new_event_loop", "backend='trio'")

FORKS = """
import asyncio, os, signal, sniffio, socket, sys, threading, time, trio, uvloop
from effio import *

asks = socket.socket(fileno=int(sys.argv[1]))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    script, files, *_ = socket.recv_fds(asks, 100_000, 1)
    if not script:
        sys.exit()
    if not (process := os.fork()):
        break
    os.close(files[0])
    asks.send(b"%d" % process)
asks.close()
os.dup2(files[0], 1)
os.close(files[0])
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
exec(script)
"""
"""Importing takes most of the time of a script: it is done once, in a process that forks another for each script."""

BEGINNING = """
signal.alarm(15)  # Whatever the program does, and whoever waits for it, it ends.

async def nap(seconds):
    await (trio if sniffio.current_async_library() == "trio" else asyncio).sleep(seconds)

def say(text):
    print(text, flush=True)

over = threading.Event()

def run_and_tell(program, **options):
    try:
        say(f"value {run(program, **options)!r}")
    except BaseException as error:
        say(f"raised {error!r} from {error.__context__!r}")
    over.set()
"""

READY = {"ready", "still closing; interrupt once more to abort:"}
"""What a script prints when it has heard the last interrupt: of two at once it would hear one."""


class Interrupted:
    """Runs scripts that are interrupted, each in a process of its own."""

    def __init__(self, asks: socket.socket) -> None:
        self.asks = asks

    def __call__(
        self, program: str, *, host: str = HOSTS[0], signals: int = 1, sent: signal.Signals = signal.SIGINT
    ) -> list[str]:
        """Run a script, interrupt it whenever it says that it is ready, and give the other lines it prints."""
        output, process = self.begun(f"{BEGINNING}\n{textwrap.dedent(program)}\nrun_and_tell(program, {host})")
        lines: list[str] = []
        with open(output, encoding="utf-8") as printed:
            for line in map(str.strip, printed):
                if line not in READY:
                    lines.append(line)
                elif signals:
                    signals -= 1
                    os.kill(process, sent)
        return lines

    def begun(self, script: str) -> tuple[int, int]:
        """The file that the script prints to and the number of its process."""
        output, written = os.pipe()
        socket.send_fds(self.asks, [script.encode()], [written])
        os.close(written)
        return output, int(self.asks.recv(20))


@pytest.fixture(scope="module")
def interrupted() -> Iterator[Interrupted]:
    """The process that forks."""
    asks, answers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-c", FORKS, str(answers.fileno())]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nowhere, stderr=nowhere, pass_fds=[answers.fileno()], cwd=ROOT), asks, answers:
        yield Interrupted(asks)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("waiting", ["never", "from_async(nap, 60)", "sleep(60)"])
def test_b72_interrupt_while_parked(interrupted: Interrupted, waiting: str, host: str) -> None:
    """The finalizer completes, and KeyboardInterrupt is raised."""
    program = f"""
    closing = sleep(0.05).then(delay(say, "closed"))
    program = delay(say, "ready").then({waiting}).ensuring(closing)
    """
    assert interrupted(program, host=host) == ["closed", "raised KeyboardInterrupt() from None"]


@pytest.mark.parametrize("host", HOSTS)
def test_b73_interrupt_and_the_finalizer_fails(interrupted: Interrupted, host: str) -> None:
    """KeyboardInterrupt is raised with the error of the finalizer attached."""
    program = """
    closing = sleep(0.01).then(fail(KeyError("closing")))
    program = delay(say, "ready").then(never).ensuring(closing)
    """
    assert interrupted(program, host=host) == ["raised KeyboardInterrupt() from KeyError('closing')"]


def test_b74_interrupt_while_a_step_computes(interrupted: Interrupted) -> None:
    """The program is cancelled when that step ends, at the latest."""
    program = """
    def compute():
        say("ready")
        end = time.perf_counter() + 0.1
        while time.perf_counter() < end:
            pass
        say("computed")

    program = delay(compute).then(delay(say, "went on")).ensuring(delay(say, "closed"))
    """
    assert interrupted(program) == ["computed", "closed", "raised KeyboardInterrupt() from None"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("where", ["delay(compute)", "pure(1).map(lambda n: compute())", "from_async(acompute)"])
def test_b74_second_interrupt_breaks_into_a_step(interrupted: Interrupted, where: str, host: str) -> None:
    """Code that never comes back is broken into by the second interrupt, and the finalizers still run."""
    program = f"""
    def compute():
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        while True:
            pass

    async def acompute():
        compute()

    closing = sleep(0.01).then(delay(say, "closed"))
    program = par_zip(never.ensuring(closing), sleep(0.01).then({where}))
    """
    closed, raised = interrupted(program, host=host)

    assert closed == "closed"
    assert raised.startswith("raised KeyboardInterrupt()")


@pytest.mark.parametrize("host", HOSTS)
def test_third_interrupt_aborts(interrupted: Interrupted, host: str) -> None:
    """A finalizer that never ends is given up."""
    program = """
    sys.stderr = sys.stdout

    def hurry():
        return sleep(0.02).then(suspend(hurry))

    program = delay(say, "ready").then(never).ensuring(delay(say, "ready").then(suspend(hurry)))
    """
    lines = interrupted(program, host=host, signals=3)

    assert any(line.startswith("raised KeyboardInterrupt()") for line in lines)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("where", ["delay(compute)", "from_async(acompute)"])
def test_third_interrupt_aborts_a_step(interrupted: Interrupted, where: str, host: str) -> None:
    """The third interrupt is no data, also where it breaks into code of the user: no finalizer runs any more."""
    program = f"""
    def compute():
        say("ready")
        while True:
            pass

    async def acompute():
        compute()

    closing = {where}.ensuring({where}).ensuring(delay(say, "went on"))
    program = delay(say, "ready").then(never).ensuring(closing)
    """
    (line,) = interrupted(program, host=host, signals=3)

    assert line.startswith("raised KeyboardInterrupt()")


@pytest.mark.parametrize("host", HOSTS)
def test_second_interrupt_prints_what_still_runs(interrupted: Interrupted, host: str) -> None:
    """The standard error stream has the fibers with what each one waits for."""
    program = """
    sys.stderr = sys.stdout
    closing = par_zip(sleep(0.3), sleep(0.02).then(delay(say, "ready")))
    program = delay(say, "ready").then(never).ensuring(closing)
    """
    lines = interrupted(program, host=host, signals=2)

    assert any("sleep(0.3)" in line for line in lines)
    assert lines[-1].startswith("raised KeyboardInterrupt()")


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "waiting", ["to_thread(asking)", "to_thread(calling)", "to_process(time.sleep, 60).race(told)"]
)
def test_interrupt_reaches_threads_and_processes(interrupted: Interrupted, waiting: str, host: str) -> None:
    """A thread that asks, or waits for a program, is cancelled, and a child process is killed; then finalizers run."""
    program = f"""
    def asking():
        say("ready")
        while True:
            time.sleep(0.01)
            check_cancelled()

    def calling():
        Portal.current().run(delay(say, "ready").then(never))

    told = sleep(0.2).then(delay(say, "ready")).then(never)
    program = {waiting}.ensuring(delay(say, "closed"))
    """
    assert interrupted(program, host=host) == ["closed", "raised KeyboardInterrupt() from None"]


@pytest.mark.parametrize("host", HOSTS)
def test_third_interrupt_leaves_a_deaf_thread(interrupted: Interrupted, host: str) -> None:
    """The run is over before the thread is; only the end of the process waits for it."""
    program = """
    sys.stderr = sys.stdout

    def deaf():
        say("ready")
        over.wait()
        say("deaf ended")

    program = par_zip(to_thread(deaf), never.ensuring(delay(say, "ready")))
    """
    lines = interrupted(program, host=host, signals=3)

    raised = [line.startswith("raised KeyboardInterrupt()") for line in lines].index(True)
    assert "deaf ended" in lines[raised:]


@pytest.mark.parametrize("host", HOSTS)
def test_told_to_end_while_parked(interrupted: Interrupted, host: str) -> None:
    """SIGTERM, sent twice, runs the finalizers to their end, and SystemExit(143) is raised."""
    program = """
    closing = delay(say, "ready").then(sleep(0.05)).then(delay(say, "closed"))
    program = delay(say, "ready").then(from_async(nap, 60)).ensuring(closing)
    """
    lines = interrupted(program, host=host, signals=2, sent=signal.SIGTERM)
    assert lines == ["closed", "raised SystemExit(143) from None"]


def test_told_to_end_while_a_step_computes(interrupted: Interrupted) -> None:
    """The program is cancelled when that step ends, and a handler sees why."""
    program = """
    def compute():
        say("ready")
        end = time.perf_counter() + 0.05
        while time.perf_counter() < end:
            pass
        say("computed")

    told = lambda exit: delay(say, exit.failure().render().splitlines()[0])
    program = delay(compute).then(delay(say, "went on")).on_exit(told)
    """
    lines = interrupted(program, sent=signal.SIGTERM)
    assert lines == ["computed", "cancelled by a signal: SystemExit", "raised SystemExit(143) from None"]


def test_handlers_are_only_there_while_a_program_runs(interrupted: Interrupted) -> None:
    """The handlers are those from before, after a success and after a failure."""
    program = """
    import signal
    run(sleep(0))
    run_exit(fail("no"))
    say(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    say(signal.getsignal(signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    program = par_zip(delay(signal.getsignal, signal.SIGINT), delay(signal.getsignal, signal.SIGTERM))
    """
    before, also_before, during = interrupted(program)
    assert (before, also_before) == ("True", "0")
    assert during.count("SIG_IGN") == 2

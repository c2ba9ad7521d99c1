"""Section F: Ctrl-C, in a process of its own for each case."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a signal is sent to one process")

ROOT = Path(__file__).parents[2]
HOSTS = ("loop_factory=asyncio.new_event_loop", "loop_factory=uvloop.new_event_loop", "backend='trio'")

BEGINNING = """
import asyncio, signal, sniffio, time, trio, uvloop
from effio import *

signal.alarm(30)  # Whatever the program does, and whoever waits for it, it ends.

async def nap(seconds):
    await (trio if sniffio.current_async_library() == "trio" else asyncio).sleep(seconds)

def say(text):
    print(text, flush=True)

def run_and_tell(program, **options):
    try:
        say(f"value {run(program, **options)!r}")
    except BaseException as error:
        say(f"raised {error!r} from {error.__context__!r}")
"""


def interrupted(program: str, *, host: str = HOSTS[0], signals: int = 1) -> list[str]:
    """Run a script, interrupt it whenever it says that it is ready, and give the other lines it prints."""
    script = f"{BEGINNING}\n{textwrap.dedent(program)}\nrun_and_tell(program, {host})"
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        for line in map(str.strip, process.stdout):
            if line != "ready":
                lines.append(line)
            elif signals:
                signals -= 1
                process.send_signal(signal.SIGINT)
    return lines


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("waiting", ["never", "from_async(nap, 60)", "sleep(60)"])
def test_b72_interrupt_while_parked(waiting: str, host: str) -> None:
    """The finalizer completes, and KeyboardInterrupt is raised."""
    program = f"""
    closing = sleep(0.05).then(delay(say, "closed"))
    program = delay(say, "ready").then({waiting}).ensuring(closing)
    """
    assert interrupted(program, host=host) == ["closed", "raised KeyboardInterrupt() from None"]


@pytest.mark.parametrize("host", HOSTS)
def test_b73_interrupt_and_the_finalizer_fails(host: str) -> None:
    """KeyboardInterrupt is raised with the error of the finalizer attached."""
    program = """
    closing = sleep(0.01).then(fail(KeyError("closing")))
    program = delay(say, "ready").then(never).ensuring(closing)
    """
    assert interrupted(program, host=host) == ["raised KeyboardInterrupt() from KeyError('closing')"]


def test_b74_interrupt_while_a_step_computes() -> None:
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
def test_b74_second_interrupt_breaks_into_a_step(where: str, host: str) -> None:
    """Code that never comes back is broken into by the second interrupt, and the finalizers still run."""
    program = f"""
    def compute():
        for _ in range(2):
            say("ready")
            end = time.perf_counter() + 0.05
            while time.perf_counter() < end:
                pass
        while True:
            pass

    async def acompute():
        compute()

    closing = sleep(0.01).then(delay(say, "closed"))
    program = par_zip(never.ensuring(closing), sleep(0.01).then({where}))
    """
    lines = interrupted(program, host=host, signals=2)

    assert lines[0] == "closed"
    assert lines[1].startswith("raised KeyboardInterrupt()")


@pytest.mark.parametrize("host", HOSTS)
def test_third_interrupt_aborts(host: str) -> None:
    """A finalizer that never ends is given up."""
    program = """
    def hurry():
        say("ready")
        return sleep(0.05).then(suspend(hurry))

    program = delay(say, "ready").then(never).ensuring(suspend(hurry))
    """
    (line,) = interrupted(program, host=host, signals=3)

    assert line.startswith("raised KeyboardInterrupt()")


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("where", ["delay(compute)", "from_async(acompute)"])
def test_third_interrupt_aborts_a_step(where: str, host: str) -> None:
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
def test_second_interrupt_prints_what_still_runs(host: str) -> None:
    """The standard error stream has the fibers with what each one waits for."""
    program = """
    import sys
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
def test_interrupt_reaches_threads_and_processes(waiting: str, host: str) -> None:
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
def test_third_interrupt_leaves_a_deaf_thread(host: str) -> None:
    """The run is over before the thread is; only the end of the process waits for it."""
    program = """
    def deaf():
        time.sleep(1)
        say("deaf ended")

    ready = [sleep(seconds).then(delay(say, "ready")).shielded() for seconds in (0.05, 0.1, 0.15)]
    program = par_collect([to_thread(deaf), *ready])
    """
    lines = interrupted(program, host=host, signals=3)

    assert lines[0].startswith("raised KeyboardInterrupt()")
    assert lines[1:] == ["deaf ended"]


def test_handler_is_only_there_while_a_program_runs() -> None:
    """The handler of SIGINT is the one from before, after a success and after a failure."""
    program = """
    import signal
    run(sleep(0))
    run_exit(fail("no"))
    say(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    program = delay(signal.getsignal, signal.SIGINT)
    """
    assert interrupted(program)[0] == "True"
    assert "SIG_IGN" in interrupted(program)[1]

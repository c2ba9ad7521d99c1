"""Looking at a running program by a signal or through its socket."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from effio import IO, Do, delay, do, dump_on_signal, fail, par_zip, pure, run, run_exit, sleep, to_thread
from effio.data.fiber_dump import FiberDump
from effio.observe.window import address_of, read_dump, serve_dumps

if sys.platform == "win32":
    pytest.skip("needs signals and local sockets", allow_module_level=True)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def send(signum: int = signal.SIGUSR1) -> IO[None]:
    return delay(os.kill, os.getpid(), signum).then(sleep(0.001))


# -- By a signal ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signum", [signal.SIGUSR1, signal.SIGUSR2])
def test_signal_prints_the_fibers(signum: signal.Signals) -> None:
    """At the signal every fiber is printed, and the program goes on."""
    out = io.StringIO()
    program = par_zip(sleep(0.01).then(send(signum)).as_value(1).named("sender"), sleep(0.05).named("sleeper"))
    assert run(dump_on_signal(program, signum, stream=out)) == (1, None)
    assert "  sleeper: waits for sleep(0.05), for 0." in out.getvalue()


def test_handler_of_before_is_back_after_the_program() -> None:
    """Whether the program succeeds or fails, the signal is handled as before."""
    before = signal.getsignal(signal.SIGUSR1)
    for program in (pure(1), fail("no")):
        run_exit(dump_on_signal(program))
        assert signal.getsignal(signal.SIGUSR1) is before


def test_program_that_can_be_dumped_has_its_name() -> None:
    """The error tree is that of the program itself."""
    program = sleep(0).then(fail("no")).named("page")
    assert run_exit(dump_on_signal(program)).failure().render() == run_exit(program).failure().render()


@pytest.mark.parametrize("word", [dump_on_signal, serve_dumps])
def test_what_is_no_program_is_refused_at_once(word: Any) -> None:
    """The error names the word and the value."""
    with pytest.raises(TypeError, match=rf"^{word.__name__} needs a program, not 3\n"):
        word(3)


def test_wrong_signal_is_refused_at_once() -> None:
    """A number that is no signal is an error when the program is built."""
    with pytest.raises(ValueError, match="999"):
        dump_on_signal(pure(1), 999)


# -- Through a socket ----------------------------------------------------------------------------------------


def looked(address: Any = None) -> IO[FiberDump, Any]:
    return sleep(0.01).then(to_thread(read_dump, os.getpid() if address is None else address)).named("looker")


def test_socket_tells_what_the_fibers_do() -> None:
    """Whoever asks is told the fibers of the run, by process number or by address."""
    _, dump = run(serve_dumps(par_zip(sleep(0.3).named("slow"), looked())))
    assert [fiber.name for fiber in dump.fibers] == ["main", "slow", "looker"]


def test_socket_can_have_an_address_of_its_own(tmp_path: Path) -> None:
    """With an address the socket is there."""
    address = tmp_path / "app.sock"
    dump = run(serve_dumps(looked(address), address))
    assert dump.fibers[0].name == "looker"


def test_only_the_owner_can_open_the_socket() -> None:
    """The socket and its folder have no permission for anybody else."""

    @do
    def modes() -> Do[tuple[int, int]]:
        address = address_of(None)
        yield from sleep(0)
        return (stat.S_IMODE(address.stat().st_mode), stat.S_IMODE(address.parent.stat().st_mode))

    assert run(serve_dumps(modes())) == (0o600, 0o700)


def test_socket_is_gone_after_the_program() -> None:
    """Afterwards nothing is left to connect to, also if the program fails."""
    run_exit(serve_dumps(sleep(0).then(fail("no"))))
    assert not address_of(None).exists()
    with pytest.raises(OSError, match="No such file"):
        read_dump(os.getpid())


def test_socket_of_a_dead_process_is_replaced() -> None:
    """A socket file that nobody serves is no hindrance."""
    address = address_of(None)
    address.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(address))
    assert run(serve_dumps(looked())).fibers[0].name == "looker"


def test_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    """Whatever else is at the address stays, and the program does not start."""
    address = tmp_path / "precious.txt"
    address.write_text("data", encoding="utf-8")
    assert run_exit(serve_dumps(pure(1), address)).failure().has_defect
    assert address.read_text(encoding="utf-8") == "data"


def test_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    """A folder that somebody else prepared is not used."""
    (tmp_path / "effio").mkdir(mode=0o755)
    (defect,) = run_exit(serve_dumps(pure(1))).failure().defects()
    assert isinstance(defect, PermissionError)
    assert "others may enter" in str(defect)


def test_what_is_sent_to_the_socket_is_not_read() -> None:
    """Nothing that a client sends has an effect."""

    def shout() -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(address_of(None)))
            with contextlib.suppress(BrokenPipeError):
                client.sendall(b"stop everything\n")

    shouting = sleep(0.01).then(to_thread(shout)).then(looked())
    dump, value = run(serve_dumps(par_zip(shouting, sleep(0.1).as_value("whole"))))
    assert dump.fibers[0].name == "main"
    assert value == "whole"

"""A window into a running program: a local socket that tells its owner, and nobody else, what the fibers do."""

from __future__ import annotations

import os
import socket
import stat
import struct
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, final

from effio.algebra.io import IO
from effio.data.fiber_dump import FiberDump
from effio.interpreter.dump import tree_of
from effio.interpreter.scheduler import Scheduler
from effio.observe.watched import watched

Value = TypeVar("Value")
Error = TypeVar("Error")

ATTEMPTS: Final = 20
PATIENCE: Final = 5.0
CREDENTIALS: Final = struct.Struct("3i")


def serve_dumps(program: IO[Value, Error], /, address: str | Path | None = None) -> IO[Value, Error]:
    """Run `program`, and let `effio top` look at it through a local socket for as long as it runs.

    The socket is at `address`, by default where `effio top PID` looks for it. Only processes of the same user can
    open it; it tells what the fibers do to whoever connects, and reads nothing.
    A thread serves it, so that it answers also while a step holds the loop.
    """
    return watched("serve_dumps", program, lambda scheduler: Window(scheduler, address_of(address)).close)


def read_dump(address: int | str | Path, /) -> FiberDump:
    """Ask a running program, by process number or by the address of its socket, what its fibers do now.

    Raises OSError if nothing answers there.
    """
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(str(address_of(address)))
        told = b"".join(iter(partial(client.recv, 65_536), b""))
    return FiberDump.from_json(told.decode())


def address_of(given: int | str | Path | None) -> Path:
    """Where the socket of a process is, by default of this one; an address stays what it is.

    >>> address_of("/run/app.sock").as_posix()
    '/run/app.sock'
    """
    if given is not None and not isinstance(given, int) and not str(given).isdecimal():
        return Path(given)
    process = os.getpid() if given is None else int(str(given))
    return folder() / f"{process}.sock"


def processes() -> list[str]:
    """The numbers of the processes of this user that have, or had, a socket where `effio top` looks for it."""
    return sorted((address.stem for address in folder().glob("*.sock") if address.stem.isdecimal()), key=int)


def folder() -> Path:
    """The folder of the sockets of this user."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "effio" if runtime else Path(tempfile.gettempdir()) / f"effio-{os.getuid()}"


@final
class Window:
    """A socket that tells what the fibers of a run do to whoever of the same user connects."""

    def __init__(self, scheduler: Scheduler, address: Path) -> None:
        self._scheduler = scheduler
        self._address = address
        self._socket = listening(address)
        threading.Thread(target=self._serve, name="effio top", daemon=True).start()

    def close(self) -> None:
        """Stop serving and remove the socket."""
        self._address.unlink(missing_ok=True)
        # Only a shutdown wakes a thread that is blocked in accept.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                self._tell(client)

    def _tell(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE)
        try:
            if user_of(client) in (os.getuid(), 0):
                client.sendall(looked_at(self._scheduler).to_json().encode())
        except OSError:
            return


def looked_at(scheduler: Scheduler) -> FiberDump:
    """Dump a run from another thread: it goes on meanwhile, so a look that it spoils is repeated."""
    for _ in range(ATTEMPTS):
        try:
            return tree_of(scheduler)
        except RuntimeError:
            continue
    return FiberDump([])


def listening(address: Path) -> socket.socket:
    """Open a socket that only its owner can open, in a folder that only its owner can enter."""
    address.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if address.parent == folder():
        refuse_foreign(address.parent)
    remove_stale(address)
    server = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        server.bind(str(address))
        server.listen()
    except OSError:
        server.close()
        raise
    finally:
        os.umask(before)
    return server


def refuse_foreign(directory: Path) -> None:
    """Raise unless a folder belongs to this user, who alone may enter it."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        problem = PermissionError(f"cannot open a socket in {directory}, which others may enter or own")
        problem.add_note("remove it, or give an address")
        raise problem


def remove_stale(address: Path) -> None:
    """Remove a socket that an earlier process left behind, never anything else."""
    if not address.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(address))
        except ConnectionRefusedError:
            address.unlink(missing_ok=True)


def user_of(client: socket.socket) -> int:
    """The user of the process at the other end; where the system does not tell, file permissions have to do."""
    option: Any = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return os.getuid()
    _, user, _ = CREDENTIALS.unpack(client.getsockopt(socket.SOL_SOCKET, option, CREDENTIALS.size))
    return int(user)

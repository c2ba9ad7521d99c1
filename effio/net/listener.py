"""One listening TCP socket, and the connections that it accepts."""

from __future__ import annotations

import socket
from asyncio import Lock
from typing import final

import attrs

from effio.algebra.create import attempt
from effio.algebra.io import IO
from effio.algebra.lift import effect
from effio.net.address import Address, address_of, checked_port
from effio.net.tcp import Connection, closed, event_loop, refuse_closed


@final
@attrs.frozen
class Listener:
    """A socket that listens at `address`; whoever gets it closes it."""

    endpoint: socket.socket
    address: Address
    _accepts: Lock = attrs.field(init=False, repr=False, eq=False, factory=Lock)

    def accept(self) -> IO[Connection, OSError]:
        """Wait for somebody to connect; of several fibers that wait, the first."""
        return accept(self.endpoint, self._accepts)

    def close(self) -> IO[None]:
        """Stop listening: who waits in `accept` fails, connections that nobody accepted are reset."""
        return closed(self.endpoint)


def listen(host: str, port: int = 0, *, backlog: int = 100) -> IO[Listener, OSError]:
    """Listen at a numeric host; port 0 lets the system choose one."""
    number = checked_port("listen", port)
    return attempt(lambda: open_listener(host, number, backlog), catch=OSError)


def open_listener(host: str, port: int, backlog: int) -> Listener:
    """Open a listening socket, or nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    endpoint = socket.socket(family, socket.SOCK_STREAM)
    try:
        endpoint.setblocking(False)
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        endpoint.bind((host, port))
        endpoint.listen(backlog)
    except BaseException:
        endpoint.close()
        raise
    return Listener(endpoint, address_of(endpoint.getsockname(), family))


@effect(catches=OSError)
async def accept(listener: socket.socket, turn: Lock) -> Connection:
    """Wait for somebody to connect."""
    async with turn:
        refuse_closed(listener)
        endpoint, name = await event_loop().sock_accept(listener)
    return Connection(endpoint, address_of(name, listener.family))

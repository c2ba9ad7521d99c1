"""One listening TCP socket, and the connections that it accepts."""

from __future__ import annotations

import asyncio
import socket
from typing import final

import attrs

from effio.algebra.create import attempt
from effio.algebra.io import IO
from effio.algebra.lift import effect
from effio.net.address import Address
from effio.net.tcp import Connection, closed, refuse_closed


@final
@attrs.frozen
class Listener:
    """A socket that listens at `address`; whoever gets it closes it."""

    endpoint: socket.socket
    address: Address

    def accept(self) -> IO[Connection, OSError]:
        """Wait for somebody to connect."""
        return accept(self.endpoint)

    def close(self) -> IO[None]:
        """Stop listening: who waits in `accept` fails, connections that nobody accepted are reset."""
        return closed(self.endpoint)


def listen(host: str, port: int = 0, *, backlog: int = 100) -> IO[Listener, OSError]:
    """Listen at a numeric host; port 0 lets the system choose one."""
    return attempt(lambda: open_listener(host, port, backlog), catch=OSError)


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


def address_of(name: tuple[str, int], family: socket.AddressFamily) -> Address:
    """The address that the system gives as a tuple."""
    return Address(name[0], name[1], family=family)


@effect(catches=OSError)
async def accept(listener: socket.socket) -> Connection:
    """Wait for somebody to connect."""
    refuse_closed(listener)
    endpoint, name = await asyncio.get_running_loop().sock_accept(listener)
    return Connection(endpoint, address_of(name, listener.family))

"""One TCP connection: how it is made, read, written and closed."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from contextlib import suppress
from typing import final

import attrs

from effio.algebra.create import from_async
from effio.algebra.io import IO
from effio.algebra.lift import effect
from effio.net.address import Address


@final
@attrs.frozen
class Connection:
    """An open connection to `address`; whoever gets it closes it."""

    endpoint: socket.socket
    address: Address

    def read(self, limit: int = 65_536) -> IO[bytes, OSError]:
        """Wait for data and give at most `limit` bytes; none when the other side has closed."""
        return receive(self.endpoint, limit)

    def write(self, data: bytes) -> IO[None, OSError]:
        """Send all of `data`."""
        return send(self.endpoint, data)

    def close(self) -> IO[None]:
        """Close the connection and end what other fibers do with it: reads give nothing more, writes fail.

        Closing twice does nothing more.
        """
        return closed(self.endpoint)


@effect(catches=OSError)
async def connect_address(address: Address) -> Connection:
    """Make one attempt to connect. After a failure or a cancel nothing of it is open."""
    endpoint = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        endpoint.setblocking(False)
        await asyncio.get_running_loop().sock_connect(endpoint, (address.host, address.port))
    except BaseException:
        await close_after_a_tick(endpoint)
        raise
    return Connection(endpoint, address)


async def close_after_a_tick(endpoint: socket.socket) -> None:
    """Close an endpoint whose operation was cancelled.

    The loop forgets a cancelled operation one tick later. If the descriptor were closed and used again
    before, the loop would forget the operation of its new owner instead (gh-131728).
    """
    try:
        await asyncio.sleep(0)
    finally:
        endpoint.close()


def closed(endpoint: socket.socket) -> IO[None]:
    """Close an endpoint and wake who waits for it."""
    return from_async(shut, endpoint).or_die()


async def shut(endpoint: socket.socket) -> None:
    """Close an endpoint. The loop must have seen its end before: it tells nobody of a descriptor that is gone."""
    if endpoint.fileno() < 0:
        return
    with suppress(OSError):
        endpoint.shutdown(socket.SHUT_RDWR)
    try:
        for _ in range(2):
            await asyncio.sleep(0)
    finally:
        endpoint.close()


@effect(catches=OSError)
async def receive(endpoint: socket.socket, limit: int) -> bytes:
    """Wait for data and give at most `limit` bytes."""
    refuse_closed(endpoint)
    return await asyncio.get_running_loop().sock_recv(endpoint, limit)


@effect(catches=OSError)
async def send(endpoint: socket.socket, data: bytes) -> None:
    """Send all of `data`."""
    refuse_closed(endpoint)
    await asyncio.get_running_loop().sock_sendall(endpoint, data)


def refuse_closed(endpoint: socket.socket) -> None:
    """Fail with the same error on every event loop."""
    if endpoint.fileno() < 0:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

"""One TCP connection: how it is made, read, written and closed."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from asyncio import Lock
from contextlib import suppress
from typing import final

import attrs

from effio.algebra import argument
from effio.algebra.create import from_async
from effio.algebra.io import IO
from effio.algebra.lift import effect
from effio.net.address import Address


@final
@attrs.frozen
class Connection:
    """An open connection to `address`; whoever gets it closes it.

    Many fibers may read and write: each read and each write waits until those that came before have ended, since an
    event loop knows but one that waits for a descriptor.
    """

    endpoint: socket.socket
    address: Address
    _reads: Lock = attrs.field(init=False, repr=False, eq=False, factory=Lock)
    _writes: Lock = attrs.field(init=False, repr=False, eq=False, factory=Lock)

    def read(self, limit: int = 65_536) -> IO[bytes, OSError]:
        """Wait for data and give at most `limit` bytes; none when the other side has closed."""
        return receive(self.endpoint, self._reads, argument.count("read", "limit", limit, 1))

    def write(self, data: bytes) -> IO[None, OSError]:
        """Send all of `data`, with nothing of other writes in between. One that is cancelled may have sent a part."""
        return send(self.endpoint, self._writes, data)

    def close(self) -> IO[None]:
        """Close the connection and end what other fibers do with it: reads give nothing more, writes fail.

        Closing twice does nothing more.
        """
        return closed(self.endpoint)


@effect(catches=OSError)
async def connect_address(address: Address) -> Connection:
    """Make one attempt to connect. After a failure or a cancel nothing of it is open."""
    loop = event_loop()
    endpoint = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        endpoint.setblocking(False)
        await loop.sock_connect(endpoint, (address.host, address.port))
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
async def receive(endpoint: socket.socket, turn: Lock, limit: int) -> bytes:
    """Wait for data and give at most `limit` bytes."""
    await turn.acquire()  # An `async with` costs twice as much.
    try:
        refuse_closed(endpoint)
        return await event_loop().sock_recv(endpoint, limit)
    finally:
        turn.release()


@effect(catches=OSError)
async def send(endpoint: socket.socket, turn: Lock, data: bytes) -> None:
    """Send all of `data`."""
    await turn.acquire()
    try:
        refuse_closed(endpoint)
        await event_loop().sock_sendall(endpoint, data)
    finally:
        turn.release()


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop that waits for sockets; refuses where there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        problem = RuntimeError("the network of effio needs an event loop of asyncio")
        problem.add_note('run the program without backend="trio"; in trio, await the functions of trio with from_async')
        raise problem from None


def refuse_closed(endpoint: socket.socket) -> None:
    """Fail with the same error on every event loop."""
    if endpoint.fileno() < 0:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

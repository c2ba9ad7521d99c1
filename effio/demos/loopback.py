"""A host with four loopback addresses: one is good, one slow, one accepts nothing, one refuses."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Never, final

import attrs

from effio import Do, TaskGroup, catch, do, sleep, unit
from effio.net.address import Address
from effio.net.listener import Listener, listen
from effio.net.tcp import connect_address

SILENCE = 0.05
"""A connection that takes longer than this many seconds on loopback is not answered."""

LATE = 0.5
"""The slow server begins to accept after so many seconds; an unanswered connect is repeated after one."""


@final
@attrs.frozen(kw_only=True)
class Host:
    """The addresses by what they do, in the order in which a resolver gives them."""

    silent: Address
    slow: Address
    good: Address
    refusing: Address

    def addresses(self) -> list[Address]:
        """All four."""
        return [self.silent, self.slow, self.good, self.refusing]


@do
def open_host(group: TaskGroup, opened: ExitStack) -> Do[Host, OSError]:
    """Open the listeners, which `opened` closes, and serve them in `group`."""
    good = yield from loopback(4, 0, opened)
    slow = yield from loopback(3, good.address.port, opened, backlog=0)
    silent = yield from loopback(2, good.address.port, opened, backlog=0)
    refusing = yield from listen("::1", good.address.port) | catch(OSError, lambda error: listen("127.0.0.5"))
    yield from refusing.close()

    yield from fill_backlog(slow.address, opened)
    yield from fill_backlog(silent.address, opened)
    yield from group.fork(greet_each(good), name="good server")
    yield from group.fork(sleep(LATE).then(greet_each(slow)), name="slow server")
    return Host(silent=silent.address, slow=slow.address, good=good.address, refusing=refusing.address)


@do
def loopback(number: int, port: int, opened: ExitStack, *, backlog: int = 100) -> Do[Listener, OSError]:
    """Listen at 127.0.0.`number`; where a system has 127.0.0.1 only, at another port of that."""
    listener = yield from listen(f"127.0.0.{number}", port, backlog=backlog) | catch(
        OSError, lambda error: listen("127.0.0.1", backlog=backlog)
    )
    opened.callback(listener.endpoint.close)
    return listener


@do
def fill_backlog(address: Address, opened: ExitStack) -> Do[None, OSError]:
    """Connect to a listener that accepts nobody until the system does not answer for it any more."""
    while (filler := (yield from connect_address(address).move_on_after(SILENCE))) is not None:
        opened.callback(filler.endpoint.close)


@do
def greet_each(listener: Listener) -> Do[Never, OSError]:
    """Accept everybody, say hello and close."""
    while True:
        client = yield from listener.accept()
        yield from client.write(b"hello").or_else(unit).ensuring(client.close())

"""Connecting to the address of a host that answers first: happy eyeballs, RFC 8305."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from effio.algebra.combine import STAGGER, race_staggered
from effio.algebra.io import IO
from effio.data.duration import Seconds, seconds
from effio.net.address import Address, checked_port
from effio.net.resolver import interleaved, resolve
from effio.net.tcp import Connection, connect_address

Resolver: TypeAlias = Callable[[str, int], IO[Iterable[Address], OSError]]
Connector: TypeAlias = Callable[[Address], IO[Connection, OSError]]


def connect(
    host: str,
    port: int,
    /,
    *,
    delay: Seconds | None = STAGGER,
    resolver: Resolver = resolve,
    connector: Connector = connect_address,
) -> IO[Connection, OSError]:
    """Try the addresses of `host` in turn, each `delay` seconds after the one before; the first success wins.

    A failed attempt starts the next one at once. All other attempts are closed before this ends; if all fail,
    the error tree has an entry for each, under its address.
    """
    number = checked_port("connect", port)
    pause = seconds(STAGGER if delay is None else delay, "delay of connect")

    def race(addresses: Iterable[Address]) -> IO[Connection, OSError]:
        attempts = [connector(address).named(str(address)) for address in interleaved(addresses)]
        return race_staggered(attempts, pause, dispose=Connection.close)

    return resolver(host, number).flat_map(race)

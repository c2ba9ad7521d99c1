"""From a host name to addresses, and the order in which to try them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from itertools import zip_longest

from effio.algebra.lift import effect
from effio.net.address import Address


@effect(catches=OSError)
async def resolve(host: str, port: int) -> list[Address]:
    """Ask the system for the TCP addresses of `host`, in the order of its preference.

    Fails with `socket.gaierror`, an OSError. Cancelling leaves the look-up to its thread.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [Address(str(where[0]), int(where[1]), family=family) for family, *_, where in found]


def interleaved(addresses: Iterable[Address]) -> list[Address]:
    """Take one address of each family in turn, beginning with the family of the first (RFC 8305, section 4).

    Inside a family the order stays; duplicates are removed.
    """
    families: dict[socket.AddressFamily, list[Address]] = {}
    for address in dict.fromkeys(addresses):
        families.setdefault(address.family, []).append(address)
    rounds = zip_longest(*families.values())
    return [address for turn in rounds for address in turn if address is not None]

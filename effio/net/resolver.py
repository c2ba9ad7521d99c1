"""From a host name to addresses, and the order in which to try them."""

from __future__ import annotations

import socket
from asyncio import Future
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from threading import Thread
from typing import TypeVar

from effio.algebra.lift import effect
from effio.net.address import Address, address_of
from effio.net.tcp import event_loop

Found = TypeVar("Found")


@effect(catches=OSError)
async def resolve(host: str, port: int) -> list[Address]:
    """Ask the system for the TCP addresses of `host`, in the order of its preference.

    Fails with `socket.gaierror`, an OSError. Cancelling leaves the look-up to its thread, for which nobody waits.
    """
    return await in_daemon(partial(look_up, host, port))


def look_up(host: str, port: int) -> list[Address]:
    """Ask the system, and wait for its answer."""
    try:
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, f"{host!r} is no host name") from error
    return [address_of(where, family) for family, *_, where in found]


async def in_daemon(work: Callable[[], Found]) -> Found:
    """Call `work` in a thread of its own, which holds up neither the end of the loop nor that of the process."""
    loop = event_loop()
    answer: Future[Found] = loop.create_future()

    def answered() -> None:
        try:
            tell = partial(answer.set_result, work())
        except BaseException as error:
            tell = partial(answer.set_exception, error)
        with suppress(RuntimeError):  # The loop is closed.
            loop.call_soon_threadsafe(lambda: answer.done() or tell())

    Thread(target=answered, name="effio resolver", daemon=True).start()
    return await answer


def interleaved(addresses: Iterable[Address]) -> list[Address]:
    """Take one address of each family in turn, beginning with the family of the first (RFC 8305, section 4).

    Inside a family the order stays; duplicates are removed.
    """
    families: dict[socket.AddressFamily, list[Address]] = {}
    for address in dict.fromkeys(addresses):
        families.setdefault(address.family, []).append(address)
    rounds = zip_longest(*families.values())
    return [address for turn in rounds for address in turn if address is not None]

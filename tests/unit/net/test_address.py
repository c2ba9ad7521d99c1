"""Addresses, their order, and the system's resolver."""

from __future__ import annotations

import socket
import threading
from socket import AF_INET, AF_INET6, gaierror

import pytest

from effio import run, run_exit
from effio.interpreter.runtime import LoopFactory
from effio.net.address import Address
from effio.net.resolver import interleaved, resolve
from tests.unit.net.sockets import every_loop


def v4(last: int) -> Address:
    return Address(f"127.0.0.{last}", 80, family=AF_INET)


def v6(last: int) -> Address:
    return Address(f"fe80::{last}", 80, family=AF_INET6)


def test_address_is_printed_as_in_a_url() -> None:
    """The host of an IPv6 address stands in brackets."""
    assert [str(v4(1)), str(v6(1))] == ["127.0.0.1:80", "[fe80::1]:80"]


def test_families_alternate_from_the_first_one() -> None:
    """The family that the resolver prefers begins, each family keeps its order, the longer one ends."""
    given = [v6(1), v6(2), v4(1), v6(3), v4(2), v6(4)]
    assert interleaved(given) == [v6(1), v4(1), v6(2), v4(2), v6(3), v6(4)]


def test_duplicates_are_tried_once() -> None:
    """An address that the resolver gives twice counts where it came first."""
    assert interleaved([v4(1), v4(2), v4(1)]) == [v4(1), v4(2)]
    assert interleaved([]) == []


def test_numeric_host_resolves_to_itself() -> None:
    """A numeric host needs no name service."""
    assert run(resolve("127.0.0.1", 80)) == [v4(1)]


def test_unknown_host_is_a_typed_failure() -> None:
    """A name that nobody knows fails with the system's error."""
    (error,) = run_exit(resolve("nobody.invalid", 80)).failure().failures()
    assert isinstance(error, gaierror)


@pytest.mark.parametrize("host", ["a" * 64, "a..b"])
def test_what_is_no_host_name_is_a_typed_failure(host: str) -> None:
    """A name that cannot be encoded fails like one that nobody knows."""
    (error,) = run_exit(resolve(host, 80)).failure().failures()
    assert isinstance(error, gaierror)


def test_link_of_an_address_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An IPv6 address that counts on one link only names that, as connecting to it needs."""
    found = [(AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 80, 0, 3))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: found)
    assert run(resolve("near.test", 80)) == [Address("fe80::1%3", 80, family=AF_INET6)]


@every_loop
def test_run_does_not_wait_for_a_slow_resolver(monkeypatch: pytest.MonkeyPatch, loop_factory: LoopFactory) -> None:
    """A look-up that takes too long is let go: the whole run ends before there is an answer."""
    answer = threading.Event()
    ended: list[bool] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: ended.append(answer.wait(0.2)))
    assert run(resolve("slow.test", 80).move_on_after(0.001), loop_factory=loop_factory) is None
    assert ended == []
    answer.set()

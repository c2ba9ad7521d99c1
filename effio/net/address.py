"""Where a TCP server listens."""

from __future__ import annotations

from socket import AF_INET6, AddressFamily
from typing import Any, Final, final

import attrs

from effio.algebra import argument

HIGHEST_PORT: Final = 65_535


@final
@attrs.frozen
class Address:
    """A numeric host and a port, printed as URLs have them.

    >>> print(Address("127.0.0.1", 80, family=AddressFamily.AF_INET))
    127.0.0.1:80
    >>> print(Address("::1", 80, family=AF_INET6))
    [::1]:80
    """

    host: str
    port: int
    family: AddressFamily = attrs.field(kw_only=True)

    def __str__(self) -> str:
        host = f"[{self.host}]" if self.family == AF_INET6 else self.host
        return f"{host}:{self.port}"


def address_of(name: tuple[Any, ...], family: AddressFamily) -> Address:
    """The address that the system gives as a tuple, whose fourth part tells on which link an IPv6 address counts.

    >>> print(address_of(("fe80::1", 80, 0, 2), AF_INET6))
    [fe80::1%2]:80
    """
    host, port, *rest = name
    link = f"%{rest[1]}" if len(rest) > 1 and rest[1] else ""
    return Address(f"{host}{link}", int(port), family=family)


def checked_port(word: str, port: object) -> int:
    """Refuse what is no port: the system would take the rest of a division for it."""
    number = argument.count(word, "port", port, 0)
    if number > HIGHEST_PORT:
        raise ValueError(f"port of {word} must be at most {HIGHEST_PORT}, not {number}")
    return number

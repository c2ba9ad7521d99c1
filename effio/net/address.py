"""Where a TCP server listens."""

from __future__ import annotations

from socket import AF_INET6, AddressFamily
from typing import final

import attrs


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

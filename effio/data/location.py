"""What a failure knows about its surroundings: where it happened, and what its siblings did."""

from __future__ import annotations

from typing import Literal, final

import attrs

from effio.data.call_site import Site
from effio.data.identity import Path


@final
@attrs.frozen(str=False)
class Location:
    """A place in a running program: its path of names, its source line, its fiber.

    >>> from effio.data.origin import Origin
    >>> str(Location(Path.of("main", "fetch"), Origin("/shop/api.py", 41, "fetch")))
    'main > fetch · shop/api.py:41 in fetch'
    """

    path: Path | None = None
    origin: Site | None = None
    fiber: str = attrs.field(default="", kw_only=True)
    notes: tuple[str, ...] = attrs.field(default=(), kw_only=True)

    def __str__(self) -> str:
        known = [str(part) for part in (self.path, self.origin) if part is not None]
        return " · ".join(known) or self.fiber


@final
@attrs.frozen
class ChildReport:
    """How one of several parallel children ended, and after how many seconds."""

    label: str
    outcome: Literal["succeeded", "failed", "cancelled"]
    seconds: float | None = None

"""The demos by name: what each shows, and where its program is."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, final

import attrs


@final
@attrs.frozen
class Demo:
    """A program of this package as `module:function`, and what it shows."""

    program: str
    sentence: str
    waits: bool = attrs.field(default=True, kw_only=True)
    """Whether time passes only while it sleeps, so that a virtual clock can skip the time."""


DEMOS: Final = MappingProxyType(
    {
        "happy-eyeballs": Demo(
            "effio.demos.happy_eyeballs:main",
            "connect to the first of four addresses that answers, on real sockets",
            waits=False,
        ),
        "sleeper": Demo("effio.demos.sleeper:Main", "three naps at once, and which fiber runs when"),
        "gather": Demo("effio.demos.gather:main", "two tasks at once: both results, or the first failure"),
        "page": Demo("effio.demos.page:main", "the steps of a web page, shown before they run and then run"),
        "timeout": Demo("effio.demos.timeout:main", "programs without an end, and three ends", waits=False),
        "sum": Demo("effio.demos.sum:main", "two children return a half of a sum each"),
        "transaction": Demo(
            "effio.demos.transaction:main", "a web service hangs, so the database rolls back", waits=False
        ),
        "stuck": Demo(
            "effio.demos.stuck:main",
            "eight of ten workers are blocked: which, by what, since when",
            waits=False,
        ),
        "bank": Demo(
            "effio.demos.bank:main", "a race that loses money: found, shown, replayed, and mended for certain"
        ),
        "crawl": Demo("effio.demos.crawl:main", "a polite spider visits all pages of two web sites", waits=False),
        "chat": Demo("effio.demos.chat:main", "a chat server goes on while one of its handlers crashes", waits=False),
    }
)
"""In the order in which they are listed."""

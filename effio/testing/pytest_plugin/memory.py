"""What a test failed with, kept for its next session: by pytest, and by Hypothesis beside the failing example."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast, final

import pytest

CACHE: Final = "effio/failures/"
CUT: Final = "effio-explorations"


@final
class Memory:
    """The tokens that the searches of one test failed with, and how far a search came that was interrupted.

    `database` is that of the examples of a Hypothesis test, which may be shared with others, if it has one.
    """

    def __init__(self, item: pytest.Function) -> None:
        self.nodeid = item.nodeid
        self.cache: pytest.Cache | None = getattr(item.config, "cache", None)
        self.database: Any = database_of(item)

    @property
    def key(self) -> str:
        """The name of the test, for files of its own, since several processes may write."""
        return sha256(self.nodeid.encode()).hexdigest()[:16]

    @property
    def cut_path(self) -> Path | None:
        """The file that tells how far the exploration of the test came when it was interrupted."""
        return None if self.cache is None else self.cache.mkdir(CUT) / f"{self.key}.json"

    def recall(self, name: str) -> list[str]:
        """The tokens that a search failed with the last time, here or where the examples come from."""
        return list(dict.fromkeys([*self.cached(name), *self.beside_examples(name)]))

    def keep(self, name: str, tokens: list[str]) -> None:
        """Keep the tokens of failures for the next time, and forget all others."""
        if self.cache is not None and self.cached(name) != tokens:
            self.cache.set(f"{CACHE}{self.key}-{name}", tokens)
        database = self.database
        if database is None:
            return
        for token in set(self.beside_examples(name)).symmetric_difference(tokens):
            change = database.save if token in tokens else database.delete
            change(self.database_key(name), token.encode())

    def cached(self, name: str) -> list[str]:
        """The tokens in pytest's cache."""
        if self.cache is None:
            return []
        key = f"{CACHE}{self.key}-{name}"
        return cast("list[str]", self.cache.get(key, []))  # pyright: ignore[reportUnknownMemberType]  # untyped

    def beside_examples(self, name: str) -> list[str]:
        """The tokens in Hypothesis's database."""
        if self.database is None:
            return []
        return sorted(token.decode() for token in self.database.fetch(self.database_key(name)))

    def database_key(self, name: str) -> bytes:
        """Where the tokens of a search are in Hypothesis's database."""
        return f"effio {name} {self.nodeid}".encode()


def database_of(item: pytest.Function) -> Any:
    """Where Hypothesis keeps the failing examples of a test; None for a test of another kind."""
    test: Any = item.obj
    if not hasattr(test, "hypothesis"):
        return None
    settings = getattr(test, "_hypothesis_internal_use_settings", None) or sys.modules["hypothesis"].settings()
    return settings.database

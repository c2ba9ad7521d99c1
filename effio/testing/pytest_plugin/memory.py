"""What a test failed with, kept for its next session: in a file, and by Hypothesis beside the failing example."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, final

import pytest

from effio.testing.exploration.schedules.token import Token

FAILURES: Final = Path(".effio", "failures")
CUT: Final = Path(".effio", "explorations")
IGNORED: Final = "# Remove this file to have others try the failing schedules first too.\n*\n"


@final
class Memory:
    """The tokens that the searches of one test failed with, and how far a search came that was interrupted.

    Each test has files of its own, since several processes may write. A session without pytest's cache keeps nothing.
    `database` is that of the examples of a Hypothesis test, which may be shared with others, if it has one.
    """

    def __init__(self, item: pytest.Function) -> None:
        self.nodeid = item.nodeid
        self.root = item.config.rootpath if item.config.pluginmanager.hasplugin("cacheprovider") else None
        self.database: Any = database_of(item)

    def path(self, folder: Path) -> Path | None:
        """The file of the test in a folder."""
        name = sha256(self.nodeid.encode()).hexdigest()[:16]
        return None if self.root is None else self.root / folder / f"{name}.json"

    @property
    def cut_path(self) -> Path | None:
        """The file that tells how far the exploration of the test came when it was interrupted."""
        return self.path(CUT)

    def recall(self, name: str) -> list[str]:
        """The tokens that a search failed with the last time, here or where the examples come from."""
        tokens = dict.fromkeys([*self.failures().get(name, ()), *self.beside_examples(name)])
        return [token for token in tokens if is_token(token)]

    def keep(self, name: str, tokens: list[str]) -> None:
        """Keep the tokens of failures for the next time, and forget all others."""
        self.write({**self.failures(), name: tokens})
        database = self.database
        if database is None:
            return
        for token in set(self.beside_examples(name)).symmetric_difference(tokens):
            change = database.save if token in tokens else database.delete
            change(self.database_key(name), token.encode())

    def failures(self) -> dict[str, list[str]]:
        """The tokens in the file, by the name of the search; none if somebody has written something else into it."""
        path = self.path(FAILURES)
        try:
            known: Any = {} if path is None else json.loads(path.read_text(encoding="utf-8"))["failures"]
            return {str(name): [str(token) for token in tokens] for name, tokens in known.items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return {}

    def write(self, failures: dict[str, list[str]]) -> None:
        """Write the tokens into the file, which is there only while there are some."""
        path = self.path(FAILURES)
        if path is None or failures == self.failures():
            return
        if any(failures.values()):
            prepared(path.parent)
            path.write_text(json.dumps({"test": self.nodeid, "failures": failures}, indent=1), encoding="utf-8")
        else:
            path.unlink(missing_ok=True)

    def beside_examples(self, name: str) -> list[str]:
        """The tokens in Hypothesis's database."""
        if self.database is None:
            return []
        return sorted(token.decode() for token in self.database.fetch(self.database_key(name)))

    def database_key(self, name: str) -> bytes:
        """Where the tokens of a search are in Hypothesis's database."""
        return f"effio {name} {self.nodeid}".encode()


def is_token(text: str) -> bool:
    """Whether a text is a token, and not of another version of effio."""
    try:
        Token.parse(text)
    except ValueError:
        return False
    return True


def prepared(folder: Path) -> Path:
    """Make a folder for files that are nobody else's business."""
    folder.mkdir(parents=True, exist_ok=True)
    ignoring = folder / ".gitignore"
    if not ignoring.exists():
        ignoring.write_text(IGNORED, encoding="utf-8")
    return folder


def database_of(item: pytest.Function) -> Any:
    """Where Hypothesis keeps the failing examples of a test; None for a test of another kind."""
    test: Any = item.obj
    if not hasattr(test, "hypothesis"):
        return None
    settings = getattr(test, "_hypothesis_internal_use_settings", None) or sys.modules["hypothesis"].settings()
    return settings.database

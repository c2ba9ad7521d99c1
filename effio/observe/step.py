"""One step of a program that has not run: what it is, where it stands in the tree, where its function was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, final

import attrs

from effio.data.call_site import CallSite
from effio.data.origin import Origin, origin_of
from effio.data.source_text import is_users

Kind: TypeAlias = Literal[
    "value",
    "call",
    "await",
    "wait",
    "failure",
    "function",
    "sequence",
    "choice",
    "parallel",
    "race",
    "group",
    "fork",
    "named",
    "scope",
    "timeout",
    "shield",
    "bracket",
    "finalizer",
    "handler",
    "again",
    "step",
]
"""What a step does to what is inside it; "function" is code that is called with the value so far."""

OnError: TypeAlias = Literal[
    "passes",
    "changes",
    "finalizes",
    "retries",
    "cancels siblings",
    "waits for siblings",
    "needs all",
    "may handle",
    "handles",
]
"""What a step does with the typed error of a step inside it."""

EFFECTS: Final[Mapping[OnError, tuple[str, str]]] = {
    "passes": ("lets it pass", ""),
    "changes": ("changes it", ", with {}"),
    "finalizes": ("runs its finalizer first", ": {}"),
    "retries": ("tries again", ""),
    "cancels siblings": ("cancels what runs beside it", ": {}"),
    "waits for siblings": ("waits for what runs beside it", ": {}"),
    "needs all": ("fails only if all fail", ": {} too"),
    "may handle": ("may handle it", ", with {}"),
    "handles": ("handles it", ", with {}"),
}
"""What each step does with an error, and what is said if names are known."""

TOGETHER: Final[frozenset[Kind]] = frozenset({"parallel", "race"})
"""The kinds whose branches of one stage run at the same time; of any other kind at most one of them runs."""


@final
@attrs.frozen(eq=False, repr=False)
class Step:
    """A step of a `Plan`.

    Steps with the same `parent` and `branch` run one after another, in the order of their numbers. The branches of
    a parent begin when those of its earlier stages have ended.
    """

    number: int
    """Counted from 1 in the order in which the program was written: a step before what is inside it."""
    word: str
    """What the user wrote to make it."""
    kind: Kind = attrs.field(kw_only=True)
    text: str = attrs.field(kw_only=True)
    """The word with its arguments, in one line."""
    name: str = attrs.field(default="", kw_only=True)
    """The name it was given, otherwise that of its function."""
    is_named: bool = attrs.field(default=False, kw_only=True)
    """Whether the name was given."""
    role: str = attrs.field(default="", kw_only=True)
    """What its branch is to its parent, for example "on error"."""
    parent: int | None = attrs.field(default=None, kw_only=True)
    branch: int = attrs.field(default=0, kw_only=True)
    stage: int = attrs.field(default=0, kw_only=True)
    opaque: bool = attrs.field(default=False, kw_only=True)
    """Whether it runs a program that nobody knows before it runs."""
    times: int = attrs.field(default=1, kw_only=True)
    """How many times its branch runs: once for each item."""
    limit: int | None = attrs.field(default=None, kw_only=True)
    """How many of its branches may run at the same time; None: all."""
    on_error: OnError = attrs.field(default="passes", kw_only=True)
    _code: Any = attrs.field(default=None, kw_only=True)

    @property
    def origin(self) -> Origin | None:
        """Where the user wrote its function, or the step itself, if that is known; looked up anew each time."""
        found = self._code.origin() if isinstance(self._code, CallSite) else origin_of(self._code)
        return None if found is None or not is_users(found) else found

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Step {self.number}: {self.text}>"

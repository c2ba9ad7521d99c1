"""Where in the program's tree something happened: a path of labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import attrs

SHOWN_AT_EACH_END = 8


@final
@attrs.frozen(eq=False, repr=False, str=False)
class Path:
    """A chain of labels from the root of a program down to one of its nodes.

    A child shares its parent, so extending a path costs one small object.

    >>> Path(Path(None, "main"), "fetch")
    Path('main > fetch')
    """

    parent: Path | None
    label: str

    @classmethod
    def of(cls, first: str, *rest: str) -> Path:
        """Build the path whose labels are given outermost first."""
        path = cls(None, first)
        for label in rest:
            path = cls(path, label)
        return path

    @property
    def names(self) -> tuple[str, ...]:
        """All labels, outermost first."""
        inward: list[str] = []
        path: Path | None = self
        while path is not None:
            inward.append(path.label)
            path = path.parent
        return tuple(reversed(inward))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Path):
            return NotImplemented
        return self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)

    def __str__(self) -> str:
        names = self.names
        omitted = len(names) - 2 * SHOWN_AT_EACH_END
        if omitted > 1:
            gap = f"… {omitted} more …"
            names = (*names[:SHOWN_AT_EACH_END], gap, *names[-SHOWN_AT_EACH_END:])
        return " > ".join(names)

    def __repr__(self) -> str:
        return f"Path({str(self)!r})"

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return (Path.of, self.names)

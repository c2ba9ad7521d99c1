"""The names of many paths that share their beginnings; of a long one the first and the last names."""

from __future__ import annotations

from typing import TypeAlias, final

from effio.data.identity import SHOWN_AT_EACH_END, Path

Ends: TypeAlias = tuple[int, tuple[str, ...], tuple[str, ...]]
"""How many names there are, the first ones, and the last ones of the rest."""


@final
class ShortPaths:
    """Gives the names of one path after another. Cost: constant for each, where what is around it was asked for."""

    def __init__(self) -> None:
        self._known: dict[int, Ends] = {}

    def names(self, path: Path | None) -> tuple[str, ...]:
        """Give its names, outermost first, and how many are left out.

        >>> ShortPaths().names(Path.of("main", "fetch"))
        ('main', 'fetch')
        """
        count, first, last = self._ends(path)
        omitted = count - len(first) - len(last)
        return (*first, f"… {omitted} more …", *last) if omitted else (*first, *last)

    def _ends(self, path: Path | None) -> Ends:
        inward: list[Path] = []
        while path is not None and id(path) not in self._known:
            inward.append(path)
            path = path.parent
        ends: Ends = (0, (), ()) if path is None else self._known[id(path)]
        for inner in reversed(inward):
            count, first, last = ends
            if count < SHOWN_AT_EACH_END:
                ends = (count + 1, (*first, inner.label), last)
            else:
                ends = (count + 1, first, (*last, inner.label)[-SHOWN_AT_EACH_END:])
            self._known[id(inner)] = ends
        return ends

"""What runs came to: which fibers did what, and what came true that should sometimes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import final

import attrs

from effio.testing.exploration.report import shortened
from effio.testing.exploration.steps.journal import Event


@final
@attrs.frozen
class Coverage:
    """What a run came to.

    `actions` counts, for each thing that was done, how often each fiber did it: what the trace says, without arguments.
    `sometimes` tells of each property that should hold sometimes, and of each fault, whether it came.
    """

    actions: Mapping[str, Mapping[str, int]]
    sometimes: Mapping[str, bool]

    @property
    def missed(self) -> tuple[str, ...]:
        """What should have come sometimes and did not."""
        return tuple(name for name, seen in self.sometimes.items() if not seen)

    def plus(self, other: Coverage) -> Coverage:
        """What both runs came to together."""
        actions = {what: Counter(fibers) for what, fibers in self.actions.items()}
        for what, fibers in other.actions.items():
            actions[what] = actions.get(what, Counter()) + Counter(fibers)
        seen = {name: self.sometimes.get(name, False) or came for name, came in other.sometimes.items()}
        return Coverage(actions, {**self.sometimes, **seen})

    def render(self) -> str:
        """Draw a table, a row for each thing that was done and a column for each fiber, then what came true."""
        fibers = list(dict.fromkeys(fiber for counts in self.actions.values() for fiber in counts))
        head = ["", *map(shortened, fibers)]
        rows = [
            [shortened(what), *(str(counts.get(fiber, "")) for fiber in fibers)]
            for what, counts in self.actions.items()
        ]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        lines = [" | ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows)]
        lines += [f"{'came' if came else 'never came'}: {name}" for name, came in self.sometimes.items()]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


def coverage_of(events: Iterable[Event], sometimes: Mapping[str, bool]) -> Coverage:
    """What a run came to, by its trace."""
    actions: dict[str, Counter[str]] = {}
    for event in events:
        what = event.text.partition("(")[0].rstrip()
        actions.setdefault(what, Counter())[event.fiber] += 1
    return Coverage(actions, sometimes)

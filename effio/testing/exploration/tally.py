"""What came of an exploration so far, in numbers and findings."""

from __future__ import annotations

from collections import Counter
from typing import final

import attrs

from effio.testing.exploration.checkpoint import State
from effio.testing.exploration.finding import Finding
from effio.testing.exploration.schedules.search import Counts
from effio.testing.exploration.schedules.system import Clash


@final
@attrs.define
class Tally:
    """What came of one system, or of several.

    `spinning` are the names of those that went on in schedules cut, `clashes` counts the races by what they are for.
    """

    counts: Counts = attrs.field(factory=Counts)
    spread: Counter[int] = attrs.field(factory=Counter[int])
    found: list[Finding] = attrs.field(factory=list[Finding])
    spinning: set[str] = attrs.field(factory=set[str])
    clashes: Counter[Clash] = attrs.field(factory=Counter[Clash])

    def plus(self, other: Tally) -> Tally:
        """What came of both."""
        sums = {name: count + getattr(other.counts, name) for name, count in attrs.asdict(self.counts).items()}
        return Tally(
            Counts(**sums),
            self.spread + other.spread,
            self.found + other.found,
            self.spinning | other.spinning,
            self.clashes + other.clashes,
        )

    def plain(self) -> State:
        """As JSON can hold it, the findings as their tokens."""
        return {
            "counts": attrs.asdict(self.counts),
            "spread": sorted(self.spread.items()),
            "found": [finding.token for finding in self.found],
            "spinning": sorted(self.spinning),
            "clashes": [[*clash, races] for clash, races in sorted(self.clashes.items())],
        }

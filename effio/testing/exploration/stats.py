"""What an exploration did, in numbers: how many schedules, what their races were for, and how many may be left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, final

import attrs

from effio.testing.exploration.schedules.search import Counts, Node, Search
from effio.testing.exploration.schedules.system import Clash

HOTTEST: Final = 3
"""So many of the things that are raced for are named."""

MOST: Final = 0.5
"""From this share of the races on, calls that say nothing of what they touch are spoken of."""

MANY: Final = 200
"""From so many schedules on it is worth while to have fewer."""


@final
@attrs.frozen
class Hotspot:
    """What so many `races` are for: a shared object as traces call it, or calls by the lines of their functions.

    Calls are `opaque`: they do not say what they touch.
    """

    what: str
    races: int
    opaque: bool = False

    def __str__(self) -> str:
        return f"{self.what} ({self.races})"


@final
@attrs.frozen
class Stats:
    """What an exploration did.

    `redundant` runs were given up because others cover them; `sampled` were chosen by chance; `cut` were too long;
    `postponed` need more preemptions than allowed; `planned` are known and not yet run. `by_preemptions` counts the
    complete ones, with a bound by the fewest that an equivalent one needs. `remaining` is an estimate of how many are
    still to come, 0 if none is, None where there is nothing to go by; it is too low while the search is young.
    `hottest` are the things that most of the `races` are for; `opaque_races` are those between calls that do not say
    what they touch.
    """

    complete: int
    redundant: int
    sampled: int
    cut: int
    postponed: int
    planned: int
    steps: int
    repeated_steps: int
    races: int
    restarts: int
    seconds: float
    by_preemptions: Mapping[int, int]
    hottest: tuple[Hotspot, ...] = attrs.field(default=(), kw_only=True)
    opaque_races: int = attrs.field(default=0, kw_only=True)
    remaining: int | None = attrs.field(default=None, kw_only=True)

    @property
    def opaque_share(self) -> float:
        """The share of the races that are between calls which do not say what they touch."""
        return self.opaque_races / self.races if self.races else 0.0

    def advice(self) -> str | None:
        """How to have fewer schedules, if there are many because of calls that do not say what they touch."""
        if self.opaque_share < MOST or not (self.planned or self.complete >= MANY):
            return None
        hottest = ", ".join(str(spot) for spot in self.hottest if spot.opaque)
        share = f"{100 * self.opaque_share:.0f} % of {counted(self.races, 'race')}"
        return (
            f"{share} are between two calls that say nothing of what they touch, the hottest: {hottest}; "
            f"keep what they share in a Ref, or say with touches= what they touch"
        )

    def outlook(self) -> str | None:
        """How many schedules are still to come, as far as one can tell."""
        if not self.planned:
            return None
        known = f"{self.planned} more planned"
        return known if self.remaining is None else f"{known}, about {self.remaining} to come by a low estimate"

    def __str__(self) -> str:
        rate = (self.complete + self.redundant + self.sampled) / self.seconds if self.seconds else 0.0
        spread = ", ".join(f"{count} with {many}" for many, count in sorted(self.by_preemptions.items()))
        advice = self.advice()
        hottest = "" if advice or not self.hottest else f", most for {', '.join(map(str, self.hottest))}"
        parts = [
            f"{counted(self.complete, 'schedule')} by preemptions: {spread or 'none'}",
            f"{self.redundant} redundant, {self.sampled} sampled, {self.races} races{hottest}",
            self.outlook(),
            f"{rate:.0f} runs/s",
            advice,
        ]
        return "; ".join(part for part in parts if part)


def counted(many: int, what: str) -> str:
    """A number of things."""
    return f"{many} {what if many == 1 else what + 's'}"


def hottest(clashes: Counter[Clash]) -> tuple[Hotspot, ...]:
    """What most races are for, the most frequent first, then by name."""
    ranked = sorted(clashes.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Hotspot(what, races, opaque) for (what, opaque), races in ranked[:HOTTEST])


def stats_of(
    counts: Counts,
    spread: Counter[int],
    clashes: Counter[Clash],
    *,
    planned: int,
    remaining: int | None,
    seconds: float,
) -> Stats:
    """What was done so far."""
    return Stats(
        complete=counts.complete,
        redundant=counts.redundant,
        sampled=counts.sampled,
        cut=counts.cut,
        postponed=counts.postponed,
        planned=planned,
        steps=counts.steps,
        repeated_steps=counts.repeated,
        races=counts.races,
        restarts=counts.restarts,
        seconds=seconds,
        by_preemptions=dict(spread),
        hottest=hottest(clashes),
        opaque_races=sum(races for (_, opaque), races in clashes.items() if opaque),
        remaining=remaining,
    )


# -- What is left --------------------------------------------------------------------------------------------


def next_ones(search: Search) -> str:
    """What is known of the schedules that come next: how the simplest of those planned begins."""
    branches = search.branches
    least = branches[0][0] if branches else 0
    return f"; the {len(branches)} planned so far begin with {counted(least, 'preemption')} or more" if least else ""


def estimate(search: Search) -> int:
    """About how many schedules a search has still to run: those that it ran, by their share of the tree of all runs.

    Each way to go on from a state counts as an equal share of it, as if the known ways were all there are and what is
    left were like what was seen: the weighted backtrack estimator (Kilby, Slaney, Thiebaux, Walsh: "Estimating Search
    Tree Size", AAAI 2006, after Knuth 1975). Runs that are still to come show more ways, so the figure is low.
    """
    shares: dict[Node, float] = {}
    left = sum(share_of_way(branch[4], shares) for branch in search.branches)
    return max(len(search.branches), round(search.counts.complete * left / max(1 - left, 1e-9)))


def share_of_way(node: Node, shares: dict[Node, float]) -> float:
    """What share of the tree of runs lies behind one way to go on from a state; `shares` are those of known states."""
    path: list[Node] = []
    state: Node | None = node
    while state is not None and state not in shares:
        path.append(state)
        state = state.parent
    for state in reversed(path):
        above = state.parent
        shares[state] = 1.0 if above is None else shares[above] / ways_from(above)
    return shares[node] / ways_from(node)


def ways_from(node: Node) -> int:
    """How many ways to go on from a state were gone or will be."""
    return max(node.planned.bit_count(), 1)

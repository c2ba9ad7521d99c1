"""Fibers that run the same program beside each other: it is enough to see them begin in one order."""

from __future__ import annotations

from typing import Any, final

from effio.interpreter.fiber import Fiber
from effio.testing.exploration.steps.picture import Painter


@final
class Twins:
    """The fibers of one run that nobody can tell apart: of those that wait together, the first forked acts first.

    `behind` are those that must not act yet. Any other order becomes one of these if the fibers change names, so a
    check that treats them alike says the same of both.
    """

    __slots__ = ("behind", "followers", "youngest")

    def __init__(self) -> None:
        self.behind: set[Fiber] = set()
        self.followers: dict[Fiber, Fiber] = {}
        self.youngest: dict[Any, Fiber] = {}

    def born(self, fiber: Fiber) -> None:
        """A fiber was forked beside others: it stays behind the last one that runs the same program."""
        looks = fiber.family, Painter(inside=False).of(fiber.node)
        elder = self.youngest.get(looks)
        if elder is not None:
            self.followers[elder] = fiber
            self.behind.add(fiber)
        self.youngest[looks] = fiber

    def acted(self, fiber: Fiber) -> Fiber | None:
        """A fiber acts or ends: give the one that may follow from now on."""
        follower = self.followers.pop(fiber, None)
        if follower is not None:
            self.behind.discard(follower)
        return follower

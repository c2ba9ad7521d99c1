"""Which step made which wait possible: the n-th thing taken is the n-th that was there or was given."""

from __future__ import annotations

from math import inf
from typing import Any, TypeAlias, final

from effio.data.touch import Touch, Touches

Part: TypeAlias = tuple[int, str]


@final
class Deal:
    """What touches come to: the parts that something is given to, that are written, that are awaited.

    With each part from which something is `taken` goes how much was there at the beginning.
    """

    __slots__ = ("awaited", "given", "taken", "touches", "written")

    def __init__(self, touches: tuple[Touch, ...]) -> None:
        self.touches = touches
        self.given: list[Part] = []
        self.written: list[Part] = []
        self.awaited: list[Part] = []
        self.taken: list[tuple[Part, int]] = []
        for touch in touches:
            part = (id(touch.object), touch.part)
            mode: str = touch.mode
            if mode == "give":
                self.given.append(part)
            elif mode == "write":
                self.written.append(part)
            elif mode == "await":
                self.awaited.append(part)
            elif mode == "take" and touch.amount != inf:
                self.taken.append((part, int(touch.amount)))


@final
class Exchanges:
    """The gives and takes of one run, part by part, and the step that wrote each part last.

    `offers` are those gives that may still be taken back. `deals` are those of touches that stay as they are.
    """

    __slots__ = ("deals", "gives", "offers", "taken", "writers")

    def __init__(self) -> None:
        self.deals: dict[int, Deal] = {}
        self.gives: dict[Part, list[int]] = {}
        self.taken: dict[Part, int] = {}
        self.writers: dict[Part, int] = {}
        self.offers: dict[Any, tuple[int, Deal]] = {}

    def deal(self, touches: Touches) -> Deal:
        """What touches, or what they are now, come to."""
        deal = self.deals.get(id(touches))
        if deal is None:
            if callable(touches):
                return Deal(touches())
            deal = self.deals[id(touches)] = Deal(touches)
        return deal

    def give(self, deal: Deal, step: int) -> None:
        """A step that may give or write is about to be taken."""
        for part in deal.given:
            self.gives.setdefault(part, []).append(step)
        for part in deal.written:
            self.writers[part] = step

    def offer(self, giver: Any, deal: Deal, step: int) -> None:
        """The same, if the giver may have to wait for it to be accepted."""
        self.offers[giver] = (step, deal)
        self.give(deal, step)

    def take(self, deal: Deal, enablers: list[int]) -> None:
        """Add the steps that gave what is taken now, or wrote what was awaited, to the enablers of a step."""
        for part in deal.awaited:
            if part in self.writers:
                enablers.append(self.writers[part])
        for part, amount in deal.taken:
            taken = self.taken.get(part, 0)
            self.taken[part] = taken + 1
            gives = self.gives.get(part)
            if gives is not None and amount <= taken < amount + len(gives):
                enablers.append(gives[taken - amount])

    def withdraw(self, giver: Any) -> None:
        """What was offered last by `giver`, who waited for it to be accepted, is taken back."""
        offer = self.offers.pop(giver, None)
        if offer is not None:
            step, deal = offer
            for part in deal.given:
                self.gives[part].remove(step)

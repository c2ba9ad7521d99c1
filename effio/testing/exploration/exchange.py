"""Which step made which wait possible: the n-th thing taken is the n-th that was there or was given."""

from __future__ import annotations

from typing import Any, TypeAlias, final

from effio.data.touch import Touch

Part: TypeAlias = tuple[int, str]


@final
class Exchanges:
    """The gives and takes of one run, part by part, and the step that wrote each part last.

    `offers` are those gives that may still be taken back.
    """

    __slots__ = ("gives", "offers", "taken", "writers")

    def __init__(self) -> None:
        self.gives: dict[Part, list[int]] = {}
        self.taken: dict[Part, int] = {}
        self.writers: dict[Part, int] = {}
        self.offers: dict[Any, tuple[int, tuple[Touch, ...]]] = {}

    def give(self, giver: Any, touches: tuple[Touch, ...], step: int) -> None:
        """A step that may give or write is about to be taken."""
        self.offers[giver] = (step, touches)
        for touch in touches:
            if touch.mode == "give":
                self.gives.setdefault((id(touch.object), touch.part), []).append(step)
            elif touch.mode == "write":
                self.writers[id(touch.object), touch.part] = step

    def take(self, touches: tuple[Touch, ...]) -> list[int]:
        """The steps that gave what is taken now, or wrote what was awaited."""
        givers: list[int] = []
        for touch in touches:
            part = (id(touch.object), touch.part)
            mode: str = touch.mode
            if mode == "await" and part in self.writers:
                givers.append(self.writers[part])
            if mode != "take":
                continue
            taken = self.taken.get(part, 0)
            self.taken[part] = taken + 1
            gives = self.gives.get(part, ())
            if touch.amount <= taken < touch.amount + len(gives):
                givers.append(gives[taken - int(touch.amount)])
        return givers

    def withdraw(self, giver: Any) -> None:
        """What was offered last by `giver`, who waited for it to be accepted, is taken back."""
        step, touches = self.offers.pop(giver, (-1, ()))
        for touch in touches:
            if touch.mode == "give":
                self.gives[id(touch.object), touch.part].remove(step)

"""Schedules by chance that begin where few have been: for bugs that take many preemptions, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Final, final
from zlib import crc32

import attrs

from effio.testing.exploration.schedules.system import Run

LOOKS: Final = 16
"""So many steps beyond its scene a run looks for new ones; after that it only goes on to its end."""

DRAWN: Final = 8
"""Of so many scenes drawn by chance, a run begins at the one that was begun at least often."""

MOST: Final = 20_000
"""So many scenes are remembered."""


@attrs.define
class Scene:
    """The shortest way to a scene that a run has gone, and how many runs began there since."""

    threads: tuple[int, ...]
    begun: int = 0


@final
class Frontier:
    """The scenes that random runs of a program came to: what everybody was about to do, whoever it was.

    To go back to one that few have gone on from, and to go on from there by chance, reaches what a walk from the
    beginning does not (Ecoffet, Huizinga, Lehman, Stanley, Clune: "First return, then explore", Nature 590, 2021).
    """

    def __init__(self, rows: Iterable[Sequence[Any]] = ()) -> None:
        self.scenes = {name: Scene(tuple(threads), begun) for name, threads, begun in rows}
        self.names = [*self.scenes]

    def begin(self, chance: Random) -> tuple[int, ...]:
        """Choose a scene to begin at, and tell how to come there."""
        if not self.names:
            return ()
        drawn = [self.scenes[chance.choice(self.names)] for _ in range(DRAWN)]
        scene = min(drawn, key=lambda scene: scene.begun)
        scene.begun += 1
        return scene.threads

    def note(self, scene: str, threads: Sequence[int]) -> None:
        """A run has come to a scene: from there most is still to come if it was early."""
        name = crc32(scene.encode())
        known = self.scenes.get(name)
        if known is not None:
            known.threads = min(known.threads, tuple(threads), key=len)
        elif len(self.names) < MOST:
            self.scenes[name] = Scene(tuple(threads))
            self.names.append(name)

    def plain(self) -> list[list[Any]]:
        """As JSON can hold it."""
        return [[name, list(scene.threads), scene.begun] for name, scene in self.scenes.items()]


@final
class Settler:
    """Goes to a scene at the frontier, a few steps further by chance, looking around, and then on to the end."""

    def __init__(self, frontier: Frontier, chance: Random) -> None:
        self.frontier = frontier
        self.chance = chance
        self.way = frontier.begin(chance)
        self.looks = LOOKS
        self.taken: list[int] = []

    def choose(self, run: Run, ready: Sequence[int]) -> int:
        thread = self.known(ready)
        if thread is None:
            if self.looks and len(ready) > 1:
                self.looks -= 1
                self.frontier.note(run.scene(), self.taken)
            thread = self.chance.choice(ready)
        self.taken.append(thread)
        return thread

    def known(self, ready: Sequence[int]) -> int | None:
        """Who comes next on the way to the scene, if it is not reached yet and there still is that way."""
        step = len(self.taken)
        return self.way[step] if step < len(self.way) and self.way[step] in ready else None

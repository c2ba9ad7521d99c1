"""What the fibers of a run do at one moment: a text for people, the parts it is made of, and who waits in a circle."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias, cast, final

import attrs

FORMAT: Final = "effio.fibers"
VERSION: Final = 1

Doing: TypeAlias = Literal["ready", "running", "waiting"]


@final
@attrs.frozen
class ProgressState:
    """How far a part of a program is."""

    label: str
    done: float
    total: float | None

    @property
    def share(self) -> float | None:
        """How much of it is done, from 0 to 1, if the total is known; of nothing, all."""
        if self.total is None:
            return None
        return min(1.0, max(0.0, self.done / self.total)) if self.total else 1.0

    def __str__(self) -> str:
        if self.total is None:
            return f"{self.label} {self.done:g}"
        return f"{self.label} {self.done:g}/{self.total:g} ({self.share:.0%})"


@final
@attrs.frozen(kw_only=True)
class FiberState:
    """One fiber; times are in seconds.

    `depth` counts the fibers around it. `deadline` is how much time it has left, `cancelled` who asked it to stop,
    `source` the user's line that it is at. `waits_for` are those fibers, by their place in the dump, of which one,
    or every one if `needs_all`, must go on before it can.
    """

    name: str
    path: tuple[str, ...]
    depth: int
    state: Doing
    age: float
    wait: str | None = None
    waited: float = 0.0
    deadline: float | None = None
    shielded: bool = False
    cancelled: str | None = None
    source: str | None = None
    progress: ProgressState | None = None
    waits_for: tuple[int, ...] = ()
    needs_all: bool = False

    @property
    def part(self) -> str:
        """The named parts of its program that it is in, outermost first; empty outside of any."""
        names = list(reversed(self.path))
        inside = names[: names.index(self.name)] if self.name in names else []
        return " > ".join(reversed(inside))

    def stuck(self, known: str = "") -> str:
        """What it waits for, what else is `known` of that, and where it is."""
        parts = [f"fiber {self.name!r} waits for {self.wait}", known, self.source]
        return " · ".join(part for part in parts if part)

    def __str__(self) -> str:
        known = [f"{self.name}: {self.state}"]
        if self.wait is not None:
            known = [f"{self.name}: waits for {self.wait}, for {self.waited:.2f} s"]
            if self.age - self.waited >= 0.01:
                known.append(f"age {self.age:.2f} s")
        known += [f"in {self.part}"] if self.part else []
        known += [] if self.progress is None else [str(self.progress)]
        known += [] if self.deadline is None else [f"deadline in {self.deadline:.2f} s"]
        known += ["shielded"] if self.shielded else []
        known += [text for text in (self.cancelled, self.source) if text is not None]
        return " · ".join(known)


@final
class FiberDump(str):
    """A dump as text, a line for each fiber below the one that forked it; a circle of waits comes first.

    `fibers` are its parts, `deadlock` the names of those that wait in a circle.
    """

    fibers: tuple[FiberState, ...]
    deadlock: tuple[str, ...]

    def __new__(cls, fibers: Sequence[FiberState]) -> FiberDump:
        circle = [fibers[index].name for index in circle_in(fibers)]
        lines = [f"deadlock: {' waits for '.join([*circle, circle[0]])}"] if circle else []
        dump = super().__new__(cls, "\n".join([*lines, *(f"{'  ' * fiber.depth}{fiber}" for fiber in fibers)]))
        dump.fibers = tuple(fibers)
        dump.deadlock = tuple(circle)
        return dump

    def standstill(self, known: Sequence[str] = ()) -> tuple[str, ...]:
        """What each waiting fiber waits for, if nothing can ever go on: the circle first, who is merely behind it last.

        `known` is what else there is to say of each fiber.
        """
        circle = circle_in(self.fibers)
        alone = [index for index, fiber in enumerate(self.fibers) if fiber.wait is not None and not fiber.waits_for]
        first = [*circle, *alone]
        behind = [index for index, fiber in enumerate(self.fibers) if fiber.wait is not None and index not in first]
        details = [*known, *[""] * len(self.fibers)]
        return (
            *(self.fibers[index].stuck(details[index]) for index in first),
            *(f"behind: {self.fibers[index].stuck(details[index])}" for index in behind),
        )

    def to_json(self) -> str:
        """Write it for other programs; `waits_for` counts the fibers from 0."""
        fibers = [attrs.asdict(fiber) for fiber in self.fibers]
        return json.dumps({"format": FORMAT, "version": VERSION, "deadlock": self.deadlock, "fibers": fibers})

    @staticmethod
    def from_json(text: str, /) -> FiberDump:
        """Read what `to_json` wrote. Raises ValueError if the text is something else."""
        read = cast("dict[str, Any]", json.loads(text))
        if not isinstance(cast("object", read), dict) or (read.get("format"), read.get("version")) != (FORMAT, VERSION):
            raise ValueError(f"this is no JSON of the format {FORMAT!r}, version {VERSION}")
        return FiberDump([state_from(fiber) for fiber in read["fibers"]])

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.fibers,))


def state_from(read: dict[str, Any]) -> FiberState:
    """Make a fiber's state of its JSON."""
    fields = dict(read)
    fields["path"] = tuple(read["path"])
    fields["waits_for"] = tuple(read["waits_for"])
    fields["progress"] = None if read["progress"] is None else ProgressState(**read["progress"])
    return FiberState(**fields)


# -- Deadlock ----


def circle_in(fibers: Sequence[FiberState]) -> list[int]:
    """Find fibers that wait for each other so that none can ever go on; empty if there are none."""
    stuck = {index for index, fiber in enumerate(fibers) if fiber.waits_for} - _moving(fibers)
    index = min(stuck, default=None)
    seen: dict[int, int] = {}
    while index is not None and index not in seen:
        seen[index] = len(seen)
        index = next((other for other in fibers[index].waits_for if other in stuck), None)
    return [] if index is None else list(seen)[seen[index] :]


def _moving(fibers: Sequence[FiberState]) -> set[int]:
    """Find the fibers that can still go on, as far as anybody can tell."""
    waiting: dict[int, list[int]] = defaultdict(list)
    missing = [_needed(fiber) for fiber in fibers]
    moving = deque(index for index, count in enumerate(missing) if count == 0)
    for index, other in _edges(fibers):
        waiting[other].append(index)
    found: set[int] = set(moving)
    while moving:
        for index in waiting[moving.popleft()]:
            missing[index] -= 1
            if missing[index] == 0:
                found.add(index)
                moving.append(index)
    return found


def _needed(fiber: FiberState) -> int:
    """How many of those that a fiber waits for must go on."""
    return len(fiber.waits_for) if fiber.needs_all else min(1, len(fiber.waits_for))


def _edges(fibers: Sequence[FiberState]) -> Iterator[tuple[int, int]]:
    return ((index, other) for index, fiber in enumerate(fibers) for other in fiber.waits_for)

"""A failing run with fewer preemptions, sought by cutting its plan into blocks and putting them together otherwise.

Jalbert, Sen: "A Trace Simplification Technique for Effective Debugging of Concurrent Programs", FSE 2010, moves and
merges blocks; here the moves are drawn by chance, and one that makes nothing better is kept if it makes nothing worse.
"""

from __future__ import annotations

from itertools import groupby
from random import Random
from typing import Final, NamedTuple, TypeAlias, final

from effio.testing.exploration.shortening.course import Course, Courses
from effio.testing.exploration.shortening.regroup import regrouped

ENOUGH: Final = 1
"""With so few preemptions a run is simple."""


@final
class Block(NamedTuple):
    """So many actions of one thread."""

    thread: int
    size: int


Blocks: TypeAlias = list[Block]


def rearranged(courses: Courses, best: Course, patience: int) -> Course:
    """A run that fails too and has fewer preemptions; no more are tried when so many steps made it no better.

    It is the same one each time.
    """
    chance = Random(0)
    limit = courses.steps + patience
    while best.preemptions > ENOUGH and courses.steps < limit and not courses.stop():
        course = courses.run(varied(best.moves, chance))
        if course is not None:
            course = settled(courses, course)
            limit = courses.steps + patience if course.preemptions < best.preemptions else limit
            best = min(course, best, key=lambda one: one.preemptions)
    return best


def settled(courses: Courses, course: Course) -> Course:
    """The best equivalent run, if it turns out to be one when it is run."""
    plan = regrouped(course)
    other = None if plan is None else courses.run(plan)
    return course if other is None else min(course, other, key=Course.weight)


def varied(plan: list[int], chance: Random) -> list[int]:
    """A plan with one thing changed."""
    blocks = [Block(thread, len([*same])) for thread, same in groupby(plan)]
    place = chance.randrange(len(blocks))
    (change,) = chance.choices((joined, without, moved, shortened, lengthened), (7, 5, 4, 2, 2))
    return [block.thread for block in change(blocks, place, chance) for _ in range(block.size)]


def joined(blocks: Blocks, place: int, chance: Random) -> Blocks:
    """A block, or a part of it, comes together with the last or next block of the same thread."""
    thread, size = blocks[place]
    before = [other for other in range(place) if blocks[other].thread == thread][-1:]
    after = [other for other in range(place + 1, len(blocks)) if blocks[other].thread == thread][:1]
    if not (before or after):
        return without(blocks, place, chance)
    part = size if chance.random() < 0.5 else chance.randint(1, size)
    target = chance.choice(before + after)
    changed = list(blocks)
    changed[place] = Block(thread, size - part)
    changed[target] = Block(thread, blocks[target].size + part)
    return changed


def without(blocks: Blocks, place: int, chance: Random) -> Blocks:
    """A block is left out."""
    return blocks[:place] + blocks[place + 1 :]


def moved(blocks: Blocks, place: int, chance: Random) -> Blocks:
    """A block comes at another time."""
    rest = without(blocks, place, chance)
    target = chance.randrange(len(blocks))
    return [*rest[:target], blocks[place], *rest[target:]]


def shortened(blocks: Blocks, place: int, chance: Random) -> Blocks:
    """A block ends one action earlier."""
    thread, size = blocks[place]
    return [*blocks[:place], Block(thread, size - 1), *blocks[place + 1 :]]


def lengthened(blocks: Blocks, place: int, chance: Random) -> Blocks:
    """A block ends one action later."""
    thread, size = blocks[place]
    return [*blocks[:place], Block(thread, size + 1), *blocks[place + 1 :]]

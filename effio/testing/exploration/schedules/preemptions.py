"""Whether steps can be taken in an equivalent order with few preemptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import attrs

PATIENCE: Final = 5_000
"""After so many sets of steps it counts as possible."""


@final
@attrs.frozen
class Moment:
    """A step of a thread: which steps happened before it, and without which ones the thread could not take it."""

    thread: int
    before: int
    needs: int


def can_be_taken(moments: Sequence[Moment], bound: int, aside: int = -1) -> bool:
    """Whether an order of the steps that keeps to what happens before what has at most `bound` preemptions.

    A preemption is a switch away from a thread that could take its next step; from the thread `aside` it is none. More
    steps never make it fewer: what is impossible for these is so for all that begin like them.
    """
    steps = by_thread(moments)
    everything = (1 << len(moments)) - 1
    fewest: dict[int, int] = {}
    waiting = [(0, 0)]
    while waiting:
        done, count = waiting.pop()
        if done == everything or len(fewest) > PATIENCE:
            return True
        if fewest.get(done, bound + 1) <= count:
            continue
        fewest[done] = count
        for thread, own in steps.items():
            reached, preempted = run_on(moments, own, done)
            more = count + (preempted and thread != aside)
            if reached != done and more <= bound:
                waiting.append((reached, more))
    return False


def by_thread(moments: Sequence[Moment]) -> dict[int, list[int]]:
    """The steps of each thread, in order."""
    steps: dict[int, list[int]] = {}
    for step, moment in enumerate(moments):
        steps.setdefault(moment.thread, []).append(step)
    return steps


def run_on(moments: Sequence[Moment], own: Sequence[int], done: int) -> tuple[int, bool]:
    """Let a thread go on as far as the order allows, which is never worse; say whether it then could do more."""
    for step in own:
        bit = 1 << step
        if done & bit:
            continue
        if moments[step].before & ~(done | bit):
            return done, not moments[step].needs & ~done
        done |= bit
    return done, False

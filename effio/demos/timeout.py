"""Three programs that would not end: one fails at its limit, one is given up, one is busy and stopped."""

from __future__ import annotations

from collections import Counter

from effio import Do, delay, do, par_zip, sleep, unit

FOR_EVER = 9_999_999


@do
def main(limit: float = 1.0) -> Do[None]:
    """Give each of the three `limit` seconds."""
    exit = yield from sleep(FOR_EVER).fail_after(limit).either()
    yield from delay(print, f"sleep, fail_after({limit:g}): {exit.failure()!r}")

    slept = yield from sleep(FOR_EVER).as_value("slept").move_on_after(limit)
    yield from delay(print, f"sleep, move_on_after({limit:g}): {slept}, and the program goes on")

    finished, others = yield from count_beside_others(limit)
    yield from delay(print, f"count, move_on_after({limit:g}): finished is {finished}")
    yield from delay(print, f"the fiber beside it went on counting: {others}")


@do
def count_beside_others(limit: float) -> Do[tuple[bool, bool]]:
    """Stop one of two counting fibers after `limit` seconds: whether it finished, and the other went on."""
    counts: Counter[str] = Counter()
    limited = count(counts, "limited").move_on_after(limit).zip(delay(counts.copy))
    other = count(counts, "other").move_on_after(1.2 * limit)
    (finished, counts_then), _ = yield from par_zip(limited, other)
    return finished is True, counts_then["other"] < counts["other"]


@do
def count(counts: Counter[str], name: str) -> Do[bool]:
    """Count far, and never wait, nor look whether somebody wants this to stop."""
    while counts[name] < FOR_EVER**2:
        counts[name] += 1
        yield from unit
    return True

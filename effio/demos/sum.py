"""Two children add up a half each and return it; nothing is shared."""

from __future__ import annotations

from effio import Do, delay, do, par_zip, yield_now


@do
def main() -> Do[None]:
    """Add up both halves at once, then add the results."""
    low, high = yield from par_zip(add_up(range(100)), add_up(range(100, 200)))
    yield from delay(print, f"{low} + {high} = {low + high}")


@do
def add_up(numbers: range) -> Do[int]:
    """Add one number after the other, letting the sibling run in between."""
    total = 0
    for number in numbers:
        total += number
        yield from yield_now
    return total

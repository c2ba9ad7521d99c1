"""A choice that the explorer makes: something outside of the program that may go this way or that."""

from __future__ import annotations

from typing import Any, Final, final

import attrs

from effio.algebra import argument
from effio.algebra.io import IO
from effio.algebra.primitive import Ask, Map

USUALLY: Final = 0.75
"""How likely it is, where chance decides, that nothing unusual happens."""


@final
@attrs.frozen
class Choice:
    """What decides between some possibilities, each with how likely it is where chance decides: outside, the first."""

    name: str
    weights: tuple[float, ...]

    def __call__(self, fiber: Any, /) -> int:
        """Nobody explores: what is usual."""
        return 0


def choice(count: int, /, *, name: str = "choice") -> IO[int]:
    """Give a number below `count`: in `explore` each one in schedules of its own, in a plain run always 0.

    In `simulate` the seed chooses.
    """
    argument.count("choice", "count", count, 1)
    return Ask(Choice(name, (1 / count,) * count), touches=())


def buggify(name: str, p: float = 1 - USUALLY, /) -> IO[bool]:
    """Tell whether something unusual should happen here: in `explore` both, in a plain run never.

    In `simulate` the seed chooses, and `p` is the probability. Named after FoundationDB's way to make rare paths
    frequent in tests: a timeout shortened, a batch of one, a cache that forgets.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"probability of buggify must be between 0 and 1, not {p!r}")
    return Map(Ask(Choice(name, (1 - p, p)), touches=()), bool)

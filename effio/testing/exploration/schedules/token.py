"""A schedule as a short text: what differs from the order in which things happen by themselves."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias, final

import attrs

VERSION: Final = "effio1:"
KINDS: Final = ("run", "cancel", "fail", "time", "choose")
SUMS_KEPT: Final = 64

Choice: TypeAlias = tuple[int, str, int]
"""At which turn, what was done, and to the fiber at which place: in the queue, or in the tree of all fibers."""


class TokenMismatch(RuntimeError):
    """A token is of another program, or the program does not do the same each time."""

    task = "replay the token"
    way_out = "a token fits the program it was made of, unchanged; what it does must not depend on time or chance"

    def __init__(self, turn: int | None, text: str) -> None:
        super().__init__(turn, text)
        self.turn = turn
        self.text = text
        self.add_note(self.way_out)

    def __str__(self) -> str:
        where = "" if self.turn is None else f" at turn {self.turn}"
        return f"cannot {self.task}{where}: {self.text}"


class NotRepeatable(TokenMismatch):
    """A program did not do the same in two runs of one order: it depends on something that outlives a run."""

    task = "run the program again in the same order"
    way_out = "let each run make what it changes: give suspend(lambda: program()) instead of program()"

    def __init__(self, turn: int | None = None) -> None:
        super().__init__(turn, "it does something else than before")


@final
@attrs.frozen
class Token:
    """The choices of a run, how many turns it had, and a few check sums of what happened up to them."""

    choices: tuple[Choice, ...] = ()
    turns: int = 0
    sums: tuple[int, ...] = ()

    @classmethod
    def of(cls, choices: Sequence[Choice], sums: Sequence[int]) -> Token:
        """The token of a run with `sums` after each turn."""
        return cls(tuple(choices), len(sums), tuple(sums[turn] for turn in checked_turns(len(sums))))

    @classmethod
    def parse(cls, text: str) -> Token:
        """Read a token.

        >>> Token.parse(str(Token(((3, "run", 1),), 2, (7, 9))))
        Token(choices=((3, 'run', 1),), turns=2, sums=(7, 9))
        """
        if not text.startswith(VERSION):
            raise ValueError(f"{text!r:.60} is no token of this version of effio: tokens begin with {VERSION!r}")
        body = text.removeprefix(VERSION)
        try:
            numbers = varints(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
            turns, count = next(numbers), next(numbers)
            choices: list[Choice] = []
            turn = 0
            for _ in range(count):
                turn += next(numbers)
                choices.append((turn, KINDS[next(numbers)], next(numbers)))
            return cls(tuple(choices), turns, tuple(numbers))
        except (ValueError, StopIteration, IndexError) as error:
            raise ValueError(f"{text!r:.60} is no whole token") from error

    def __str__(self) -> str:
        numbers = [self.turns, len(self.choices)]
        last = 0
        for turn, kind, place in self.choices:
            numbers += (turn - last, KINDS.index(kind), place)
            last = turn
        numbers += self.sums
        packed = b"".join(varint(number) for number in numbers)
        return VERSION + urlsafe_b64encode(packed).decode().rstrip("=")

    def expected(self) -> dict[int, int]:
        """The check sums by turn."""
        return dict(zip(checked_turns(self.turns), self.sums, strict=False))


def checked_turns(turns: int) -> range:
    """The turns whose check sums are kept: all of a short run, evenly spaced ones of a long run."""
    return range(0, turns, turns // SUMS_KEPT + 1)


def before(choices: tuple[Choice, ...], turn: int) -> tuple[Choice, ...]:
    """The choices of the turns before `turn`."""
    return tuple(choice for choice in choices if choice[0] < turn)


def varint(number: int) -> bytes:
    """A number in as few bytes as it needs, seven bits in each."""
    packed = bytearray()
    while number > 0x7F:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)
    return bytes(packed)


def varints(packed: bytes) -> Iterator[int]:
    """The numbers that were packed so."""
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0

"""`RateLimiter`, which lets so many through in so many seconds."""

from __future__ import annotations

from functools import partial
from math import floor, inf
from typing import Any, final

import attrs

from effio.algebra import argument
from effio.algebra.io import IO, NewError, NewValue
from effio.algebra.primitive import Ask, FlatMap, Sleep, Then
from effio.algebra.shape import program
from effio.concurrent.mutex import Mutex
from effio.concurrent.shared import NOTHING, Shared, make, shared
from effio.data.duration import Seconds, seconds
from effio.data.made_elsewhere import made_elsewhere


@final
@attrs.frozen
class RateLimiterStats:
    """How many may pass at once now, how many at most, and how many wait."""

    available: int
    burst: int
    waiting: int


@final
@made_elsewhere(Shared)
@attrs.define(eq=False, repr=False)
class RateLimiter:
    """A bucket of tokens that is filled evenly; who passes takes one, in the order they came.

    Since the bucket was last full, at `full_at`, `taken` tokens were taken: when the next one is there is computed
    from these two alone, so that rounding errors do not add up.
    """

    _shared: Shared
    _limit: int
    _per: float
    _burst: int
    _turn: Mutex = attrs.field(init=False)
    _full_at: float = attrs.field(init=False, default=0.0)
    _taken: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._turn = Mutex(self._shared)

    @staticmethod
    def make(limit: int, *, per: Seconds = 1.0, burst: int | None = None, name: str | None = None) -> IO[RateLimiter]:
        """Make a new `RateLimiter`: `limit` in `per` seconds, and `burst` at once after a pause (None: `limit`)."""
        length = seconds(per, "per of RateLimiter")
        if length in (0, inf):
            raise ValueError(f"per of RateLimiter must be more than zero and finite, not {per!r}")
        most = argument.count("RateLimiter", "limit", limit, 1)
        size = most if burst is None else argument.count("RateLimiter", "burst", burst, 1)
        return make(RateLimiter, shared("RateLimiter", name), most, length, size)

    def limited(self, io: IO[NewValue, NewError], /) -> IO[NewValue, NewError]:
        """Wait for a token, take it, and run `io`."""
        return Then(self.acquire(), program("limited", io))

    def acquire(self, tokens: int = 1, /) -> IO[None]:
        """Wait until there are so many tokens and everybody who came before is served, and take them.

        One that is cancelled has taken none.
        """
        return FlatMap(self.try_acquire(tokens), partial(self._queue, tokens))

    def try_acquire(self, tokens: int = 1, /) -> IO[bool]:
        """Take so many tokens, if they are there and nobody waits; tell whether they were, without waiting."""
        if argument.count("acquire", "tokens", tokens, 1) > self._burst:
            raise ValueError(f"tokens of acquire must be at most the burst of {self._burst}, not {tokens}")
        return Ask(partial(self._try, tokens), touches=self._shared.writes)

    def stats(self) -> IO[RateLimiterStats]:
        """Count the tokens, and who waits."""
        return Ask(self._stats, touches=self._shared.reads)

    def __repr__(self) -> str:
        return f"<{self._shared}: {self._limit} per {self._per:g} s>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _queue(self, tokens: int, taken: bool) -> IO[None]:
        """Wait for one's turn, then for the tokens; only the first in the queue looks at the clock."""
        if taken:
            return NOTHING
        waiting = FlatMap(Ask(partial(self._delay, tokens), touches=self._shared.writes), Sleep)
        return self._turn.with_lock(Then(waiting, Ask(partial(self._take, tokens), touches=self._shared.writes)))

    def _try(self, tokens: int, fiber: Any) -> bool:
        if self._turn.locked or self._delay(tokens, fiber) > 0:
            return False
        self._take(tokens, fiber)
        return True

    def _delay(self, tokens: int, fiber: Any) -> float:
        """How long until so many tokens are there."""
        now: float = fiber.now()
        if self._time_of(self._taken) < now:
            self._full_at = now
            self._taken = 0
        return max(0.0, self._time_of(max(0, self._taken + tokens - self._burst)) - now)

    def _take(self, tokens: int, fiber: Any) -> None:
        # Who wakes a little late takes its tokens as if it had been in time, so that the pace stays. Who wakes so late
        # that the bucket has become full again meanwhile takes them from that, or too many would pass at once.
        self._taken += tokens
        now: float = fiber.now()
        if self._time_of(self._taken) < now:
            self._full_at = now
            self._taken = tokens

    def _stats(self, fiber: Any) -> RateLimiterStats:
        elapsed: float = fiber.now() - self._full_at
        available = self._burst - self._taken + floor(elapsed * self._limit / self._per)
        waiting = self._turn.locked + self._turn.waiting
        return RateLimiterStats(max(0, min(available, self._burst)), self._burst, waiting)

    def _time_of(self, tokens: int) -> float:
        """When so many tokens have come in since the bucket was full."""
        return self._full_at + tokens * self._per / self._limit

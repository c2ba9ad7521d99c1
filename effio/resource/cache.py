"""`Cache`, which loads each value once for everybody who wants it and keeps it for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from math import inf
from typing import Any, Generic, Never, TypeVar, final

import attrs
from returns.result import Success
from typing_extensions import TypeVar as TypeVarWithDefault

from effio.algebra import argument
from effio.algebra.io import IO, X1, T
from effio.algebra.primitive import Ask, FlatMap, Map, Operation, Suspend
from effio.algebra.shape import Program, program
from effio.concurrent.shared import Shared, make, shared
from effio.data.cause_text import short_repr
from effio.data.duration import Seconds, seconds
from effio.data.exit import Exit
from effio.data.made_elsewhere import made_elsewhere
from effio.resource.attendant import Flight, as_program, flight_around

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Wanted = TypeVar("Wanted", bound=Hashable)
Error = TypeVarWithDefault("Error", default=Never)


@final
@attrs.frozen
class CacheStats:
    """How a cache stands; `size` and `loading` are of now, the others are sums.

    A `hit` found a value, a `join` found a load on its way, a `miss` began one.
    """

    size: int
    loading: int
    hits: int = attrs.field(kw_only=True)
    joins: int = attrs.field(kw_only=True)
    misses: int = attrs.field(kw_only=True)
    failures: int = attrs.field(kw_only=True)
    evictions: int = attrs.field(kw_only=True)


@final
@attrs.frozen
class Kept:
    """An exit, and until when it counts."""

    exit: Exit[Any, Any]
    until: float


@final
@made_elsewhere(Shared)
class Cache(Generic[Key, Value, Error]):
    """Keeps the values of at most `capacity` keys; the one that was used longest ago goes first.

    However many fibers want a key at once, it is loaded once, in a fiber of its own; the load is cancelled when the
    last of them is. A load that asks for its own key, also by way of another one, is a defect.
    """

    __slots__ = ("_capacity", "_error_ttl", "_flights", "_kept", "_load", "_shared", "_sums", "_ttl")

    def __init__(
        self, shared: Shared, load: Callable[[Any], Program], capacity: int, ttl: float, error_ttl: float
    ) -> None:
        self._shared = shared
        self._load = load
        self._capacity = capacity
        self._ttl = ttl
        self._error_ttl = error_ttl
        self._kept: OrderedDict[Any, Kept] = OrderedDict()
        self._flights: dict[Any, Flight] = {}
        self._sums = {"hits": 0, "joins": 0, "misses": 0, "failures": 0, "evictions": 0}

    @staticmethod
    def make(
        load: Callable[[Wanted], IO[T, X1]],
        /,
        *,
        capacity: int,
        ttl: Seconds = inf,
        error_ttl: Seconds = 0,
        name: str | None = None,
    ) -> IO[Cache[Wanted, T, X1]]:
        """Make an empty cache whose values come from `load` and count for `ttl` seconds.

        A failure is not kept, unless `error_ttl` says for how many seconds.
        """
        return make(
            Cache[Wanted, T, X1],
            shared("Cache", name),
            argument.function("Cache.make", load),
            argument.count("Cache.make", "capacity", capacity, 1),
            seconds(ttl, "ttl of Cache.make"),
            seconds(error_ttl, "error_ttl of Cache.make"),
        )

    def get(self, key: Key, /) -> IO[Value, Error]:
        """Give the value of `key`, loading it if it is not there; fail as the load fails, as do all who wait for it."""
        return FlatMap(Ask(partial(self._find, key), touches=self._shared.writes), itself)

    def set(self, key: Key, value: Value, /) -> IO[None]:
        """Keep `value` under `key`; what is being loaded for that now is not kept."""
        return Ask(partial(self._set, key, value), touches=self._shared.writes)

    def invalidate(self, key: Key, /) -> IO[None]:
        """Forget the value of `key`, and do not keep what is being loaded for it now."""
        return Operation(self._forget, self._shared.writes, (key,))

    def clear(self) -> IO[None]:
        """Forget all values, and do not keep what is being loaded now."""
        return Operation(self._forget_all, self._shared.writes)

    def stats(self) -> IO[CacheStats]:
        """Give how the cache stands."""
        return Operation(self._stats, self._shared.reads)

    def __repr__(self) -> str:
        return f"<{self._shared}: {len(self._kept)} of {self._capacity} kept, {len(self._flights)} loading>"

    # -- Steps -----------------------------------------------------------------------------------------------

    def _find(self, key: Any, fiber: Any) -> Program:
        kept = self._kept.get(key)
        if kept is not None and fiber.now() < kept.until:
            self._kept.move_to_end(key)
            self._sums["hits"] += 1
            return as_program(kept.exit)
        flight = self._flights.get(key)
        if flight is None:
            self._sums["misses"] += 1
            source = Suspend(partial(self._load, key))
            landed, deserted = partial(self._landed, key), partial(self._forget_flight, key)
            flight = self._flights[key] = Flight(source, landed, deserted, partial(self._reason, key))
            return flight.join(flight_around(fiber))
        around = flight_around(fiber)
        if around is not None and flight.waits_for(around):
            raise self._waits_for_itself(key)
        self._sums["joins"] += 1
        return flight.join(around)

    def _landed(self, key: Any, flight: Flight, exit: Exit[Any, Any], now: float) -> None:
        succeeded = isinstance(exit, Success)
        self._sums["failures"] += not succeeded
        if self._flights.get(key) is flight:
            del self._flights[key]
            self._keep(key, exit, now + (self._ttl if succeeded else self._error_ttl), now)

    def _forget_flight(self, key: Any, flight: Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    def _keep(self, key: Any, exit: Exit[Any, Any], until: float, now: float) -> None:
        self._kept.pop(key, None)
        if until <= now:
            return
        self._kept[key] = Kept(exit, until)
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
            self._sums["evictions"] += 1

    def _set(self, key: Any, value: Any, fiber: Any) -> None:
        self._flights.pop(key, None)
        now: float = fiber.now()
        self._keep(key, Success(value), now + self._ttl, now)

    def _forget(self, key: Any) -> None:
        self._kept.pop(key, None)
        self._flights.pop(key, None)

    def _forget_all(self) -> None:
        self._kept.clear()
        self._flights.clear()

    def _waits_for_itself(self, key: Any) -> RuntimeError:
        problem = RuntimeError(f"the load of {short_repr(key)} in {self._shared} would wait for itself")
        problem.add_note("a load must not ask for its own key, nor for another one whose load asks for that")
        return problem

    def _reason(self, key: Any) -> str:
        return f"the value of {short_repr(key)}, which {self._shared} is loading"

    def _stats(self) -> CacheStats:
        return CacheStats(len(self._kept), len(self._flights), **self._sums)


def itself(found: Program) -> Program:
    """The program that was found."""
    return found


def memo(io: IO[T, X1], /, ttl: Seconds) -> IO[IO[T, X1]]:
    """Give a program that runs `io` and has its value for `ttl` seconds, then runs it again.

    Who wants it meanwhile waits for the same run, which is cancelled when the last of them is. A failure is not kept.
    """
    source = program("memo", io)

    def load(key: None) -> IO[T, X1]:
        return source

    pause = seconds(ttl, "ttl of memo")
    return Map(make(Cache[None, T, X1], shared("memo", None), load, 1, pause, 0.0), lambda cache: cache.get(None))

"""What runs again, and what is acquired, lent and kept: schedules, resources, pools, caches."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from datetime import datetime
from typing import Never, assert_type

from effio import (
    IO,
    Cache,
    CircuitBreaker,
    CircuitOpen,
    Exit,
    Pool,
    Resource,
    Schedule,
    TimedOut,
    fail,
    hedge,
    memo,
    pure,
    retrying,
    supervise,
    supervise_all,
    unit,
)
from effio.cause import Cause


class NotFound(Exception):
    """An error of the cases."""


class Denied(Exception):
    """Another error of the cases."""


def find(key: int) -> IO[int, NotFound]:
    return pure(key)


def read(key: int) -> IO[str, NotFound | Denied]:
    return pure(str(key))


number = find(1)
text = read(1)
sure: IO[int] = pure(1)

# -- Schedules
assert_type(Schedule.recurs(3), Schedule[object, int])
assert_type(Schedule.forever(), Schedule[object, int])
assert_type(Schedule.exponential(0.1), Schedule[object, float])
assert_type(Schedule.cron("* * * * *"), Schedule[object, datetime])
assert_type(Schedule.recurs(3) & Schedule.spaced(1), Schedule[object, tuple[int, int]])
assert_type(Schedule.recurs(3) | Schedule.linear(1), Schedule[object, tuple[int, float]])
assert_type(Schedule.recurs(3).and_then(Schedule.cron("* * * * *")), Schedule[object, int | datetime])
assert_type(Schedule.recurs(3).collect().map(len), Schedule[object, int])
assert_type(Schedule.spaced(1).up_to(9).jittered(7).resetting_after(60), Schedule[object, int])
assert_type(Schedule.spaced(1).while_error(OSError), Schedule[object, int])
assert_type(Schedule.recurs(3).preview(3), list[float])


def is_worth_it(error: NotFound) -> bool:
    return bool(error.args)


def is_small(value: int) -> bool:
    return value < 10


picky = Schedule.spaced(1).while_error(is_worth_it)
assert_type(picky, Schedule[NotFound, int])
assert_type(picky & Schedule.recurs(2), Schedule[NotFound, tuple[int, int]])
assert_type(Schedule.linear(2) | picky, Schedule[NotFound, tuple[float, int]])
assert_type(Schedule.recurs(2).and_then(picky), Schedule[NotFound, int])
assert_type(picky.while_error(is_worth_it), Schedule[NotFound, int])

# -- Again
assert_type(number.retry(3), IO[int, NotFound])
assert_type(number.retry(Schedule.recurs(3)), IO[int, NotFound])
assert_type(number.retry(picky), IO[int, NotFound])
assert_type(number.retry(Schedule.spaced(1).while_error(lambda error: isinstance(error, OSError))), IO[int, NotFound])
assert_type(number.retry(Schedule.spaced(1).while_error(lambda error: bool(error.args))), IO[int, NotFound])
assert_type(number.repeat(Schedule.spaced(1).while_value(lambda value: value < 10)), IO[int, NotFound])
assert_type(number.fail_after(1).retry(Schedule.recurs(3)), IO[int, NotFound | TimedOut])
assert_type(number.retry_or_else(picky, lambda error, times: pure(str(times))), IO[int | str])
assert_type(number.retry_or_else(Schedule.linear(1), lambda error, delay: fail(delay)), IO[int, float])
assert_type(retrying(lambda attempt: number, Schedule.recurs(3)), IO[int, NotFound])
assert_type(retrying(lambda attempt: pure(attempt + 1), 3), IO[int])
assert_type(retrying(find, picky), IO[int, NotFound])
assert_type(number.repeat(Schedule.spaced(1).while_value(is_small)), IO[int, NotFound])
assert_type(number.scheduled(Schedule.recurs(3).collect()), IO[list[int], NotFound])
assert_type(hedge(number, after=0.1), IO[int, NotFound])
assert_type(hedge(sure, after=0.1, dispose=lambda value: unit), IO[int])
assert_type(supervise(number, Schedule.exponential(1)), IO[int, NotFound])
assert_type(supervise_all({"a": number, "b": number}, 3, strategy="one_for_all"), IO[dict[str, int], NotFound])


def keep_up(cause: Cause[NotFound]) -> bool:
    return not cause.has_defect


assert_type(supervise(number, Schedule.spaced(1).while_error(keep_up)), IO[int, NotFound])

number.retry(Schedule.spaced(1).while_error(is_small))  # error
text.retry(picky)  # error
number.retry("often")  # error
number.repeat(Schedule.spaced(1).while_value(is_worth_it))  # error
number.retry(Schedule.recurs(3), delay=1)  # error
Schedule.recurs("3")  # error
supervise_all({"a": number}, 3, strategy="all")  # error
hedge(number)  # error

# -- Resources


def close(value: int) -> IO[None]:
    return unit


def close_with(value: int, exit: Exit[object, object]) -> IO[None, Denied]:
    return unit


def load(key: int) -> IO[str, NotFound]:
    return pure(str(key))


def files() -> AbstractContextManager[str]:
    return nullcontext("x")


def session() -> AbstractAsyncContextManager[bytes]:
    return nullcontext(b"x")


given = Resource.make(number, close)
assert_type(given, Resource[int, NotFound])
assert_type(Resource.make(sure, close), Resource[int])
assert_type(Resource.make(sure, lambda value: unit), Resource[int])
assert_type(Resource.make(sure, lambda value, exit: unit), Resource[int])
assert_type(Resource.make(number, close_with), Resource[int, NotFound | Denied])
assert_type(Resource.pure(1), Resource[int, Never])
assert_type(Resource.from_io(text), Resource[str, NotFound | Denied])
assert_type(Resource.from_cm(files), Resource[str, Exception])
assert_type(Resource.from_cm(lambda: nullcontext(1)), Resource[int, Exception])
assert_type(Resource.from_cm(nullcontext(1)), Resource[int, Exception])
assert_type(Resource.from_async_cm(session), Resource[bytes, Exception])
assert_type(given.map(str), Resource[str, NotFound])
assert_type(given.zip(Resource.from_io(text)), Resource[tuple[int, str], NotFound | Denied])
assert_type(given.par_zip(Resource.pure("x")), Resource[tuple[int, str], NotFound])
assert_type(given.flat_map(lambda n: Resource.from_io(text)), Resource[str, NotFound | Denied])
assert_type(given.use(load), IO[str, NotFound])
assert_type(Resource.pure(1).use(lambda n: pure(n + 1)), IO[int])

# -- Pools, caches, circuit breakers
assert_type(Pool.make(given, max=3), Resource[Pool[int, NotFound], NotFound])
assert_type(Pool.make(Resource.pure(1), max=3, check=lambda n: pure(n > 0)), Resource[Pool[int]])


def borrow(pool: Pool[int, NotFound], cache: Cache[int, str, NotFound], breaker: CircuitBreaker) -> None:
    assert_type(pool.use(lambda n: text.as_value(n + 1)), IO[int, NotFound | Denied])
    assert_type(pool.get(), Resource[int, NotFound])
    assert_type(cache.get(1), IO[str, NotFound])
    assert_type(cache.set(1, "x"), IO[None])
    assert_type(breaker.protect(number), IO[int, NotFound | CircuitOpen])
    assert_type(breaker.protect(sure), IO[int, CircuitOpen])
    cache.get("1")  # error
    pool.use(load(1))  # error


assert_type(Cache.make(load, capacity=3, ttl=60), IO[Cache[int, str, NotFound]])
assert_type(memo(number, ttl=3), IO[IO[int, NotFound]])
assert_type(CircuitBreaker.make(), IO[CircuitBreaker])

Resource.make(number, lambda value: None)  # error
given.use(lambda value: value)  # error
given.flat_map(load)  # error
given.zip(number)  # error
Pool.make(given)  # error
Pool.make(number, max=3)  # error
Cache.make(load)  # error

"""Resources in the words of brackets, and what guards a program without changing it."""

from __future__ import annotations

from effio.algebra.create import bracket, delay, pure, sleep, unit
from effio.algebra.io import IO
from effio.resource.cache import Cache, memo
from effio.resource.circuit_breaker import CircuitBreaker
from effio.resource.pool import Pool
from effio.resource.resource import Resource
from effio.testing.laws.cancellation import Context
from effio.testing.laws.equation import AnyIO, Continuation, Equation
from effio.testing.laws.view import nameless, nameless_leaves


def closing_with(fin: AnyIO) -> Resource[object, object]:
    """A resource that is there at once and closed by `fin`."""
    return Resource.make(pure("given"), lambda value: fin)


def use_is_a_bracket(around: Context, fa: AnyIO, f: Continuation, fin: AnyIO) -> Equation:
    """Acquire, use, release."""
    left = Resource.make(fa, lambda value: fin).use(f)
    return Equation(around(left), around(bracket(fa, f, lambda value: fin)))


def release_sees_the_exit(around: Context, fa: AnyIO, fin: AnyIO) -> Equation:
    """A release is a finalizer of the use."""
    left = Resource.make(unit, lambda value, exit: fin).use(lambda value: unit.then(fa))
    return Equation(around(left), around(unit.then(unit.then(fa).on_exit(lambda exit: fin))))


def use_of_pure(around: Context, value: object, f: Continuation) -> Equation:
    """What needs no release is just used."""
    return Equation(around(Resource.pure(value).use(f)), around(pure(value).flat_map(f)))


def from_io_is_flat_map(around: Context, fa: AnyIO, f: Continuation) -> Equation:
    """A program as a resource comes before the use."""
    return Equation(around(Resource.from_io(fa).use(f)), around(fa.flat_map(f)))


def resource_left_identity(around: Context, value: object, f: Continuation, fin: AnyIO) -> Equation:
    """A pure resource before another one changes nothing."""
    left = Resource.pure(value).flat_map(lambda given: closing_with(fin))
    return Equation(around(left.use(f)), around(closing_with(fin).use(f)))


def resource_right_identity(around: Context, f: Continuation, fin: AnyIO) -> Equation:
    """A pure resource after another one changes nothing."""
    return Equation(around(closing_with(fin).flat_map(Resource.pure).use(f)), around(closing_with(fin).use(f)))


def resource_associativity(around: Context, f: Continuation, fin: AnyIO, fin2: AnyIO) -> Equation:
    """How three are grouped does not matter."""
    first, second = closing_with(fin), closing_with(fin2)
    left = first.flat_map(lambda value: second).flat_map(Resource.pure)
    right = first.flat_map(lambda value: second.flat_map(Resource.pure))
    return Equation(around(left.use(f)), around(right.use(f)))


def zip_is_one_in_the_other(around: Context, f: Continuation, fin: AnyIO, fin2: AnyIO) -> Equation:
    """Two resources are two brackets."""
    left = closing_with(fin).zip(closing_with(fin2)).map(lambda pair: pair[0]).use(f)
    right = closing_with(fin).use(lambda value: closing_with(fin2).use(lambda other: f(value)))
    return Equation(around(left), around(right))


def par_zip_takes_the_longer(seconds: int, seconds2: int) -> Equation:
    """Both are opened at once, and closed at once."""

    def lasting(duration: int) -> Resource[None]:
        return Resource.make(sleep(duration), lambda value: sleep(duration))

    left = lasting(seconds).par_zip(lasting(seconds2)).use(lambda both: unit)
    return Equation(left, sleep(2 * max(seconds, seconds2)))


def a_pool_of_one_is_a_resource(peaceful: AnyIO, fin: AnyIO) -> Equation:
    """What is lent once is opened, used and closed."""
    lent = Pool.make(Resource.make(unit, lambda value: fin.exit()), max=1)
    left = lent.use(lambda pool: pool.use(lambda value: peaceful))
    return Equation(left, peaceful.ensuring(fin.exit()), nameless)


def a_cache_loads_what_is_not_there(ending: AnyIO) -> Equation:
    """The first get ends as the load does."""

    def load(key: int) -> IO[object, object]:
        return ending

    left = Cache.make(load, capacity=1).flat_map(lambda cache: cache.get(1))
    return Equation(left, unit.then(ending), nameless_leaves)


def a_memo_is_there_the_second_time(peaceful: AnyIO) -> Equation:
    """Running it twice is running the program once."""
    left = memo(peaceful, ttl=1000).flat_map(lambda latest: latest.zip(latest))
    return Equation(left, peaceful.map(lambda value: (value, value)), nameless)


def a_closed_circuit_changes_nothing(around: Context, fa: AnyIO) -> Equation:
    """What has not failed too often goes through."""
    left = CircuitBreaker.make(5, 10).flat_map(lambda breaker: breaker.protect(fa))
    return Equation(around(left), around(delay(lambda: None).then(fa)))

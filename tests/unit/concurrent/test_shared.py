"""What all primitives share: names, freedom from cycles, long runs."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    Barrier,
    Cache,
    CapacityLimiter,
    Channel,
    ChannelClosed,
    CircuitBreaker,
    Deferred,
    Do,
    Event,
    Latch,
    Mutex,
    Pool,
    RateLimiter,
    Ref,
    Resource,
    Semaphore,
    Sender,
    Topic,
    do,
    par_collect,
    par_zip,
    pure,
    traverse,
)
from effio.concurrent.shared import NOTHING, AtEnd, Shared
from effio.data.call_site import caller
from tests.unit.concurrent.sweep import go


class Thing:
    """Something that a weak reference can point to."""


KEEPERS: dict[str, Callable[[Thing], IO[Any, Any]]] = {
    "ref": Ref.make,
    "deferred": lambda thing: Deferred[Thing].make().tap(lambda it: it.complete(thing)),
    "channel": lambda thing: Channel[Thing].make(1).tap(lambda it: it.send(thing)),
    "topic": lambda thing: Topic[Thing].make(replay=1).tap(lambda it: it.publish(thing)),
}


@pytest.mark.parametrize("keeper", KEEPERS.values(), ids=KEEPERS)
def test_what_is_kept_is_freed_with_its_keeper(keeper: Callable[[Thing], IO[Any, Any]]) -> None:
    """When nobody holds the primitive any more its items are gone at once, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        thing = Thing()
        alive = weakref.ref(thing)
        primitive = go(keeper(thing))
        del thing
        assert alive() is not None
        del primitive
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.slow
def test_long_streams_need_no_stack() -> None:
    """100 000 items pass through a channel in one loop."""

    @do
    def program() -> Do[int, ChannelClosed]:
        channel = yield from Channel[int].make(10)
        count = yield from Ref.make(0)
        consume = channel.for_each(lambda item: count.update(lambda so_far: so_far + 1))
        yield from par_zip(traverse(range(100_000), channel.send).then(channel.close()), consume)
        return (yield from count.get())

    assert go(program()) == 100_000


@pytest.mark.slow
def test_long_queues_are_served_in_order() -> None:
    """20 000 fibers that wait at once are served one by one, each as quickly as the first."""
    served: list[int] = []

    @do
    def program() -> Do[None]:
        semaphore = yield from Semaphore.make(0)
        waiters = [semaphore.acquire().as_value(number).map(served.append) for number in range(20_000)]
        yield from par_collect([*waiters, semaphore.release(20_000)])

    go(program())
    assert served == [*range(20_000)]


def test_a_name_or_a_place_tells_which_it_is() -> None:
    """A primitive without a name is called by the line that made it."""
    assert str(Shared("Mutex", "books", caller())) == "Mutex 'books'"
    assert "test_shared.py:" in str(Shared("Mutex", None, caller()))


def test_end_of_a_fiber_that_nobody_watches_any_more() -> None:
    """A watcher that was taken off is not called; one that was set is."""

    class Watched:
        watchers: dict[Any, str] | None = None

    fiber = Watched()
    called: list[str] = []
    kept, removed = AtEnd(lambda: called.append("kept")), AtEnd(lambda: called.append("removed"))
    kept.set_on(fiber)
    removed.set_on(fiber)
    removed.take_off(fiber)
    assert fiber.watchers is not None
    for watcher in fiber.watchers:
        watcher.wake(NOTHING)
    assert called == ["kept"]


NAMED: dict[str, Callable[[Any], object]] = {
    "Ref": lambda name: Ref.make(0, name=name),
    "Deferred": lambda name: Deferred[int].make(name=name),
    "Event": lambda name: Event.make(name=name),
    "Latch": lambda name: Latch.make(1, name=name),
    "Barrier": lambda name: Barrier.make(1, name=name),
    "Mutex": lambda name: Mutex.make(name=name),
    "Semaphore": lambda name: Semaphore.make(1, name=name),
    "CapacityLimiter": lambda name: CapacityLimiter.make(1, name=name),
    "RateLimiter": lambda name: RateLimiter.make(1, name=name),
    "Channel": lambda name: Channel[int].make(name=name),
    "Topic": lambda name: Topic[int].make(name=name),
    "Cache": lambda name: Cache.make(pure, capacity=1, name=name),
    "CircuitBreaker": lambda name: CircuitBreaker.make(name=name),
    "Pool": lambda name: Pool.make(Resource.pure(1), max=1, name=name),
}


@pytest.mark.parametrize("kind", NAMED)
def test_a_name_is_text(kind: str) -> None:
    """Another name is refused where the program is built, with the value."""
    with pytest.raises(TypeError, match=f"^name of {kind} must be a string, not 3\n"):
        NAMED[kind](3)


MADE_ELSEWHERE: dict[str, tuple[Callable[..., object], tuple[Any, ...], str]] = {
    "as given": (Semaphore, (3,), "Semaphore(3) makes no Semaphore: the program Semaphore.make(3) gives one"),
    "without arguments": (Mutex, (), "Mutex() makes no Mutex: the program Mutex.make() gives one"),
    "otherwise": (Mutex, (3,), "Mutex(3) makes no Mutex: the program Mutex.make(...) gives one"),
    "cache": (Cache, (pure(1),), "Cache(<IO pure(1)>) makes no Cache: the program Cache.make(...) gives one"),
    "sender": (Sender, (), "Sender() makes no Sender: a sender is an attribute of a Channel"),
    "pool": (Pool, (), "Pool() makes no Pool: the resource Pool.make(...) gives one"),
}


@pytest.mark.parametrize("case", MADE_ELSEWHERE)
def test_a_class_that_is_called_says_who_makes_its_objects(case: str) -> None:
    """With the arguments that were given, if they are those of `make`."""
    kind, given, message = MADE_ELSEWHERE[case]
    with pytest.raises(TypeError) as refused:
        kind(*given)
    assert str(refused.value) == message


def test_a_class_that_is_called_says_how_to_run_the_program() -> None:
    """The note is what to write, options included."""
    wrong: Any = Channel
    with pytest.raises(TypeError) as refused:
        wrong(3, name="jobs")
    (note,) = refused.value.__notes__
    assert note.startswith("write `yield from Channel.make(3, name='jobs')` in a @do function")


FORGOTTEN: dict[str, tuple[IO[Any], list[str]]] = {
    "ref": (Ref.make(0), ["get", "stats"]),
    "deferred": (Deferred[int].make(), ["get", "poll"]),
    "event": (Event.make(), ["set", "wait", "is_set"]),
    "latch": (Latch.make(1), ["count_down", "wait"]),
    "barrier": (Barrier.make(1), ["wait"]),
    "mutex": (Mutex.make(), ["acquire", "try_acquire", "release"]),
    "semaphore": (Semaphore.make(1), ["acquire", "try_acquire", "release"]),
    "limiter": (CapacityLimiter.make(1), ["acquire", "release"]),
    "rate": (RateLimiter.make(1), ["acquire", "try_acquire"]),
    "channel": (Channel[int].make(1), ["receive", "try_receive", "drain", "close"]),
    "topic": (Topic[int].make(), ["subscribe", "close"]),
}


@pytest.mark.parametrize("name", FORGOTTEN)
def test_each_operation_is_a_program_of_its_own(name: str) -> None:
    """What a forgotten `yield from` drops dies at once, so that development mode can tell of it."""
    made, words = FORGOTTEN[name]
    primitive = go(made)
    for word in words:
        operation = getattr(primitive, word)
        assert operation() is not operation()

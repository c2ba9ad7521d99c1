"""What fibers share: locks and limits that change nothing but the order, channels that lose nothing."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from effio.algebra.arity import par_zip
from effio.algebra.combine import collect, par_collect, traverse
from effio.algebra.create import pure, sleep, unit
from effio.concurrent.barrier import Barrier
from effio.concurrent.capacity_limiter import CapacityLimiter
from effio.concurrent.channel import Channel
from effio.concurrent.deferred import Deferred
from effio.concurrent.event import Event
from effio.concurrent.latch import Latch
from effio.concurrent.mutex import Mutex
from effio.concurrent.rate_limiter import RateLimiter
from effio.concurrent.ref import Ref
from effio.concurrent.select import select
from effio.concurrent.semaphore import Semaphore
from effio.concurrent.topic import Topic
from effio.testing.laws.equation import AnyIO, Equation, Function
from effio.testing.laws.view import nameless

# -- Ref -----------------------------------------------------------------------------------------------------


def what_was_set_is_there(value: object) -> Equation:
    """To get after a set gives what was set."""
    return Equation(Ref.make(object()).flat_map(lambda ref: ref.set(value).then(ref.get())), pure(value))


def the_last_set_counts(value: object, value2: object) -> Equation:
    """A set makes the one before it void."""
    left = Ref.make(object()).flat_map(lambda ref: ref.set(value).then(ref.set(value2)).then(ref.get()))
    return Equation(left, Ref.make(value2).flat_map(lambda ref: ref.get()))


def an_update_is_a_get_and_a_set(value: object, h: Function) -> Equation:
    """Where nobody else runs in between, to update is to get and to set."""
    left = Ref.make(value).flat_map(lambda ref: ref.update(h).then(ref.get()))
    right = Ref.make(value).flat_map(lambda ref: ref.get().flat_map(lambda now: ref.set(h(now))).then(ref.get()))
    return Equation(left, right)


def updates_compose(value: object, h: Function, k: Function) -> Equation:
    """Two updates are one by the composition."""
    left = Ref.make(value).flat_map(lambda ref: ref.update(h).then(ref.update_and_get(k)))
    return Equation(left, Ref.make(value).flat_map(lambda ref: ref.update_and_get(lambda now: k(h(now)))))


def modify_says_it_all(value: object, h: Function) -> Equation:
    """What gives the value before is a modification that gives what it was given."""
    left = Ref.make(value).flat_map(lambda ref: ref.get_and_update(h).zip(ref.get()))
    right = Ref.make(value).flat_map(lambda ref: ref.modify(lambda now: (now, h(now))).zip(ref.get()))
    return Equation(left, right)


def a_failed_comparison_sets_nothing(value: object) -> Equation:
    """A value that is another one stays."""
    left = Ref.make(value).flat_map(lambda ref: ref.compare_and_set(object(), None).zip(ref.get()))
    return Equation(left, pure((False, value)))


def waiting_for_what_is_so_is_getting(value: object) -> Equation:
    """Who waits for what is so already gets it."""
    left = Ref.make(value).flat_map(lambda ref: ref.wait_until(lambda now: True))
    return Equation(left, Ref.make(value).flat_map(lambda ref: ref.get()))


# -- Deferred and the like -----------------------------------------------------------------------------------


def a_deferred_carries_an_exit(ending: AnyIO) -> Equation:
    """Who gets it ends as the program whose exit it was ended with."""

    def carried(deferred: Deferred[Any, Any]) -> AnyIO:
        return ending.exit().flat_map(lambda exit: deferred.end(exit).then(deferred.get().exit()))

    return Equation(Deferred[Any, Any].make().flat_map(carried), ending.exit(), nameless)


def to_get_twice_is_to_get_once(value: object) -> Equation:
    """It does not wear off."""

    def twice(deferred: Deferred[object]) -> AnyIO:
        return deferred.complete(value).then(deferred.get()).then(deferred.get())

    return Equation(Deferred[object].make().flat_map(twice), pure(value))


def only_the_first_completion_counts(value: object, value2: object) -> Equation:
    """The second one is told that it came too late."""

    def completed(deferred: Deferred[object]) -> AnyIO:
        return deferred.complete(value).zip(deferred.complete(value2)).zip(deferred.get())

    return Equation(Deferred[object].make().flat_map(completed), pure(((True, False), value)))


def an_event_is_a_latch_of_one(seconds: int) -> Equation:
    """To set it is to count down from one."""
    left = Event.make().flat_map(lambda event: par_zip(event.wait(), sleep(seconds).then(event.set())))
    right = Latch.make(1).flat_map(lambda latch: par_zip(latch.wait(), sleep(seconds).then(latch.count_down())))
    return Equation(left, right)


def a_barrier_for_one_stops_nobody(fa: AnyIO) -> Equation:
    """Who makes the group complete does not wait."""
    return Equation(Barrier.make(1).flat_map(lambda barrier: barrier.wait().then(fa)), fa)


# -- Locks and limits ----------------------------------------------------------------------------------------


def a_free_mutex_changes_nothing(fa: AnyIO) -> Equation:
    """What nobody else wants is as good as not there."""
    return Equation(Mutex.make().flat_map(lambda mutex: mutex.with_lock(fa)), fa)


def a_free_permit_changes_nothing(fa: AnyIO, limit: int) -> Equation:
    """As many permits as there are may be taken at once."""
    return Equation(Semaphore.make(limit).flat_map(lambda semaphore: semaphore.with_permits(limit)(fa)), fa)


def a_free_token_changes_nothing(fa: AnyIO) -> Equation:
    """A limiter that is not at its limit is as good as not there."""
    return Equation(CapacityLimiter.make(1).flat_map(lambda limiter: limiter.with_token(fa)), fa)


def the_first_is_not_limited(fa: AnyIO, limit: int) -> Equation:
    """A rate keeps nobody back who comes first."""
    return Equation(RateLimiter.make(limit).flat_map(lambda limiter: limiter.limited(fa)), fa)


def permits_come_back(fa: AnyIO, limit: int) -> Equation:
    """However a program ends, what it held is there again."""

    def back(semaphore: Semaphore) -> AnyIO:
        return semaphore.with_permit(fa).exit().then(semaphore.stats()).map(lambda stats: stats.available)

    return Equation(Semaphore.make(limit).flat_map(back), fa.exit().as_value(limit))


def a_mutex_puts_things_in_order(peaceful: AnyIO, peaceful2: AnyIO) -> Equation:
    """Two at once that hold the same mutex are one after the other."""
    left = Mutex.make().flat_map(lambda mutex: par_zip(mutex.with_lock(peaceful), mutex.with_lock(peaceful2)))
    return Equation(left, par_zip(peaceful.zip(peaceful2), unit).map(first), nameless)


def a_mutex_is_a_semaphore_of_one(peaceful: AnyIO, peaceful2: AnyIO) -> Equation:
    """As long as nobody asks twice, one cannot tell them apart."""
    left = Mutex.make().flat_map(lambda mutex: par_zip(mutex.with_lock(peaceful), mutex.with_lock(peaceful2)))
    right = Semaphore.make(1).flat_map(lambda one: par_zip(one.with_permit(peaceful), one.with_permit(peaceful2)))
    return Equation(left, right)


def a_semaphore_is_a_limit(peaceful: AnyIO, limit: int) -> Equation:
    """Programs that want a permit each run as with that limit, one starting when another one ends."""
    five = [peaceful] * 5
    left = Semaphore.make(limit).flat_map(lambda few: par_collect([few.with_permit(io) for io in five]))
    return Equation(left, par_collect(five, limit=limit), nameless)


# -- Channels ------------------------------------------------------------------------------------------------


def what_is_sent_is_received(value: object) -> Equation:
    """Through a channel with room an item comes out as it went in."""
    left = Channel[object].make(1).flat_map(lambda channel: channel.send(value).then(channel.receive()))
    return Equation(left, pure(value))


def both_ends_meet(value: object, seconds: int, seconds2: int) -> Equation:
    """Without room, who comes first waits for the other."""

    def meeting(channel: Channel[object]) -> AnyIO:
        return par_zip(sleep(seconds).then(channel.send(value)), sleep(seconds2).then(channel.receive()))

    return Equation(Channel[object].make().flat_map(meeting), sleep(max(seconds, seconds2)).as_value((None, value)))


def a_channel_keeps_the_order(limit: int) -> Equation:
    """However many items it keeps, they come out in the order they went in."""
    items = range(6)
    return Equation(collect([relayed(size, items) for size in (0, limit, inf)]), pure([[*items]] * 3))


def relayed(capacity: float, items: range) -> AnyIO:
    """What comes out of a channel."""

    def relay(channel: Channel[int]) -> AnyIO:
        return par_zip(collect([channel.receive()] * len(items)), traverse(items, channel.send)).map(first)

    return Channel[int].make(capacity).flat_map(relay)


def a_closed_channel_gives_what_is_left(value: object) -> Equation:
    """The items that were sent before the close are all received."""
    received: list[object] = []

    def closing(channel: Channel[object]) -> AnyIO:
        received.clear()
        consumed = channel.for_each(lambda item: pure(item).map(received.append))
        return channel.send(value).then(channel.close()).then(consumed).map(lambda nothing: received[:])

    return Equation(Channel[object].make(1).flat_map(closing), pure([value]))


def a_topic_with_one_subscriber_is_a_channel(value: object, value2: object) -> Equation:
    """What is published for one is sent to it."""

    def published(topic: Topic[object]) -> AnyIO:
        return topic.subscribe().flat_map(
            lambda one: topic.publish(value).then(topic.publish(value2)).then(one.receive().zip(one.receive()))
        )

    return Equation(Topic[object].make().flat_map(published), pure((value, value2)))


def to_select_one_is_to_wait_for_it(value: object, seconds: int) -> Equation:
    """A choice of one is none."""

    def both(wait: Callable[[Channel[object]], AnyIO]) -> AnyIO:
        return (
            Channel[object]
            .make()
            .flat_map(lambda channel: par_zip(wait(channel), sleep(seconds).then(channel.send(value))))
        )

    return Equation(both(lambda channel: select(channel.receive())), both(lambda channel: channel.receive()))


def first(pair: tuple[Any, object]) -> Any:
    """The first of two."""
    return pair[0]

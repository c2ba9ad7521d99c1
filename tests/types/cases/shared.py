"""What fibers share: what is made, what is read, and what may fail."""

from __future__ import annotations

from typing import assert_type

from effio import (
    IO,
    Barrier,
    CapacityLimiter,
    Channel,
    ChannelClosed,
    Deferred,
    Do,
    Event,
    Exit,
    Fiber,
    FiberSet,
    Latch,
    Mutex,
    RateLimiter,
    Receiver,
    Ref,
    Semaphore,
    Sender,
    Subscription,
    TaskGroup,
    Topic,
    do,
    pure,
    select,
)


def refs(ref: Ref[int]) -> None:
    assert_type(Ref.make(0), IO[Ref[int]])
    assert_type(Ref.make("a", name="letter"), IO[Ref[str]])
    assert_type(ref.get(), IO[int])
    assert_type(ref.set(1), IO[None])
    assert_type(ref.update(lambda n: n + 1), IO[None])
    assert_type(ref.modify(lambda n: (str(n), n + 1)), IO[str])
    assert_type(ref.get_and_set(1), IO[int])
    assert_type(ref.update_and_get(lambda n: n + 1), IO[int])
    assert_type(ref.compare_and_set(1, 2), IO[bool])
    assert_type(ref.wait_until(lambda n: n > 0), IO[int])
    ref.set("a")  # error
    ref.update(str)  # error


def deferreds(plain: Deferred[int], failing: Deferred[int, OSError]) -> None:
    assert_type(Deferred[int].make(), IO[Deferred[int]])
    assert_type(Deferred[int, OSError].make(), IO[Deferred[int, OSError]])
    assert_type(plain.get(), IO[int])
    assert_type(failing.get(), IO[int, OSError])
    assert_type(failing.complete(1), IO[bool])
    assert_type(failing.fail(OSError()), IO[bool])
    assert_type(failing.poll(), IO[Exit[int, OSError] | None])
    failing.complete("a")  # error
    failing.fail(KeyError())  # error


def locks(
    mutex: Mutex, semaphore: Semaphore, limiter: CapacityLimiter, rate: RateLimiter, io: IO[int, OSError]
) -> None:
    assert_type(Mutex.make(), IO[Mutex])
    assert_type(mutex.with_lock(io), IO[int, OSError])
    assert_type(mutex.with_lock(pure(1)), IO[int])
    assert_type(mutex.acquire(), IO[None])
    assert_type(mutex.try_acquire(), IO[bool])
    assert_type(Semaphore.make(2), IO[Semaphore])
    assert_type(semaphore.with_permit(io), IO[int, OSError])
    assert_type(semaphore.with_permits(2)(io), IO[int, OSError])
    assert_type(io.pipe(semaphore.with_permits(2)), IO[int, OSError])
    assert_type(limiter.with_token(io), IO[int, OSError])
    assert_type(rate.limited(io), IO[int, OSError])
    Semaphore.make("two")  # error
    mutex.with_lock(1)  # error


def signals() -> None:
    assert_type(Event.make(), IO[Event])
    assert_type(Event.make().flat_map(lambda event: event.wait()), IO[None])
    assert_type(Latch.make(2).flat_map(lambda latch: latch.count_down()), IO[None])
    assert_type(Barrier.make(2).flat_map(lambda barrier: barrier.wait()), IO[int])


def channels(channel: Channel[int], sender: Sender[object], receiver: Receiver[int]) -> None:
    assert_type(Channel[int].make(), IO[Channel[int]])
    assert_type(Channel[int].make(capacity=3, policy="drop_oldest"), IO[Channel[int]])
    assert_type(channel.send(1), IO[None, ChannelClosed])
    assert_type(channel.receive(), IO[int, ChannelClosed])
    assert_type(channel.try_send(1), IO[bool, ChannelClosed])
    assert_type(channel.try_receive(), IO[int | None, ChannelClosed])
    assert_type(channel.drain(), IO[list[int]])
    assert_type(channel.for_each(lambda n: pure(n + 1)), IO[None])
    assert_type(channel.sender.clone(), IO[Sender[int]])
    channel.send("a")  # error
    Channel[int].make(policy="drop")  # error
    ends(channel.sender, receiver)  # error


def ends(sender: Sender[object], receiver: Receiver[object]) -> tuple[Sender[int], Receiver[object]]:
    return sender, receiver


def topics(topic: Topic[int]) -> None:
    assert_type(Topic[int].make(replay=1), IO[Topic[int]])
    assert_type(topic.publish(1), IO[None, ChannelClosed])
    assert_type(topic.subscribe(capacity=3), IO[Subscription[int]])
    assert_type(topic.subscribed(lambda subscription: subscription.receive()), IO[int, ChannelClosed])
    topic.publish("a")  # error


def choices(numbers: Channel[int], words: Channel[str], stop: Event) -> None:
    assert_type(select(numbers.receive(), words.receive()), IO[int | str, ChannelClosed])
    assert_type(select(stop.wait().as_value(0), stop.wait().as_value("")), IO[int | str])
    assert_type(select(numbers.receive(), stop.wait()), IO[int | None, ChannelClosed])
    assert_type(select(*[numbers.receive()]), IO[int, ChannelClosed])
    select(1, 2)  # error


@do
def working(group: TaskGroup) -> Do[int, OSError]:
    fibers = yield from FiberSet[int, OSError].make(group)
    fiber = yield from fibers.fork(pure(1))
    assert_type(fiber, Fiber[int, OSError])
    assert_type(fibers.wait_empty(), IO[None])
    return (yield from fiber.join())

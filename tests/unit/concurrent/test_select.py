"""`select`: the first of several waits, and nothing of the others."""

from __future__ import annotations

from typing import Any

import pytest

from effio import (
    IO,
    Channel,
    ChannelClosed,
    Deferred,
    Do,
    Event,
    Mutex,
    MutexMisused,
    Ref,
    Semaphore,
    Topic,
    VirtualClock,
    collect,
    delay,
    do,
    now,
    par_collect,
    par_settle,
    par_zip,
    pure,
    run_exit,
    select,
    sleep,
    yield_now,
)
from tests.unit.concurrent.sweep import cancelled_everywhere, defect_of, error_of, go


def test_what_is_there_is_taken_without_waiting() -> None:
    """If several are ready the first argument wins, and the others keep their items."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        empty, one, two = yield from collect([Channel[str].make(1)] * 3)
        yield from one.send("one")
        yield from two.send("two")
        chosen = yield from select(empty.receive(), one.receive(), two.receive())
        stats = yield from collect([channel.stats() for channel in (empty, one, two)])
        return [chosen, [(stat.kept, stat.waiting_receivers) for stat in stats]]

    assert go(program()) == ["one", [(0, 0), (0, 0), (1, 0)]]


def test_the_first_to_come_is_taken() -> None:
    """It waits in all queues, and leaves the others when it has been served in one."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        one = yield from Channel[str].make()
        two = yield from Channel[str].make()
        late = sleep(2).then(one.send("one")).as_value("delivered").fail_after(5).exit()
        chosen, *_ = yield from par_zip(select(one.receive(), two.receive()), sleep(1).then(two.send("two")))
        waiting = (yield from one.stats()).waiting_receivers
        exit, kept = yield from par_zip(late, sleep(3).then(one.try_receive()))
        return [chosen, waiting, exit.unwrap(), kept]

    assert go(program()) == ["two", 0, "delivered", "one"]


def test_steps_after_a_wait_tell_which_it_was() -> None:
    """Only the steps of the chosen one run."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        numbers = yield from Channel[int].make()
        stop = yield from Event.make()
        choices = select(
            numbers.receive().map(lambda number: ("number", number)).tap(lambda pair: delay(pair.__hash__)),
            stop.wait().as_value(("stop", None)),
        )
        first, _ = yield from par_zip(choices, numbers.send(1))
        second, _ = yield from par_zip(choices, yield_now().then(stop.set()))
        return [first, second]

    assert go(program()) == [("number", 1), ("stop", None)]


def test_any_wait_of_a_primitive_will_do() -> None:
    """Permits, values, changes: what is not chosen has taken nothing."""

    @do
    def program() -> Do[list[Any]]:
        semaphore = yield from Semaphore.make(0)
        deferred = yield from Deferred[str].make()
        ref = yield from Ref.make(0)
        waits = select(semaphore.acquire(), deferred.get(), ref.wait_until(lambda value: value > 0))
        chosen, _ = yield from par_zip(waits, sleep(1).then(deferred.complete("value")))
        yield from semaphore.release()
        counts = [(yield from semaphore.stats()).available, (yield from ref.stats()).waiting]
        return [chosen, *counts, (yield from waits)]

    assert go(program()) == ["value", 1, 0, None]


def test_closed_channel_is_an_answer_too() -> None:
    """A wait that fails decides as one that succeeds."""

    @do
    def program() -> Do[Any, ChannelClosed]:
        one = yield from Channel[str].make()
        two = yield from Channel[str].make()
        exit, _ = yield from par_zip(select(one.receive(), two.receive()).exit(), sleep(1).then(two.close()))
        return exit

    assert type(error_of(go(program()))) is ChannelClosed


def test_a_cancel_anywhere_loses_no_item() -> None:
    """Whoever is cancelled, at whatever action, each item was received once or is still there."""
    runs: list[tuple[list[int], list[int]]] = []

    def program() -> IO[list[int]]:
        sent: list[int] = []
        received: list[int] = []
        runs.append((sent, received))

        @do
        def body() -> Do[list[int]]:
            one = yield from Channel[int].make()
            two = yield from Channel[int].make(1)
            choosing = select(one.receive(), two.receive()).map(received.append)

            def sending(channel: Channel[int], item: int) -> IO[Any, Any]:
                return channel.send(item).map(lambda done: sent.append(item))

            fibers: list[IO[Any, Any]] = [choosing, choosing, sending(one, 1), sending(two, 2), sending(one, 3)]
            yield from par_settle(fibers).move_on_after(1)
            stats = [(yield from one.stats()), (yield from two.stats())]
            assert [stat.waiting_receivers for stat in stats] == [0, 0]
            return [*(yield from one.drain()), *(yield from two.drain())]

        return body()

    def check(left: list[int]) -> None:
        sent, received = runs[-1]
        assert sorted(sent) == sorted([*received, *left])

    assert cancelled_everywhere(program, check, victims=[f"par_settle[{n}]" for n in range(5)]) > 200


def test_two_waits_in_the_same_queue_take_one_item() -> None:
    """One that waits twice at the same place is served once."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        channel = yield from Channel[int].make()
        semaphore = yield from Semaphore.make(0)
        twice = select(channel.receive(), channel.receive())
        permits = select(semaphore.acquire(), semaphore.acquire())
        chosen, _ = yield from par_zip(twice, channel.send(1))
        yield from par_zip(permits, yield_now().then(semaphore.release(2)))
        return [chosen, (yield from channel.stats()).waiting_receivers, (yield from semaphore.stats()).available]

    assert go(program()) == [1, 0, 1]


@pytest.mark.parametrize(("send_first", "received"), [(True, ["two", "four"]), (False, ["one", "three"])])
def test_fiber_at_both_ends_of_a_channel_is_not_served_by_itself(send_first: bool, received: list[str]) -> None:
    """Two fibers that each would send or receive meet: one sends, the other has its item; one alone waits."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        channel = yield from Channel[str].make()

        def swap(item: str) -> IO[str, ChannelClosed]:
            ends = [channel.send(item).as_value("sent"), channel.receive()]
            return select(*(ends if send_first else reversed(ends)))

        alone = yield from swap("lost").move_on_after(1)
        return [alone, *(yield from par_collect([swap("one"), swap("two"), swap("three"), swap("four")]))]

    alone, *exchanged = go(program())
    assert alone is None
    assert sorted(exchanged) == sorted([*received, "sent", "sent"])


def test_fiber_at_both_ends_of_a_full_channel_takes_what_is_kept() -> None:
    """It receives the item that was there, and its own is not sent."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        channel = yield from Channel[str].make(1)
        yield from channel.send("kept")
        chosen = yield from select(channel.send("own").as_value("sent"), channel.receive())
        return [chosen, *(yield from channel.drain())]

    assert go(program()) == ["kept"]


def test_fiber_that_publishes_to_itself_keeps_the_item() -> None:
    """A subscriber that makes publishers wait misses nothing, even what it published while it waited."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        topic = yield from Topic[str].make()
        subscription = yield from topic.subscribe(capacity=0)
        chosen = yield from select(topic.publish("own").as_value("published"), subscription.receive())
        return [chosen, *(yield from subscription.drain())]

    assert go(program()) == ["published", "own"]


def test_wait_that_is_a_mistake_leaves_no_other_behind() -> None:
    """If one of the waits is a defect at once, the fiber waits in none of the other queues."""

    @do
    def program() -> Do[list[Any]]:
        channel = yield from Channel[int].make()
        mutex = yield from Mutex.make()
        exit = yield from mutex.with_lock(select(channel.receive(), mutex.acquire())).exit()
        return [type(defect_of(exit)), (yield from channel.stats()).waiting_receivers]

    assert go(program()) == [MutexMisused, 0]


def test_select_of_selects() -> None:
    """A select is a wait itself."""

    @do
    def program() -> Do[list[str], ChannelClosed]:
        channels = yield from collect([Channel[str].make() for _ in range(4)])
        a, b, c, d = (channel.receive() for channel in channels)
        nested = select(select(a, b), select(c, d))
        choosing = collect([nested, nested])
        chosen, _ = yield from par_zip(choosing, collect([channels[2].send("c"), channels[1].send("b")]))
        return chosen

    assert go(program()) == ["c", "b"]


def test_loop_over_a_select_is_fair_enough() -> None:
    """With the argument order turned round each time, both sources are served."""
    served: list[str] = []

    @do
    def program() -> Do[None, ChannelClosed]:
        one = yield from Channel[str].make(10)
        two = yield from Channel[str].make(10)
        for _ in range(4):
            yield from par_collect([one.send("one"), two.send("two")])
        waits = [one.receive(), two.receive()]
        for _ in range(8):
            served.append((yield from select(*waits)))
            waits.reverse()

    go(program())
    assert served == ["one", "two"] * 4


def test_waiting_for_several_is_told() -> None:
    """A deadlock names all that could have ended the wait."""

    @do
    def program() -> Do[None, ChannelClosed]:
        channel = yield from Channel[None].make(name="jobs")
        event = yield from Event.make(name="stop")
        yield from select(channel.receive(), event.wait())

    (defect,) = run_exit(program(), clock=VirtualClock()).failure().defects()
    (note,) = (note for note in defect.__notes__ if "waits for" in note)
    assert "an item of Channel 'jobs', which has 1 open sending ends or Event 'stop'" in note


@pytest.mark.parametrize("io", [pure(1), sleep(1), now()])
def test_only_waits_can_be_selected(io: IO[Any]) -> None:
    """A program that begins with something else is refused when the program is built."""
    with pytest.raises(TypeError, match="select needs programs that begin with a wait, not "):
        select(io)
    with pytest.raises(ValueError, match="select needs at least one program, not none"):
        select()

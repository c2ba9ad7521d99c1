"""`Topic`: each item to every subscriber."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from effio import (
    IO,
    ChannelClosed,
    Do,
    Topic,
    do,
    par_collect,
    par_settle,
    par_zip,
    pure,
    run_exit,
    sleep,
    traverse,
    yield_now,
)
from effio.concurrent.topic import TopicStats
from effio.interpreter.backends.simulated import simulate
from tests.unit.concurrent.sweep import cancelled_everywhere, defect_of, error_of, go, into, noting, value_of


def test_use_of_a_subscription_is_a_function() -> None:
    """The error names the method that was called."""
    wrong: Any = pure(1)
    program = Topic[int].make().map(lambda topic: topic.subscribed(wrong))
    assert str(defect_of(run_exit(program))) == "subscribed needs a function, not <IO pure(1)>"


@pytest.mark.parametrize("capacity", [0, 1, 3, inf])
@pytest.mark.parametrize("seed", range(6))
def test_all_subscribers_see_all_items_in_the_same_order(capacity: float, seed: int) -> None:
    """Two publishers and three subscribers agree on one order, in which each publisher's items are in order."""
    seen: list[list[tuple[str, int]]] = [[], [], []]

    @do
    def program() -> Do[None, ChannelClosed]:
        topic = yield from Topic[tuple[str, int]].make()
        readers = []
        for log in seen:
            subscription = yield from topic.subscribe(capacity=capacity)
            readers.append(subscription.for_each(into(log)))
        writers = [traverse([(name, n) for n in range(4)], topic.publish) for name in "ab"]
        yield from par_zip(par_collect(writers).then(topic.close()), par_collect(readers))

    value_of(simulate(program(), seed=seed))
    assert seen[0] == seen[1] == seen[2]
    assert sorted(seen[0]) == [(name, n) for name in "ab" for n in range(4)]
    assert [n for name, n in seen[0] if name == "a"] == [0, 1, 2, 3]


def test_subscriber_gets_what_comes_after_it_and_what_is_replayed() -> None:
    """A late subscriber gets the last items as many as the topic keeps, and then everything."""

    @do
    def program() -> Do[list[list[int]], ChannelClosed]:
        topic = yield from Topic[int].make(replay=2)
        early = yield from topic.subscribe()
        yield from traverse([1, 2, 3], topic.publish)
        late = yield from topic.subscribe()
        yield from topic.publish(4)
        return [(yield from early.drain()), (yield from late.drain())]

    assert go(program()) == [[1, 2, 3, 4], [2, 3, 4]]


def test_slow_subscriber_chooses_for_itself() -> None:
    """One that drops misses items, one that blocks keeps the publisher waiting; each by its own policy."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        topic = yield from Topic[int].make()
        newest = yield from topic.subscribe(capacity=2, policy="drop_newest")
        oldest = yield from topic.subscribe(capacity=2, policy="drop_oldest")
        patient = yield from topic.subscribe(capacity=3, policy="block")
        stuck = yield from traverse(range(5), topic.publish).move_on_after(1)
        everything = yield from patient.drain()
        return [stuck, everything, (yield from newest.drain()), (yield from oldest.drain())]

    assert go(program()) == [None, [0, 1, 2], [0, 1], [1, 2]]


def test_missed_items_are_counted() -> None:
    """The statistics of a subscription tell how many items it has missed."""

    @do
    def program() -> Do[list[int], ChannelClosed]:
        topic = yield from Topic[int].make()
        subscription = yield from topic.subscribe(capacity=1, policy="drop_oldest")
        yield from traverse(range(4), topic.publish)
        stats = yield from subscription.stats()
        return [stats.kept, stats.dropped]

    assert go(program()) == [1, 3]


@pytest.mark.parametrize("capacity", [0, 1])
def test_a_cancel_anywhere_keeps_the_others_going(capacity: int) -> None:
    """Whoever is cancelled, the subscribers that are left see all that was published, once and in order."""
    runs: list[list[list[int]]] = []

    def program() -> IO[TopicStats]:
        logs: list[list[int]] = [[], []]
        runs.append(logs)

        @do
        def body() -> Do[TopicStats]:
            topic = yield from Topic[int].make()

            def reader(log: list[int]) -> IO[None]:
                return topic.subscribed(
                    lambda subscription: subscription.for_each(lambda item: pure(item).map(log.append)),
                    capacity=capacity,
                )

            writer = yield_now().then(traverse([1, 2, 3], topic.publish))
            yield from par_settle([reader(logs[0]), reader(logs[1]), writer]).move_on_after(1)
            return (yield from topic.stats())

        return body()

    def check(stats: TopicStats) -> None:
        assert (stats.subscribers, stats.waiting_publishers) == (0, 0)
        for log in runs[-1]:
            assert log == [*range(log[0], log[0] + len(log))] if log else True

    assert cancelled_everywhere(program, check, victims=[f"par_settle[{n}]" for n in range(3)]) > 200


def test_cancelled_publisher_has_published_nothing() -> None:
    """An item whose publisher gave up waiting reaches nobody."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        topic = yield from Topic[int].make()
        subscription = yield from topic.subscribe(capacity=1)
        yield from topic.publish(1)
        given_up = yield from topic.publish(2).as_value("published").move_on_after(1)
        first = yield from subscription.receive()
        yield from topic.publish(3)
        return [given_up, first, (yield from subscription.drain())]

    assert go(program()) == [None, 1, [3]]


def test_closed_subscription_keeps_nobody_waiting() -> None:
    """A publisher that waits for a full subscriber goes on when that one closes."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        topic = yield from Topic[int].make()
        full = yield from topic.subscribe(capacity=0)
        published, _ = yield from par_zip(topic.publish(1).as_value("published"), sleep(1).then(full.close()))
        yield from full.close()
        return [published, type(error_of((yield from full.receive().exit()))), (yield from topic.stats()).subscribers]

    assert go(program()) == ["published", ChannelClosed, 0]


def test_closed_topic_gives_what_is_left() -> None:
    """Subscribers get what was published before the close, publishers and those who wait fail."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        topic = yield from Topic[int].make(name="news")
        left = yield from topic.subscribe()
        empty = yield from topic.subscribe()
        full = yield from topic.subscribe(capacity=1)
        yield from topic.publish(1)
        yield from empty.receive()
        closing = sleep(1).then(topic.close())
        waiting, publisher, _ = yield from par_settle([empty.receive(), topic.publish(2), closing])
        items = [(yield from left.receive()), (yield from full.receive())]
        ended = yield from left.try_receive().exit()
        return [*items, *(str(error_of(exit)) for exit in (waiting, publisher, ended))]

    received = "cannot receive from Topic 'news', which is closed"
    published = "cannot publish to Topic 'news', which is closed"
    assert go(program()) == [1, 1, received, published, received]


def test_fibers_that_share_a_subscription_share_its_items() -> None:
    """Each item goes to one of them, in the order they began to wait."""
    got: list[tuple[str, int]] = []

    @do
    def program() -> Do[None, ChannelClosed]:
        topic = yield from Topic[int].make()
        shared = yield from topic.subscribe()
        readers = [shared.receive().map(noting(got, name)) for name in "ab"]
        yield from par_collect([*readers, yield_now().then(traverse([1, 2], topic.publish)).as_value(None)])

    go(program())
    assert got == [("a", 1), ("b", 2)]


def test_arguments_are_checked_when_the_program_is_built() -> None:
    """A replay, capacity or policy that makes no sense is refused by the method itself."""
    topic: Any = go(Topic.make())
    with pytest.raises(ValueError, match="replay of Topic must be at least 0, not -1"):
        Topic.make(replay=-1)
    with pytest.raises(ValueError, match="capacity of subscribe must be at least 0, not -1"):
        topic.subscribe(capacity=-1)
    with pytest.raises(ValueError, match=r"policy of subscribe must be one of .*, not 'drop'"):
        topic.subscribe(policy="drop")


def test_topic_and_subscription_have_a_repr() -> None:
    """They show the name and counts, never the items."""

    @do
    def program() -> Do[list[str], ChannelClosed]:
        topic = yield from Topic[str].make(name="news")
        subscription = yield from topic.subscribe(capacity=5)
        yield from topic.publish("x" * 10_000)
        return [repr(topic), repr(subscription)]

    assert go(program()) == ["<Topic 'news': 1 subscribers>", "<Subscription to Topic 'news': 1 of 5 kept>"]

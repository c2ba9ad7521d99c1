"""`Channel`: each item to one receiver, none lost, none twice."""

from __future__ import annotations

from collections import Counter
from math import inf
from typing import Any

import pytest

from effio import (
    IO,
    Channel,
    ChannelClosed,
    Do,
    Exit,
    Success,
    VirtualClock,
    cancel_scope,
    collect,
    delay,
    do,
    fail,
    par_collect,
    par_settle,
    par_zip,
    run_exit,
    sleep,
    traverse,
    yield_now,
)
from effio.concurrent.channel import ChannelStats
from effio.interpreter.backends.simulated import simulate
from tests.unit.concurrent.sweep import cancelled_everywhere, error_of, go, into, noting, value_of

SIZES = [0, 1, 2, inf]


@pytest.mark.parametrize("capacity", SIZES)
@pytest.mark.parametrize("seed", range(6))
def test_items_arrive_once_and_in_order(capacity: float, seed: int) -> None:
    """Whatever is kept and whoever runs first, each receiver gets the items of each sender in the order of sending."""
    received: list[list[tuple[str, int]]] = [[], []]

    @do
    def program() -> Do[None, ChannelClosed]:
        channel = yield from Channel[tuple[str, int]].make(capacity)
        senders = par_collect([traverse([(name, n) for n in range(5)], channel.send) for name in "ab"])
        receivers = [channel.for_each(into(log)) for log in received]
        yield from par_zip(senders.then(channel.close()), *receivers)

    value_of(simulate(program(), seed=seed))
    assert sorted([*received[0], *received[1]]) == [(name, n) for name in "ab" for n in range(5)]
    for log in received:
        for name in "ab":
            numbers = [n for who, n in log if who == name]
            assert numbers == sorted(numbers)


@pytest.mark.parametrize("capacity", SIZES)
def test_a_cancel_anywhere_loses_no_item(capacity: float) -> None:
    """Whoever is cancelled, at whatever action, each item that was sent is received or still there, once."""
    runs: list[tuple[list[int], list[int]]] = []

    def program() -> IO[list[int]]:
        sent: list[int] = []
        received: list[int] = []
        runs.append((sent, received))

        @do
        def body() -> Do[list[int]]:
            channel = yield from Channel[int].make(capacity)

            def sending(*items: int) -> IO[Any, Any]:
                return traverse(items, lambda item: channel.send(item).map(lambda done: sent.append(item)))

            receiving = collect([channel.receive().map(received.append)] * 2)
            yield from par_settle([sending(1, 2), sending(3, 4), receiving, receiving]).move_on_after(1)
            return (yield from channel.drain())

        return body()

    def check(left: list[int]) -> None:
        sent, received = runs[-1]
        assert Counter(sent) == Counter(received) + Counter(left)

    assert cancelled_everywhere(program, check, victims=[f"par_settle[{n}]" for n in range(4)]) > 100


def test_item_in_hand_survives_a_cancel_of_the_same_tick() -> None:
    """A receiver that is handed an item and cancelled in the same tick has it; its next action is cancelled."""
    received: list[Any] = []

    @do
    def program() -> Do[list[str]]:
        channel = yield from Channel[str].make()
        receiving = channel.receive().map(received.append).then(delay(received.append, "more"))

        def scoped(scope: Any) -> IO[Any, Any]:
            return par_zip(receiving, yield_now().then(channel.send("item")).then(scope.cancel()))

        yield from cancel_scope(scoped)
        return (yield from channel.drain())

    assert go(program()) == []
    assert received == ["item"]


def test_rendezvous_waits_for_the_receiver() -> None:
    """Without room a send ends when its item is taken; with room at once."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        ends: list[Any] = []
        for capacity in (0, 1):
            channel = yield from Channel[int].make(capacity)
            patience = channel.send(1).as_value("sent").move_on_after(1)
            ends += yield from par_zip(patience, sleep(2).then(channel.try_receive()))
        return ends

    assert go(program()) == [None, None, "sent", 1]


def test_no_receiver_overtakes_another() -> None:
    """Items go to receivers in the order they began to wait."""
    order: list[tuple[str, int]] = []

    @do
    def program() -> Do[None, ChannelClosed]:
        channel = yield from Channel[int].make()
        receivers = [channel.receive().map(noting(order, name)) for name in "abc"]
        yield from par_collect([*receivers, sleep(1).then(traverse([1, 2, 3], channel.send))])

    go(program())
    assert order == [("a", 1), ("b", 2), ("c", 3)]


# -- Without waiting -----------------------------------------------------------------------------------------


def test_try_words_do_not_wait() -> None:
    """They tell whether there was room, and give an item or None."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        channel = yield from Channel[str].make(capacity=1)
        values: list[object] = [(yield from channel.try_receive())]
        values += yield from traverse(["a", "b"], channel.try_send)
        values += yield from collect([channel.try_receive(), channel.try_receive()])
        return values

    assert go(program()) == [None, True, False, "a", None]


def test_try_words_meet_who_waits() -> None:
    """An item is handed to a receiver that waits, and taken from a sender that waits."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        channel = yield from Channel[str].make()
        met = yield from par_zip(channel.receive(), yield_now().then(channel.try_send("a")))
        return [*met, *(yield from par_zip(channel.send("b"), yield_now().then(channel.try_receive())))]

    assert go(program()) == ["a", True, None, "b"]


def test_drain_takes_what_senders_wait_with() -> None:
    """It gives what is kept and then what senders wait with, and lets those go on."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        channel = yield from Channel[int].make(2)
        sending = [channel.send(n) for n in range(4)]
        *_, items = yield from par_collect([*sending, sleep(1).then(channel.drain())])
        return [items, (yield from channel.drain())]

    assert go(program()) == [[0, 1, 2, 3], []]


# -- Policies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "capacity", "kept", "dropped"),
    [
        ("drop_newest", 2, [0, 1], 3),
        ("drop_oldest", 2, [3, 4], 3),
        ("drop_newest", 0, [], 5),
        ("drop_oldest", 0, [], 5),
    ],
)
def test_dropping_keeps_no_sender_waiting(policy: Any, capacity: int, kept: list[int], dropped: int) -> None:
    """With a policy that drops, sends end at once and the items that are lost are counted."""

    @do
    def program() -> Do[tuple[list[int], int], ChannelClosed]:
        channel = yield from Channel[int].make(capacity, policy=policy)
        yield from traverse(range(5), channel.send)
        dropped = (yield from channel.stats()).dropped
        return (yield from channel.drain()), dropped

    assert go(program()) == (kept, dropped)


def test_try_send_tells_when_its_item_is_dropped() -> None:
    """It is false for an item that was dropped itself, true for one for which another was."""

    @do
    def program(policy: Any) -> Do[list[bool], ChannelClosed]:
        channel = yield from Channel[int].make(1, policy=policy)
        return (yield from traverse([1, 2], channel.try_send))

    assert go(program("drop_newest")) == [True, False]
    assert go(program("drop_oldest")) == [True, True]


def test_receiver_that_waits_gets_what_would_be_dropped() -> None:
    """A channel that keeps nothing still hands over to who is there."""

    @do
    def program() -> Do[tuple[str, None], ChannelClosed]:
        channel = yield from Channel[str].make(policy="drop_newest")
        return (yield from par_zip(channel.receive(), yield_now().then(channel.send("x"))))

    assert go(program()) == ("x", None)


# -- Closing -------------------------------------------------------------------------------------------------


def test_what_is_left_is_received_after_the_close() -> None:
    """Receivers get what was sent before, then `ChannelClosed`; senders get it at once."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        channel = yield from Channel[int].make(2, name="jobs")
        yield from channel.send(1)
        yield from channel.close()
        refused = yield from channel.send(2).exit()
        last = yield from channel.receive()
        ended = yield from channel.receive().exit()
        tried = yield from channel.try_receive().exit()
        return [str(error_of(refused)), last, str(error_of(ended)), type(error_of(tried))]

    sent = "cannot send to Channel 'jobs', which is closed"
    received = "cannot receive from Channel 'jobs', which is closed"
    assert go(program()) == [sent, 1, received, ChannelClosed]


def test_close_wakes_all_who_wait() -> None:
    """Receivers that wait and senders that wait fail when the channel is closed."""

    @do
    def program() -> Do[list[type]]:
        empty = yield from Channel[int].make()
        full = yield from Channel[int].make()
        closing = sleep(1).then(empty.close()).then(full.close())
        *exits, _ = yield from par_settle([empty.receive(), empty.receive(), full.send(1), closing])
        return [type(error_of(exit)) for exit in exits]

    assert go(program()) == [ChannelClosed] * 3


def test_last_sender_closes_the_channel() -> None:
    """Clones of the sending end keep it open; when the last one is closed, receivers end."""

    @do
    def program() -> Do[list[Any], ChannelClosed]:
        channel = yield from Channel[int].make(1)
        clone = yield from channel.sender.clone()
        yield from channel.sender.close()
        yield from channel.sender.close()
        refused = yield from channel.send(1).exit()
        yield from clone.send(2)
        yield from clone.close()
        return [
            type(error_of(refused)),
            (yield from channel.receive()),
            error_of((yield from channel.receive().exit())),
        ]

    refused, item, ended = go(program())
    assert (refused, item, type(ended)) == (ChannelClosed, 2, ChannelClosed)


def test_last_receiver_lets_the_senders_fail() -> None:
    """When nobody can receive any more, senders that wait and those that come fail, and what was kept is lost."""

    @do
    def program() -> Do[list[Any]]:
        channel = yield from Channel[int].make(1)
        clone = yield from channel.receiver.clone()
        yield from channel.try_send(1).or_die()
        closing = yield_now().then(channel.receiver.close()).then(clone.close())
        waiting, _ = yield from par_settle([channel.send(2), closing])
        late = yield from channel.send(3).exit()
        return [type(error_of(waiting)), type(error_of(late)), (yield from channel.stats()).kept]

    assert go(program()) == [ChannelClosed, ChannelClosed, 0]


def test_closing_one_end_wakes_only_who_waits_at_it() -> None:
    """Fibers at another clone wait on."""

    @do
    def program() -> Do[list[Any]]:
        channel = yield from Channel[int].make()
        clone = yield from channel.receiver.clone()
        closing = sleep(1).then(clone.close()).then(sleep(1)).then(channel.send(7))
        own, other, _ = yield from par_settle([channel.receive(), clone.receive(), closing])
        return [own, type(error_of(other))]

    assert go(program()) == [Success(7), ChannelClosed]


def test_clone_of_a_closed_end_is_closed() -> None:
    """It neither sends nor keeps the channel open."""

    @do
    def program() -> Do[list[Any]]:
        channel = yield from Channel[int].make(1)
        yield from channel.sender.close()
        clone = yield from channel.sender.clone()
        exit = yield from clone.send(1).exit()
        return [type(error_of(exit)), (yield from channel.stats()).senders, repr(clone).startswith("<closed Sender")]

    assert go(program()) == [ChannelClosed, 0, True]


def test_for_each_ends_with_the_channel_only() -> None:
    """A `ChannelClosed` of the program that an item is given to is its own failure, not the end."""

    @do
    def program() -> Do[Exit[None, ChannelClosed], ChannelClosed]:
        channel = yield from Channel[int].make(1)
        yield from channel.send(1)
        yield from channel.close()
        return (yield from channel.for_each(lambda item: fail(ChannelClosed("another", "send to"))).exit())

    assert error_of(go(program())).channel == "another"


# -- For people ----------------------------------------------------------------------------------------------


def test_statistics_count_both_ends() -> None:
    """They tell what is kept and who waits."""

    @do
    def program() -> Do[list[ChannelStats], ChannelClosed]:
        channel = yield from Channel[int].make(1)
        yield from channel.send(0)
        _, full = yield from par_zip(channel.send(1), yield_now().then(channel.stats()).tap(lambda s: channel.drain()))
        waiting = channel.receive().or_die().move_on_after(1)
        _, empty = yield from par_zip(waiting, yield_now().then(channel.stats()))
        return [full, empty]

    full, empty = go(program())
    assert (full.kept, full.capacity, full.waiting_senders, full.waiting_receivers) == (1, 1, 1, 0)
    assert (empty.kept, empty.senders, empty.receivers, empty.waiting_receivers) == (0, 1, 1, 1)


def test_deadlock_tells_of_both_ends() -> None:
    """Who waits to send and who waits to receive is told by channel."""

    @do
    def program() -> Do[object, ChannelClosed]:
        one = yield from Channel[int].make(1, name="one")
        two = yield from Channel[int].make(name="two")
        yield from one.send(1)
        return (yield from par_zip(one.send(2), two.receive()))

    (defect,) = run_exit(program(), clock=VirtualClock()).failure().defects()
    notes = "\n".join(defect.__notes__)
    assert "waits for a receiver of Channel 'one', where 1 items are kept" in notes
    assert "waits for an item of Channel 'two', which has 1 open sending ends" in notes


def test_arguments_are_checked_when_the_program_is_built() -> None:
    """A capacity or a policy that makes no sense is refused by the function itself."""
    with pytest.raises(ValueError, match="capacity of Channel must be at least 0, not -1"):
        Channel.make(-1)
    with pytest.raises(TypeError, match=r"capacity of Channel must be a whole number, not 1\.5"):
        Channel.make(1.5)
    wrong: Any = "drop"
    with pytest.raises(ValueError, match=r"policy of Channel must be one of .*, not 'drop'"):
        Channel.make(1, policy=wrong)


def test_reprs_are_bounded() -> None:
    """Channels and their ends show a name and counts, never their items."""
    channel = go(Channel[str].make(5, name="jobs"))
    go(channel.send("x" * 10_000))
    shown = [repr(channel), repr(channel.sender), repr(channel.receiver)]
    assert shown == [
        "<open Channel 'jobs': 1 of 5 kept>",
        "<open Sender of Channel 'jobs'>",
        "<open Receiver of Channel 'jobs'>",
    ]


def test_function_of_a_loop_that_makes_no_program_is_named() -> None:
    """The mistake of `for_each` is told with the name of the function, and where that is."""

    def print_item(item: str) -> Any:
        return None

    loop = Channel[str].make(1).flat_map(lambda channel: channel.send("item").then(channel.for_each(print_item)))
    cause = run_exit(loop).failure()
    assert "print_item must return a program, not None" in cause.render()
    assert "test_channel.py" in cause.render()

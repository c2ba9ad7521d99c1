"""Histories of concurrent calls against sequential models."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from effio import IO, Channel, Ref, do, par_collect
from effio.testing import Call, History, Model, NotLinearizable, assert_linearizable, explore, linearizable


def register(state: Any, call: Call) -> Iterable[Any]:
    """A register with read, write and compare-and-set."""
    if call.name == "read":
        return [state] if call.ended is None or call.result == state else []
    if call.name == "write":
        return [call.argument]
    old, new = call.argument
    if call.ended is None:
        return [new if state == old else state]
    return [new if state == old else state] if call.result == (state == old) else []


def queue(state: Any, call: Call) -> Iterable[Any]:
    """A first-in first-out queue."""
    if call.name == "put":
        return [(*state, call.argument)]
    if call.ended is None:
        return [state, state[1:]]
    return [state[1:]] if state and state[0] == call.result else []


REGISTER = Model(0, register)
QUEUE = Model((), queue)


def call(name: str, argument: Any, result: Any, began: int, ended: int | None) -> Call:
    return Call(name, argument, result, began=began, ended=ended)


def test_overlapping_calls_may_be_in_any_order() -> None:
    """A read that overlaps a write may give the old or the new value."""
    write = call("write", 1, None, 1, 4)
    for value in (0, 1):
        assert_linearizable([write, call("read", None, value, 2, 3)], REGISTER)


def test_call_that_began_later_sees_the_earlier_one() -> None:
    """A read that began after a write had ended must give its value."""
    with pytest.raises(NotLinearizable) as caught:
        assert_linearizable([call("write", 1, None, 1, 2), call("read", None, 0, 3, 4)], REGISTER)
    assert "read() -> 0" in "".join(caught.value.__notes__)


def test_two_reads_never_go_back() -> None:
    """Once a value was seen, an older one is not seen any more."""
    write = call("write", 1, None, 1, None)
    reads = [call("read", None, 1, 2, 3), call("read", None, 0, 4, 5)]
    with pytest.raises(NotLinearizable):
        assert_linearizable([write, *reads], REGISTER)


def test_call_that_never_ended_may_have_happened_or_not() -> None:
    """A write that was cancelled explains both values."""
    write = call("write", 1, None, 1, None)
    for value in (0, 1):
        assert_linearizable([write, call("read", None, value, 2, 3)], REGISTER)


def test_parts_are_checked_by_themselves() -> None:
    """With a partition hundreds of overlapping calls of different keys can be checked, and a bad one is found."""
    model = Model(0, of_one_key, partition=key)
    good = [call("write", (n, 1), None, 1, 1000) for n in range(300)]
    assert_linearizable(good, model)
    with pytest.raises(NotLinearizable):
        assert_linearizable([*good, call("read", (7, None), 5, 2, 3)], model)


def key(one: Call) -> Any:
    return one.argument[0]


def of_one_key(state: Any, one: Call) -> Iterable[Any]:
    return register(state, Call(one.name, one.argument[1], one.result, ended=one.ended))


@do
def checked(model: Model, thing: IO[Any, Any], fibers: Any) -> Any:
    history: History = yield from linearizable(model)
    shared = yield from thing
    yield from par_collect(fibers(history, shared))
    yield from history.verify()


def test_channel_is_a_queue_under_every_schedule() -> None:
    """Two senders and two receivers of a channel look like a queue in every schedule."""

    def fibers(history: History, channel: Any) -> list[IO[Any, Any]]:
        sends = [history.call("put", n, channel.send(n)) for n in range(2)]
        return [*sends, *(history.call("take", None, channel.receive()) for _ in range(2))]

    exploration = explore(checked(QUEUE, Channel.make(2), fibers), max_schedules=2_000).assert_ok()
    assert exploration.schedules >= 500


def test_update_in_two_steps_is_no_single_step() -> None:
    """A compare-and-set made of a read and a write is caught by its history."""

    @do
    def compare_and_set(ref: Any, old: int, new: int) -> Any:
        if (yield from ref.get()) != old:
            return False
        yield from ref.set(new)
        return True

    def fibers(history: History, ref: Any) -> list[IO[Any, Any]]:
        return [history.call("cas", (0, n), compare_and_set(ref, 0, n)) for n in (1, 2)]

    assert "NotLinearizable" in explore(checked(REGISTER, Ref.make(0), fibers)).render()


ETCD = Path(__file__).parents[3] / "shared" / "data" / "jepsen-etcd"

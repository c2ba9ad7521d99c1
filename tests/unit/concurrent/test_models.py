"""Each primitive does what a sequential model of it does, operation by operation, cancels of waiters included."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, Literal, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio import (
    IO,
    Barrier,
    CapacityLimiter,
    Channel,
    Do,
    Failure,
    Fiber,
    Semaphore,
    Subscription,
    Success,
    TaskGroup,
    Topic,
    collect,
    delay,
    do,
    suspend,
    task_group,
    unit,
    yield_now,
)
from tests.unit.concurrent.models import (
    CANCELLED,
    CLOSED,
    WAITING,
    Cancel,
    ModelBarrier,
    ModelChannel,
    ModelLimiter,
    ModelSemaphore,
    ModelTopic,
    Operation,
    Outcome,
    Script,
)
from tests.unit.concurrent.sweep import go

# -- The real thing ------------------------------------------------------------------------------------------


def performed(make: IO[Any], script: Script) -> list[Outcome]:
    """The outcomes of a script with the primitive that `make` makes; each step ends before the next begins."""

    @do
    def body(group: TaskGroup) -> Do[list[Outcome]]:
        primitive = yield from make
        fibers: list[Fiber[Any, Any]] = []
        for step in script:
            if isinstance(step, Operation):
                operation = getattr(primitive, step.word)
                io = operation() if step.argument is None else operation(step.argument)
                fibers.append((yield from group.fork(io.exit())))
            elif fibers:
                yield from fibers[step.number % len(fibers)].cancel()
            yield from yield_now().then(yield_now())
        outcomes = []
        for fiber in fibers:
            outcomes.append((yield from fiber.exit().map(outcome)) if fiber.done else WAITING)
        yield from group.cancel()
        return outcomes

    values: list[Outcome] = []
    go(task_group(lambda group: body(group).map(values.extend)).exit())
    return values


def outcome(exit: Any) -> Outcome:
    """What came of an operation whose exit is the value of its fiber."""
    match exit:
        case Success(Success(value)):
            return value
        case Success(Failure(_)):
            return CLOSED
        case _:
            return CANCELLED


@attrs.frozen
class Borrowing:
    """A limiter whose operations are those of its model."""

    limiter: CapacityLimiter
    borrowed: list[object] = attrs.field(factory=list[object])

    def acquire(self) -> IO[None]:
        borrower = object()
        noted = delay(self.borrowed.append, borrower)
        return self.limiter.acquire(borrower=borrower).then(noted)

    def give_back(self, place: int) -> IO[None]:
        if not self.borrowed:
            return unit
        return suspend(lambda: self.limiter.release(borrower=self.borrowed.pop(place % len(self.borrowed))))

    def resize(self, total: float) -> IO[None]:
        return self.limiter.resize(total)


@attrs.frozen
class Subscribed:
    """A topic and its subscribers, with the operations of its model."""

    topic: Topic[int]
    readers: list[Subscription[int]]

    @staticmethod
    def make(replay: int, rooms: Sequence[tuple[float, Policy]]) -> IO[Subscribed]:
        def subscribed(topic: Topic[int]) -> IO[Subscribed]:
            readers = [topic.subscribe(capacity=capacity, policy=policy) for capacity, policy in rooms]
            return collect(readers).map(lambda readers: Subscribed(topic, [*readers]))

        return Topic[int].make(replay=replay).flat_map(subscribed)

    def publish(self, item: int) -> IO[None, Any]:
        return self.topic.publish(item)

    def receive(self, place: int) -> IO[int, Any]:
        return self.readers[place % len(self.readers)].receive()

    def drain(self, place: int) -> IO[list[int]]:
        return self.readers[place % len(self.readers)].drain()

    def leave(self, place: int) -> IO[None]:
        return self.readers[place % len(self.readers)].close()

    def subscribe(self) -> IO[None]:
        return self.topic.subscribe(capacity=1).map(self.readers.append)

    def close(self) -> IO[None]:
        return self.topic.close()


# -- Scripts -------------------------------------------------------------------------------------------------

cancels = st.builds(Cancel, st.integers(0, 20))


def scripts(*operations: st.SearchStrategy[Operation]) -> st.SearchStrategy[list[Operation | Cancel]]:
    """Scripts of these operations, with a cancel now and then."""
    return st.lists(st.one_of(*operations, *operations, cancels), max_size=14)


def word(name: str, argument: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[Operation]:
    """An operation of that name."""
    return st.builds(Operation, st.just(name), st.none() if argument is None else argument)


few = st.integers(1, 3)
Policy: TypeAlias = Literal["block", "drop_newest", "drop_oldest"]


@given(script=scripts(word("acquire", few), word("release", few), word("try_acquire", few)), permits=st.integers(0, 4))
def test_semaphore_is_like_its_model(script: Script, permits: int) -> None:
    """Every acquire is granted when the model grants it, whatever is cancelled."""
    assert performed(Semaphore.make(permits), script) == ModelSemaphore(permits).run(script)


@pytest.mark.parametrize("capacity", [0, 1, 2, inf])
@pytest.mark.parametrize("policy", ["block", "drop_newest", "drop_oldest"])
@given(script=scripts(word("send", st.integers(0, 99)), word("receive"), word("drain"), word("close")))
def test_channel_is_like_its_model(capacity: float, policy: Policy, script: Script) -> None:
    """Every send ends and every item arrives when and where the model says, whatever is cancelled or closed."""
    made = Channel[int].make(capacity, policy=policy)
    assert performed(made, script) == ModelChannel(capacity, policy).run(script)


@given(script=scripts(word("wait")), parties=few)
def test_barrier_is_like_its_model(script: Script, parties: int) -> None:
    """Groups are complete when the model says so, whoever is cancelled."""
    assert performed(Barrier.make(parties), script) == ModelBarrier(parties).run(script)


@given(script=scripts(word("acquire"), word("give_back", few), word("resize", st.integers(0, 3))), total=few)
def test_limiter_is_like_its_model(script: Script, total: int) -> None:
    """Every token is lent when the model lends it, however many there are."""
    made = CapacityLimiter.make(total).map(Borrowing)
    assert performed(made, script) == ModelLimiter(total).run(script)


rooms = st.tuples(st.sampled_from([0, 1, 2, inf]), st.sampled_from(["block", "block", "drop_newest", "drop_oldest"]))


@given(
    script=scripts(
        word("publish", st.integers(0, 99)),
        word("publish", st.integers(0, 99)),
        word("receive", few),
        word("receive", few),
        word("drain", few),
        word("leave", few),
        word("subscribe"),
        word("close"),
    ),
    replay=st.integers(0, 2),
    rooms=st.lists(rooms, min_size=1, max_size=3),
)
def test_topic_is_like_its_model(script: Script, replay: int, rooms: Any) -> None:
    """Every publish ends and every item arrives when and where the model says, whoever leaves or is cancelled."""
    assert performed(Subscribed.make(replay, rooms), script) == ModelTopic(replay, rooms).run(script)


def test_scripts_do_what_they_should() -> None:
    """A script with a wait, a cancel and a close shows all the outcomes there are."""
    script: Script = [Operation("receive"), Operation("receive"), Cancel(0), Operation("close"), Operation("send", 1)]
    assert performed(Channel[int].make(), script) == [CANCELLED, CLOSED, None, CLOSED]

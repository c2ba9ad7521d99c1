"""Each primitive does what a sequential model of it does, operation by operation, cancels of waiters included."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Any, Literal, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio import IO, Barrier, Channel, Do, Failure, Fiber, Semaphore, Success, TaskGroup, do, task_group, yield_now
from tests.unit.concurrent.sweep import go

Outcome: TypeAlias = object
WAITING: Outcome = "waiting"
CANCELLED: Outcome = "cancelled"
CLOSED: Outcome = "closed"


@attrs.frozen
class Operation:
    """Something to do with a primitive, in a fiber of its own; it may have to wait."""

    word: str
    argument: Any = None


@attrs.frozen
class Cancel:
    """The cancel of the operation of that number, counted from the beginning, modulo how many there are."""

    number: int


Script: TypeAlias = Sequence[Operation | Cancel]


class Model:
    """The outcomes of the operations so far, by number."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Outcome] = {}

    def run(self, script: Script) -> list[Outcome]:
        for step in script:
            if isinstance(step, Operation):
                number = len(self.outcomes)
                self.outcomes[number] = WAITING
                getattr(self, step.word)(number, step.argument)
            elif self.outcomes:
                number = step.number % len(self.outcomes)
                if self.outcomes[number] is WAITING:
                    self.outcomes[number] = CANCELLED
                    self.cancel(number)
        return [*self.outcomes.values()]

    def cancel(self, number: int) -> None:
        raise NotImplementedError


# -- The models ----------------------------------------------------------------------------------------------


class ModelSemaphore(Model):
    def __init__(self, available: int) -> None:
        super().__init__()
        self.available = available
        self.queue: deque[tuple[int, int]] = deque()

    def acquire(self, number: int, permits: int) -> None:
        self.queue.append((number, permits))
        self.grant()

    def release(self, number: int, permits: int) -> None:
        self.available += permits
        self.outcomes[number] = None
        self.grant()

    def try_acquire(self, number: int, permits: int) -> None:
        granted = not self.queue and permits <= self.available
        self.available -= permits if granted else 0
        self.outcomes[number] = granted

    def cancel(self, number: int) -> None:
        self.queue = deque(entry for entry in self.queue if entry[0] != number)
        self.grant()

    def grant(self) -> None:
        while self.queue and self.queue[0][1] <= self.available:
            number, permits = self.queue.popleft()
            self.available -= permits
            self.outcomes[number] = None


class ModelChannel(Model):
    """Keeps all items that were sent, those without room too, and matches them with receivers in order."""

    def __init__(self, capacity: float, policy: str) -> None:
        super().__init__()
        self.capacity = capacity
        self.policy = policy
        self.items: deque[tuple[int | None, Any]] = deque()
        self.receivers: deque[int] = deque()
        self.closed = False

    def send(self, number: int, item: Any) -> None:
        if self.closed:
            self.outcomes[number] = CLOSED
            return
        self.items.append((number, item))
        self.settle()
        if self.policy != "block" and len(self.items) > self.capacity:
            del self.items[-1 if self.policy == "drop_newest" or self.capacity == 0 else 0]
            self.outcomes[number] = None
            self.settle()

    def receive(self, number: int, nothing: None) -> None:
        self.receivers.append(number)
        self.settle()

    def drain(self, number: int, nothing: None) -> None:
        self.outcomes[number] = [item for _, item in self.items]
        for sender, _ in self.items:
            self.accept(sender)
        self.items.clear()

    def close(self, number: int, nothing: None) -> None:
        self.closed = True
        self.outcomes[number] = None
        kept = [entry for place, entry in enumerate(self.items) if place < self.capacity]
        for sender, _ in [*self.items][len(kept) :]:
            assert sender is not None
            self.outcomes[sender] = CLOSED
        self.items = deque(kept)
        self.settle()

    def cancel(self, number: int) -> None:
        self.items = deque(entry for entry in self.items if entry[0] != number)
        self.receivers = deque(receiver for receiver in self.receivers if receiver != number)

    def settle(self) -> None:
        while self.receivers and (self.items or self.closed):
            receiver = self.receivers.popleft()
            sender, self.outcomes[receiver] = self.items.popleft() if self.items else (None, CLOSED)
            self.accept(sender)
        for place, (sender, item) in enumerate(self.items):
            if place < self.capacity:
                self.accept(sender)
                self.items[place] = (None, item)

    def accept(self, sender: int | None) -> None:
        if sender is not None:
            self.outcomes[sender] = None


class ModelBarrier(Model):
    def __init__(self, parties: int) -> None:
        super().__init__()
        self.parties = parties
        self.waiting: list[int] = []

    def wait(self, number: int, nothing: None) -> None:
        self.waiting.append(number)
        if len(self.waiting) == self.parties:
            for place, waiter in enumerate(self.waiting):
                self.outcomes[waiter] = place
            self.waiting = []

    def cancel(self, number: int) -> None:
        self.waiting.remove(number)


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


def test_scripts_do_what_they_should() -> None:
    """A script with a wait, a cancel and a close shows all the outcomes there are."""
    script: Script = [Operation("receive"), Operation("receive"), Cancel(0), Operation("close"), Operation("send", 1)]
    assert performed(Channel[int].make(), script) == [CANCELLED, CLOSED, None, CLOSED]

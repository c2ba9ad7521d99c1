"""Sequential models of primitives: operation by operation, who waits, who goes on, and with what."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias

import attrs

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


class ModelLimiter(Model):
    """The borrower of an operation is its number, so that nobody borrows twice."""

    def __init__(self, total: float) -> None:
        super().__init__()
        self.total = total
        self.borrowed: list[int] = []
        self.queue: list[int] = []

    def acquire(self, number: int, nothing: None) -> None:
        self.queue.append(number)
        self.grant()

    def give_back(self, number: int, place: int) -> None:
        """Give back one of the tokens that are lent, if there are any."""
        self.outcomes[number] = None
        if self.borrowed:
            self.borrowed.pop(place % len(self.borrowed))
            self.grant()

    def resize(self, number: int, total: float) -> None:
        self.total = total
        self.outcomes[number] = None
        self.grant()

    def cancel(self, number: int) -> None:
        self.queue.remove(number)

    def grant(self) -> None:
        while self.queue and len(self.borrowed) < self.total:
            self.borrowed.append(self.queue.pop(0))
            self.outcomes[self.borrowed[-1]] = None


@attrs.define
class ModelInbox:
    """What one subscriber of a topic has still to receive."""

    capacity: float
    policy: str
    items: list[Any] = attrs.field(factory=list[Any])
    receivers: list[int] = attrs.field(factory=list[int])
    is_open: bool = True

    def has_room(self) -> bool:
        return not self.is_open or self.policy != "block" or bool(self.receivers) or len(self.items) < self.capacity


class ModelTopic(Model):
    """Publishes the next item when everybody who blocks has room."""

    def __init__(self, replay: int, rooms: Sequence[tuple[float, str]]) -> None:
        super().__init__()
        self.history: deque[Any] = deque(maxlen=replay)
        self.inboxes = [ModelInbox(capacity, policy) for capacity, policy in rooms]
        self.publishers: deque[tuple[int, Any]] = deque()
        self.closed = False

    def publish(self, number: int, item: Any) -> None:
        if self.closed:
            self.outcomes[number] = CLOSED
            return
        self.publishers.append((number, item))
        self.settle()

    def receive(self, number: int, place: int) -> None:
        inbox = self.inboxes[place % len(self.inboxes)]
        if inbox.items:
            self.outcomes[number] = inbox.items.pop(0)
        elif self.closed or not inbox.is_open:
            self.outcomes[number] = CLOSED
        else:
            inbox.receivers.append(number)
        self.settle()

    def drain(self, number: int, place: int) -> None:
        inbox = self.inboxes[place % len(self.inboxes)]
        self.outcomes[number], inbox.items = inbox.items, []
        self.settle()

    def subscribe(self, number: int, nothing: None) -> None:
        self.inboxes.append(ModelInbox(1, "block", [*self.history]))
        self.outcomes[number] = None

    def leave(self, number: int, place: int) -> None:
        inbox = self.inboxes[place % len(self.inboxes)]
        self.outcomes[number] = None
        inbox.is_open, inbox.items = False, []
        self.refuse(inbox)
        self.settle()

    def close(self, number: int, nothing: None) -> None:
        self.outcomes[number] = None
        self.closed = True
        for publisher, _ in self.publishers:
            self.outcomes[publisher] = CLOSED
        self.publishers.clear()
        for inbox in self.inboxes:
            self.refuse(inbox)

    def cancel(self, number: int) -> None:
        self.publishers = deque(each for each in self.publishers if each[0] != number)
        for inbox in self.inboxes:
            inbox.receivers = [receiver for receiver in inbox.receivers if receiver != number]

    def refuse(self, inbox: ModelInbox) -> None:
        for receiver in inbox.receivers:
            self.outcomes[receiver] = CLOSED
        inbox.receivers = []

    def settle(self) -> None:
        while self.publishers and all(inbox.has_room() for inbox in self.inboxes):
            number, item = self.publishers.popleft()
            self.outcomes[number] = None
            self.history.append(item)
            for inbox in self.inboxes:
                if inbox.is_open:
                    self.offer(inbox, item)

    def offer(self, inbox: ModelInbox, item: Any) -> None:
        if inbox.receivers:
            self.outcomes[inbox.receivers.pop(0)] = item
        elif len(inbox.items) < inbox.capacity:
            inbox.items.append(item)
        elif inbox.policy == "drop_oldest" and inbox.items:
            inbox.items = [*inbox.items[1:], item]

"""What is inside a topic: the subscribers, what each has still to receive, and the publishers that wait for room."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any, final

import attrs

from effio.algebra.io import IO
from effio.algebra.primitive import Fail, Pure
from effio.concurrent.pipe import ChannelClosed, Policy
from effio.concurrent.shared import NOTHING, Parts, Shared


@final
@attrs.define(eq=False, repr=False)
class Inbox:
    """What one subscriber has still to receive; a fiber waits at it only while it is empty."""

    hub: Hub
    capacity: float
    policy: Policy
    items: deque[Any]
    everything: Parts = attrs.field(init=False)
    offers: Parts = attrs.field(init=False)
    receives: Parts = attrs.field(init=False)
    receiving: OrderedDict[Any, None] = attrs.field(init=False, factory=OrderedDict[Any, None])
    dropped: int = attrs.field(init=False, default=0)
    closed: bool = attrs.field(init=False, default=False)
    full: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        own, topic = attrs.evolve(self.hub.shared), self.hub.shared.reads_part("whole")
        self.everything = self.offers = self.receives = (*own.writes_part("whole"), *topic)
        if self.policy == "block":
            kept, around = len(self.items), (*own.reads_part("whole"), *topic)
            self.offers = (*own.gives("items"), *own.takes("room", self.capacity - kept), *around)
            self.receives = (*own.takes("items", kept), *own.gives("room"), *around)

    # -- Steps of the subscriber -----------------------------------------------------------------------------

    def enlist(self, resume: Any) -> IO[Any, Any] | None:
        """Receive, or wait for an item."""
        if self.items:
            return Pure(self.take())
        if self.closed or self.hub.closed:
            return self.refusal()
        self.receiving[resume] = None
        self.hub.update(self)
        return None

    def withdraw(self, resume: Any) -> None:
        """Wait no more."""
        if resume in self.receiving:
            del self.receiving[resume]
            self.hub.update(self)

    def try_receive(self) -> IO[Any, Any]:
        """Receive, or tell that there is nothing."""
        if self.items:
            return Pure(self.take())
        return self.refusal() if self.closed or self.hub.closed else NOTHING

    def take(self) -> Any:
        """The oldest item; a publisher may be waiting for its room."""
        item = self.items.popleft()
        self.hub.update(self)
        return item

    def drain(self) -> list[Any]:
        """Take everything that is kept."""
        found = [*self.items]
        self.items.clear()
        self.hub.update(self)
        return found

    def close(self) -> None:
        """Get nothing any more."""
        if not self.closed:
            self.closed = True
            self.items.clear()
            del self.hub.inboxes[self]
            self.refuse()
            self.hub.update(self)

    # -- Steps of others -------------------------------------------------------------------------------------

    def offer(self, item: Any) -> None:
        """Hand over, keep or drop an item; keep it without room if publishers wait for that."""
        while self.receiving:
            resume, _ = self.receiving.popitem(last=False)
            if resume(Pure(item)):
                return
        if len(self.items) < self.capacity or self.policy == "block":
            self.items.append(item)
            return
        self.dropped += 1
        if self.policy == "drop_oldest" and self.items:
            self.items.popleft()
            self.items.append(item)

    def refuse(self) -> None:
        """Nothing will come any more: let those fail who wait."""
        receiving, self.receiving = self.receiving, OrderedDict()
        for resume in receiving:
            resume(self.refusal())

    def refusal(self) -> IO[Any, Any]:
        """Fail, since nothing is left."""
        return Fail(ChannelClosed(str(self.hub.shared), "receive from"))

    def waits_for(self) -> str:
        """What a subscriber waits for."""
        return f"an item of {self.hub.shared}"


@final
@attrs.define(eq=False, repr=False)
class Hub:
    """All subscribers and publishers. An item goes to all subscribers at once, so that all see the same order.

    `full` counts the subscribers without room whose policy is to block: as long as there are any, publishers wait.

    A publish and a receive commute, and so do receives of different subscribers. Who subscribes does so before or after
    a publisher that waits for one of them, so that is an operation on the whole topic.
    """

    shared: Shared
    history: deque[Any]
    everything: Parts = attrs.field(init=False)
    inboxes: dict[Inbox, None] = attrs.field(init=False, factory=dict[Inbox, None])
    publishing: OrderedDict[Any, Any] = attrs.field(init=False, factory=OrderedDict[Any, Any])
    full: int = attrs.field(init=False, default=0)
    published: int = attrs.field(init=False, default=0)
    closed: bool = attrs.field(init=False, default=False)
    delivering: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self.everything = self.shared.writes_part("whole")

    def enlist(self, item: Any, resume: Any) -> IO[Any, Any] | None:
        """Publish, or wait for room."""
        if self.closed:
            return self.refusal()
        if self.full or self.publishing:
            self.publishing[resume] = item
            return None
        self.deliver(item)
        self.serve()
        return NOTHING

    def withdraw(self, resume: Any) -> None:
        """Publish no more."""
        self.publishing.pop(resume, None)

    def subscribe(self, capacity: float, policy: Policy) -> Inbox:
        """One subscriber more, which has still to receive what is kept for it."""
        inbox = Inbox(self, capacity, policy, deque(self.history))
        self.inboxes[inbox] = None
        self.update(inbox)
        return inbox

    def close(self) -> None:
        """Let nobody publish any more; subscribers get what is left."""
        self.closed = True
        publishing, self.publishing = self.publishing, OrderedDict()
        for resume in publishing:
            resume(self.refusal())
        for inbox in self.inboxes:
            inbox.refuse()

    def update(self, inbox: Inbox) -> None:
        """A subscriber has more room or less: count it, and go on with those who wait for room."""
        self.count(inbox)
        if self.publishing:
            self.serve()

    def publishes(self) -> Parts:
        """What a publish touches: the order of all that are published, and what each subscriber has."""
        offers = [touch for inbox in self.inboxes for touch in inbox.offers]
        return (*self.shared.writes_part("order"), *self.shared.reads_part("whole"), *offers)

    def serve(self) -> None:
        """Go on with the publishers that wait; while an item is being delivered the next one has to wait."""
        while self.publishing and not self.full and not self.delivering:
            resume, item = self.publishing.popitem(last=False)
            if resume(NOTHING):
                self.deliver(item)

    def deliver(self, item: Any) -> None:
        """Give an item to all."""
        self.delivering = True
        self.published += 1
        self.history.append(item)
        for inbox in self.inboxes:
            inbox.offer(item)
            self.count(inbox)
        self.delivering = False

    def count(self, inbox: Inbox) -> None:
        """Look whether publishers have to wait for a subscriber."""
        if inbox.policy == "block":
            full = not inbox.closed and not inbox.receiving and len(inbox.items) >= inbox.capacity
            self.full += full - inbox.full
            inbox.full = full

    def refusal(self) -> IO[Any, Any]:
        """Fail, since it is closed."""
        return Fail(ChannelClosed(str(self.shared), "publish to"))

    def waits_for(self) -> str:
        """What a publisher waits for."""
        return f"{self.full} of {len(self.inboxes)} subscribers of {self.shared} to have room"

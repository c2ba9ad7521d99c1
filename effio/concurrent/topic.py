"""`Topic`, whose every subscriber gets every item that is published."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Generic, TypeVar, final

import attrs

from effio.algebra import argument
from effio.algebra.create import bracket
from effio.algebra.io import IO, NewError, NewValue
from effio.algebra.primitive import Operation, Park
from effio.concurrent.channel import consumed, flattened
from effio.concurrent.hub import Hub, Inbox
from effio.concurrent.pipe import ChannelClosed, Policy, checked_capacity, checked_policy
from effio.concurrent.shared import Shared, make, shared
from effio.data.made_elsewhere import made_elsewhere

Item = TypeVar("Item")
Received = TypeVar("Received", covariant=True)

DEFAULT_CAPACITY: Final = 16


@final
@attrs.frozen
class TopicStats:
    """How many subscribe and how many publishers wait; how many items were published and are kept for newcomers."""

    subscribers: int
    waiting_publishers: int
    published: int
    replayed: int
    closed: bool


@final
@attrs.frozen
class SubscriptionStats:
    """What is kept for one subscriber, how many fibers wait at it, and how many items it missed."""

    kept: int
    capacity: float
    waiting: int
    dropped: int
    closed: bool


@final
@made_elsewhere(Inbox, "the program topic.subscribe() gives one")
@attrs.frozen(eq=False, repr=False)
class Subscription(Generic[Received]):
    """The items that one subscriber has still to receive. Fibers that share it get each item once among them."""

    _inbox: Inbox

    def receive(self) -> IO[Received, ChannelClosed]:
        """Wait for an item and take it; fail if none is left and the topic, or this subscription, is closed.

        A receive that is cancelled has taken nothing.
        """
        inbox = self._inbox
        return Park(inbox.enlist, inbox.withdraw, inbox.waits_for, touches=inbox.receives)

    def try_receive(self) -> IO[Received | None, ChannelClosed]:
        """Take an item if there is one; give None if not, without waiting."""
        return flattened(Operation(self._inbox.try_receive, self._inbox.everything))

    def drain(self) -> IO[list[Received]]:
        """Take everything that is kept."""
        return Operation(self._inbox.drain, self._inbox.everything)

    def for_each(self, f: Callable[[Received], IO[object, NewError]], /) -> IO[None, NewError]:
        """Run the program that `f` makes of each item, one after another, until there are no more."""
        return consumed(self.receive, argument.function("for_each", f))

    def close(self) -> IO[None]:
        """Lose what is kept, get nothing more, and keep no publisher waiting. Closing again does nothing."""
        return Operation(self._inbox.close, self._inbox.everything)

    def stats(self) -> IO[SubscriptionStats]:
        """Count what is kept, what was dropped and who waits."""
        return Operation(self._stats, self._inbox.everything)

    def __repr__(self) -> str:
        inbox = self._inbox
        return f"<Subscription to {inbox.hub.shared}: {len(inbox.items)} of {inbox.capacity:g} kept>"

    def _stats(self) -> SubscriptionStats:
        inbox = self._inbox
        closed = inbox.closed or inbox.hub.closed
        return SubscriptionStats(len(inbox.items), inbox.capacity, len(inbox.receiving), inbox.dropped, closed)


@final
@made_elsewhere(Hub)
@attrs.frozen(eq=False, repr=False)
class Topic(Generic[Item]):
    """Gives every item to all who subscribe at that moment, to all in the same order.

    What happens when a subscriber has no room is its own choice: publishers wait for it, or it misses items.
    """

    _hub: Hub

    @classmethod
    def make(cls, *, replay: int = 0, name: str | None = None) -> IO[Topic[Item]]:
        """Make a new `Topic` that gives the last `replay` items to whoever subscribes later."""
        return make(opened, shared("Topic", name), argument.count("Topic", "replay", replay, 0))

    def publish(self, item: Item, /) -> IO[None, ChannelClosed]:
        """Give `item` to all subscribers at once, as soon as each that makes publishers wait has room.

        Publishers take their turn in the order they came. One that is cancelled has published nothing.
        """
        hub = self._hub
        return Park(partial(hub.enlist, item), hub.withdraw, hub.waits_for, touches=hub.publishes)

    def subscribe(self, *, capacity: float = DEFAULT_CAPACITY, policy: Policy = "block") -> IO[Subscription[Item]]:
        """Get every item from now on, keeping up to `capacity` of them, and the replayed ones first.

        Without room, "block" keeps publishers waiting, "drop_newest" misses the item, "drop_oldest" the one that is
        kept longest. Close it when it is no longer received from; `subscribed` does.
        """
        size, choice = checked_capacity("subscribe", capacity), checked_policy("subscribe", policy)
        return Operation(self._subscribe, self._hub.everything, (size, choice))

    def subscribed(
        self,
        use: Callable[[Subscription[Item]], IO[NewValue, NewError]],
        /,
        *,
        capacity: float = DEFAULT_CAPACITY,
        policy: Policy = "block",
    ) -> IO[NewValue, NewError]:
        """Subscribe, run what `use` makes of the subscription, and close that, however it ends."""
        subscribing = self.subscribe(capacity=capacity, policy=policy)
        return bracket(subscribing, argument.function("subscribed", use), closed)

    def close(self) -> IO[None]:
        """Let nobody publish any more: subscribers get what is left, then fail with `ChannelClosed`."""
        return Operation(self._hub.close, self._hub.everything)

    def stats(self) -> IO[TopicStats]:
        """Count who subscribes, who waits, and the items so far."""
        return Operation(self._stats, self._hub.everything)

    def __repr__(self) -> str:
        return f"<{self._hub.shared}: {len(self._hub.inboxes)} subscribers>"

    def _subscribe(self, capacity: float, policy: Policy) -> Subscription[Item]:
        return Subscription(self._hub.subscribe(capacity, policy))

    def _stats(self) -> TopicStats:
        hub = self._hub
        return TopicStats(len(hub.inboxes), len(hub.publishing), hub.published, len(hub.history), hub.closed)


def opened(shared: Shared, replay: int) -> Topic[Any]:
    """A topic without subscribers."""
    return Topic(Hub(shared, deque(maxlen=replay)))


def closed(subscription: Subscription[object]) -> IO[None]:
    """Close it."""
    return subscription.close()

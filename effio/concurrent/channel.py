"""`Channel`, through which fibers hand over items: each item to one receiver, in the order they were sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar, final

import attrs

from effio.algebra import argument
from effio.algebra.io import IO, NewError
from effio.algebra.primitive import FlatMap, Fold, Halt, Operation, Park, Pure, Suspend, Then
from effio.concurrent.pipe import ChannelClosed, End, Pipe, Policy, checked_capacity, checked_policy
from effio.concurrent.shared import NOTHING, make, shared
from effio.data import cause
from effio.data.cause import Cause
from effio.data.made_elsewhere import made_elsewhere

Item = TypeVar("Item")
Sent = TypeVar("Sent", contravariant=True)
Received = TypeVar("Received", covariant=True)


@final
@attrs.frozen
class ChannelStats:
    """What is kept and who waits at the two ends; how many ends are open; how many items were dropped so far."""

    kept: int
    capacity: float
    senders: int
    receivers: int
    waiting_senders: int
    waiting_receivers: int
    dropped: int
    closed: bool


@final
@made_elsewhere(Pipe, "a sender is an attribute of a Channel")
@attrs.define(eq=False, repr=False)
class Sender(Generic[Sent]):
    """A sending end. When the last one is closed, receivers get what is left and then fail with `ChannelClosed`."""

    _pipe: Pipe
    _end: End = attrs.field(factory=End)
    _enlist: Callable[..., Any] = attrs.field(init=False)
    _withdraw: Callable[[Any], None] = attrs.field(init=False)
    _reason: Callable[[], str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._enlist = partial(self._pipe.enlist_send, self._end)
        self._withdraw = self._pipe.withdraw_send
        self._reason = self._pipe.waits_for_room

    def send(self, item: Sent, /) -> IO[None, ChannelClosed]:
        """Wait until a receiver takes `item` or there is room to keep it.

        Fails if no receiving end, or not this end, is open. A send that is cancelled has sent nothing.
        """
        return Park(partial(self._enlist, item), self._withdraw, self._reason, touches=self._pipe.sends)

    def try_send(self, item: Sent, /) -> IO[bool, ChannelClosed]:
        """Send `item` if that needs no waiting; tell whether it was taken or kept."""
        return flattened(Operation(self._pipe.try_send, self._pipe.everything, (self._end, item)))

    def clone(self) -> IO[Sender[Sent]]:
        """Open one sending end more; the clone of a closed one is closed."""
        return Operation(self._clone, self._pipe.everything)

    def close(self) -> IO[None]:
        """Close this end; sends that wait on it fail. Closing it again does nothing."""
        return Operation(self._pipe.close_sender, self._pipe.everything, (self._end,))

    def __repr__(self) -> str:
        return f"<{'open' if self._end.is_open else 'closed'} Sender of {self._pipe.shared}>"

    def _clone(self) -> Sender[Sent]:
        return Sender(self._pipe, self._pipe.clone_sender(self._end))


@final
@made_elsewhere(Pipe, "a receiver is an attribute of a Channel")
@attrs.define(eq=False, repr=False)
class Receiver(Generic[Received]):
    """A receiving end. When the last one is closed, what is kept is lost and senders fail with `ChannelClosed`."""

    _pipe: Pipe
    _end: End = attrs.field(factory=End)
    _enlist: Callable[[Any], Any] = attrs.field(init=False)
    _withdraw: Callable[[Any], None] = attrs.field(init=False)
    _reason: Callable[[], str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._enlist = partial(self._pipe.enlist_receive, self._end)
        self._withdraw = self._pipe.withdraw_receive
        self._reason = self._pipe.waits_for_item

    def receive(self) -> IO[Received, ChannelClosed]:
        """Wait for an item and take it; fail if none is left and no sending end, or not this end, is open.

        Those who wait get items in the order they came. A receive that is cancelled has taken nothing.
        """
        return Park(self._enlist, self._withdraw, self._reason, touches=self._pipe.receives)

    def try_receive(self) -> IO[Received | None, ChannelClosed]:
        """Take an item if there is one; give None if not, without waiting."""
        return flattened(Operation(self._pipe.try_receive, self._pipe.everything, (self._end,)))

    def drain(self) -> IO[list[Received]]:
        """Take everything that is there, what senders wait with included."""
        return Operation(self._pipe.drain, self._pipe.everything, (self._end,))

    def for_each(self, f: Callable[[Received], IO[object, NewError]], /) -> IO[None, NewError]:
        """Run the program that `f` makes of each item, one after another, until there are no more."""
        return consumed(self.receive, argument.function("for_each", f))

    def clone(self) -> IO[Receiver[Received]]:
        """Open one receiving end more; the clone of a closed one is closed."""
        return Operation(self._clone, self._pipe.everything)

    def close(self) -> IO[None]:
        """Close this end; receives that wait on it fail. Closing it again does nothing."""
        return Operation(self._pipe.close_receiver, self._pipe.everything, (self._end,))

    def __repr__(self) -> str:
        return f"<{'open' if self._end.is_open else 'closed'} Receiver of {self._pipe.shared}>"

    def _clone(self) -> Receiver[Received]:
        return Receiver(self._pipe, self._pipe.clone_receiver(self._end))


@final
@made_elsewhere(Pipe)
@attrs.frozen(eq=False, repr=False)
class Channel(Generic[Item]):
    """Both ends at once; hand `sender` and `receiver`, or clones of them, to who shall have only one.

    Keeps up to `capacity` items. With 0 a send waits for its receiver.
    """

    _pipe: Pipe
    sender: Sender[Item] = attrs.field(init=False)
    receiver: Receiver[Item] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "sender", Sender(self._pipe))
        object.__setattr__(self, "receiver", Receiver(self._pipe))

    @classmethod
    def make(cls, capacity: float = 0, *, policy: Policy = "block", name: str | None = None) -> IO[Channel[Item]]:
        """Make a new `Channel` that keeps up to `capacity` items, a whole number or `math.inf`.

        `policy` says what to do with an item for which there is no room: "block" the sender, "drop_newest", that is
        this item, or "drop_oldest", that is the one that is kept longest.
        """
        size = checked_capacity("Channel", capacity)
        return make(opened, shared("Channel", name), size, checked_policy("Channel", policy))

    def send(self, item: Item, /) -> IO[None, ChannelClosed]:
        """Wait until a receiver takes `item` or there is room to keep it, as `Sender.send` does."""
        return self.sender.send(item)

    def try_send(self, item: Item, /) -> IO[bool, ChannelClosed]:
        """Send `item` if that needs no waiting; tell whether it was taken or kept."""
        return self.sender.try_send(item)

    def receive(self) -> IO[Item, ChannelClosed]:
        """Wait for an item and take it, as `Receiver.receive` does."""
        return self.receiver.receive()

    def try_receive(self) -> IO[Item | None, ChannelClosed]:
        """Take an item if there is one; give None if not, without waiting."""
        return self.receiver.try_receive()

    def drain(self) -> IO[list[Item]]:
        """Take everything that is there, what senders wait with included."""
        return self.receiver.drain()

    def for_each(self, f: Callable[[Item], IO[object, NewError]], /) -> IO[None, NewError]:
        """Run the program that `f` makes of each item, one after another, until there are no more."""
        return self.receiver.for_each(f)

    def close(self) -> IO[None]:
        """Close all sending ends, clones included: receivers get what is left, then fail with `ChannelClosed`."""
        return Operation(self._pipe.close, self._pipe.everything)

    def stats(self) -> IO[ChannelStats]:
        """Count what is kept, who waits, which ends are open."""
        return Operation(self._stats, self._pipe.everything)

    def __repr__(self) -> str:
        pipe = self._pipe
        return f"<{'closed' if pipe.closed else 'open'} {pipe.shared}: {len(pipe.items)} of {pipe.capacity:g} kept>"

    def _stats(self) -> ChannelStats:
        pipe = self._pipe
        return ChannelStats(
            len(pipe.items),
            pipe.capacity,
            0 if pipe.closed else pipe.senders,
            pipe.receivers,
            len(pipe.sending),
            len(pipe.receiving),
            pipe.dropped,
            pipe.closed,
        )


def opened(*of_pipe: Any) -> Channel[Any]:
    """A channel around a new pipe."""
    return Channel(Pipe(*of_pipe))


def flattened(step: IO[Any, Any]) -> IO[Any, Any]:
    """Run the program that a step gives."""
    return FlatMap(step, identity)


def identity(program: IO[Any, Any]) -> IO[Any, Any]:
    """The program itself."""
    return program


def consumed(
    receive: Callable[[], IO[Any, ChannelClosed]], f: Callable[[Any], IO[object, NewError]]
) -> IO[None, NewError]:
    """Run what `f` makes of each item until nothing can be received any more."""

    def step() -> IO[Any, Any]:
        return Fold(receive(), ended, use)

    def use(item: Any) -> IO[Any, Any]:
        return Then(FlatMap(Pure(item), f), following)

    following = Suspend(step)
    return following


def ended(failure: Cause[Any]) -> IO[Any, Any]:
    """That nothing is left is no failure."""
    match failure:
        case cause.Fail(error=ChannelClosed()):
            return NOTHING
        case _:
            return Halt(failure)

"""What is between the two ends of a channel: the items that are kept, and who waits at either end."""

from __future__ import annotations

from collections import OrderedDict, deque
from math import inf
from typing import Any, Final, Literal, TypeAlias, final, get_args

import attrs

from effio.algebra import argument
from effio.algebra.io import IO
from effio.algebra.primitive import Fail, Pure
from effio.concurrent.shared import NOTHING, Parts, Shared

Policy: TypeAlias = Literal["block", "drop_newest", "drop_oldest"]
"""What to do with an item for which there is no room: wait, drop that item, or drop the oldest one that is kept."""


class ChannelClosed(Exception):
    """Nothing can be sent any more, or nothing is left that could be received."""

    def __init__(self, channel: str, verb: Literal["send to", "receive from", "publish to"]) -> None:
        super().__init__(channel, verb)
        self.channel = channel
        self.verb = verb

    def __str__(self) -> str:
        return f"cannot {self.verb} {self.channel}, which is closed"


@final
@attrs.define(eq=False)
class End:
    """One sending or receiving end, as long as it is open."""

    is_open: bool = True


@final
@attrs.define(eq=False, repr=False)
class Pipe:
    """Items on their way: those that are kept, those of senders that wait for room.

    A receiver waits only while nothing is kept and no sender waits, a sender only while there is no room. A fiber that
    selects may wait at both ends, and is not served by itself: `own` is the fiber that sends or receives.
    `closed` says that nothing more can be sent; `senders` and `receivers` count the open ends. A send and a receive
    commute; every other operation is one on the whole channel, which these two only read.
    """

    shared: Shared
    capacity: float
    policy: Policy
    everything: Parts = attrs.field(init=False)
    sends: Parts = attrs.field(init=False)
    receives: Parts = attrs.field(init=False)
    items: deque[Any] = attrs.field(init=False, factory=deque[Any])
    sending: OrderedDict[Any, tuple[Any, End]] = attrs.field(init=False, factory=OrderedDict[Any, tuple[Any, End]])
    receiving: OrderedDict[Any, End] = attrs.field(init=False, factory=OrderedDict[Any, End])
    senders: int = attrs.field(init=False, default=1)
    receivers: int = attrs.field(init=False, default=1)
    dropped: int = attrs.field(init=False, default=0)
    closed: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        shared, around = self.shared, self.shared.reads_part("whole")
        self.everything = self.sends = self.receives = shared.writes_part("whole")
        if self.policy == "block":
            self.sends = (*shared.gives("items"), *shared.takes("room", self.capacity), *around)
            self.receives = (*shared.takes("items", 0), *shared.gives("room"), *around)

    # -- Items -----------------------------------------------------------------------------------------------

    def put(self, item: Any, own: Any = None) -> bool:
        """Hand over or keep an item; false if it is dropped or has to wait."""
        while self.receiving and (resume := first_but(own, self.receiving)) is not None:
            del self.receiving[resume]
            if resume(Pure(item)):
                return True
        if len(self.items) < self.capacity:
            self.items.append(item)
            return True
        if self.policy == "block":
            return False
        self.dropped += 1
        if self.policy == "drop_newest" or not self.items:
            return False
        self.items.popleft()
        self.items.append(item)
        return True

    def take(self, own: Any = None) -> IO[Any] | None:
        """The next item, if there is one."""
        if self.items:
            item = self.items.popleft()
            self.accept_into(self.items, self.capacity, own)
            return Pure(item)
        met: list[Any] = []
        self.accept_into(met, 1, own)
        return Pure(met[0]) if met else None

    def accept_into(self, items: deque[Any] | list[Any], room: float, own: Any = None) -> None:
        """Accept the items of the senders that have waited longest, until there are as many as there is room for."""
        while self.sending and len(items) < room and (resume := first_but(own, self.sending)) is not None:
            item, _ = self.sending.pop(resume)
            if resume(NOTHING):
                items.append(item)

    # -- Steps -----------------------------------------------------------------------------------------------

    def enlist_send(self, end: End, item: Any, resume: Any) -> IO[Any, Any] | None:
        """Send, or wait for room."""
        if not self.may_send(end):
            return self.refusal("send to")
        if self.put(item, resume.fiber) or self.policy != "block":
            return NOTHING
        self.sending[resume] = (item, end)
        return None

    def withdraw_send(self, resume: Any) -> None:
        """Wait for room no more."""
        self.sending.pop(resume, None)

    def enlist_receive(self, end: End, resume: Any) -> IO[Any, Any] | None:
        """Receive, or wait for an item."""
        found = self.take(resume.fiber) if end.is_open else None
        if found is not None:
            return found
        if self.closed or not end.is_open:
            return self.refusal("receive from")
        self.receiving[resume] = end
        return None

    def withdraw_receive(self, resume: Any) -> None:
        """Wait for an item no more."""
        self.receiving.pop(resume, None)

    def try_send(self, end: End, item: Any) -> IO[Any, Any]:
        """Send, or tell that there is no room."""
        return Pure(self.put(item)) if self.may_send(end) else self.refusal("send to")

    def try_receive(self, end: End) -> IO[Any, Any]:
        """Receive, or tell that there is nothing."""
        found = self.take() if end.is_open else None
        if found is None and (self.closed or not end.is_open):
            return self.refusal("receive from")
        return NOTHING if found is None else found

    def drain(self, end: End) -> list[Any]:
        """Take all there is, what senders wait with included."""
        if not end.is_open:
            return []
        found = [*self.items]
        self.items.clear()
        self.accept_into(found, inf)
        return found

    def may_send(self, end: End) -> bool:
        """Whether somebody could ever receive it."""
        return end.is_open and not self.closed and self.receivers > 0

    def refusal(self, verb: Literal["send to", "receive from"]) -> IO[Any, Any]:
        """Fail since nobody is there any more."""
        return Fail(ChannelClosed(str(self.shared), verb))

    # -- Ends ------------------------------------------------------------------------------------------------

    def clone_sender(self, end: End) -> End:
        """One sending end more; that of a closed one is closed."""
        self.senders += end.is_open
        return End(end.is_open)

    def clone_receiver(self, end: End) -> End:
        """One receiving end more; that of a closed one is closed."""
        self.receivers += end.is_open
        return End(end.is_open)

    def close_sender(self, end: End) -> None:
        """Close a sending end; the last one closes the channel."""
        if not end.is_open:
            return
        end.is_open = False
        self.senders -= 1
        self.refuse_senders()
        if self.senders == 0:
            self.close()

    def close_receiver(self, end: End) -> None:
        """Close a receiving end; with the last one all items are lost."""
        if not end.is_open:
            return
        end.is_open = False
        self.receivers -= 1
        for resume in [resume for resume, owner in self.receiving.items() if owner is end]:
            self.receiving.pop(resume, None)
            resume(self.refusal("receive from"))
        if self.receivers == 0:
            self.items.clear()
            self.refuse_senders()

    def close(self) -> None:
        """Let nobody send any more; receivers get what is left."""
        self.closed = True
        self.refuse_senders()
        receiving, self.receiving = self.receiving, OrderedDict()
        for resume in receiving:
            resume(self.refusal("receive from"))

    def refuse_senders(self) -> None:
        """Let those who wait for room fail that can no longer send."""
        for resume, (_, end) in [*self.sending.items()]:
            if not self.may_send(end):
                self.sending.pop(resume, None)
                resume(self.refusal("send to"))

    # -- For people ------------------------------------------------------------------------------------------

    def waits_for_room(self) -> str:
        """What a sender waits for."""
        kept = "" if self.capacity == 0 else f", where {len(self.items)} items are kept"
        return f"a receiver of {self.shared}{kept}"

    def waits_for_item(self) -> str:
        """What a receiver waits for."""
        return f"an item of {self.shared}, which has {self.senders} open sending ends"


def first_but(own: Any, waiting: OrderedDict[Any, Any]) -> Any:
    """Who has waited longest, unless it is the fiber `own`."""
    for resume in waiting:
        if resume.fiber is not own:
            return resume
    return None


POLICIES: Final = get_args(Policy)


def checked_capacity(word: str, value: float) -> float:
    """Refuse what is no number of items to keep."""
    return inf if value == inf else argument.count(word, "capacity", value, 0)


def checked_policy(word: str, value: Policy) -> Policy:
    """Refuse what is no policy."""
    if value not in POLICIES:
        raise ValueError(f"policy of {word} must be one of {POLICIES}, not {value!r}")
    return value

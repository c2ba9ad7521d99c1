"""Races on shared values: reads and writes that should have been one step."""

from __future__ import annotations

from functools import partial
from typing import Any

from effio import Channel, Deferred, Ref, do, fail
from tests.exploration.bugs.case import Bug, ensure, made, together


@do
def lost_update(n: int, *, mended: bool) -> Any:
    (counter,) = yield from made(Ref.make(0, name="counter"))

    @do
    def worker() -> Any:
        if mended:
            yield from counter.update(lambda value: value + 1)
        else:
            value = yield from counter.get()
            yield from counter.set(value + 1)

    yield from together(*(worker() for _ in range(n)))
    yield from ensure((yield from counter.get()) == n, "lost update")


@do
def bank_transfer(*, mended: bool) -> Any:
    """Two transfers and an auditor; mended, both accounts are one value."""
    accounts, left, right = yield from made(Ref.make((100, 100)), Ref.make(100), Ref.make(100))

    @do
    def transfer(source: Any, target: Any, amount: int) -> Any:
        if mended:
            sign = 1 if source is left else -1
            yield from accounts.update(lambda both: (both[0] - sign * amount, both[1] + sign * amount))
            return
        yield from source.set((yield from source.get()) - amount)
        yield from target.set((yield from target.get()) + amount)

    @do
    def total() -> Any:
        if mended:
            return sum((yield from accounts.get()))
        return (yield from left.get()) + (yield from right.get())

    _, _, seen = yield from together(transfer(left, right, 10), transfer(right, left, 20), total())
    yield from ensure(seen == 200, "inconsistent audit")
    yield from ensure((yield from total()) == 200, "money lost")


@do
def peterson(*, mended: bool) -> Any:
    """Mutual exclusion by two flags and a turn, with three looks at most; broken, the two writes are swapped."""
    first, second, turn, inside = yield from made(Ref.make(False), Ref.make(False), Ref.make(0), Ref.make(0))
    flags = (first, second)

    @do
    def enter(me: int) -> Any:
        writes = [flags[me].set(True), turn.set(1 - me)]
        for write in writes if mended else reversed(writes):
            yield from write
        for _ in range(2):
            if not (yield from flags[1 - me].get()) or (yield from turn.get()) == me:
                yield from ensure((yield from inside.update_and_get(lambda n: n + 1)) == 1, "both are inside")
                yield from inside.update(lambda n: n - 1)
                break
        yield from flags[me].set(False)

    yield from together(enter(0), enter(1))


@do
def treiber(*, mended: bool) -> Any:
    """A stack by compare-and-set whose nodes are recycled (ABA); mended, the head carries a version."""
    head, next_a, next_b = yield from made(Ref.make(("A", 0)), Ref.make("B"), Ref.make(None))
    following = {"A": next_a, "B": next_b}

    @do
    def pop() -> Any:
        top, version = yield from head.get()
        if top is None:
            return None
        below = yield from following[top].get()
        swapped = yield from head.compare_and_set((top, version), (below, version + mended))
        return top if swapped else None

    @do
    def push(node: str) -> Any:
        top, version = yield from head.get()
        yield from following[node].set(top)
        yield from head.compare_and_set((top, version), (node, version + mended))

    @do
    def recycler() -> Any:
        first = yield from pop()
        kept = yield from pop()
        if first is not None:
            yield from push(first)
        return kept

    popped, kept = yield from together(pop(), recycler())
    top, _ = yield from head.get()
    yield from ensure(kept is None or kept not in {top, popped}, "a node that somebody holds is on the stack")


@do
def reorder(setters: int, *, mended: bool) -> Any:
    """SCTBench reorder_k: setters write a = 1, b = -1; the checker sees one write without the other."""
    a, b, both = yield from made(Ref.make(0), Ref.make(0), Ref.make((0, 0)))

    @do
    def setter() -> Any:
        if mended:
            yield from both.set((1, -1))
        else:
            yield from a.set(1)
            yield from b.set(-1)

    @do
    def checker() -> Any:
        seen = (yield from both.get()) if mended else ((yield from a.get()), (yield from b.get()))
        yield from ensure(seen in {(0, 0), (1, -1)}, f"half done: {seen}")

    yield from together(*(setter() for _ in range(setters)), checker())


@do
def bluetooth(*, mended: bool) -> Any:
    """SCTBench bluetooth: a driver looks whether it is being stopped, then counts itself in; mended, first."""
    stopping, stopped, pending = yield from made(Ref.make(False), Ref.make(False), Ref.make(1))

    @do
    def leave() -> Any:
        if (yield from pending.update_and_get(lambda n: n - 1)) == 0:
            yield from stopped.set(True)

    @do
    def work() -> Any:
        if mended:
            yield from pending.update(lambda n: n + 1)
        if not (yield from stopping.get()):
            if not mended:
                yield from pending.update(lambda n: n + 1)
            yield from ensure(not (yield from stopped.get()), "works although it is stopped")
            yield from leave()
        elif mended:
            yield from leave()

    @do
    def stop() -> Any:
        yield from stopping.set(True)
        yield from leave()

    yield from together(work(), stop())


@do
def token_ring(*, mended: bool) -> Any:
    """SCTBench token_ring: who passes the token on does not wait for it."""
    x1, x2, x3 = yield from made(Ref.make(0), Ref.make(0), Ref.make(0))
    one, two = yield from made(Deferred.make(), Deferred.make())

    @do
    def pass_on(source: Any, target: Any, step: int, before: Any, after: Any) -> Any:
        if mended and before is not None:
            yield from before.get()
        yield from target.set((yield from source.get()) + step)
        if after is not None:
            yield from after.complete(None)

    yield from together(pass_on(x3, x1, 1, None, one), pass_on(x1, x2, 0, one, two), pass_on(x2, x3, 0, two, None))
    values = ((yield from x1.get()), (yield from x2.get()), (yield from x3.get()))
    yield from ensure(len({*values}) == 1, f"the token is in several places: {values}")


@do
def account(*, mended: bool) -> Any:
    """SCTBench account: a deposit and a withdrawal that look before they write."""
    (balance,) = yield from made(Ref.make(10))

    @do
    def change(amount: int) -> Any:
        if mended:
            yield from balance.update(lambda value: value + amount)
        else:
            yield from balance.set((yield from balance.get()) + amount)

    yield from together(change(5), change(-3), balance.get())
    yield from ensure((yield from balance.get()) == 12, "money lost")


@do
def used_before_made(*, mended: bool) -> Any:
    """The first figure of the PCT paper: a child uses what its parent makes after it has started it."""
    thing, ready = yield from made(Ref.make(None), Deferred.make())

    @do
    def parent() -> Any:
        yield from thing.set("made")
        yield from ready.complete(None)

    @do
    def child() -> Any:
        if mended:
            yield from ready.get()
        yield from ensure((yield from thing.get()) is not None, "used before it was made")

    yield from together(child(), parent())


@do
def uneven(steps: int, *, mended: bool) -> Any:
    """A long fiber and a short one (SURW): it fails only if the short one comes last."""
    (x,) = yield from made(Ref.make(0))

    @do
    def long() -> Any:
        for _ in range(steps):
            yield from x.update(lambda value: value + 1)

    @do
    def short() -> Any:
        seen = yield from x.get()
        yield from ensure(mended or seen < steps, "the short one came last")

    yield from together(short(), long())


@do
def stale_flag(*, mended: bool) -> Any:
    """SCTBench circular_buffer: a reader that trusts a flag which was right a moment ago."""
    slot, full = yield from made(Ref.make(None), Ref.make(False))

    @do
    def writer() -> Any:
        for write in (slot.set("item"), full.set(True)) if mended else (full.set(True), slot.set("item")):
            yield from write

    @do
    def reader() -> Any:
        if (yield from full.get()):
            yield from ensure((yield from slot.get()) is not None, "the buffer says full and is empty")

    yield from together(writer(), reader())


@do
def logger(*, mended: bool) -> Any:
    """Dejafu's logger: the log is read when the last line was handed over, not when it was written."""
    lines, stopped = yield from made(Ref.make(()), Deferred.make())
    commands: Any = yield from Channel.make(1)

    @do
    def write_lines() -> Any:
        while (line := (yield from commands.receive())) is not None:
            yield from lines.update(lambda known, line=line: (*known, line))
        yield from stopped.complete(None)

    @do
    def main() -> Any:
        for line in ("one", "two", "three", None):
            yield from commands.send(line)
        if mended:
            yield from stopped.get()
        yield from ensure(len((yield from lines.get())) == 3, "lost log lines")

    yield from together(main(), write_lines())


@do
def auto_update(*, mended: bool) -> Any:
    """Dejafu's auto-update: a client waits for a value that is withdrawn before it looks again."""
    asked, current, answer = yield from made(Channel.make(1), Ref.make(None), Deferred.make())

    @do
    def worker() -> Any:
        yield from asked.receive()
        yield from current.set("fresh")
        yield from answer.complete("fresh")
        if not mended:
            yield from current.set(None)

    @do
    def client(*, asks: bool) -> Any:
        if asks:
            yield from asked.send(None)
        yield from answer.get()
        if (yield from current.get()) is None:
            yield from fail("the value was withdrawn")

    yield from together(client(asks=True), client(asks=False), worker())


def bug(name: str, program: Any, *args: Any) -> Bug:
    return Bug(name, broken=partial(program, *args, mended=False), mended=partial(program, *args, mended=True))


BUGS = (
    bug("lost update(3)", lost_update, 3),
    bug("bank transfer", bank_transfer),
    bug("Peterson, writes swapped", peterson),
    bug("Treiber stack, ABA", treiber),
    bug("CS.reorder_3", reorder, 3),
    bug("CS.reorder_4", reorder, 4),
    bug("CS.bluetooth", bluetooth),
    bug("CS.token_ring", token_ring),
    bug("CS.account", account),
    bug("CS.circular_buffer", stale_flag),
    bug("PCT figure 1", used_before_made),
    bug("SURW uneven(12)", uneven, 12),
    bug("dejafu logger", logger),
    bug("dejafu auto-update", auto_update),
)

"""The programs of exploration-oracle.json, written in the small notation."""

from __future__ import annotations

from typing import Any

from tests.exploration.notation import (
    Deferred,
    Fiber,
    Named,
    Queue,
    Ref,
    Sem,
    Thread,
    Transaction,
    acquire,
    atomic,
    cas,
    complete,
    get,
    named,
    put,
    read,
    release,
    rmw,
    take,
    write,
    yield_,
)


@named
def indep(n: int, k: int) -> Named:
    """`n` threads, k writes each, to private refs: 1 trace, (nk)!/(k!)^n interleavings."""
    rs = [Ref(0) for _ in range(n)]

    def th(i: int) -> Fiber:
        def g() -> Thread:
            for j in range(k):
                yield write(rs[i], j)

        return g

    return f"indep({n},{k})", rs, [th(i) for i in range(n)], None


@named
def same_write(n: int, k: int) -> Named:
    """`n` threads, k writes each to ONE ref: every interleaving is its own trace."""
    x = Ref(0)

    def th(i: int) -> Fiber:
        def g() -> Thread:
            for j in range(k):
                yield write(x, (i, j))

        return g

    return f"same_write({n},{k})", [x], [th(i) for i in range(n)], None


@named
def readers(n: int) -> Named:
    """1 writer, n readers of one ref: 2^n traces, (n+1)! interleavings  [POPL'14 readers(n)]."""
    x = Ref(0)

    def w() -> Thread:
        yield write(x, 1)

    def rd() -> Thread:
        yield read(x)

    return f"readers({n})", [x], [w] + [rd] * n, None


@named
def lastzero(n: int) -> Named:
    """POPL'14: thread j >= 1 sets array[j] = array[j-1] + 1, thread 0 scans down for the last zero: (n+3)*2^(n-2)."""
    a = [Ref(0) for _ in range(n + 1)]

    def t0() -> Thread:
        i = n
        while (yield read(a[i])) != 0:
            i -= 1

    def tj(j: int) -> Fiber:
        def g() -> Thread:
            v = yield read(a[j - 1])
            yield write(a[j], v + 1)

        return g

    return f"lastzero({n})", a, [t0] + [tj(j) for j in range(1, n + 1)], None


@named
def lost_update(n: int, k: int = 1) -> Named:
    x = Ref(0)

    def th() -> Thread:
        for _ in range(k):
            v = yield read(x)
            yield write(x, v + 1)

    return f"lost_update({n},{k})", [x], [th] * n, lambda res: None if x.v == n * k else f"lost update: {x.v}"


@named
def atomic_update(n: int, k: int = 1) -> Named:
    x = Ref(0)

    def th() -> Thread:
        for _ in range(k):
            yield rmw(x, lambda v: v + 1)

    return f"atomic_update({n},{k})", [x], [th] * n, lambda res: None if x.v == n * k else "lost"


@named
def locked_update(n: int, k: int = 1) -> Named:
    x, m = Ref(0), Sem(1)

    def th() -> Thread:
        for _ in range(k):
            yield acquire(m)
            v = yield read(x)
            yield write(x, v + 1)
            yield release(m)

    return f"locked_update({n},{k})", [x, m], [th] * n, lambda res: None if x.v == n * k else "lost"


@named
def store_buffer() -> Named:
    """SB litmus: T1 x=1; r1=y   T2 y=1; r2=x  : 4 SC traces... (0,0) impossible."""
    x, y = Ref(0), Ref(0)
    out = {}

    def a() -> Thread:
        yield write(x, 1)
        out[1] = yield read(y)

    def b() -> Thread:
        yield write(y, 1)
        out[2] = yield read(x)

    return "SB litmus", [x, y], [a, b], lambda r: "(0,0)" if out == {1: 0, 2: 0} else None


@named
def message_passing() -> Named:
    x, y = Ref(0), Ref(0)
    out = {}

    def a() -> Thread:
        yield write(x, 1)
        yield write(y, 1)

    def b() -> Thread:
        out[1] = yield read(y)
        out[2] = yield read(x)

    return "MP litmus", [x, y], [a, b], lambda r: "(1,0)" if (out[1], out[2]) == (1, 0) else None


@named
def philosophers(n: int, rounds: int = 1, ordered: bool = False) -> Named:
    f = [Sem(1) for _ in range(n)]

    def ph(i: int) -> Fiber:
        a, b = i, (i + 1) % n
        if ordered and a > b:
            a, b = b, a

        def g() -> Thread:
            for _ in range(rounds):
                yield acquire(f[a])
                yield acquire(f[b])
                yield release(f[b])
                yield release(f[a])

        return g

    return f"philosophers({n},{rounds}{',ordered' if ordered else ''})", f, [ph(i) for i in range(n)], None


@named
def ab_ba() -> Named:
    a, b = Sem(1), Sem(1)

    def t1() -> Thread:
        yield acquire(a)
        yield acquire(b)
        yield release(b)
        yield release(a)

    def t2() -> Thread:
        yield acquire(b)
        yield acquire(a)
        yield release(a)
        yield release(b)

    return "AB-BA deadlock", [a, b], [t1, t2], None


@named
def bank_transfer(bug: bool = True) -> Named:
    """3 accounts, 2 transfers + 1 auditor.  bug: read-modify-write without a lock/STM."""
    acc = [Ref(100), Ref(100)]
    seen = []

    def tr(i: int, j: int, amt: int) -> Fiber:
        def g() -> Thread:
            if bug:
                v = yield read(acc[i])
                yield write(acc[i], v - amt)
                v = yield read(acc[j])
                yield write(acc[j], v + amt)
            else:

                def tx(tx: Transaction) -> None:
                    tx.set(acc[i], tx.get(acc[i]) - amt)
                    tx.set(acc[j], tx.get(acc[j]) + amt)

                yield atomic(tx)

        return g

    def audit() -> Thread:
        if bug:
            s = (yield read(acc[0])) + (yield read(acc[1]))
        else:
            s = yield atomic(lambda tx: tx.get(acc[0]) + tx.get(acc[1]))
        seen.append(s)

    def check(results: list[Any]) -> str | None:
        if acc[0].v + acc[1].v != 200:
            return "money lost"
        return None if seen == [200] else "inconsistent audit"

    return f"bank_transfer({'bug' if bug else 'stm'})", acc, [tr(0, 1, 10), tr(1, 0, 20), audit], check


@named
def dcl(bug: bool = True) -> Named:
    """double-checked initialisation: object published before it is initialised."""
    inst, field, m = Ref(None), Ref(None), Sem(1)
    bad = []

    def th() -> Thread:
        o = yield read(inst)
        if o is None:
            yield acquire(m)
            o = yield read(inst)
            if o is None:
                if bug:
                    yield write(inst, "obj")
                    yield write(field, 42)
                else:
                    yield write(field, 42)
                    yield write(inst, "obj")
            yield release(m)
        if (yield read(field)) is None:
            bad.append(1)

    name = f"double_checked_init({'bug' if bug else 'ok'})"
    return name, [inst, field, m], [th, th], lambda r: "uninitialised read" if bad else None


@named
def cache_stampede(n: int, bug: bool = True) -> Named:
    """Async cache: check, fetch, store.  bug = two fetches."""
    cache, fetches = Ref(None), Ref(0)
    inflight = Ref(None)
    ds = [Deferred() for _ in range(n)]

    def th(i: int) -> Fiber:
        def g() -> Thread:
            if bug:
                if (yield read(cache)) is None:
                    yield rmw(fetches, lambda v: v + 1)
                    yield write(cache, "v")
            else:
                d = ds[i]
                cur = yield rmw(inflight, lambda v: v if v is not None else d)
                if cur is None:
                    yield rmw(fetches, lambda v: v + 1)
                    yield complete(d, "v")
                else:
                    yield get(cur)

        return g

    name = f"cache_stampede({n},{'bug' if bug else 'ok'})"
    fibers = [th(i) for i in range(n)]
    return name, [cache, fetches, inflight, *ds], fibers, lambda r: None if fetches.v == 1 else f"stampede: {fetches.v}"


@named
def bounded_buffer(readers: int, writers: int, per_writer: int, cap: int = 1, notify_all: bool = False) -> Named:
    """Cargill's BoundedBuffer: ONE condition for 'not full' and 'not empty', notify(1).

    Monitor with Mesa semantics: mutex + FIFO condition queue, written with STM-like atomics:
    each loop iteration of the monitor body is one atomic block (lock held).
    """
    total = writers * per_writer
    buf, cond = Ref(0), Ref(())
    ds = [Deferred() for _ in range(24)]

    def notify(tx: Transaction) -> None:
        q = tx.get(cond)
        if q:
            for d in q if notify_all else q[:1]:
                tx.complete(d)
            tx.set(cond, () if notify_all else q[1:])

    def op(delta: int, nd: list[int]) -> Fiber:
        def g() -> Thread:
            while True:
                d = ds[nd[0]]
                nd[0] += 1

                def body(tx: Transaction, d: Deferred = d) -> bool:
                    b = tx.get(buf)
                    if not (0 <= b + delta <= cap):
                        tx.set(cond, (*tx.get(cond), d))
                        return False
                    tx.set(buf, b + delta)
                    notify(tx)
                    return True

                if (yield atomic(body)):
                    return
                yield get(d)

        return g

    def worker(k: int, delta: int, base: int) -> Fiber:
        def g() -> Thread:
            nd = [base]
            for _ in range(k):
                yield from op(delta, nd)()

        return g

    ths = [worker(total // readers, -1, 8 * i % 24) for i in range(readers)] + [
        worker(per_writer, +1, 8 * (readers + i) % 24) for i in range(writers)
    ]
    policy = "all" if notify_all else "one"
    return f"bounded_buffer(r={readers},w={writers},k={per_writer},cap={cap},{policy})", [buf, cond, *ds], ths, None


@named
def spsc(n: int, cap: int | None = None) -> Named:
    q = Queue(cap)

    def p() -> Thread:
        for i in range(n):
            yield put(q, i)

    out = []

    def c() -> Thread:
        for _ in range(n):
            out.append((yield take(q)))

    return f"spsc({n},cap={cap})", [q], [p, c], lambda r: None if out == list(range(n)) else f"order {out}"


@named
def mpsc(p_: int, k: int, cap: int | None = None) -> Named:
    q = Queue(cap)

    def p(i: int) -> Fiber:
        def g() -> Thread:
            for j in range(k):
                yield put(q, (i, j))

        return g

    def c() -> Thread:
        for _ in range(p_ * k):
            yield take(q)

    return f"mpsc({p_}x{k},cap={cap})", [q], [p(i) for i in range(p_)] + [c], None


@named
def sem_n(n: int, permits: int, k: int = 1) -> Named:
    s = Sem(permits)
    ins = Ref(0)
    bad = []

    def th() -> Thread:
        for _ in range(k):
            yield acquire(s)
            v = yield rmw(ins, lambda v: v + 1)
            if v >= permits:
                bad.append(v)
            yield rmw(ins, lambda v: v - 1)
            yield release(s)

    return f"semaphore(n={n},permits={permits},k={k})", [s, ins], [th] * n, lambda r: "too many inside" if bad else None


@named
def mutex_only(n: int, k: int = 1) -> Named:
    """`n` threads: acquire; release."""
    s = Sem(1)

    def th() -> Thread:
        for _ in range(k):
            yield acquire(s)
            yield release(s)

    return f"mutex({n},{k})", [s], [th] * n, None


@named
def race_deferred(n: int) -> Named:
    """N fibers try to complete one Deferred; a waiter reads the winner: race()."""
    d = Deferred()

    def c(i: int) -> Fiber:
        def g() -> Thread:
            yield complete(d, i)

        return g

    def w() -> Thread:
        return (yield get(d))

    return f"race_deferred({n})", [d], [c(i) for i in range(n)] + [w], None


@named
def reorder(n_set: int) -> Named:
    """SCTBench CS.reorder_k_bad: setters a=1;b=-1, checker reads a then b."""
    a, b = Ref(0), Ref(0)
    bad = []

    def setter() -> Thread:
        yield write(a, 1)
        yield write(b, -1)

    def checker() -> Thread:
        x = yield read(a)
        y = yield read(b)
        if not ((x == 0 and y == 0) or (x == 1 and y == -1)):
            bad.append((x, y))

    return f"CS.reorder_{n_set}_bad", [a, b], [setter] * n_set + [checker], lambda r: "reorder" if bad else None


@named
def twostage(n: int) -> Named:
    """SCTBench CS.twostage: data1 under m1, data2 under m2, reader checks between."""
    m1, m2, d1, d2 = Sem(1), Sem(1), Ref(0), Ref(0)
    bad = []

    def a() -> Thread:
        yield acquire(m1)
        yield write(d1, 1)
        yield release(m1)
        yield acquire(m2)
        v = yield read(d1)
        yield write(d2, v + 1)
        yield release(m2)

    def b() -> Thread:
        yield acquire(m1)
        t1 = yield read(d1)
        yield release(m1)
        if t1 == 0:
            return
        yield acquire(m2)
        t2 = yield read(d2)
        yield release(m2)
        if t2 != t1 + 1:
            bad.append(1)

    return f"CS.twostage({n}+1)", [m1, m2, d1, d2], [a] * n + [b], lambda r: "twostage" if bad else None


@named
def auto_update() -> Named:
    """Dejafu's auto-update: the client may wait for a value that has just been withdrawn."""
    cur, needs, last = Ref(None), Queue(1), Ref(None)
    ds = [Deferred(), Deferred()]

    def worker() -> Thread:
        yield take(needs)
        yield write(cur, 1)
        yield complete(ds[0], 1)
        yield yield_()
        yield write(cur, None)
        # the lastValue MVar is emptied: later readers must wait for another round
        yield write(last, "empty")

    def client() -> Thread:
        if (yield read(cur)) is None:
            yield put(needs, ())
            if (yield read(last)) == "empty":
                yield get(ds[1])  # nobody will complete it
            yield get(ds[0])

    def client2() -> Thread:
        if (yield read(cur)) is None and (yield read(last)) == "empty":
            yield get(ds[1])

    return "dejafu.auto_update(shape)", [cur, needs, last, *ds], [worker, client, client2], None


@named
def dejafu_logger() -> Named:
    """Dejafu Logger: stop reads the log before the last message is appended."""
    cmd, logg = Queue(1), Ref(())
    out = []

    def logger() -> Thread:
        while True:
            m = yield take(cmd)
            if m is None:
                return
            v = yield read(logg)
            yield write(logg, (*v, m))

    def main() -> Thread:
        for m in ("Hello", "World", "Foo"):
            yield put(cmd, m)
        yield put(cmd, None)
        out.append((yield read(logg)))

    def check(results: list[Any]) -> str | None:
        return None if len(out[0]) == 3 else f"lost log lines: {len(out[0])}"

    return "dejafu.logger", [cmd, logg], [logger, main], check


@named
def indexer(n: int) -> Named:
    """Flanagan & Godefroid 2005: threads put words into a hash table by compare-and-set; 12 threads: 8 traces."""
    size, words = 128, 4
    table = [Ref(0) for _ in range(size)]

    def th(tid: int) -> Fiber:
        def g() -> Thread:
            for m in range(1, words + 1):
                w = m * 11 + tid
                h = w * 7 % size
                while not (yield cas(table[h], 0, w)):
                    h = (h + 1) % size

        return g

    return f"indexer({n})", table, [th(i) for i in range(n)], None


@named
def filesystem(n: int) -> Named:
    """Flanagan & Godefroid 2005: threads find a free block for their inode, under locks; 16 threads: 8 traces."""
    blocks, inodes = 26, 32
    locki, inode = [Sem(1) for _ in range(inodes)], [Ref(0) for _ in range(inodes)]
    lockb, busy = [Sem(1) for _ in range(blocks)], [Ref(False) for _ in range(blocks)]

    def th(tid: int) -> Fiber:
        def g() -> Thread:
            i = tid % inodes
            yield acquire(locki[i])
            if (yield read(inode[i])) == 0:
                b = i * 2 % blocks
                while True:
                    yield acquire(lockb[b])
                    if not (yield read(busy[b])):
                        yield write(busy[b], True)
                        yield write(inode[i], b + 1)
                        yield release(lockb[b])
                        break
                    yield release(lockb[b])
                    b = (b + 1) % blocks
            yield release(locki[i])

        return g

    return f"filesystem({n})", [*locki, *inode, *lockb, *busy], [th(i) for i in range(n)], None

"""A small notation for programs with known answers: fibers are generators that yield one primitive step at a time.

It is a second system beside effio's interpreter that the search can be run on, with exact footprints.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any, ParamSpec

import attrs

from effio.testing.exploration.schedules.system import NOTHING, Clash, Footprint, Step

Thread = Generator["Op", Any, Any]
Fiber = Callable[[], Thread]
Check = Callable[[list[Any]], "str | None"]
Named = tuple[str, list[Any], list[Fiber], "Check | None"]
P = ParamSpec("P")


# -- Shared objects ------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class Ref:
    v: Any


@attrs.define(eq=False)
class Sem:
    """A FIFO semaphore; `gives` are the numbers of the steps that released, `taken` counts the grants."""

    permits: int
    waiting: deque[int] = attrs.field(factory=deque[int])
    gives: list[int] = attrs.field(factory=list[int])
    taken: int = 0
    initial: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.initial = self.permits


@attrs.define(eq=False)
class Queue:
    """A FIFO queue; the n-th take gets the n-th item, and the n-th item finds room after take n - capacity."""

    cap: int | None = None
    items: list[Any] = attrs.field(factory=list[Any])
    puts: list[int] = attrs.field(factory=list[int])
    takes: list[int] = attrs.field(factory=list[int])
    takers: list[int] = attrs.field(factory=list[int])
    putters: list[int] = attrs.field(factory=list[int])


@attrs.define(eq=False)
class Deferred:
    v: Any = None
    done: bool = False
    completed_by: int = -1


# -- Steps ---------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Op:
    name: str
    target: Any = None
    argument: Any = None
    expected: Any = None


def read(ref: Ref) -> Op:
    return Op("read", ref)


def write(ref: Ref, value: Any) -> Op:
    return Op("write", ref, value)


def rmw(ref: Ref, function: Callable[[Any], Any]) -> Op:
    """Replace the value by what `function` makes of it; gives the old one."""
    return Op("rmw", ref, function)


def cas(ref: Ref, expected: Any, value: Any) -> Op:
    return Op("cas", ref, value, expected)


def acquire(sem: Sem) -> Op:
    return Op("acquire", sem)


def try_acquire(sem: Sem) -> Op:
    return Op("try_acquire", sem)


def release(sem: Sem) -> Op:
    return Op("release", sem)


def put(queue: Queue, item: Any) -> Op:
    return Op("put", queue, item)


def take(queue: Queue) -> Op:
    return Op("take", queue)


def complete(deferred: Deferred, value: Any) -> Op:
    return Op("complete", deferred, value)


def get(deferred: Deferred) -> Op:
    return Op("get", deferred)


def atomic(body: Callable[[Transaction], Any]) -> Op:
    return Op("atomic", None, body)


def yield_() -> Op:
    return Op("yield")


class Transaction:
    """What the body of an atomic step does to the objects; `touched` maps each to whether it was written."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.touched: dict[Any, bool] = {}

    def get(self, ref: Ref) -> Any:
        self.touched.setdefault(ref, False)
        return ref.v

    def set(self, ref: Ref, value: Any) -> None:
        self.touched[ref] = True
        ref.v = value

    def complete(self, deferred: Deferred) -> None:
        self.touched[deferred] = True
        if not deferred.done:
            deferred.done = True
            deferred.completed_by = self.number


@attrs.frozen
class Program:
    """A program by its name; `build` makes its objects, its fibers and what is asked of their results anew."""

    name: str
    build: Callable[[], Named]


def named(function: Callable[P, Named]) -> Callable[P, Program]:
    """Let a function that makes the parts of a program make the program."""

    def make(*args: P.args, **kwargs: P.kwargs) -> Program:
        build = partial(function, *args, **kwargs)
        return Program(build()[0], build)

    return make


# -- Running -------------------------------------------------------------------------------------------------

TOUCHES: dict[str, tuple[tuple[str, bool], ...]] = {
    "read": (("", False),),
    "write": (("", True),),
    "rmw": (("", True),),
    "acquire": (("acquire", True),),
    "release": (("release", True),),
    "put": (("put", True),),
    "take": (("take", True),),
}


class Notated:
    """A program of this notation as a system; `learnt` holds what each atomic step touched in any run so far."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.learnt: dict[tuple[int, int], Footprint] = {}
        self.grown = False

    def start(self) -> NotatedRun:
        return NotatedRun(self)

    def learned(self) -> bool:
        grown, self.grown = self.grown, False
        return grown


class NotatedRun:
    def __init__(self, system: Notated) -> None:
        self.system = system
        _, objects, functions, self.check = system.program.build()
        self.objects = objects
        self.threads = [function() for function in functions]
        self.results: list[Any] = [None] * len(functions)
        self.next: list[Op | None] = [None] * len(functions)
        self.blocked: set[int] = set()
        self.edges: dict[int, list[int]] = {}
        self.counts = [0] * len(functions)
        self.number = 0
        self.index = {id(target): index for index, target in enumerate(objects)}
        self.keys: dict[tuple[int, str], int] = {}
        for thread in range(len(functions)):
            self.go_on(thread, None)

    def go_on(self, thread: int, value: Any) -> None:
        try:
            self.next[thread] = self.threads[thread].send(value)
        except StopIteration as stop:
            self.next[thread] = None
            self.results[thread] = stop.value

    def ready(self) -> list[int]:
        return [thread for thread, op in enumerate(self.next) if op is not None and self.can_step(thread, op)]

    def can_step(self, thread: int, op: Op) -> bool:
        return thread not in self.blocked and (op.name != "get" or op.target.done)

    # -- Footprints ----

    def key(self, target: Any, part: str) -> int:
        name = (id(target), part)
        if name not in self.keys:
            self.keys[name] = 1 << (2 * self.index[id(target)] + (part in ("release", "take")))
        return self.keys[name]

    def footprint(self, thread: int, op: Op) -> Footprint:
        name = op.name
        if name in TOUCHES:
            touches = TOUCHES[name]
        elif name == "cas":
            touches = (("", op.target.v == op.expected),)
        elif name == "complete":
            touches = (("", not op.target.done),)
        elif name == "try_acquire":
            free = op.target.permits > 0
            touches = (("acquire", True), ("release", True)) if free else (("acquire", False), ("release", False))
        elif name == "atomic":
            return self.system.learnt.get((thread, self.counts[thread]), NOTHING)
        else:
            return NOTHING
        touched = written = 0
        for part, writes in touches:
            key = self.key(op.target, part)
            touched |= key
            written |= key if writes else 0
        return Footprint(touched, written)

    def pending(self, thread: int) -> Footprint:
        op = self.next[thread]
        assert op is not None
        return self.footprint(thread, op)

    # -- Steps ----

    def take(self, thread: int) -> Step:
        op = self.next[thread]
        assert op is not None
        footprint = self.footprint(thread, op)
        enablers = self.edges.pop(thread, [])
        if op.name == "get":
            enablers.append(op.target.completed_by)
        if op.name == "atomic":
            footprint = self.transact(thread, op)
        else:
            done, value = getattr(self, "do_" + op.name)(thread, op)
            if done:
                self.go_on(thread, value)
        self.counts[thread] += 1
        self.number += 1
        return Step(footprint, enablers)

    def transact(self, thread: int, op: Op) -> Footprint:
        transaction = Transaction(self.number)
        value = op.argument(transaction)
        touched = written = 0
        for target, writes in transaction.touched.items():
            key = self.key(target, "")
            touched |= key
            written |= key if writes else 0
        place = (thread, self.counts[thread])
        known = self.system.learnt.get(place, NOTHING)
        union = Footprint(known.touched | touched, known.written | written)
        if (union.touched, union.written) != (known.touched, known.written):
            self.system.learnt[place] = union
            self.system.grown = True
        self.go_on(thread, value)
        return union

    def wake(self, thread: int, value: Any) -> None:
        self.edges.setdefault(thread, []).append(self.number)
        self.blocked.discard(thread)
        self.go_on(thread, value)

    def after(self, thread: int, steps: list[int], index: int) -> None:
        """The next step of `thread` needs step `index` of `steps`, if there is one."""
        if index >= 0:
            self.edges.setdefault(thread, []).append(steps[index])

    def do_read(self, thread: int, op: Op) -> tuple[bool, Any]:
        return True, op.target.v

    def do_write(self, thread: int, op: Op) -> tuple[bool, Any]:
        op.target.v = op.argument
        return True, None

    def do_rmw(self, thread: int, op: Op) -> tuple[bool, Any]:
        old = op.target.v
        op.target.v = op.argument(old)
        return True, old

    def do_cas(self, thread: int, op: Op) -> tuple[bool, Any]:
        swapped = op.target.v == op.expected
        if swapped:
            op.target.v = op.argument
        return True, swapped

    def do_acquire(self, thread: int, op: Op) -> tuple[bool, Any]:
        sem: Sem = op.target
        if not sem.permits:
            sem.waiting.append(thread)
            self.blocked.add(thread)
            return False, None
        sem.permits -= 1
        self.after(thread, sem.gives, sem.taken - sem.initial)
        sem.taken += 1
        return True, None

    def do_try_acquire(self, thread: int, op: Op) -> tuple[bool, Any]:
        return self.do_acquire(thread, op) if op.target.permits else (True, False)

    def do_release(self, thread: int, op: Op) -> tuple[bool, Any]:
        sem: Sem = op.target
        sem.gives.append(self.number)
        if sem.waiting:
            sem.taken += 1
            self.wake(sem.waiting.popleft(), None)
        else:
            sem.permits += 1
        return True, None

    def do_put(self, thread: int, op: Op) -> tuple[bool, Any]:
        queue: Queue = op.target
        index = len(queue.puts)
        queue.puts.append(self.number)
        queue.items.append(op.argument)
        if queue.takers:
            self.wake(queue.takers.pop(0), op.argument)
        if queue.cap is not None:
            if index - queue.cap >= len(queue.takes):
                queue.putters.append(thread)
                self.blocked.add(thread)
                return False, None
            self.after(thread, queue.takes, index - queue.cap)
        return True, None

    def do_take(self, thread: int, op: Op) -> tuple[bool, Any]:
        queue: Queue = op.target
        index = len(queue.takes)
        queue.takes.append(self.number)
        if queue.putters:
            self.wake(queue.putters.pop(0), None)
        if index >= len(queue.puts):
            queue.takers.append(thread)
            self.blocked.add(thread)
            return False, None
        self.after(thread, queue.puts, index)
        return True, queue.items[index]

    def do_complete(self, thread: int, op: Op) -> tuple[bool, Any]:
        deferred: Deferred = op.target
        if deferred.done:
            return True, False
        deferred.v, deferred.done, deferred.completed_by = op.argument, True, self.number
        return True, True

    do_get = do_read

    def do_yield(self, thread: int, op: Op) -> tuple[bool, Any]:
        return True, None

    def clash(self, rival: int, things: int) -> Clash:
        return str(things), False

    def scene(self) -> str:
        return "; ".join(sorted(op.name for op in self.next if op is not None))

    def outcome(self) -> str:
        if any(op is not None for op in self.next):
            return "deadlock"
        problem = None if self.check is None else self.check(self.results)
        return "ok" if problem is None else problem.partition(":")[0]

    def close(self) -> None: ...

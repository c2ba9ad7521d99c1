"""Programs of the small notation, run by effio: a shared object is one of effio's primitives, a step an action."""

# An atomic block looks into several refs at once, for which effio has no action of its own.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from effio import IO, Channel, Ref, Semaphore, do, fail, par_collect, yield_now
from effio import Deferred as Promise
from effio.algebra.primitive import Operation
from effio.data.touch import Touch
from tests.exploration import notation as n


def made(thing: Any) -> IO[Any]:
    """The primitive that stands for an object of the notation."""
    if isinstance(thing, n.Ref):
        return Ref.make(thing.v)
    if isinstance(thing, n.Sem):
        return Semaphore.make(thing.initial)
    if isinstance(thing, n.Queue):
        return Channel.make(inf if thing.cap is None else thing.cap)
    return Promise[Any].make()


WORDS: dict[str, Callable[[Any, n.Op], IO[Any, Any]]] = {
    "read": lambda ref, op: ref.get(),
    "write": lambda ref, op: ref.set(op.argument),
    "rmw": lambda ref, op: ref.get_and_update(op.argument),
    "cas": lambda ref, op: ref.compare_and_set(op.expected, op.argument),
    "acquire": lambda semaphore, op: semaphore.acquire(),
    "release": lambda semaphore, op: semaphore.release(),
    "put": lambda channel, op: channel.send(op.argument),
    "take": lambda channel, op: channel.receive(),
    "complete": lambda promise, op: promise.complete(op.argument),
    "get": lambda promise, op: promise.get(),
    "yield": lambda nothing, op: yield_now,
}


class Block:
    """An atomic step: the refs it may touch are all there are, what it completes is known once it was tried."""

    def __init__(self, body: Callable[[Any], Any], primitives: dict[Any, Any]) -> None:
        self.body = body
        self.primitives = primitives
        self.values: dict[Any, Any] = {}
        self.completed: list[Any] = []

    def get(self, ref: n.Ref) -> Any:
        return self.values[ref] if ref in self.values else self.primitives[ref]._value

    def set(self, ref: n.Ref, value: Any) -> None:
        self.values[ref] = value

    def complete(self, deferred: n.Deferred) -> None:
        self.completed.append(self.primitives[deferred])

    def tried(self) -> Any:
        """Run the body, nothing of it to be seen yet."""
        self.values, self.completed = {}, []
        return self.body(self)

    def touches(self) -> tuple[Touch, ...]:
        self.tried()
        refs = [thing for thing in self.primitives.values() if isinstance(thing, Ref)]
        return tuple(Touch(thing._shared, "write") for thing in (*refs, *self.completed))

    def run(self) -> Any:
        """Run the body, and let everybody see it."""
        result = self.tried()
        for ref, value in self.values.items():
            self.primitives[ref]._set(value)
        for promise in self.completed:
            completion: Any = promise.complete(None)
            completion._function(*completion._args)
        return result


@do
def thread(fiber: n.Fiber, primitives: dict[Any, Any]) -> Any:
    """Run one fiber, step by step."""
    steps = fiber()
    value: Any = None
    try:
        while True:
            op = steps.send(value)
            if op.name == "atomic":
                block = Block(op.argument, primitives)
                value = yield from Operation(block.run, block.touches)
            else:
                value = yield from WORDS[op.name](primitives.get(op.target), op)
    except StopIteration as stop:
        return stop.value


@do
def translated(program: n.Program) -> Any:
    """Run all fibers beside each other; fails with what the check of the program has to say in the end."""
    _, things, fibers, check = program.build()
    primitives: dict[Any, Any] = {}
    for thing in things:
        primitives[thing] = yield from made(thing)
    results = yield from par_collect([thread(fiber, primitives) for fiber in fibers])
    for thing in things:
        if isinstance(thing, n.Ref):
            thing.v = yield from primitives[thing].get()
    problem = None if check is None else check([*results])
    if problem is not None:
        yield from fail(problem.partition(":")[0])
    return "ok"

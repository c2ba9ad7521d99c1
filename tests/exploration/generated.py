"""Random small programs of effio's own primitives, and all their interleavings one by one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import attrs
from returns.result import Failure, Success

from effio import (
    IO,
    Channel,
    Deferred,
    Mutex,
    Ref,
    Semaphore,
    do,
    fail,
    first_completed,
    par_collect,
    par_settle,
    race_all,
    shield,
    sleep,
    task_group,
    yield_now,
)
from effio.testing.exploration.outcomes import ways_of
from effio.testing.exploration.steps.stepping import Stepped


@attrs.frozen
class Shared:
    """What all fibers of a program share."""

    refs: tuple[Any, Any]
    permits: Any
    promise: Any
    channel: Any
    lock: Any


Word = Callable[[Shared, int], IO[Any, Any]]


def more(factor: int, by: int) -> Callable[[int], int]:
    return lambda value: value * factor + by


WORDS: dict[str, Word] = {
    "get": lambda it, n: it.refs[n % 2].get(),
    "set": lambda it, n: it.refs[n % 2].set(n),
    "add": lambda it, n: it.refs[n % 2].update(more(2, n)),
    "compare": lambda it, n: it.refs[n % 2].compare_and_set(0, n),
    "permit": lambda it, n: it.permits.with_permit(it.refs[n % 2].update(more(3, n))),
    "try": lambda it, n: it.permits.try_acquire(),
    "release": lambda it, n: it.permits.release(),
    "acquire": lambda it, n: it.permits.acquire(),
    "lock": lambda it, n: it.lock.with_lock(it.refs[n % 2].update(more(3, n))),
    "send": lambda it, n: it.channel.send(n),
    "receive": lambda it, n: it.channel.receive(),
    "complete": lambda it, n: it.promise.complete(n),
    "await": lambda it, n: it.promise.get(),
    "timeout": lambda it, n: it.promise.get().move_on_after(1),
    "fail": lambda it, n: fail(f"error {n}"),
    "yield": lambda it, n: yield_now,
    "sleep": lambda it, n: sleep(n % 2 + 1),
    "finalizer": lambda it, n: it.refs[n % 2].get().ensuring(it.refs[1 - n % 2].update(more(5, n))),
    "shield": lambda it, n: shield(lambda restore: it.refs[n % 2].set(n).then(it.refs[n % 2].get())),
}

ALPHABETS = (
    ("get", "set", "add", "compare"),
    ("permit", "try", "release", "acquire", "add", "lock"),
    ("send", "receive", "get", "add"),
    ("complete", "await", "get", "set", "timeout"),
    ("get", "set", "fail", "yield", "finalizer", "shield"),
    ("sleep", "timeout", "set", "get", "add", "complete", "fail"),
    tuple(WORDS),
)

TOGETHER: tuple[Callable[[list[IO[Any, Any]]], IO[Any, Any]], ...] = (
    par_settle,
    lambda fibers: par_collect(fibers).exit(),
    lambda fibers: race_all(fibers).exit(),
    lambda fibers: first_completed(*fibers).exit(),
)

Plan = list[tuple[str, int]]


@do
def random_program(seed: int) -> Any:
    """A program that gives how its fibers ended and what the shared things hold at the end."""
    chance = Random(seed)
    alphabet = ALPHABETS[seed % len(ALPHABETS)]
    shared = Shared(
        ((yield from Ref.make(0)), (yield from Ref.make(0))),
        (yield from Semaphore.make(1)),
        (yield from Deferred.make()),
        (yield from Channel.make(chance.choice([0, 1, 5]))),
        (yield from Mutex.make()),
    )
    sizes = chance.choice([(1, 2), (2, 2), (2, 3), (1, 1, 1), (1, 1, 2)])
    plans = [[(chance.choice(alphabet), chance.randrange(1, 4)) for _ in range(size)] for size in sizes]
    fibers = [fiber(shared, plan) for plan in plans]
    how = chance.randrange(len(TOGETHER) + 2)
    if how < len(TOGETHER):
        ended = yield from TOGETHER[how](fibers)
    else:
        words = [(chance.choice(("cancel", "cancel_soon", "exit", "group", *alphabet)), chance.randrange(3))]
        grouped = task_group(
            lambda group: body(shared, group, fibers, words),
            on_failure="cancel" if how % 2 else "collect",
        )
        ended = yield from grouped.exit()
    values = ((yield from shared.refs[0].get()), (yield from shared.refs[1].get()))
    left = ((yield from shared.permits.stats()).available, (yield from shared.channel.stats()).kept)
    return plain(ended), values, left


@do
def fiber(shared: Shared, plan: Plan) -> Any:
    results = []
    for word, number in plan:
        results.append((yield from WORDS[word](shared, number)))
    return tuple(results)


@do
def body(shared: Shared, group: Any, fibers: list[IO[Any, Any]], plan: Plan) -> Any:
    children = []
    for child in fibers:
        children.append((yield from group.fork(child)))
    results = []
    for word, number in plan:
        if word == "group":
            results.append((yield from group.cancel()))
        elif word in WORDS:
            results.append((yield from WORDS[word](shared, number)))
        else:
            results.append((yield from getattr(children[number % len(children)], word)()))
    return tuple(results)


# -- Outcomes ------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """An exit, or several, as text that does not depend on identities or on the order of failures side by side."""
    if isinstance(value, list | tuple):
        return tuple(plain(part) for part in value)
    if isinstance(value, Success):
        return "value", plain(value.unwrap())
    if isinstance(value, Failure):
        return "failure", *sorted(leaf_text(leaf) for leaf in value.failure().leaves())
    return value


def leaf_text(leaf: Any) -> str:
    detail = getattr(leaf, "error", None) or type(getattr(leaf, "exception", None)).__name__
    return f"{type(leaf).__name__} {detail}"


def found_by_search(system: Stepped) -> set[Any]:
    """How the schedules of the explorer end."""
    return set(ways_of(system, plain, sys.maxsize).found)


class TooMany(Exception):
    """There are more interleavings than anybody wants to run."""


def all_outcomes(system: Stepped, limit: int) -> set[Any]:
    """How the runs of all interleavings end, each turn of each fiber a step of its own."""
    return {plain(outcome) for outcome in all_runs(system, limit)}


def all_runs(system: Stepped, limit: int) -> Iterator[Any]:
    pending: list[tuple[int, ...]] = [()]
    while pending:
        limit -= 1
        if limit < 0:
            raise TooMany
        prefix = pending.pop()
        run = system.start()
        for thread in prefix:
            run.take(thread)
        while ready := run.ready():
            pending.extend((*prefix, thread) for thread in ready[1:])
            run.take(ready[0])
            prefix = (*prefix, ready[0])
        yield run.outcome()

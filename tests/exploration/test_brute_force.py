"""The search against a search that knows nothing: all interleavings, told apart by an independent canonical form."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from effio.testing.exploration.schedules.search import Search
from tests.exploration.notation import (
    Deferred,
    Fiber,
    Named,
    Notated,
    NotatedRun,
    Op,
    Program,
    Queue,
    Ref,
    Sem,
    Thread,
    acquire,
    cas,
    complete,
    get,
    named,
    put,
    read,
    release,
    rmw,
    take,
    try_acquire,
    write,
)

Alphabet = Callable[[Random, list[Any]], Op]


# -- Random programs -----------------------------------------------------------------------------------------


def on_refs(chance: Random, shared: list[Any]) -> Op:
    ref, value = shared[chance.randrange(2)], chance.randrange(3)
    return chance.choice([read(ref), write(ref, value), rmw(ref, lambda old: old + 1)])


def on_compare_and_set(chance: Random, shared: list[Any]) -> Op:
    ref = shared[chance.randrange(2)]
    return chance.choice([read(ref), write(ref, 1), cas(ref, 0, 1), cas(ref, 1, 2)])


def on_semaphores(chance: Random, shared: list[Any]) -> Op:
    sem = shared[2]
    return chance.choice([acquire(sem), release(sem), rmw(shared[0], lambda old: old * 2 + 1)])


def on_attempts(chance: Random, shared: list[Any]) -> Op:
    sem = shared[2]
    return chance.choice([try_acquire(sem), acquire(sem), release(sem), write(shared[0], 1)])


def on_queues(chance: Random, shared: list[Any]) -> Op:
    queue = shared[3]
    return chance.choice([put(queue, chance.randrange(2)), take(queue), read(shared[0]), write(shared[0], 1)])


def on_deferreds(chance: Random, shared: list[Any]) -> Op:
    deferred = shared[4]
    return chance.choice([complete(deferred, 1), get(deferred), read(shared[0]), write(shared[0], 1)])


ALPHABETS: tuple[Alphabet, ...] = (on_refs, on_compare_and_set, on_semaphores, on_attempts, on_queues, on_deferreds)


@named
def random_program(seed: int) -> Named:
    chance = Random(seed)
    alphabet = ALPHABETS[seed % len(ALPHABETS)]
    shared = [Ref(0), Ref(0), Sem(chance.randrange(2)), Queue(chance.choice([None, 1, 2])), Deferred()]
    sizes = chance.choice([(2, 2), (3, 3), (1, 2, 2), (2, 2, 2), (1, 1, 1, 2)])
    plans = [[alphabet(chance, shared) for _ in range(size)] for size in sizes]

    def fiber(plan: list[Op]) -> Fiber:
        def body() -> Thread:
            results = []
            for op in plan:
                results.append((yield op))
            return tuple(results)

        return body

    return f"random({seed})", shared, [fiber(plan) for plan in plans], None


# -- All interleavings ---------------------------------------------------------------------------------------


def steps_of(program: Program, schedule: tuple[int, ...]) -> tuple[NotatedRun, list[tuple[int, Any]]]:
    """Run a schedule; give, for each step, its thread and what it touched."""
    run = Notated(program).start()
    return run, [(thread, run.take(thread).footprint) for thread in schedule]


def canonical(steps: list[tuple[int, Any]]) -> Any:
    """What two equivalent schedules have in common: for each thing, the writes in order with the reads in between."""
    counts: dict[int, int] = {}
    epochs: dict[int, list[Any]] = {}
    for thread, footprint in steps:
        touched, written = footprint.touched, footprint.written
        counts[thread] = counts.get(thread, 0) + 1
        for bit in range(touched.bit_length()):
            if not touched >> bit & 1:
                continue
            history = epochs.setdefault(bit, [set()])
            if written >> bit & 1:
                history += ((thread, counts[thread]), set())
            else:
                history[-1].add((thread, counts[thread]))
    frozen = {bit: tuple(frozenset(e) if isinstance(e, set) else e for e in history) for bit, history in epochs.items()}
    return frozenset(frozen.items()), frozenset(counts.items())


def brute_force(program: Program) -> dict[Any, Any]:
    """Every class of complete schedules, by its canonical form, with its outcome; prefixes are told apart likewise."""
    frontier: dict[Any, tuple[int, ...]] = {(): ()}
    found: dict[Any, Any] = {}
    while frontier:
        following: dict[Any, tuple[int, ...]] = {}
        for schedule in frontier.values():
            run, steps = steps_of(program, schedule)
            ready = run.ready()
            if not ready:
                found[canonical(steps)] = (run.outcome(), tuple(run.results))
            for thread in ready:
                longer = (*schedule, thread)
                following.setdefault(canonical(steps_of(program, longer)[1]), longer)
        frontier = following
    return found


@pytest.mark.parametrize("start", range(0, 120, 20))
def test_search_finds_each_class_of_a_random_program_once(start: int) -> None:
    """The classes of the search are those of brute force, and no class comes twice."""
    for seed in range(start, start + 20):
        program = random_program(seed)
        found = [canonical(steps_of(program, each.threads)[1]) for each in Search(Notated(program)).schedules()]
        assert len(found) == len(set(found)), seed
        assert set(found) == set(brute_force(program)), seed


@pytest.mark.thorough
@pytest.mark.parametrize("start", range(1000, 3000, 100))
def test_search_finds_each_class_of_many_random_programs_once(start: int) -> None:
    """The same of two thousand random programs."""
    for seed in range(start, start + 100):
        program = random_program(seed)
        found = {canonical(steps_of(program, each.threads)[1]) for each in Search(Notated(program)).schedules()}
        assert found == set(brute_force(program)), seed

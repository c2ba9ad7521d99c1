"""A deadlock explains itself: the circle first, who holds what since when, who could still do something about it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from effio import (
    IO,
    Barrier,
    Channel,
    Deadlock,
    Deferred,
    Event,
    Latch,
    Mutex,
    Ref,
    Semaphore,
    VirtualClock,
    delay,
    do,
    par_collect,
    run_exit,
    sleep,
    task_group,
    unit,
    yield_now,
)
from effio.testing import explore, simulate


def notes(exit: Any) -> list[str]:
    """What a deadlock says, without the lines of the source."""
    (defect,) = exit.failure().defects()
    assert isinstance(defect, Deadlock)
    return [note.split(" · tests/")[0] for note in defect.__notes__]


def told(io: IO[Any, Any]) -> list[str]:
    """The same of a run that a seed of the simulation chose nothing in."""
    return notes(simulate(io).outcome)


@do
def crossing() -> Any:
    """Two locks taken in two orders, and a third fiber that wants one of them."""
    left, right = (yield from Mutex.make(name="left")), (yield from Mutex.make(name="right"))

    def both(one: Mutex, other: Mutex) -> IO[Any, Any]:
        return one.with_lock(sleep(1).then(other.with_lock(unit)))

    late = sleep(2).then(left.with_lock(unit))
    yield from par_collect([late.named("late"), both(left, right).named("ann"), both(right, left).named("bob")])


def test_circle_comes_first_and_who_is_behind_it_last() -> None:
    """Each of the two names what the other holds and the step in which it took it; the others only wait for them."""
    assert told(crossing()) == [
        "a circle: ann waits for bob waits for ann",
        "fiber 'ann' waits for Mutex 'right', held by 'bob' · since step 9, taken by 'bob' in step 7",
        "fiber 'bob' waits for Mutex 'left', held by 'ann' · since step 10, taken by 'ann' in step 5",
        "behind: fiber 'crossing' waits for the end of par_collect ('late' and 2 more) · since step 3",
        "behind: fiber 'late' waits for Mutex 'left', held by 'ann' · since step 11, taken by 'ann' in step 5",
    ]


def test_ordinary_run_tells_the_same_but_for_the_steps() -> None:
    """In virtual time, without a journal, all but the steps is known too."""
    assert notes(run_exit(crossing(), clock=VirtualClock()))[:3] == [
        "a circle: ann waits for bob waits for ann",
        "fiber 'ann' waits for Mutex 'right', held by 'bob'",
        "fiber 'bob' waits for Mutex 'left', held by 'ann'",
    ]


@do
def handing_over() -> Any:
    """One holds the permit and waits for a value that only the one that waits for the permit would give."""
    permits, ready = (yield from Semaphore.make(1, name="permits")), (yield from Deferred[int].make(name="ready"))
    first = permits.with_permit(ready.get()).named("worker#1")
    second = permits.with_permit(ready.complete(1)).named("worker#2")
    yield from par_collect([first, second])


def test_only_one_could_complete_what_is_awaited() -> None:
    """Who still refers to the value is told, and so the circle is found though nobody holds it."""
    first, second, third, _ = told(handing_over())
    assert first == "a circle: worker#1 waits for worker#2 waits for worker#1"
    assert second == "fiber 'worker#1' waits for Deferred 'ready'; only 'worker#2' refers to it · since step 5"
    assert third.startswith("fiber 'worker#2' waits for a permit of Semaphore 'permits', held by 'worker#1' · since")
    assert third.endswith("taken by 'worker#1' in step 4")


def test_a_global_named_in_a_function_within_is_referred_to() -> None:
    """What a lambda names that a continuation would still make counts, in a module too."""
    space: dict[str, Any] = {"made": {}, "delay": delay}
    module = ModuleType("signals")
    exec("def later(_):\n    return delay(lambda: None).flat_map(lambda _: signals.READY.complete(1))", space)
    space["signals"] = module

    @do
    def program() -> Any:
        vars(module)["READY"] = ready = yield from Deferred[int].make(name="ready")
        gate = yield from Deferred[int].make(name="gate")
        waiting = gate.get().flat_map(space["later"]).named("two")
        yield from par_collect([ready.get().named("one"), waiting])

    assert "fiber 'one' waits for Deferred 'ready'; only 'two' refers to it" in "\n".join(told(program()))


@do
def kept() -> Any:
    """Somebody ends with the permit."""
    permits = yield from Semaphore.make(1, name="permits")
    yield from par_collect([permits.acquire().named("one"), permits.acquire().named("two")])


@do
def too_many() -> Any:
    permits = yield from Semaphore.make(1, name="permits")
    yield from permits.acquire(2)


@do
def twice() -> Any:
    permits = yield from Semaphore.make(1, name="permits")
    yield from permits.acquire().then(permits.acquire())


@do
def silent() -> Any:
    jobs = yield from Channel[int].make(name="jobs")
    yield from par_collect([jobs.receive().named("one"), jobs.receive().named("two")])


@do
def one_short() -> Any:
    latch, barrier = (yield from Latch.make(2, name="latch")), (yield from Barrier.make(3, name="barrier"))
    counting = latch.count_down().then(latch.wait())
    yield from par_collect([counting.named("one"), barrier.wait().named("two"), barrier.wait().named("three")])


@do
def too_small() -> Any:
    count = yield from Ref.make(0, name="count")
    yield from par_collect([count.wait_until(lambda n: n > 1).named("one"), count.update(lambda n: n + 1)])


@do
def never_set() -> Any:
    stop = yield from Event.make(name="stop")
    yield from stop.wait()


@do
def joining() -> Any:
    handles: list[Any] = []

    @do
    def in_group(group: Any) -> Any:
        handles.append((yield from group.fork(yield_now.flat_map(lambda _: handles[1].join()), name="one")))
        handles.append((yield from group.fork(handles[0].join(), name="two")))

    yield from task_group(in_group)


NOBODY = "; no other fiber refers to it"


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (
            kept,
            f"held by 'one', but 'one' ended without giving it back{NOBODY} · since step 4, taken by 'one' in step 3",
        ),
        (too_many, f"fiber 'too_many' waits for 2 permits of Semaphore 'permits', 1 free, held by nobody{NOBODY}"),
        (twice, "a circle: twice waits for twice"),
        (twice, "held by 'twice' · since step 3, taken by 'twice' in step 2"),
        (silent, f"fiber 'one' waits for an item of Channel 'jobs', which has 1 open sending ends{NOBODY}"),
        (one_short, f"fiber 'one' waits for Latch 'latch', 1 left to count down{NOBODY}"),
        (one_short, f"fiber 'three' waits for Barrier 'barrier', where 2 of 3 are{NOBODY}"),
        (too_small, f"fiber 'one' waits for Ref 'count' to be as it wants it{NOBODY}"),
        (never_set, f"fiber 'never_set' waits for Event 'stop'{NOBODY} · since step 2"),
        (joining, "a circle: one waits for two waits for one"),
    ],
)
def test_every_kind_of_wait_says_what_would_end_it(program: Callable[[], IO[Any, Any]], expected: str) -> None:
    """What is missing is said, and that nobody is left who could bring it."""
    assert any(expected in note for note in told(program()))


def test_finding_shows_the_steps() -> None:
    """The steps are those of the run that is drawn."""
    (finding,) = explore(handing_over()).failures
    waits = finding.render().split("since step ")[1:]
    for wait in waits:
        step = int(wait.split(",")[0].split()[0])
        assert 0 < step <= len(finding.trace)


@do
def counting_on() -> Any:
    """Somebody never waits, so that the timer of somebody else never fires."""
    count = yield from Ref.make(0, name="count")

    def forever() -> IO[Any, Any]:
        return count.update(lambda n: n + 1).then(yield_now).flat_map(lambda _: forever())

    yield from par_collect([forever().named("eager"), sleep(5).named("patient")])


def test_clock_that_cannot_advance_is_no_livelock() -> None:
    """A timer is set and never fires; without one, or while time passes, it is a livelock."""
    ending = simulate(counting_on(), seed=1, max_steps=200).ending()
    assert ending == "the clock cannot advance from 0 s to 5 s: cut after 199 actions, with 'eager' going on"

"""`FiberSet`: the fibers of a kind that run now."""

from __future__ import annotations

from typing import Any

import pytest

from effio import (
    IO,
    Do,
    FiberSet,
    TaskGroup,
    VirtualClock,
    delay,
    do,
    fail,
    never,
    now,
    par_settle,
    run_exit,
    sleep,
    task_group,
    yield_now,
)
from effio.concurrent.fiber_set import FiberSetStats
from tests.unit.concurrent.sweep import cancelled_everywhere, defect_of, go


def test_wrong_arguments_are_refused_when_built() -> None:
    """A group that is none, and a name that is no string, are told with their value."""
    wrong: Any = 3
    with pytest.raises(TypeError, match=r"^FiberSet.make needs a task group, not 3\n"):
        FiberSet.make(wrong)

    def body(group: TaskGroup) -> IO[object]:
        return FiberSet[Any, Any].make(group).map(lambda fibers: fibers.fork(never, name=wrong))

    defect = defect_of(run_exit(task_group(body)))
    assert str(defect).startswith("name of fork must be a string, not 3")


def test_fibers_leave_the_set_when_they_end() -> None:
    """It holds the fibers that run, whether the others succeeded, failed or were cancelled."""

    @do
    def body(group: TaskGroup) -> Do[list[tuple[str, ...]]]:
        fibers = yield from FiberSet[Any, str].make(group)
        yield from fibers.fork(sleep(1), name="short")
        yield from fibers.fork(sleep(2).then(fail("no")), name="failing")
        last = yield from fibers.fork(never, name="endless")
        seen = []
        for _ in range(3):
            seen.append((yield from fibers.stats()).running)
            yield from sleep(1.5)
        yield from last.cancel()
        seen.append((yield from fibers.stats()).running)
        return seen

    collected = task_group(body, on_failure="ignore", handler=lambda cause: sleep(0))
    assert go(collected) == [("short", "failing", "endless"), ("failing", "endless"), ("endless",), ()]


def test_wait_empty_waits_for_all_and_no_other() -> None:
    """It ends when the last fiber of the set has ended, while other children of the group run on."""

    @do
    def body(group: TaskGroup) -> Do[list[float]]:
        fibers = yield from FiberSet[None].make(group)
        yield from group.fork(sleep(9))
        yield from fibers.wait_empty()
        times = [(yield from now())]
        yield from fibers.fork(sleep(1))
        yield from fibers.fork(sleep(2))
        yield from fibers.wait_empty()
        return [*times, (yield from now())]

    assert go(task_group(body)) == [0.0, 2.0]


def test_cancel_cancels_all_at_once_and_waits() -> None:
    """All finalizers run at the same time, and it ends when the last one has."""

    @do
    def body(group: TaskGroup) -> Do[list[Any]]:
        fibers = yield from FiberSet[None].make(group)
        for seconds in (1, 2, 3):
            yield from fibers.fork(never.ensuring(sleep(seconds)))
        yield from yield_now()
        yield from fibers.cancel("enough")
        return [(yield from now()), (yield from fibers.stats())]

    assert go(task_group(body)) == [3.0, FiberSetStats(running=(), waiting=0)]


def test_a_cancel_anywhere_leaves_no_member_behind() -> None:
    """Fibers that are cancelled before their first step leave the set like all others."""

    @do
    def body(group: TaskGroup) -> Do[FiberSetStats]:
        fibers = yield from FiberSet[None].make(group)
        forking: IO[Any] = fibers.fork(yield_now(), name="member").then(yield_now())
        yield from par_settle([forking, forking, fibers.wait_empty()])
        yield from fibers.wait_empty()
        return (yield from fibers.stats())

    def check(stats: FiberSetStats) -> None:
        assert stats == FiberSetStats(running=(), waiting=0)

    victims = ["member", "par_settle[0]", "par_settle[2]"]
    assert cancelled_everywhere(lambda: task_group(body), check, victims=victims) > 100


def test_fork_gives_the_fiber() -> None:
    """The fiber can be joined like any other, and is in the set."""

    @do
    def body(group: TaskGroup) -> Do[list[Any]]:
        fibers = yield from FiberSet[int].make(group)
        fiber = yield from fibers.fork(sleep(1).as_value(7))
        members = yield from fibers.fibers()
        return [members == (fiber,), (yield from fiber.join())]

    assert go(task_group(body)) == [True, 7]


def test_fiber_that_cancels_its_own_set_cancels_all() -> None:
    """The others are cancelled too, before and after it in the set, and it is itself."""
    log: list[str] = []

    @do
    def body(group: TaskGroup) -> Do[float]:
        fibers = yield from FiberSet[None].make(group)
        for name in ("first", "second", "third"):
            work = sleep(1).then(fibers.cancel()) if name == "second" else never
            yield from fibers.fork(work.on_cancel(delay(log.append, name)))
        yield from fibers.wait_empty()
        return (yield from now())

    assert go(task_group(body)) == 1.0
    assert sorted(log) == ["first", "second", "third"]


@pytest.mark.parametrize("depth", [0, 1], ids=["of the fiber", "of its child"])
def test_finalizer_cancels_the_set_around_it(depth: int) -> None:
    """It waits for the finalizers of all the others, and not for its own fiber, which waits for it."""
    log: list[str] = []

    @do
    def body(group: TaskGroup) -> Do[float]:
        fibers = yield from FiberSet[Any].make(group)
        closing: IO[Any] = sleep(1).ensuring(fibers.cancel().then(delay(log.append, "closed")))
        yield from fibers.fork(par_settle([closing]) if depth else closing)
        yield from fibers.fork(never.on_cancel(sleep(2).then(delay(log.append, "other closed"))))
        yield from fibers.wait_empty()
        return (yield from now())

    assert go(task_group(body)) == 3.0
    assert log == ["other closed", "closed"]


def test_fiber_of_the_set_cannot_wait_for_its_end() -> None:
    """It would wait for itself, for ever; the error names both."""

    def body(group: TaskGroup) -> IO[Any]:
        made = FiberSet[Any].make(group, name="jobs")
        return made.flat_map(lambda fibers: fibers.fork(fibers.wait_empty(), name="job"))

    problem = defect_of(run_exit(task_group(body), clock=VirtualClock()))
    assert str(problem) == "'job' cannot wait until FiberSet 'jobs' is empty, which it is in"

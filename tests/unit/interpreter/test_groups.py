"""How groups end, and what their cause says of the children: who failed, and who was cancelled because of that."""

from __future__ import annotations

from typing import Any

from effio import IO, Do, TaskGroup, VirtualClock, delay, do, fail, never, pure, run, run_exit, sleep, task_group
from effio.data.cause import Both
from effio.data.location import ChildReport


def reports_of(program: IO[Any, Any]) -> tuple[ChildReport, ...]:
    """The children that the cause of a failing program tells of, in virtual time."""
    cause = run_exit(program, clock=VirtualClock()).failure()
    assert isinstance(cause, Both)
    return cause.children


def test_those_that_ended_well_before_are_not_told_of() -> None:
    """The rest is told of in the order of their birth; a cancelled one whose finalizer fails has failed."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        children = {
            "well": sleep(0.5),
            "bad": sleep(1).then(fail("no")),
            "cut": never,
            "worse": never.ensuring(sleep(1).then(fail("closing"))),
        }
        forks: IO[Any] = pure(None)
        for name, child in children.items():
            forks = forks.then(group.fork(child, name=name))
        return forks.then(never)

    assert reports_of(task_group(body)) == (
        ChildReport("bad", "failed", 1.0),
        ChildReport("cut", "cancelled", 1.0),
        ChildReport("worse", "failed", 2.0),
    )


def test_body_that_failed_comes_first() -> None:
    """It has no time of its own, and those that it takes with it are cancelled."""
    failing = task_group(lambda group: group.fork(never, name="cut").then(sleep(1)).then(fail("body")))

    assert reports_of(failing) == (ChildReport("the body", "failed"), ChildReport("cut", "cancelled", 1.0))


def test_collected_failures_cancel_nobody() -> None:
    """Only who failed is told of."""

    def body(group: TaskGroup) -> IO[Any]:
        children = (("one", sleep(1).then(fail(1))), ("well", sleep(3)), ("two", sleep(2).then(fail(2))))
        forks: IO[Any] = pure(None)
        for name, child in children:
            forks = forks.then(group.fork(child, name=name))
        return forks

    found = [(report.label, report.outcome) for report in reports_of(task_group(body, on_failure="collect"))]

    assert found == [("one", "failed"), ("two", "failed")]


def test_children_that_are_values_are_counted() -> None:
    """Their places are taken, so that each child without a name has one of its own."""

    @do
    def body(group: TaskGroup) -> Do[list[str]]:
        names = []
        for program in (pure(1), pure(2), sleep(0)):
            fiber = yield from group.fork(program)
            names.append(fiber.name)
        return names

    assert run(task_group(body)) == ["task_group[0]", "task_group[1]", "task_group[2]"]


def test_body_that_takes_on_a_cancel_hands_it_to_the_children() -> None:
    """Joining a child that somebody cancelled ends the body, and the others are cancelled as that one was."""
    seen: list[Any] = []

    @do
    def body(group: TaskGroup) -> Do[Any]:
        yield from group.fork(never.on_exit(lambda exit: delay(seen.append, exit)))
        cancelled = yield from group.fork(sleep(1).then(never))
        yield from sleep(0)
        yield from cancelled.cancel("enough")
        yield from cancelled.join()

    cause = run_exit(task_group(body), clock=VirtualClock()).failure()

    assert cause.is_cancelled_only
    (leaf,) = seen[0].failure().cancellations()
    assert (leaf.source, leaf.by, leaf.reason) == ("explicit", "main", "enough")

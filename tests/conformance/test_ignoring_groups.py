"""Groups that give the failures of their children to a handler: what the child's fiber tells, and what is not lost."""

from __future__ import annotations

from typing import Any

import pytest

from effio import IO, Cause, Do, Failure, TaskGroup, die, do, fail, never, pure, task_group, unit
from effio.cause import Fail
from tests.conformance.support import Backend, Journal, cause_of, rest, value_of


def test_exit_of_an_ignored_child_is_its_own(backend: Backend) -> None:
    """The handler deals with the failure; the fiber shows it all the same."""
    journal = Journal()

    def handler(cause: Cause[Any]) -> IO[None]:
        return journal.note(f"handled {cause.failures()}")

    @do
    def body(group: TaskGroup) -> Do[Any]:
        fiber = yield from group.fork(fail("no"))
        return (yield from fiber.exit())

    exit = value_of(backend.run(task_group(body, on_failure="ignore", handler=handler)))

    assert exit == Failure(Fail("no"))
    assert journal == ["handled ('no',)"]


def test_join_of_an_ignored_child_fails_as_it_failed(backend: Backend) -> None:
    """Who joins the child gets no value of another type."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        return group.fork(rest(1).then(fail("no"))).flat_map(lambda fiber: fiber.join())

    exit = backend.run(task_group(body, on_failure="ignore", handler=lambda cause: unit))

    assert "no" in cause_of(exit).failures()


@pytest.mark.parametrize("program", [fail("no"), die(ValueError("bug"))], ids=["typed", "bug"])
def test_siblings_of_an_ignored_child_go_on(backend: Backend, program: IO[Any, Any]) -> None:
    """Neither a typed failure nor a bug of one child touches the others."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[Any, Any]:
        return group.fork(program).then(group.fork(rest(1).then(journal.note("sibling"))))

    value_of(backend.run(task_group(body, on_failure="ignore", handler=lambda cause: unit).as_value(None)))

    assert journal == ["sibling"]


def test_handler_that_fails_leaves_both_failures(backend: Backend) -> None:
    """The group fails with what the child failed with and then with what the handler failed with."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        return group.fork(fail("no"))

    handler: Any = lambda cause: fail("handler")  # noqa: E731  # its type says that it cannot fail
    cause = cause_of(backend.run(task_group(body, on_failure="ignore", handler=handler)))

    assert cause.failures() == ("no", "handler")


def test_handler_that_is_cut_leaves_the_failure_it_was_given(backend: Backend) -> None:
    """A cancel of the group that hits the handler does not lose what the handler was about to tell."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        return group.fork(fail("no")).then(rest(1)).then(group.cancel())

    cause = cause_of(backend.run(task_group(body, on_failure="ignore", handler=lambda cause: never)))

    assert cause.failures() == ("no",)


def test_handler_is_not_told_of_a_child_that_is_cancelled(backend: Backend) -> None:
    """A cancelled child has not failed, though what its finalizer fails with is told by the group."""
    told: list[Cause[Any]] = []

    def handler(cause: Cause[Any]) -> IO[None]:
        told.append(cause)
        return unit

    @do
    def body(group: TaskGroup) -> Do[Any]:
        child = yield from group.fork(never.ensuring(rest(1)))
        yield from rest(1)
        yield from child.cancel()
        yield from group.fork(never.ensuring(fail("closing")))
        yield from rest(1)
        yield from group.cancel()

    cause = cause_of(backend.run(task_group(body, on_failure="ignore", handler=handler)))

    assert cause.failures() == ("closing",)
    assert told == []


def test_child_that_is_a_value_has_ended_at_once(backend: Backend) -> None:
    """Its fiber is done when it is given; its name and its value are as for any child."""

    @do
    def body(group: TaskGroup) -> Do[Any]:
        fiber = yield from group.fork(pure(7))
        other = yield from group.fork(pure(8), name="other")
        return fiber.name, fiber.done, other.name, (yield from fiber.join()), (yield from other.cancel())

    name, done, other, value, exit = value_of(backend.run(task_group(body)))

    assert (name, done, other, value, exit.unwrap()) == ("task_group[0]", True, "other", 7, 8)

"""Section A: a service is started, and whoever starts it waits until it is ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    Do,
    Exit,
    Success,
    TaskGroup,
    do,
    fail,
    never,
    task_group,
)
from tests.conformance.support import (
    TICK,
    Backend,
    Gate,
    Journal,
    cause_of,
    clocked,
    rest,
    value_of,
)

Started = Callable[[str], IO[None]]


def test_b18_start_returns_when_the_service_is_ready(backend: Backend) -> None:
    """`start` gives the reported value at tick 1, and the scope ends with the service at tick 2."""

    def service(started: Started) -> IO[None]:
        return rest(1).then(started("ready")).then(rest(1))

    program: IO[Any] = task_group(lambda group: clocked(group.start(service)))
    exit, whole = value_of(backend.run(clocked(program)))

    ready, until_ready = value_of(exit)
    assert value_of(ready) == "ready"
    assert backend.took(until_ready, 1)
    assert backend.took(whole, 2)


def test_b19_service_crashes_before_it_is_ready(backend: Backend) -> None:
    """`start` fails with that very error, cause kept, and the scope is unharmed."""
    error = ValueError("no port")
    error.__cause__ = OSError("in use")
    journal = Journal()

    def body(group: TaskGroup) -> IO[Any]:
        healthy = rest(2).then(journal.note("healthy"))
        start: IO[Any, Any] = group.start(lambda started: rest(1).then(fail(error)))
        return group.fork(healthy).then(start.flip())

    seen = value_of(backend.run(task_group(body).either())).unwrap()

    assert seen is error
    assert isinstance(seen.__cause__, OSError)
    assert journal == ["healthy"]


def test_b19_service_ends_without_being_ready(backend: Backend) -> None:
    """A service that never reports ready is a defect that names it."""

    def forgetful(started: Started) -> IO[None]:
        return rest(1)

    exit = backend.run(task_group(lambda group: group.start(forgetful)))

    (defect,) = cause_of(exit).defects()
    assert isinstance(defect, RuntimeError)
    assert "forgetful" in str(defect)


def test_b20_waiter_of_start_is_cancelled(backend: Backend) -> None:
    """The service is cancelled and awaited, and the healthy scope it was to run in is not."""
    journal = Journal()

    def service(started: Started) -> IO[None]:
        return never.ensuring(rest(1).then(journal.note("service closed")))

    def body(group: TaskGroup) -> IO[None]:
        gate = Gate()
        healthy = gate.wait().then(rest(1)).then(journal.note("healthy"))
        start = group.start(service).move_on_after(TICK)
        return group.fork(healthy).then(start).then(journal.note("moved on")).then(gate.open())

    value_of(backend.run(task_group(body)))

    assert journal == ["service closed", "moved on", "healthy"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_b21_target_is_cancelled_around_ready(backend: Backend, when: str) -> None:
    """The sleeping children of the service are cancelled, and who started it is told in time or cancelled."""
    journal = Journal()
    gate = Gate()

    def service(started: Started) -> IO[None]:
        sleeper = never.ensuring(journal.note("grandchild closed"))
        team = task_group(lambda team: team.fork(sleeper).then(team.fork(sleeper)).then(ready).then(never))
        ready = rest(1 if when == "after" else 2).then(gate.wait()).then(started("ready"))
        return team

    @do
    def body(outside: TaskGroup) -> Do[Exit[str, object]]:
        target = yield from outside.start(hosting)
        starter = yield from outside.fork(target.start(service).exit())
        yield from outside.fork(rest(2 if when == "after" else 1).then(gate.wait()).then(target.cancel()))
        yield from rest(4).then(gate.open())
        return (yield from starter.join())

    exit = value_of(backend.run(task_group(body)))

    assert journal == ["grandchild closed"] * 2
    assert exit == Success("ready") if when == "after" else cause_of(exit).is_cancelled_only


def hosting(started: Callable[[TaskGroup], IO[None]]) -> IO[None]:
    """A service that is a task group to start other services in."""
    return task_group(lambda group: started(group).then(never), name="target")

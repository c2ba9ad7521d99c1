"""What a dump finds out about running fibers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from effio import (
    IO,
    Do,
    Mutex,
    Semaphore,
    VirtualClock,
    do,
    dump_fibers,
    from_callback,
    never,
    par_traverse,
    par_zip,
    pure,
    run,
    shield,
    show_fibers,
    sleep,
    task_group,
    unit,
)
from effio.data.fiber_dump import FiberDump, FiberState, ProgressState

SUSPENDED = Path(__file__).read_text(encoding="utf-8").splitlines().index("    yield from sleep(100)") + 1


def seen(*programs: IO[Any, Any]) -> dict[str, FiberState]:
    """What the fibers of `programs` do after a second, by name."""

    @do
    def looked(group: Any) -> Do[FiberDump]:
        for program in programs:
            yield from group.fork(program)
        yield from sleep(1)
        dump = yield from dump_fibers
        yield from group.cancel()
        return dump

    dump = run(task_group(looked), clock=VirtualClock())
    return {fiber.name: fiber for fiber in dump.fibers}


@do
def body() -> Do[None]:
    yield from sleep(100)


def test_state_age_and_wait() -> None:
    """A fiber's state says what it does, for how long, and how old it is."""
    state = seen(sleep(0.25).then(sleep(9)).named("sleeper"))["sleeper"]
    assert (state.state, state.wait, state.waited, state.age) == ("waiting", "sleep(9)", 0.75, 1.0)


def test_deadline_and_shield() -> None:
    """The earliest deadline around, as time that is left, and whether a shield that nothing lifts is around."""
    found = seen(
        sleep(9).fail_after(3).fail_after(5).named("hurried"),
        shield(lambda restore: sleep(9)).named("shielded"),
        shield(lambda restore: restore(sleep(9))).named("restored"),
        from_callback(lambda resume: None).named("callback"),
    )
    assert found["hurried"].deadline == 2.0
    assert {name: state.shielded for name, state in found.items() if name in ("shielded", "restored", "callback")} == {
        "shielded": True,
        "restored": False,
        "callback": False,
    }


def test_source_is_the_users_line() -> None:
    """A body is shown at the line where it is suspended, a continuation where its function is."""
    found = seen(body().named("body"), sleep(9).flat_map(continued).named("chain"))
    assert found["body"].source is not None
    assert found["body"].source.endswith(f"test_dump.py:{SUSPENDED} in body")
    assert found["chain"].source is not None
    assert found["chain"].source.endswith("in continued")


def continued(value: Any) -> IO[Any]:
    return pure(value)


def test_cancelled_fiber_says_by_whom() -> None:
    """A fiber that closes after a cancel says who asked it to."""
    closing = never.ensuring(sleep(100)).named("closing")

    @do
    def program(group: Any) -> Do[FiberDump]:
        fiber = yield from group.fork(closing)
        yield from fiber.cancel_soon("enough")
        yield from sleep(1)
        dump = yield from dump_fibers
        return dump

    dump = run(task_group(program), clock=VirtualClock())
    (state,) = [fiber for fiber in dump.fibers if fiber.name == "closing"]
    assert state.wait == "sleep(100)"
    assert state.shielded


def test_progress_is_shown_once() -> None:
    """A count is told by the fiber that keeps it, not by its children."""
    found = seen(par_traverse(range(4), sleep).with_progress("pages").named("all"))
    assert {name: str(state.progress) for name, state in found.items() if state.progress} == {"all": "pages 1/4 (25%)"}


def test_fibers_that_join_each_other_are_a_deadlock() -> None:
    """Two fibers that wait for each other's end are found, also while others run."""
    fibers: list[Any] = []

    def joined(index: int) -> IO[Any, Any]:
        return sleep(1).flat_map(lambda _: fibers[index].join())

    @do
    def program(group: Any) -> Do[FiberDump]:
        fibers.append((yield from group.fork(joined(1), name="left")))
        fibers.append((yield from group.fork(joined(0), name="right")))
        yield from sleep(2)
        dump = yield from dump_fibers
        yield from group.cancel()
        return dump

    dump = run(task_group(program), clock=VirtualClock())
    assert set(dump.deadlock) == {"left", "right"}
    assert json.loads(dump.to_json())["deadlock"] == list(dump.deadlock)


def test_fibers_that_hold_what_the_other_wants_are_a_deadlock() -> None:
    """Two mutexes taken in two orders: each wait names the mutex and who holds it, and the circle is found."""

    def both(first: Mutex, second: Mutex) -> IO[Any]:
        return first.with_lock(sleep(1).then(second.with_lock(unit)))

    @do
    def program(group: Any) -> Do[FiberDump]:
        left = yield from Mutex.make(name="left")
        right = yield from Mutex.make(name="right")
        yield from group.fork(both(left, right), name="one")
        yield from group.fork(both(right, left), name="two")
        yield from sleep(2)
        dump = yield from dump_fibers
        yield from group.cancel()
        return dump

    dump = run(task_group(program), clock=VirtualClock())
    assert set(dump.deadlock) == {"one", "two"}
    assert [fiber.wait for fiber in dump.fibers[1:]] == ["Mutex 'right', held by 'two'", "Mutex 'left', held by 'one'"]


def test_permit_whose_holder_has_ended_is_named_as_such() -> None:
    """Who waits for what nobody can give back any more is told so."""

    @do
    def program(group: Any) -> Do[FiberDump]:
        permits = yield from Semaphore.make(1, name="permits")
        yield from group.fork(permits.acquire(), name="one")
        yield from sleep(1)
        yield from group.fork(permits.acquire(), name="two")
        yield from sleep(1)
        dump = yield from dump_fibers
        yield from group.cancel()
        return dump

    dump = run(task_group(program), clock=VirtualClock())
    lost = "a permit of Semaphore 'permits', held by 'one', but 'one' ended without giving it back"
    assert dump.fibers[-1].wait == lost


def test_fibers_in_one_line() -> None:
    """All fibers in the order of the tree, with which of them asks."""
    program = par_zip(show_fibers.named("asking"), sleep(1).named("sleeping"))
    assert run(program, clock=VirtualClock())[0] == "main[False] asking[True] sleeping[False]"


def test_progress_without_a_total_has_no_share() -> None:
    """How much is done cannot be said where nobody knows how much there is."""
    assert ProgressState("rows", 3, None).share is None
    assert ProgressState("rows", 3, 12).share == 0.25
    assert ProgressState("rows", 0, 0).share == 1

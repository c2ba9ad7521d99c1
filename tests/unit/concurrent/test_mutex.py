"""`Mutex`: one fiber at a time, and it is known which."""

from __future__ import annotations

from typing import Any

import pytest

from effio import (
    IO,
    Do,
    Exit,
    Mutex,
    MutexBroken,
    MutexMisused,
    TaskGroup,
    VirtualClock,
    delay,
    do,
    dump_fibers,
    explain,
    fail,
    never,
    now,
    par_collect,
    par_settle,
    par_zip,
    run_exit,
    sleep,
    task_group,
    yield_now,
)
from effio.concurrent.mutex import MutexStats
from effio.interpreter.backends.simulated import simulate
from tests.unit.concurrent.room import Room
from tests.unit.concurrent.sweep import cancelled_everywhere, defect_of, error_of, go, value_of

FREE = MutexStats(owner=None, waiting=0)


@pytest.mark.parametrize("seed", range(20))
def test_one_at_a_time(seed: int) -> None:
    """In any order of the fibers at most one is inside, and all get there."""
    room = Room()

    @do
    def program() -> Do[MutexStats]:
        mutex = yield from Mutex.make()
        yield from par_collect([mutex.with_lock(room.visit()) for _ in range(8)])
        return (yield from mutex.stats())

    assert value_of(simulate(program(), seed=seed)) == FREE
    assert (room.most, room.visits) == (1, 8)


def test_a_cancel_anywhere_leaves_it_free() -> None:
    """Whoever is cancelled, at whatever action, there is one at a time and it is free in the end."""
    rooms: list[Room] = []

    def program() -> IO[MutexStats]:
        room = Room()
        rooms.append(room)

        @do
        def body() -> Do[MutexStats]:
            mutex = yield from Mutex.make()
            yield from par_settle([mutex.with_lock(room.visit()) for _ in range(3)])
            yield from mutex.with_lock(room.visit())
            return (yield from mutex.stats())

        return body()

    def check(stats: MutexStats) -> None:
        assert stats == FREE
        assert (rooms[-1].most, rooms[-1].inside) == (1, 0)
        assert rooms[-1].visits >= 2

    victims = [f"par_settle[{n}]" for n in range(3)]
    assert cancelled_everywhere(program, check, victims=victims) > 200


def test_first_come_first_served() -> None:
    """Fibers get it in the order they asked, and nobody overtakes one who waits, not even its last owner."""
    order: list[str] = []

    @do
    def holder(mutex: Mutex) -> Do[None]:
        for number in range(2):
            yield from mutex.with_lock(sleep(1).as_value(f"holder {number}").map(order.append))

    @do
    def program() -> Do[None]:
        mutex = yield from Mutex.make()
        waiters = [mutex.with_lock(delay(order.append, name)) for name in "abc"]
        yield from par_collect([holder(mutex), *waiters])

    go(program())
    assert order == ["holder 0", "a", "b", "c", "holder 1"]


def test_a_failing_program_releases_it() -> None:
    """The failure passes through and the mutex is free."""

    @do
    def program() -> Do[tuple[Exit[Any, str], MutexStats]]:
        mutex = yield from Mutex.make()
        exit = yield from mutex.with_lock(fail("no")).exit()
        return exit, (yield from mutex.stats())

    exit, stats = go(program())
    assert (error_of(exit), stats) == ("no", FREE)


def test_try_acquire_does_not_wait() -> None:
    """It takes a free mutex and tells so, and leaves one that is held or wanted."""

    @do
    def program() -> Do[list[Any]]:
        mutex = yield from Mutex.make()
        first = yield from mutex.try_acquire()
        others = yield from par_zip(mutex.try_acquire(), mutex.acquire().move_on_after(1))
        yield from mutex.release()
        return [first, *others, (yield from mutex.stats())]

    assert go(program()) == [True, False, None, FREE]


# -- Mistakes ------------------------------------------------------------------------------------------------


def test_acquiring_it_again_is_an_error_and_no_hang() -> None:
    """Who holds it and asks again has a defect that says so; what it held is released."""

    @do
    def program() -> Do[tuple[Exit[Any, Any], MutexStats]]:
        mutex = yield from Mutex.make(name="books")
        exit = yield from mutex.with_lock(mutex.with_lock(sleep(1))).exit()
        return exit, (yield from mutex.stats())

    exit, stats = go(program())
    defect = defect_of(exit)
    assert isinstance(defect, MutexMisused)
    assert str(defect) == "'program' cannot acquire Mutex 'books', which it holds"
    assert defect.__notes__[0] == "a mutex is not re-entrant: let only the outermost function acquire it"
    assert stats == FREE


@pytest.mark.parametrize("held", [False, True])
def test_releasing_what_one_does_not_hold_is_an_error(held: bool) -> None:
    """Only the owner may release it, and the error says who that is."""

    @do
    def program() -> Do[tuple[Exit[Any, Any], MutexStats]]:
        mutex = yield from Mutex.make(name="books")
        if held:
            yield from mutex.acquire()
        (exit,) = yield from par_collect([mutex.release().exit()])
        return exit, (yield from mutex.stats())

    exit, stats = go(program())
    owner = "'program'" if held else "nobody"
    assert str(defect_of(exit)) == f"'par_collect[0]' cannot release Mutex 'books', which {owner} holds"
    assert stats.owner == ("program" if held else None)


def test_mutex_breaks_when_its_owner_ends() -> None:
    """Who waits for it, and who comes later, learns that its owner ended without releasing it."""

    @do
    def program() -> Do[list[BaseException]]:
        mutex = yield from Mutex.make(name="books")
        owner = mutex.acquire().then(sleep(1)).named("owner")
        _, waiting = yield from par_zip(owner, yield_now().then(mutex.with_lock(never)).exit())
        late = yield from mutex.acquire().exit()
        return [defect_of(waiting), defect_of(late)]

    defects = go(program())
    assert [type(defect) for defect in defects] == [MutexBroken, MutexBroken]
    assert str(defects[0]) == "cannot acquire Mutex 'books': 'owner' ended without releasing it"


def test_owner_that_was_cancelled_breaks_it() -> None:
    """It makes no difference how the owner ended."""

    @do
    def body(group: TaskGroup) -> Do[BaseException]:
        mutex = yield from Mutex.make()
        owner = yield from group.fork(mutex.acquire().then(never))
        yield from sleep(1)
        yield from owner.cancel()
        return defect_of((yield from mutex.with_lock(sleep(1)).exit()))

    assert isinstance(go(task_group(body)), MutexBroken)


def test_releasing_it_in_time_breaks_nothing() -> None:
    """A fiber that acquired and released it may end."""

    @do
    def program() -> Do[MutexStats]:
        mutex = yield from Mutex.make()
        yield from par_collect([mutex.acquire().then(mutex.release())])
        yield from mutex.with_lock(sleep(1))
        return (yield from mutex.stats())

    assert go(program()) == FREE


# -- For people ----------------------------------------------------------------------------------------------


def test_dump_names_the_owner() -> None:
    """A dump says which mutex a fiber waits for and who holds it, and so does a deadlock."""

    @do
    def program() -> Do[str]:
        mutex = yield from Mutex.make(name="books")
        holder = mutex.with_lock(sleep(2)).named("clerk")
        _, _, dump = yield from par_zip(holder, mutex.with_lock(now()), sleep(1).then(dump_fibers()))
        return dump

    assert "waits for Mutex 'books', held by 'clerk'" in go(program())


def test_deadlock_names_both_mutexes() -> None:
    """Two fibers that hold what the other one wants are told of in the deadlock."""

    @do
    def crossing(one: Mutex, other: Mutex) -> Do[None]:
        yield from one.with_lock(yield_now().then(other.with_lock(yield_now())))

    @do
    def program() -> Do[None]:
        left = yield from Mutex.make(name="left")
        right = yield from Mutex.make(name="right")
        yield from par_zip(crossing(left, right), crossing(right, left))

    exit = run_exit(program(), clock=VirtualClock())
    text = "\n".join(defect_of(exit).__notes__)
    assert "Mutex 'right', held by 'par_zip[1]'" in text
    assert "Mutex 'left', held by 'par_zip[0]'" in text


def test_plan_names_what_would_be_waited_for() -> None:
    """A plan is shown before anything runs: it names the mutex, which nobody holds."""
    mutex: Mutex = go(Mutex.make(name="books"))
    assert "wait(Mutex 'books', held by nobody)" in str(explain(mutex.with_lock(now())))


def test_mutex_has_a_repr() -> None:
    """It shows its name, or where it was made, and whether it is held."""
    assert repr(go(Mutex.make(name="books"))) == "<Mutex 'books': free>"
    assert "test_mutex.py" in repr(go(Mutex.make()))

"""Pools: what they lend, to whom, in what state, and that no cancel loses any of it."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from typing import Any

import attrs
import pytest
from returns.result import Failure

from effio import (
    IO,
    Do,
    Exit,
    Pool,
    PoolClosed,
    PoolStats,
    Resource,
    TaskGroup,
    VirtualClock,
    delay,
    die,
    do,
    fail,
    never,
    now,
    par_collect,
    par_settle,
    par_zip,
    pure,
    run,
    run_exit,
    sleep,
    suspend,
    task_group,
    unit,
    yield_now,
)
from effio.cause import Both, Cause, Fail, Then
from tests.unit.concurrent.sweep import cancelled_everywhere


@attrs.define(eq=False)
class Connection:
    """A connection that answers requests in order, one second after each."""

    number: int
    is_open: bool = True
    replies: deque[str] = attrs.field(factory=deque[str])

    def send(self, request: str) -> IO[None]:
        return delay(self.replies.append, f"reply to {request}")

    def receive(self) -> IO[str]:
        return sleep(1).then(delay(self.replies.popleft))

    def ask(self, request: str) -> IO[str]:
        return self.send(request).then(self.receive())


@attrs.define(eq=False)
class Server:
    """Opens and closes connections, and knows how many there are."""

    numbers: Iterator[int] = attrs.field(factory=count)
    connections: list[Connection] = attrs.field(factory=list[Connection])
    most: int = 0

    @property
    def open(self) -> list[int]:
        return [each.number for each in self.connections if each.is_open]

    def forget(self) -> None:
        self.connections.clear()
        self.numbers = count()

    def connect(self) -> Connection:
        connection = Connection(next(self.numbers))
        self.connections.append(connection)
        self.most = max(self.most, len(self.open))
        return connection

    def close(self, connection: Connection) -> None:
        assert connection.is_open
        connection.is_open = False

    def resource(self, *, takes: float = 1, closing: IO[Any, Any] = unit) -> Resource[Connection, Any]:
        opening: IO[Connection] = sleep(takes).then(delay(self.connect))
        return Resource.make(opening, lambda each: sleep(takes).then(delay(self.close, each)).then(closing))


def outcome(program: IO[Any, Any]) -> Any:
    return run(program, clock=VirtualClock())


def cause_of(program: IO[Any, Any]) -> Cause[Any]:
    exit: Exit[Any, Any] = run_exit(program, clock=VirtualClock())
    assert isinstance(exit, Failure)
    return exit.failure()


def number_of(pool: Pool[Connection, Any], seconds: float = 0) -> IO[int, Any]:
    """Borrow a connection for so long, and give its number."""
    return pool.use(lambda connection: sleep(seconds).as_value(connection.number))


# -- How many, and which -------------------------------------------------------------------------------------


def test_opens_as_many_as_are_wanted_at_once() -> None:
    """Two users at once need two, the third gets the first that comes back."""
    server = Server()
    program = Pool.make(server.resource(), max=5).use(
        lambda pool: par_zip(number_of(pool, 3), number_of(pool, 5)).zip(number_of(pool))
    )
    assert outcome(program) == ((0, 1), 1)
    assert (server.most, server.open) == (2, [])


def test_never_opens_more_than_max() -> None:
    """Ten users share three, also while broken ones are being closed."""
    server = Server()

    def user(pool: Pool[Connection, Any], number: int) -> IO[object]:
        return pool.use(lambda connection: sleep(1).then(fail("x") if number % 3 else unit)).exit()

    outcome(Pool.make(server.resource(), max=3).use(lambda pool: par_collect([user(pool, n) for n in range(10)])))
    assert server.most == 3
    assert server.open == []


def test_users_are_served_in_order_of_arrival() -> None:
    """Nobody overtakes who waits, not even by asking in the step in which a connection comes back."""
    order: list[int] = []

    def user(pool: Pool[Connection, Any], number: int) -> IO[None]:
        one = pool.use(lambda connection: delay(order.append, number).then(yield_now()))
        return one.then(one)

    outcome(
        Pool.make(Server().resource(takes=0), max=1).use(lambda pool: par_collect([user(pool, n) for n in range(3)]))
    )
    assert order == [0, 1, 2, 0, 1, 2]


def test_min_are_opened_at_once_when_the_pool_is() -> None:
    """The first users need not wait for their connections."""
    server = Server()
    pool = Pool.make(server.resource(), max=5, min=3)
    assert outcome(pool.use(lambda pool: par_zip(number_of(pool), number_of(pool)).zip(now))) == ((2, 1), 1)
    assert server.open == []


def test_idle_connections_are_closed_down_to_min() -> None:
    """Three were needed once; five seconds after their last use all but one are closed."""
    server = Server()

    @do
    def program(pool: Pool[Connection, Any]) -> Do[list[list[int]], Any]:
        yield from par_collect([number_of(pool, n) for n in (1, 2, 3)])
        seen: list[list[int]] = []
        for _ in range(5):
            yield from sleep(1.1)
            seen.append(server.open)
        return seen

    seen = outcome(Pool.make(server.resource(takes=0), max=3, min=1, idle_time=5).use(program))
    assert [len(each) for each in seen] == [3, 3, 2, 1, 1]


def test_used_ones_are_not_idle() -> None:
    """A connection that is used now and then stays, whatever the idle time."""
    server = Server()

    @do
    def program(pool: Pool[Connection, Any]) -> Do[list[int], Any]:
        numbers: list[int] = []
        for pause in (0.1, 0.2, 4.9, 4.9, 5.1):
            numbers.append((yield from number_of(pool)))
            yield from sleep(pause)
        return [*numbers, (yield from number_of(pool))]

    assert outcome(Pool.make(server.resource(takes=0), max=3, idle_time=5).use(program)) == [0, 0, 0, 0, 0, 1]


# -- Health --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [fail("error"), die(ValueError()), never], ids=["failed", "defect", "cancelled"])
def test_connection_whose_use_went_wrong_is_closed(ending: IO[Any, Any]) -> None:
    """The next user gets another one."""
    server = Server()

    def program(pool: Pool[Connection, Any]) -> IO[int, Any]:
        return pool.use(lambda connection: ending).move_on_after(3).exit().then(number_of(pool))

    assert outcome(Pool.make(server.resource(), max=1).use(program)) == 1


def test_breaks_says_which_failures_break_a_connection() -> None:
    """One that the pool is told not to mind leaves the connection in use."""
    pool = Pool.make(Server().resource(), max=1, breaks=lambda cause: cause.has_defect)
    bad = pool.use(lambda pool: pool.use(lambda each: fail("not found")).either().then(number_of(pool)))
    assert outcome(bad) == 0
    worse = pool.use(lambda pool: pool.use(lambda each: die(ValueError())).exit().then(number_of(pool)))
    assert outcome(worse) == 2


def test_mistake_in_breaks_closes_the_connection() -> None:
    """The user is told of the bug in `breaks`, and the next one gets another connection."""
    pool = Pool.make(Server().resource(), max=1, breaks=lambda cause: bool(1 / 0))

    def use(pool: Pool[Connection, Any]) -> IO[tuple[Exit[Any, str], int], Any]:
        return pool.use(lambda each: fail("not found")).exit().zip(number_of(pool))

    exit, number = outcome(pool.use(use))
    assert [type(defect) for defect in exit.failure().defects()] == [ZeroDivisionError]
    assert number == 1


def test_invalidated_connection_is_closed_when_it_comes_back() -> None:
    """A user may say so although nothing failed."""
    server = Server()

    def program(pool: Pool[Connection, Any]) -> IO[tuple[int, int], Any]:
        first = pool.use(lambda each: pool.invalidate(each).as_value(each.number))
        return first.zip(number_of(pool))

    assert outcome(Pool.make(server.resource(), max=1).use(program)) == (0, 1)


def test_invalidated_connection_that_nobody_uses_is_closed_at_once() -> None:
    """Who hears of a broken connection after giving it back keeps it from everybody else; other ones stay."""
    server = Server()

    def program(pool: Pool[Connection, Any]) -> IO[tuple[list[int], int], Any]:
        both = par_zip(number_of(pool, 1), number_of(pool, 1))
        gone = suspend(lambda: pool.invalidate(server.connections[1]))
        return both.then(gone).then(gone).then(delay(lambda: server.open)).zip(number_of(pool))

    assert outcome(Pool.make(server.resource(), max=2).use(program)) == ([0], 0)


def test_connection_is_invalidated_on_its_way_to_the_next_user() -> None:
    """One that was handed over in this very step is closed when that user gives it back."""
    server = Server()

    def program(pool: Pool[Connection, Any]) -> IO[list[int], Any]:
        first = pool.use(lambda each: sleep(1)).then(suspend(lambda: pool.invalidate(server.connections[0])))
        return par_zip(first, number_of(pool, 1)).then(number_of(pool)).map(lambda number: [number, *server.open])

    assert outcome(Pool.make(server.resource(), max=1).use(program)) == [1, 1]


@pytest.mark.parametrize("answer", [pure(False), fail("no answer"), sleep(1).as_value(False)])
def test_idle_connection_in_bad_health_is_replaced(answer: IO[bool, str]) -> None:
    """One that fails its check is closed, and the user gets a new one."""
    server = Server()
    pool = Pool.make(server.resource(), max=1, check=lambda each: pure(True) if each.number else answer)
    assert outcome(pool.use(lambda pool: number_of(pool).zip(number_of(pool)))) == (0, 1)
    assert server.open == []


def test_users_who_all_invalidate_theirs_keep_nobody_waiting() -> None:
    """Each of six users of a pool of two gets a connection of its own, and none is left."""

    def using(pool: Pool[Connection, Any]) -> IO[tuple[list[int], int], Any]:
        def spoil(connection: Connection) -> IO[int]:
            return pool.invalidate(connection).then(sleep(1)).as_value(connection.number)

        numbers = par_collect([pool.use(spoil) for _ in range(6)])
        return numbers.zip(pool.stats().map(lambda stats: stats.size))

    numbers, size = outcome(Pool.make(Server().resource(), max=2).use(using))
    assert sorted(numbers) == [0, 1, 2, 3, 4, 5]
    assert size == 0


def test_new_connection_needs_no_check() -> None:
    """What was opened this moment is lent as it is."""
    checks: list[int] = []
    pool = Pool.make(Server().resource(), max=1, check=lambda each: delay(checks.append, each.number).as_value(True))
    outcome(pool.use(lambda pool: number_of(pool).then(number_of(pool))))
    assert checks == [0]


# -- Failures ------------------------------------------------------------------------------------------------


def test_failure_to_open_goes_to_the_one_who_wanted_it() -> None:
    """The next one in the queue tries again in the same slot."""
    attempts: Iterator[IO[int, str]] = iter([sleep(1).then(fail("refused")), sleep(1).as_value(7)])
    connect: Resource[int, str] = Resource.from_io(unit.flat_map(lambda nothing: next(attempts)))
    first, second = outcome(Pool.make(connect, max=1).use(lambda pool: par_settle([pool.use(pure), pool.use(pure)])))
    assert first.failure() == Fail("refused")
    assert second.unwrap() == 7


def test_failure_to_open_the_first_ones_closes_the_others() -> None:
    """The pool fails as the connection, and leaves nothing open."""
    server = Server()
    numbers = count()

    def connect(nothing: None) -> IO[Connection, str]:
        return fail("refused") if next(numbers) == 1 else sleep(2).then(delay(server.connect))

    flaky: Resource[Connection, str] = Resource.make(unit.flat_map(connect), lambda each: delay(server.close, each))
    assert cause_of(Pool.make(flaky, max=3, min=3).use(pure)) == Both((Fail("refused"),), "Pool.make")
    assert server.open == []


def test_failure_to_close_a_broken_one_follows_the_failure_of_its_use() -> None:
    """The user who broke it is told of both."""
    pool = Pool.make(Server().resource(closing=fail("cannot close")), max=1)
    cause = cause_of(pool.use(lambda pool: pool.use(lambda each: fail("broken"))))
    assert cause == Then((Fail("broken"), Fail("cannot close")))


def test_failure_to_close_an_idle_one_is_told_by_the_pool() -> None:
    """Nobody else is there to be told, neither for one that was idle too long nor at the end."""
    pool = Pool.make(Server().resource(closing=fail("cannot close")), max=2, idle_time=5)
    cause = cause_of(pool.use(lambda pool: number_of(pool).then(sleep(20)).then(number_of(pool))))
    assert cause == Both((Fail("cannot close"), Fail("cannot close")), "Pool")


# -- The end -------------------------------------------------------------------------------------------------


def test_the_end_waits_for_what_is_lent() -> None:
    """A user that was forked outside of the pool's use finishes before its connection is closed."""
    server = Server()
    log: list[object] = []

    @do
    def program() -> Do[float]:
        def body(group: TaskGroup) -> IO[None, Any]:
            def using(pool: Pool[Connection, Any]) -> IO[None, Any]:
                user = pool.use(lambda each: sleep(10).then(delay(lambda: log.append(each.is_open))))
                return group.fork(user).then(sleep(2))

            return Pool.make(server.resource(), max=1).use(using).then(delay(log.append, "pool ended"))

        yield from task_group(body).or_die()
        return (yield from now())

    assert outcome(program()) == 12
    assert log == [True, "pool ended"]
    assert server.open == []


def test_closed_pool_lends_nothing() -> None:
    """Who kept it, and who waits when it closes, gets a defect."""
    kept = Pool.make(Server().resource(), max=1).use(pure)
    (problem,) = cause_of(kept.flat_map(number_of)).defects()
    assert isinstance(problem, PoolClosed)
    assert str(pickle.loads(pickle.dumps(problem))) == "the pool is closed"

    def waiting(group: TaskGroup) -> IO[Any, Any]:
        def using(pool: Pool[Connection, Any]) -> IO[Any, Any]:
            fork = group.fork(number_of(pool, 5)).then(sleep(2)).then(group.fork(number_of(pool).exit()))
            return fork.flat_map(lambda fiber: sleep(1).as_value(fiber))

        return Pool.make(Server().resource(), max=1).use(using).flat_map(lambda fiber: fiber.join())

    assert isinstance(outcome(task_group(waiting)).failure().defects()[0], PoolClosed)


def test_stats_tell_how_it_stands() -> None:
    """Sizes of now, and sums."""
    pool = Pool.make(Server().resource(), max=2)

    def program(pool: Pool[Connection, Any]) -> IO[Any, Any]:
        users = [number_of(pool, 4) for _ in range(3)]
        return par_zip(*users, sleep(3).then(pool.stats())).zip(pool.stats())

    (*_, during), after = outcome(pool.use(program))
    assert during == PoolStats(size=2, idle=0, in_use=2, waiting=1, opened=2, reused=0, closed=0)
    assert after == PoolStats(size=2, idle=2, in_use=0, waiting=0, opened=2, reused=1, closed=0)


def test_deadlock_in_a_pool_names_who_holds_what_is_wanted() -> None:
    """A user that wants a second connection while it holds the only one waits for itself, and is told so."""
    pool = Pool.make(Server().resource(takes=0), max=1, name="database")
    nested = pool.use(lambda pool: pool.use(lambda outer: pool.use(lambda inner: unit)))
    (deadlock,) = cause_of(nested.named("report")).defects()
    assert "one of the 1 resources of Pool 'database', lent to 'report'" in "\n".join(deadlock.__notes__)


# -- Cancels: what httpcore, asyncpg, SQLAlchemy and redis-py had to repair ------------------------------------


@pytest.mark.slow
def test_a_cancel_anywhere_loses_no_slot() -> None:
    """Wherever users are cancelled, in the queue, while opening, checking, using or giving back: all slots are there.

    httpcore #658 #785 #830 #1093, asyncpg #467 #547, SQLAlchemy #6652 #8145 #12077 #12099.
    """
    server = Server()

    @do
    def program() -> Do[PoolStats, Any]:
        server.forget()

        @do
        def using(pool: Pool[Connection, Any]) -> Do[PoolStats, Any]:
            yield from par_collect([number_of(pool, 1), number_of(pool, 1)])
            yield from par_settle([number_of(pool, 1), number_of(pool), number_of(pool, 2)])
            yield from par_collect([number_of(pool, 1), number_of(pool, 1)]).fail_after(60)
            return (yield from pool.stats())

        pool = Pool.make(server.resource(), max=2, check=lambda each: sleep(1).as_value(each.number != 1))
        return (yield from pool.use(using))

    def check(stats: PoolStats) -> None:
        assert (stats.idle, stats.in_use, stats.waiting) == (stats.size, 0, 0)
        assert server.most <= 2
        assert server.open == []

    assert cancelled_everywhere(program, check, victims=[f"par_settle[{n}]" for n in range(3)]) > 300


def test_user_that_is_cancelled_in_the_tick_of_its_turn_gives_it_on() -> None:
    """A connection that was handed to a waiter that is cancelled before it runs is not lost."""

    @do
    def using(pool: Pool[Connection, Any]) -> Do[int, Any]:
        def body(group: TaskGroup) -> IO[int, Any]:
            holder = number_of(pool, 3)
            unlucky = group.fork(number_of(pool))
            cancel = unlucky.flat_map(lambda fiber: sleep(4).then(fiber.cancel_soon()))
            return group.fork(holder).then(cancel).then(number_of(pool).fail_after(60))

        return (yield from task_group(body))

    assert outcome(Pool.make(Server().resource(), max=1).use(using)) == 0


def test_no_user_gets_the_reply_of_another() -> None:
    """A user that is cancelled between request and reply leaves a connection that nobody else gets.

    redis-py #2624 #2665, CVE-2023-28858, CVE-2023-28859.
    """

    def asking(name: str) -> Callable[[Connection], IO[str]]:
        return lambda connection: connection.ask(name)

    @do
    def program() -> Do[list[Exit[str, Any]], Any]:
        def using(pool: Pool[Connection, Any]) -> IO[list[Exit[str, Any]], Any]:
            return par_settle([pool.use(asking(name)) for name in "abc"])

        return (yield from Pool.make(Server().resource(), max=1).use(using))

    def check(exits: list[Exit[str, Any]]) -> None:
        for name, exit in zip("abc", exits, strict=True):
            assert isinstance(exit, Failure) or exit.unwrap() == f"reply to {name}"
        assert sum(isinstance(exit, Failure) for exit in exits) <= 1

    assert cancelled_everywhere(program, check, victims=[f"par_settle[{n}]" for n in range(3)]) > 100


def test_timeouts_under_load_leave_the_pool_whole() -> None:
    """A hundred users with timeouts at all moments: afterwards the pool serves as before."""
    server = Server()

    @do
    def using(pool: Pool[Connection, Any]) -> Do[PoolStats, Any]:
        users = [number_of(pool, 1 + n % 3).move_on_after(n * 0.37) for n in range(100)]
        yield from par_collect(users)
        yield from par_collect([number_of(pool) for _ in range(20)])
        return (yield from pool.stats())

    stats = outcome(Pool.make(server.resource(), max=4).use(using))
    assert (stats.in_use, stats.waiting, stats.idle) == (0, 0, stats.size)
    assert server.most <= 4
    assert server.open == []


def test_pooled_async_context_manager_is_left_in_the_task_that_entered_it() -> None:
    """Whoever uses it and whoever closes it, on a real event loop."""
    log: list[bool] = []

    @contextlib.asynccontextmanager
    async def session() -> AsyncIterator[int]:
        task = asyncio.current_task()
        await asyncio.sleep(0)
        try:
            yield len(log)
        finally:
            await asyncio.sleep(0)
            log.append(task is asyncio.current_task())

    pool = Pool.make(Resource.from_async_cm(session), max=2)
    users: list[IO[Any, Any]] = [sleep(0.001), fail("x"), sleep(0.001), sleep(0.001)]
    run(pool.use(lambda pool: par_settle([pool.use(lambda value, user=user: user) for user in users])))  # type: ignore[misc]
    assert log == [True, True, True]


MISTAKES: dict[str, tuple[type[Exception], Callable[[], object]]] = {
    "max 0": (ValueError, lambda: Pool.make(Server().resource(), max=0)),
    "min over max": (ValueError, lambda: Pool.make(Server().resource(), max=1, min=2)),
    "no resource": (TypeError, lambda: Pool.make(unit, max=1)),  # type: ignore[arg-type]
    "no function": (TypeError, lambda: Pool.make(Server().resource(), max=1, check=3)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("error", "build"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_refused_when_built(error: type[Exception], build: Callable[[], object]) -> None:
    """A wrong argument raises where the pool is described."""
    with pytest.raises(error):
        build()

"""A pool keeps as many open as it was asked for, also while nobody asks for any."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

import pytest
from returns.result import Failure, Success

from effio import (
    IO,
    Do,
    Exit,
    Pool,
    PoolStats,
    Resource,
    Schedule,
    VirtualClock,
    delay,
    die,
    do,
    fail,
    now,
    par_collect,
    par_settle,
    pure,
    run_exit,
    sleep,
    suspend,
    task_group,
    unit,
    yield_now,
)
from effio.cause import Fail
from effio.testing import cancel_sweep, explore, simulate
from tests.unit.concurrent.sweep import go


class Server:
    """Opens a connection in a second, unless it is down."""

    def __init__(self, *, down: Callable[[int], bool] = lambda attempt: False, seconds: float = 1) -> None:
        self.down = down
        self.seconds = seconds
        self.numbers = count()
        self.attempts: list[float] = []
        self.open: set[int] = set()

    def connect(self) -> IO[int, str]:
        number = next(self.numbers)
        entered = now().map(self.attempts.append)
        opened: IO[int, str] = fail("refused") if self.down(number) else delay(self.open.add, number).as_value(number)
        return entered.then(sleep(self.seconds)).then(opened)

    def pool(self, **options: Any) -> Resource[Pool[int, str], str]:
        connection = Resource.make(suspend(self.connect), lambda number: delay(self.open.remove, number))
        return Pool.make(connection, **options)


def lost(pool: Pool[int, str]) -> IO[object]:
    """Lose one connection."""
    return pool.use(lambda number: fail("broken")).exit()


def test_what_was_lost_is_opened_again_before_anybody_wants_it() -> None:
    """A second after two of three broke the next users need not wait, and the pool has three again."""
    server = Server()

    @do
    def using(pool: Pool[int, str]) -> Do[tuple[float, PoolStats], str]:
        yield from par_collect([lost(pool), lost(pool)])
        yield from sleep(2)
        began = yield from now()
        yield from par_collect([pool.use(lambda number: sleep(1)) for _ in range(3)])
        return (yield from now()) - began, (yield from pool.stats())

    seconds, stats = go(server.pool(max=3, min=3).use(using))
    assert seconds == 1
    assert stats == PoolStats(size=3, idle=3, in_use=0, waiting=0, opened=5, reused=5, closed=2)
    assert server.open == set()


def test_only_as_many_as_asked_for_are_opened_again() -> None:
    """A pool of three whose `min` is one has one left after all of them broke."""
    server = Server()

    def using(pool: Pool[int, str]) -> IO[int, Any]:
        breaking = pool.use(lambda number: sleep(2).then(fail("broken"))).exit()
        return par_collect([breaking] * 3).then(sleep(9)).then(pool.stats()).map(lambda stats: stats.size)

    assert go(server.pool(max=3, min=1).use(using)) == 1


def test_it_is_tried_again_as_the_schedule_says_and_nobody_is_told() -> None:
    """A server that refuses for a while is asked again after one second, two, four, and then has what is wanted."""
    server = Server(down=lambda attempt: 0 < attempt < 4, seconds=0)

    def using(pool: Pool[int, str]) -> IO[PoolStats]:
        return lost(pool).then(sleep(100)).then(pool.stats())

    assert go(server.pool(max=1, min=1).use(using)).idle == 1
    assert server.attempts == [0, 0, 1, 3, 7]


@pytest.mark.parametrize("refusal", [fail("refused"), die(ValueError("a bug"))], ids=["failure", "defect"])
def test_when_the_schedule_ends_the_next_user_opens_it(refusal: IO[Any, str]) -> None:
    """That one is told why it cannot be opened, and the pool tries again from then on."""
    attempts: list[float] = []

    def connect() -> IO[int, str]:
        attempts.append(len(attempts))
        return pure(1) if len(attempts) == 1 else refusal

    @do
    def using(pool: Pool[int, str]) -> Do[Exit[int, str], Any]:
        yield from lost(pool)
        yield from sleep(50)
        assert len(attempts) == 4
        exit = yield from pool.use(pure).exit()
        yield from sleep(0.5)
        return exit

    again: Schedule[object, object] = Schedule.spaced(1) & Schedule.recurs(2)
    pool = Pool.make(Resource.from_io(suspend(connect)), max=1, min=1, refill=again)
    exit = go(pool.use(using))
    assert isinstance(exit, Failure)
    assert len(attempts) == 6


def test_a_schedule_sees_the_cause_of_each_failure() -> None:
    """It may go on only as long as the right things go wrong."""
    seen: list[object] = []

    def goes_on(cause: Any) -> bool:
        seen.append(cause)
        return len(seen) < 2

    server = Server(down=lambda attempt: attempt > 0)
    pool = server.pool(max=1, min=1, refill=Schedule.spaced(1).while_error(goes_on))
    go(pool.use(lambda pool: lost(pool).then(sleep(50))))
    assert seen == [Fail("refused"), Fail("refused")]


def test_user_who_waits_for_what_is_being_opened_gets_it() -> None:
    """With no room for another one it waits for the one that is on its way."""
    server = Server()

    def using(pool: Pool[int, str]) -> IO[Any, Any]:
        return lost(pool).then(sleep(0.5)).then(pool.use(pure)).zip(now)

    assert go(server.pool(max=1, min=1).use(using)) == (1, 2)


def test_user_who_waits_for_what_cannot_be_opened_tries_itself() -> None:
    """It is told of its own attempt, not of the one behind the scenes."""
    server = Server(down=lambda attempt: attempt in (1, 2))

    def using(pool: Pool[int, str]) -> IO[Any, Any]:
        return lost(pool).then(sleep(0.5)).then(pool.use(pure).exit()).zip(now)

    exit, time = go(server.pool(max=1, min=1).use(using))
    assert exit.failure() == Fail("refused")
    assert time == 3


@pytest.mark.parametrize(("seconds", "expected"), [(0.5, 2), (1.5, 2.5), (9, 10)])
def test_pool_that_ends_leaves_no_attempt_behind(seconds: float, expected: float) -> None:
    """The end waits for an acquisition under way, but not for the next attempt."""
    server = Server(down=lambda attempt: 0 < attempt < 3)

    def using(pool: Pool[int, str]) -> IO[object]:
        return lost(pool).then(sleep(seconds))

    assert go(server.pool(max=2, min=1).use(using).then(now())) == expected
    assert server.open == set()


def test_pool_that_is_cancelled_before_it_opens_the_first_ends() -> None:
    """It waits for nobody to give back what was never opened."""
    pool = Server().pool(max=2, min=2).use(pure)
    cancelled = task_group(lambda group: group.fork(pool).flat_map(lambda fiber: fiber.cancel()))
    assert go(cancelled.zip(now))[1] == 0


def test_every_order_of_users_and_refill_ends_whole() -> None:
    """Two users who break what they get, in every order, and a cancel of anybody at any moment: nothing is missing."""

    def program() -> IO[bool, Any]:
        server = Server(seconds=0)

        def using(pool: Pool[int, str]) -> IO[bool]:
            breaking = pool.use(lambda number: yield_now().then(fail("broken"))).exit()
            users = par_settle([breaking, pool.use(lambda number: unit)])
            return users.then(sleep(1)).then(pool.stats()).map(lambda stats: stats.idle == stats.size >= 1)

        return server.pool(max=2, min=1).use(using).map(lambda whole: whole and not server.open)

    def whole(exit: Exit[bool, Any]) -> bool:
        return exit.failure().has_cancelled if isinstance(exit, Failure) else exit.unwrap()

    explore(suspend(program), whole, max_schedules=80).assert_ok()
    cancel_sweep(suspend(program), whole, max_schedules=2, max_runs=100).assert_ok()


def test_nothing_is_tried_without_a_minimum() -> None:
    """A pool that keeps none opens none by itself."""
    server = Server()
    go(server.pool(max=1).use(lambda pool: lost(pool).then(sleep(50))))
    assert len(server.attempts) == 1


def test_schedule_is_checked_when_the_pool_is_described() -> None:
    """What is no schedule, nor a number of times, is refused."""
    wrong: Any = "soon"
    with pytest.raises(TypeError):
        Server().pool(max=1, refill=wrong)


def test_stuck_program_is_a_deadlock_all_the_same() -> None:
    """A pool that is whole keeps no deadlock from being found."""
    stuck = Server().pool(max=1, min=1).use(lambda pool: pool.use(lambda one: pool.use(pure)))
    assert "Deadlock" in repr(run_exit(stuck, clock=VirtualClock()).failure())


def user(pool: Pool[int, str], chance: Random) -> IO[object]:
    """Borrow a connection at some moment, do with it one of all the things that may be done, and perhaps give up."""
    pause, patience = chance.choice([0, 0, 1, 4, 20]), chance.choice([0.5, 3, 99])
    uses: list[Callable[[int], IO[Any, Any]]] = [
        lambda number: unit,
        lambda number: sleep(1.5),
        lambda number: fail("broken"),
        lambda number: die(ValueError("a bug")),
        lambda number: pool.invalidate(number).then(sleep(0.5)),
        lambda number: pool.use(lambda other: unit).move_on_after(1),
    ]
    return sleep(pause).then(pool.use(chance.choice(uses)).move_on_after(patience)).exit()


@pytest.mark.parametrize("seed", range(40))
def test_pool_stays_whole_whatever_users_do(seed: int) -> None:
    """Users who break, invalidate, cancel and nest, a server that refuses at random: never too many, never too few."""
    chance = Random(seed)
    most, least = chance.randrange(1, 4), chance.randrange(0, 2)
    server = Server(down=lambda attempt: attempt > 2 and attempt < 40 and chance.random() < 0.3)
    sizes: list[int] = []

    def check(number: int) -> IO[bool]:
        return delay(sizes.append, len(server.open)).as_value(chance.random() < 0.8)

    @do
    def using(pool: Pool[int, str]) -> Do[PoolStats, Any]:
        yield from par_settle([user(pool, chance) for _ in range(25)])
        yield from sleep(400)
        return (yield from pool.stats())

    pool = server.pool(max=most, min=least, idle_time=30, check=check)
    stats = simulate(pool.use(using), seed=seed).outcome
    assert isinstance(stats, Success), stats
    assert (stats.unwrap().size, stats.unwrap().idle) == (least, least)
    assert stats.unwrap().waiting == stats.unwrap().in_use == 0
    assert max(sizes, default=0) <= most
    assert server.open == set()

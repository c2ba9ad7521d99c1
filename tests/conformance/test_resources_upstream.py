"""Bugs of pools, caches and retry loops on asyncio, in the shape they had, and the same scenarios in effio.

Each scenario is run with a cancel of one task or fiber at every place: at each turn of asyncio's loop, at each action
of effio. The witnesses are as short as the code they stand for allows; the numbers are those of the reports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import httpcore

from effio import IO, Cache, Do, Failure, Pool, Resource, Success, delay, do, fail, par_settle, pure, yield_now
from tests.conformance.stepped_asyncio import swept, task
from tests.unit.concurrent.sweep import cancelled_everywhere

VICTIMS = [f"par_settle[{number}]" for number in range(3)]


async def turns(count: int) -> None:
    """Let the others run so often."""
    for _ in range(count):
        await asyncio.sleep(0)


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Wait for all, however they end."""
    await asyncio.gather(*tasks, return_exceptions=True)


# -- A slot of a pool is lost: httpcore #658 #830 #1093, asyncpg #467 #547, SQLAlchemy #6652 #12077 ------------


class SlotPool:
    """Counts a slot, opens a connection in it, and hands connections that come back to the first who waits."""

    def __init__(self, size: int) -> None:
        self.free = size
        self.idle: list[object] = []
        self.waiting: list[asyncio.Future[object]] = []

    async def acquire(self) -> object:
        if self.idle:
            return self.idle.pop()
        if self.free:
            self.free -= 1
            await turns(1)  # It connects.
            return object()
        self.waiting.append(asyncio.get_running_loop().create_future())
        return await self.waiting[-1]

    async def release(self, connection: object) -> None:
        await turns(1)  # It resets the connection.
        waiting = [future for future in self.waiting if not future.done()]
        if waiting:
            waiting[0].set_result(connection)
        else:
            self.idle.append(connection)


async def three_users_of_one_connection() -> str:
    """Afterwards a fourth one must be served."""
    pool = SlotPool(1)

    async def use() -> None:
        connection = await pool.acquire()
        try:
            await turns(1)
        finally:
            await pool.release(connection)

    await ended(*[task(f"user {number}", use()) for number in range(3)])
    await pool.acquire()
    return "served"


def test_upstream_pool_loses_its_slot() -> None:
    """A cancel while it connects, while the connection is handed over, or while it is reset loses the slot for good."""
    assert swept(three_users_of_one_connection, "user 0").stuck() == 2
    assert swept(three_users_of_one_connection, "user 1").stuck() == 2


async def three_requests_over_httpcore() -> str:
    """The same with the pool of httpcore itself, over a network that answers at once."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    network = httpcore.AsyncMockBackend([answer] * 8)
    pool = httpcore.AsyncConnectionPool(max_connections=1, network_backend=network)

    async def ask() -> None:
        await pool.request("GET", "http://server/")

    await ended(*[task(f"user {number}", ask()) for number in range(3)])
    await ask()
    return "served"


def test_upstream_httpcore_loses_its_slot() -> None:
    """Up to 1.0.9 a cancel at some turns leaves a connection that nobody gets any more."""
    loses = tuple(map(int, version("httpcore").split("."))) <= (1, 0, 9)
    assert bool(swept(three_requests_over_httpcore, "user 1").stuck()) == loses


def test_effio_pool_loses_no_slot() -> None:
    """Whoever is cancelled, wherever, a fourth user is served."""

    @do
    def program() -> Do[str]:
        connection = Resource.make(yield_now(), lambda opened: yield_now())

        def using(pool: Pool[None]) -> IO[str]:
            users = par_settle([pool.use(lambda opened: yield_now()) for _ in range(3)])
            return users.then(pool.use(lambda opened: pure("served")))

        return (yield from Pool.make(connection, max=1).use(using))

    def check(value: str) -> None:
        assert value == "served"

    assert cancelled_everywhere(program, check, victims=VICTIMS) > 100


# -- A user gets the reply of another: redis-py #2624 #2665, CVE-2023-28858, CVE-2023-28859 ---------------------


class Line:
    """A connection whose replies come in the order of the requests, to whoever reads next."""

    def __init__(self) -> None:
        self.replies: list[str] = []

    def write(self, request: str) -> None:
        self.replies.append(f"reply to {request}")

    def read(self) -> str:
        return self.replies.pop(0)


async def three_requests_on_one_line() -> str:
    """Each user takes the lock of the line, writes, and reads one reply."""
    line, lock = Line(), asyncio.Lock()
    replies: dict[str, str] = {}

    async def ask(name: str) -> None:
        async with lock:
            line.write(name)
            await turns(1)  # The reply is on its way.
            replies[name] = line.read()

    await ended(*[task(f"user {name}", ask(name)) for name in "abc"])
    return "right" if all(reply == f"reply to {name}" for name, reply in replies.items()) else "of another"


def test_upstream_line_gives_the_reply_of_another() -> None:
    """After a cancel between request and reply everybody gets the reply to the request before."""
    assert swept(three_requests_on_one_line, "user a").outcomes.count("of another") == 1


def test_effio_pool_gives_nobody_the_reply_of_another() -> None:
    """A line whose use was cancelled is closed, and the next user gets a new one."""

    @do
    def program() -> Do[list[Any]]:
        def asking(name: str) -> Callable[[Line], IO[str]]:
            return lambda line: delay(line.write, name).then(yield_now()).then(delay(line.read))

        def using(pool: Pool[Line]) -> IO[list[Any]]:
            return par_settle([pool.use(asking(name)) for name in "abc"])

        return (yield from Pool.make(Resource.make(delay(Line), lambda line: yield_now()), max=1).use(using))

    def check(exits: list[Any]) -> None:
        replies = [Success(f"reply to {name}") for name in "abc"]
        assert sum(exit == reply for exit, reply in zip(exits, replies, strict=True)) >= 2
        assert all(exit == reply or isinstance(exit, Failure) for exit, reply in zip(exits, replies, strict=True))

    assert cancelled_everywhere(program, check, victims=VICTIMS) > 100


# -- Who loads for all is cancelled: async-lru #697 -------------------------------------------------------------


async def three_who_want_one_value() -> int:
    """The first loads in a task, the others wait for that task; those who were not cancelled must get the value."""
    loads: dict[str, asyncio.Task[int]] = {}

    async def load() -> int:
        await turns(3)
        return 7

    async def get() -> int:
        if "key" not in loads:
            loads["key"] = asyncio.create_task(load())
        return await loads["key"]

    users = [task(f"user {number}", get()) for number in range(3)]
    await ended(*users)
    return sum(not user.cancelled() and user.result() == 7 for user in users)


def test_upstream_cache_cancels_all_with_one() -> None:
    """A cancel of one who waits for a task cancels the task, and with it all others who wait for it."""
    assert 0 in swept(three_who_want_one_value, "user 0").outcomes


def test_effio_cache_goes_on_loading_for_the_others() -> None:
    """Whoever of three is cancelled, wherever, the other two get the value."""

    @do
    def program() -> Do[list[Any]]:
        def load(key: str) -> IO[int]:
            return yield_now().then(yield_now()).as_value(7)

        cache = yield from Cache.make(load, capacity=1)
        return (yield from par_settle([cache.get("key") for _ in range(3)]))

    def check(exits: list[Any]) -> None:
        assert exits.count(Success(7)) >= 2

    assert cancelled_everywhere(program, check, victims=VICTIMS) > 50


# -- A retry loop takes a cancel for a failure: redis-py #2104 and every `except BaseException` ----------------


async def retried_until_it_works() -> str:
    """A loop that reconnects after whatever its attempt raised; cancelled, it must end."""
    tries = 0

    async def retrying() -> None:
        nonlocal tries
        while tries < 3:
            try:
                tries += 1
                await turns(2)
                raise ConnectionError
            except BaseException:
                await turns(1)  # It waits for a while, and tries again.

    looping = task("user", retrying())
    await ended(looping)
    return "cancelled" if looping.cancelled() else "went on"


def test_upstream_retry_loop_goes_on_after_a_cancel() -> None:
    """A cancel that comes within an attempt is taken for one more failure."""
    outcomes = swept(retried_until_it_works, "user").outcomes
    assert outcomes.count("went on") > outcomes.count("cancelled") > 0


def test_effio_retry_ends_with_a_cancel() -> None:
    """Cancelled in an attempt or between two, it makes no further attempt."""
    attempts: list[int] = []

    @do
    def program() -> Do[list[Any]]:
        attempts.clear()
        attempt: IO[None, str] = delay(attempts.append, 1).then(yield_now()).then(fail("refused"))
        return (yield from par_settle([attempt.retry(2)]))

    def check(exits: list[Any]) -> None:
        cause = exits[0].failure()
        assert len(attempts) <= 3
        assert cause.has_cancelled != (cause.failures() == ("refused",) * 3)

    assert cancelled_everywhere(program, check, victims=["par_settle[0]"]) > 6

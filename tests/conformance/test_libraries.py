"""Real libraries inside the coroutines of a program: what they enter, leave, cancel and swallow works as usual."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import aiohttp
import aiosqlite
import anyio
import httpx
import pytest
from aiohttp import web

from effio import IO, Do, bracket, collect, do, from_async, par_collect, par_traverse, par_zip
from tests.conformance.support import TICK, Backend, Journal, forever, rest, value_of

# -- A database whose connection is a thread -----------------------------------------------------------------

LONG_QUERY = """
    WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 100000)
    SELECT max(number) FROM numbers
"""


async def connect() -> aiosqlite.Connection:
    """Open a database in memory with an empty table."""
    connection = await aiosqlite.connect(":memory:")
    await connection.execute("CREATE TABLE entry (text)")
    await connection.commit()
    return connection


async def insert(connection: aiosqlite.Connection, text: str) -> None:
    """Add a row and leave the transaction open."""
    await connection.execute("INSERT INTO entry VALUES (?)", [text])


async def rows(connection: aiosqlite.Connection) -> list[str]:
    """The texts in the table."""
    async with connection.execute("SELECT text FROM entry ORDER BY text") as cursor:
        return [text async for (text,) in cursor]


async def query(connection: aiosqlite.Connection, statement: str) -> Any:
    """The first value of the first row."""
    async with connection.execute(statement) as cursor:
        row = await cursor.fetchone()
        assert row is not None
        return row[0]


def in_database(use: Callable[[aiosqlite.Connection], IO[Any, Any]]) -> IO[Any, Any]:
    """Use a connection that is closed afterwards."""
    return bracket(from_async(connect), use, lambda connection: from_async(connection.close))


def transaction(connection: aiosqlite.Connection, body: IO[Any, Any]) -> IO[Any, Any]:
    """Commit what `body` did if it succeeds, else take it back."""
    undo = from_async(connection.rollback)
    return body.then(from_async(connection.commit)).on_cancel(lambda cause: undo).on_error(lambda cause: undo)


def test_aiosqlite_shared_by_fibers(on_asyncio: Backend) -> None:
    """Fibers use one connection at the same time, and its thread ends with the program."""
    before = set(threading.enumerate())

    def use(connection: aiosqlite.Connection) -> IO[Any, Any]:
        inserting = par_traverse("dcba", lambda text: from_async(insert, connection, text))
        return inserting.then(from_async(rows, connection))

    assert value_of(on_asyncio.run(in_database(use))) == ["a", "b", "c", "d"]
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=1)
    assert set(threading.enumerate()) <= before


def test_aiosqlite_cut_short_rolls_back(on_asyncio: Backend) -> None:
    """A timeout in the middle of a transaction takes it back, and the connection can be used afterwards."""

    def use(connection: aiosqlite.Connection) -> IO[Any, Any]:
        querying = collect([from_async(query, connection, LONG_QUERY)] * 50)
        interrupted = from_async(insert, connection, "lost").then(querying)
        kept = transaction(connection, from_async(insert, connection, "kept"))
        cut = transaction(connection, interrupted).move_on_after(TICK)
        return kept.then(cut).zip(from_async(rows, connection))

    assert value_of(on_asyncio.run(in_database(use))) == (None, ["kept"])


def test_aiosqlite_error_is_a_typed_failure(on_asyncio: Backend) -> None:
    """What the database raises in its thread is a typed failure of the fiber that asked."""

    def use(connection: aiosqlite.Connection) -> IO[Any, Any]:
        return from_async(query, connection, "SELECT * FROM missing").either()

    assert isinstance(value_of(on_asyncio.run(in_database(use))).failure(), sqlite3.OperationalError)


# -- A server and its clients --------------------------------------------------------------------------------

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def serve(handler: Handler) -> web.AppRunner:
    """Start a server on a free port of this machine."""
    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner


def served(handler: Handler, use: Callable[[str], IO[Any, Any]]) -> IO[Any, Any]:
    """Run a server while `use` does something with its address."""

    def with_address(runner: web.AppRunner) -> IO[Any, Any]:
        host, port = runner.addresses[0][:2]
        return use(f"http://{host}:{port}/")

    return bracket(from_async(serve, handler), with_address, lambda runner: from_async(runner.cleanup))


async def echo(request: web.Request) -> web.Response:
    """Answer with what was asked."""
    return web.Response(text=request.query.get("text", ""))


async def fetch(session: aiohttp.ClientSession, address: str, text: str) -> str:
    """Ask with aiohttp."""
    async with session.get(address, params={"text": text}) as response:
        return await response.text()


def with_session(use: Callable[[aiohttp.ClientSession], IO[Any, Any]]) -> IO[Any, Any]:
    """Use a session of aiohttp that one coroutine opens and another one closes."""

    async def open_session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    return bracket(from_async(open_session), use, lambda session: from_async(session.close))


def test_aiohttp_client_and_server(on_asyncio: Backend) -> None:
    """Fibers share a session and get their own answers."""

    def use(address: str) -> IO[Any, Any]:
        return with_session(lambda session: par_traverse("abc", lambda text: from_async(fetch, session, address, text)))

    assert value_of(on_asyncio.run(served(echo, use))) == ["a", "b", "c"]


def test_aiohttp_request_cut_short(on_asyncio: Backend) -> None:
    """A request that is cut closes its connection, so that the server cancels its handler; the session works on."""
    journal = Journal()

    async def stuck(request: web.Request) -> web.Response:
        if request.query["text"] == "stuck":
            try:
                await forever()
            finally:
                journal.append("handler closed")
        return await echo(request)

    def use(address: str) -> IO[Any, Any]:
        def with_client(session: aiohttp.ClientSession) -> IO[Any, Any]:
            def asking(text: str) -> IO[str, Exception]:
                return from_async(fetch, session, address, text)

            return asking("stuck").move_on_after(8 * TICK).zip(asking("again")).tap(lambda _: rest(2))

        return with_session(with_client)

    assert value_of(on_asyncio.run(served(stuck, use))) == (None, "again")
    assert journal == ["handler closed"]


def test_aiohttp_timeout_is_a_typed_failure(on_asyncio: Backend) -> None:
    """A timeout of aiohttp's own, which counts the cancels of its task, is the failure of the request alone."""

    async def stuck(request: web.Request) -> web.Response:
        await forever()
        return web.Response()

    async def impatient(session: aiohttp.ClientSession, address: str) -> None:
        async with session.get(address, timeout=aiohttp.ClientTimeout(total=4 * TICK)):
            pass

    def use(address: str) -> IO[Any, Any]:
        return with_session(lambda session: from_async(impatient, session, address).either())

    assert isinstance(value_of(on_asyncio.run(served(stuck, use))).failure(), TimeoutError)


def test_httpx_client_shared_by_fibers(on_asyncio: Backend) -> None:
    """A client that one coroutine enters and another leaves serves many fibers, one of which is cut short."""

    async def answer(request: web.Request) -> web.Response:
        if request.query["text"] == "stuck":
            await forever()
        return await echo(request)

    async def ask(client: httpx.AsyncClient, text: str) -> str:
        return (await client.get("/", params={"text": text})).text

    def use(address: str) -> IO[Any, Any]:
        client = httpx.AsyncClient(base_url=address, timeout=None, verify=False)

        def with_client(client: httpx.AsyncClient) -> IO[Any, Any]:
            cut = from_async(ask, client, "stuck").move_on_after(8 * TICK)
            return par_zip(cut, par_traverse("abc", lambda text: from_async(ask, client, text)))

        entered = from_async(client.__aenter__)
        return bracket(entered, with_client, lambda client: from_async(client.__aexit__, None, None, None))

    assert value_of(on_asyncio.run(served(answer, use))) == (None, ["a", "b", "c"])


# -- Scopes inside scopes ------------------------------------------------------------------------------------


def test_scopes_of_three_libraries_inside_each_other(on_asyncio: Backend) -> None:
    """A cancel of the fiber goes through scopes of anyio and asyncio, each of which takes back what is its own."""
    journal = Journal()
    counts: list[int] = []

    async def nested() -> None:
        async with asyncio.timeout(100), anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(forever())
                    with anyio.move_on_after(2 * TICK):
                        await forever()
                    journal.append("anyio moved on")
                    await forever()
            finally:
                journal.append("closed")

    async def count() -> None:
        task = asyncio.current_task()
        assert task is not None
        counts.append(task.cancelling())

    program = from_async(nested).move_on_after(8 * TICK).then(from_async(count))

    value_of(on_asyncio.run(collect([program, program])))

    assert journal == ["anyio moved on", "closed"] * 2
    assert counts == [0, 0]


def test_failure_inside_an_anyio_group_is_a_typed_failure(on_asyncio: Backend) -> None:
    """The group that anyio raises is the failure of the coroutine, with the error in it."""

    async def failing() -> None:
        raise KeyError("inside")

    async def grouped() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(failing)
            await anyio.sleep_forever()

    error = value_of(on_asyncio.run(from_async(grouped).either())).failure()

    assert isinstance(error, ExceptionGroup)
    assert [type(inner) for inner in error.exceptions] == [KeyError]


@pytest.mark.parametrize("name", ["asyncio", "anyio"])
def test_event_of_another_library_wakes_a_fiber(on_asyncio: Backend, name: str) -> None:
    """Fibers wait in coroutines for an event that another fiber sets."""

    @do
    def meeting() -> Do[list[str], Any]:
        event: Any = asyncio.Event() if name == "asyncio" else anyio.Event()
        waiting = from_async(event.wait).as_value("woken")

        async def set_it() -> None:
            event.set()

        return (yield from par_collect([waiting, waiting, rest(1).then(from_async(set_it)).as_value("set")]))

    assert value_of(on_asyncio.run(meeting())) == ["woken", "woken", "set"]

"""A web server whose client goes away: it cancels what it was doing, again and again, in the middle of the cleanup."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from effio import IO, bracket, from_async, never, par_zip, run_async
from tests.conformance.support import TICK, Journal, forever, nap, nothing_left, rest

Body: TypeAlias = Callable[[Journal], AsyncIterator[bytes]]


async def in_effio(journal: Journal) -> AsyncIterator[bytes]:
    """Answer, then run a program until the client goes away; its cleanup takes a while."""
    yield b"first"
    await run_async(working(journal))


def working(journal: Journal) -> IO[Any, Any]:
    """Hold a transaction, of fibers that wait for each kind of thing, until cancelled."""
    rollback = rest(2).then(from_async(nap, 2)).then(journal.note("rolled back"))
    release = rest(1).then(journal.note("released"))
    held = par_zip(never, from_async(forever).ensuring(rollback))
    return bracket(journal.note("acquired"), lambda _: held, lambda _: release)


async def in_asyncio(journal: Journal) -> AsyncIterator[bytes]:
    """The same with what asyncio has."""
    yield b"first"
    journal.append("acquired")
    try:
        try:
            await forever()
        finally:
            await nap(4)
            journal.append("rolled back")
    finally:
        await nap(1)
        journal.append("released")


async def go_away(body: Body, journal: Journal) -> None:
    """Ask a server for `body` and hang up after the first bytes; the server has answered when this returns."""
    answered = asyncio.Event()

    async def answer(request: Request) -> StreamingResponse:
        return StreamingResponse(watched())

    async def watched() -> AsyncIterator[bytes]:
        try:
            async for part in body(journal):
                yield part
        finally:
            answered.set()

    app = Starlette(routes=[Route("/", answer)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await nap(1)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
    await reader.readuntil(b"first")
    await nap(2)
    writer.close()
    await writer.wait_closed()
    await answered.wait()
    server.should_exit = True
    await serving


@pytest.mark.parametrize(
    ("body", "expected"),
    [(in_effio, ["acquired", "rolled back", "released"]), (in_asyncio, ["acquired"])],
    ids=["effio", "asyncio"],
)
def test_cleanup_when_the_client_has_gone(body: Body, expected: list[str]) -> None:
    """Starlette cancels what it streams: effio's finalizers complete, those of plain coroutines are cut short."""
    journal = Journal()

    async def main() -> None:
        with nothing_left():
            async with asyncio.timeout(2000 * TICK):
                await go_away(body, journal)

    asyncio.run(main())

    assert journal == expected

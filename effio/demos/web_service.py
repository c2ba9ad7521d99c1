"""A web service on loopback that takes its time to answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def web_service(name: str, seconds: float) -> AsyncGenerator[str, None]:
    """Serve at the address that this gives; answer each request after `seconds`, and print how it ended."""

    async def answer(request: web.BaseRequest) -> web.Response:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            print(f"{name}: the caller hung up")
            raise
        print(f"{name}: answered")
        return web.Response(text="done")

    runner = web.ServerRunner(web.Server(answer, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        yield f"http://{host}:{port}/"
    finally:
        await runner.cleanup()

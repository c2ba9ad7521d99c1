"""A small web site on loopback: pages that link to each other, some of which are busy at first, and a broken link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Final, final

import attrs
from aiohttp import web

MISSING: Final = "/missing"


@final
@attrs.define
class Gauge:
    """How many requests are answered right now, and the most that there ever were."""

    now: int = 0
    most: int = 0

    @contextmanager
    def raised(self) -> Generator[None]:
        """Count one more for a while."""
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            yield
        finally:
            self.now -= 1


@asynccontextmanager
async def web_site(pages: int, seconds: float, gauges: Iterable[Gauge]) -> AsyncGenerator[str, None]:
    """Serve `pages` pages at the address that this gives, each after `seconds`; every third is busy once."""
    asked = set[str]()

    async def answer(request: web.BaseRequest) -> web.Response:
        with ExitStack() as counted:
            for gauge in gauges:
                counted.enter_context(gauge.raised())
            await asyncio.sleep(seconds)
        number = int(request.path[1:] or 0) if request.path != MISSING else pages
        if number >= pages:
            return web.Response(status=404)
        if number % 3 == 2 and request.path not in asked:
            asked.add(request.path)
            return web.Response(status=503)
        return web.Response(text=" ".join(f'<a href="{link}">' for link in links_of(number, pages)))

    runner = web.ServerRunner(web.Server(answer, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def links_of(number: int, pages: int) -> list[str]:
    """What a page links to: the first one, its two children in a tree, and the last one to a page that is not there.

    >>> links_of(1, 5)
    ['/', '/3', '/4']
    """
    children = [f"/{child}" for child in (2 * number + 1, 2 * number + 2) if child < pages]
    return ["/", *children, *([MISSING] if number == pages - 1 else [])]

"""A polite spider on real sockets: it visits two web sites, few pages at once, fewer of each, busy ones again."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Final, final

import attrs
from aiohttp import ClientError, ClientResponseError, ClientSession

from effio import IO, Do, Resource, Schedule, Semaphore, TaskGroup, catch, delay, do, effect, task_group, traverse
from effio.demos.web_site import Gauge, web_site

AT_ONCE: Final = 3
AT_ONCE_OF_ONE_SITE: Final = 2
AGAIN: Final = Schedule.exponential(0.02).jittered() & Schedule.recurs(5)

LINK: Final = re.compile('href="(.*?)"')


@do
def main(pages: int = 15, seconds: float = 0.05) -> Do[None, Exception]:
    """Open two sites of `pages` pages, each answered after `seconds`, visit all, and print what came of it."""
    all_sites, north, south = Gauge(), Gauge(), Gauge()
    sites = [Resource.from_async_cm(partial(web_site, pages, seconds, (all_sites, one))) for one in (north, south)]
    opened = sites[0].zip(sites[1]).zip(Resource.from_async_cm(new_session))
    found = yield from opened.use(lambda each: crawl(each[1], each[0]))
    broken = [page for page, why in found.items() if why]
    yield from delay(print, f"{len(found) - len(broken)} pages, {len(broken)} broken links")
    yield from delay(print, f"at most {all_sites.most} at once, {max(north.most, south.most)} of one site")


def new_session() -> AbstractAsyncContextManager[ClientSession]:
    """Make an HTTP client."""
    return ClientSession(raise_for_status=True)


@final
@attrs.frozen(kw_only=True)
class Spider:
    """What all visits share; `found` says of each address why it could not be visited, nothing if it could."""

    session: ClientSession
    group: TaskGroup
    slots: Semaphore
    slots_of: dict[str, Semaphore]
    found: dict[str, str]


@do
def crawl(session: ClientSession, sites: tuple[str, ...]) -> Do[dict[str, str], Exception]:
    """Visit all pages that can be reached from the first ones of these sites."""
    slots = yield from Semaphore.make(AT_ONCE, name="all sites")
    each_site = yield from traverse(sites, lambda site: Semaphore.make(AT_ONCE_OF_ONE_SITE, name=site))
    slots_of = dict(zip(sites, each_site, strict=True))
    found = dict.fromkeys((f"{site}/" for site in sites), "")

    @do
    def visit_all(group: TaskGroup) -> Do[None]:
        spider = Spider(session=session, group=group, slots=slots, slots_of=slots_of, found=found)
        for site in sites:
            yield from group.fork(visit(spider, site, "/"), name=site)

    yield from task_group(visit_all, name="crawl")
    return found


@do
def visit(spider: Spider, site: str, path: str) -> Do[None]:
    """Visit a page, and at the same time as all others those that it links to and nobody has found before."""
    polite = spider.slots_of[site].with_permit(spider.slots.with_permit(fetch(spider.session, site + path)))
    page = yield from polite.retry(AGAIN.while_error(is_busy)) | catch(ClientError, partial(note, spider, site + path))
    yield from delay(print, site + path, spider.found[site + path] or "ok")
    for link in LINK.findall(page):
        if f"{site}{link}" not in spider.found:
            spider.found[f"{site}{link}"] = ""
            yield from spider.group.fork(visit(spider, site, link), name=f"{site}{link}")


@effect(catches=ClientError)
async def fetch(session: ClientSession, address: str) -> str:
    """Wait for a page."""
    async with session.get(address) as answer:
        return await answer.text()


def is_busy(error: ClientError) -> bool:
    """Whether the site says that it can be asked again."""
    return isinstance(error, ClientResponseError) and error.status == 503


def note(spider: Spider, address: str, error: ClientError) -> IO[str]:
    """Keep why a page cannot be visited; it has no links."""
    why = getattr(error, "message", "") or type(error).__name__
    return delay(spider.found.__setitem__, address, why).as_value("")

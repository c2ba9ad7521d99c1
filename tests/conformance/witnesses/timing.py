"""Witnesses of deadlines, and of the order in which things start."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import anyio
import anyio.to_thread
import trio

from effio import IO, TaskGroup, collect, delay, never, par_zip, pure, task_group, to_thread
from tests.conformance.support import TICK, Journal, rest
from tests.conformance.witnesses.row import LONG, Row, Seen

# -- Deadlines -----------------------------------------------------------------------------------------------


class TimesOutTwice(Row):
    """Two timeouts end at the same instant."""

    async def asyncio(self, journal: Journal) -> None:
        when = asyncio.get_running_loop().time() + TICK
        try:
            async with asyncio.timeout_at(when):
                try:
                    async with asyncio.timeout_at(when):
                        await asyncio.sleep(LONG)
                except TimeoutError:
                    journal.append("inner")
        except TimeoutError:
            journal.append("outer")

    async def anyio(self, journal: Journal) -> None:
        when = anyio.current_time() + TICK
        with anyio.CancelScope(deadline=when) as outer, anyio.CancelScope(deadline=when) as inner:
            await anyio.sleep(LONG)
        note_which(journal, outer.cancelled_caught, inner.cancelled_caught)

    async def trio(self, journal: Journal) -> None:
        when = trio.current_time() + TICK
        with trio.CancelScope(deadline=when) as outer, trio.CancelScope(deadline=when) as inner:
            await trio.sleep(LONG)
        note_which(journal, outer.cancelled_caught, inner.cancelled_caught)

    def effio(self, journal: Journal) -> IO[Any]:
        return never.timeout_to(TICK, journal.note("inner")).timeout_to(TICK, journal.note("outer"))

    def words(self, seen: Seen) -> str:
        return f"the {seen.story} one"


def note_which(journal: Journal, outer: bool, inner: bool) -> None:
    journal.extend(name for name, caught in (("inner", inner), ("outer", outer)) if caught)


class HasNoTimeAndNeedsNone(Row):
    """A timeout of 0 around what never waits."""

    async def asyncio(self, journal: Journal) -> str:
        async with asyncio.timeout(0):
            return "value"

    async def anyio(self, journal: Journal) -> str:
        with anyio.fail_after(0):
            return "value"

    async def trio(self, journal: Journal) -> str:
        with trio.fail_after(0):
            return "value"

    def effio(self, journal: Journal) -> IO[str, Any]:
        return pure("value").fail_after(0)

    def words(self, seen: Seen) -> str:
        return value_or_error(seen)


class HasLessThanNoTime(Row):
    """A timeout of -1."""

    async def asyncio(self, journal: Journal) -> None:
        async with asyncio.timeout(-1):
            await asyncio.sleep(LONG)

    async def anyio(self, journal: Journal) -> None:
        with anyio.fail_after(-1):
            await anyio.sleep(LONG)

    async def trio(self, journal: Journal) -> None:
        with trio.fail_after(-1):
            await trio.sleep(LONG)

    def effio(self, journal: Journal) -> IO[Any, Any]:
        return never.fail_after(-1)

    def words(self, seen: Seen) -> str:
        return value_or_error(seen)


class IsBlocked(Row):
    """A result is due before its deadline, and the loop blocked past both."""

    async def asyncio(self, journal: Journal) -> str:
        async with asyncio.TaskGroup() as group:
            group.create_task(blocking())
            async with asyncio.timeout(3 * TICK):
                await asyncio.sleep(2 * TICK)
        return "value"

    async def anyio(self, journal: Journal) -> str:
        async with anyio.create_task_group() as group:
            group.start_soon(blocking)
            with anyio.fail_after(3 * TICK):
                await anyio.sleep(2 * TICK)
        return "value"

    async def trio(self, journal: Journal) -> str:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(blocking)
            with trio.fail_after(3 * TICK):
                await trio.sleep(2 * TICK)
        return "value"

    def effio(self, journal: Journal) -> IO[Any, Any]:
        waiting = rest(2).as_value("value").fail_after(3 * TICK)
        return par_zip(waiting, delay(time.sleep, 4 * TICK)).map(lambda values: values[0])

    def words(self, seen: Seen) -> str:
        return value_or_error(seen)


async def blocking() -> None:
    time.sleep(4 * TICK)


def value_or_error(seen: Seen) -> str:
    error = str(seen.ended).removeprefix("group[").removesuffix("]")
    return "the value" if seen.ended == "value" else "a timeout" if error in TIMEOUTS else error


TIMEOUTS = {"TimeoutError", "TooSlowError"}


class TimesOutAThread(Row):
    """A timeout is shorter than a call in a thread."""

    async def asyncio(self, journal: Journal) -> str:
        async with asyncio.timeout(TICK):
            return await asyncio.to_thread(work, journal)

    async def anyio(self, journal: Journal) -> str:
        with anyio.fail_after(TICK):
            return await anyio.to_thread.run_sync(work, journal)

    async def trio(self, journal: Journal) -> str:
        with trio.fail_after(TICK):
            return await trio.to_thread.run_sync(work, journal)

    def effio(self, journal: Journal) -> IO[str, Any]:
        return to_thread(work, journal).fail_after(TICK)

    def words(self, seen: Seen) -> str:
        return f"{value_or_error(seen)}, {'when the thread has ended' if seen.noted else 'the thread is left behind'}"


def work(journal: Journal) -> str:
    time.sleep(5 * TICK)
    journal.append("the thread has ended")
    return "value"


# -- Order ---------------------------------------------------------------------------------------------------

FORWARDS = "01234567"
GROUPS = 40
"""So many that a runtime which starts children in either direction does not choose the same one by chance."""


class StartsEight(Row):
    """The order in which eight children start."""

    async def asyncio(self, journal: Journal) -> None:
        async def child(number: int) -> None:
            journal.append(str(number))

        for _ in range(GROUPS):
            async with asyncio.TaskGroup() as group:
                for number in range(8):
                    group.create_task(child(number))

    async def anyio(self, journal: Journal) -> None:
        async def child(number: int) -> None:
            journal.append(str(number))

        for _ in range(GROUPS):
            async with anyio.create_task_group() as group:
                for number in range(8):
                    group.start_soon(child, number)

    async def trio(self, journal: Journal) -> None:
        async def child(number: int) -> None:
            journal.append(str(number))

        for _ in range(GROUPS):
            async with trio.open_nursery() as nursery:
                for number in range(8):
                    nursery.start_soon(child, number)

    def effio(self, journal: Journal) -> IO[Any, Any]:
        def body(group: TaskGroup) -> IO[Any]:
            return collect([group.fork(journal.note(str(number))) for number in range(8)])

        return collect([task_group(body)] * GROUPS)

    def words(self, seen: Seen) -> str:
        noted = "".join(seen.noted)
        orders = {noted[at : at + 8] for at in range(0, len(noted), 8)}
        assert {"".join(sorted(order)) for order in orders} == {FORWARDS}
        return "as forked" if orders == {FORWARDS} else "in one order or another, by chance"


ROWS: tuple[Row, ...] = (
    TimesOutTwice(),
    HasNoTimeAndNeedsNone(),
    HasLessThanNoTime(),
    IsBlocked(),
    TimesOutAThread(),
    StartsEight(),
)

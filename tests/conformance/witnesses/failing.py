"""Witnesses of what is told of failures, and what is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import trio

from effio import IO, TaskGroup, delay, fail, from_async, never, par_zip, task_group, unit
from effio.cause import Cause
from tests.conformance.support import TICK, Journal, boom, rest
from tests.conformance.witnesses.row import LONG, Row, Seen


async def failing() -> None:
    raise KeyError


async def interrupted() -> None:
    raise KeyboardInterrupt


class FailsAtOnce(Row):
    """Two children and the body fail before anything has run."""

    async def asyncio(self, journal: Journal) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(failing())
            group.create_task(failing())
            raise ValueError

    async def anyio(self, journal: Journal) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(failing)
            group.start_soon(failing)
            raise ValueError

    async def trio(self, journal: Journal) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(failing)
            nursery.start_soon(failing)
            raise ValueError

    def effio(self, journal: Journal) -> IO[Any, Any]:
        def body(group: TaskGroup) -> IO[Any, Any]:
            child = fail(KeyError())
            return group.fork(child).then(group.fork(child)).then(fail(ValueError()))

        return task_group(body)

    def words(self, seen: Seen) -> str:
        ended = str(seen.ended)
        assert "ValueError" in ended
        return {0: "only the body's error", 2: "all three errors"}[ended.count("KeyError")]


async def cancelled_by_nobody() -> None:
    raise asyncio.CancelledError


class MeetsAStrayCancel(Row):
    """A child raises the runtime's own cancellation, unasked."""

    async def asyncio(self, journal: Journal) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(cancelled_by_nobody())

    async def anyio(self, journal: Journal) -> None:
        async def child() -> None:
            raise anyio.get_cancelled_exc_class()

        async with anyio.create_task_group() as group:
            group.start_soon(child)

    async def trio(self, journal: Journal) -> None:
        raise trio.Cancelled

    def effio(self, journal: Journal) -> IO[Any, Any]:
        return task_group(lambda group: group.fork(from_async(cancelled_by_nobody)).then(unit))

    def words(self, seen: Seen) -> str:
        if seen.ended is None:
            return "lost"
        words = {"TypeError": "cannot be raised", "ForeignCancelled": "a defect, reported"}
        return words[str(seen.ended).removeprefix("group[").removesuffix("]")]


class IsInterrupted(Row):
    """A child raises KeyboardInterrupt beside one with a cleanup."""

    async def asyncio(self, journal: Journal) -> None:
        async def closing() -> None:
            try:
                await asyncio.sleep(LONG)
            finally:
                await asyncio.sleep(TICK)
                journal.append("closed")

        async with asyncio.TaskGroup() as group:
            group.create_task(closing())
            await asyncio.sleep(TICK)
            group.create_task(interrupted())

    async def anyio(self, journal: Journal) -> None:
        async def closing() -> None:
            try:
                await anyio.sleep(LONG)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(TICK)
                    journal.append("closed")

        async with anyio.create_task_group() as group:
            group.start_soon(closing)
            await anyio.sleep(TICK)
            group.start_soon(interrupted)

    async def trio(self, journal: Journal) -> None:
        async def closing() -> None:
            try:
                await trio.sleep(LONG)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(TICK)
                    journal.append("closed")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(closing)
            await trio.sleep(TICK)
            nursery.start_soon(interrupted)

    def effio(self, journal: Journal) -> IO[Any, Any]:
        closing = never.ensuring(rest(1).then(journal.note("closed")))
        return par_zip(closing, rest(1).then(delay(boom, KeyboardInterrupt())))

    def words(self, seen: Seen) -> str:
        raised = "in a group" if str(seen.ended).startswith("group") else "bare"
        assert "KeyboardInterrupt" in str(seen.ended)
        return f"{raised}, {'cleanup completed' if seen.noted else 'the loop stops before any cleanup'}"


class FailsWhileTimingOut(Row):
    """A cleanup fails while its group is timing out."""

    async def asyncio(self, journal: Journal) -> None:
        async def closing() -> None:
            try:
                await asyncio.sleep(LONG)
            finally:
                raise KeyError

        async with asyncio.timeout(TICK), asyncio.TaskGroup() as group:
            group.create_task(closing())

    async def anyio(self, journal: Journal) -> None:
        async def closing() -> None:
            try:
                await anyio.sleep(LONG)
            finally:
                raise KeyError

        with anyio.fail_after(TICK):
            async with anyio.create_task_group() as group:
                group.start_soon(closing)

    async def trio(self, journal: Journal) -> None:
        async def closing() -> None:
            try:
                await trio.sleep(LONG)
            finally:
                raise KeyError

        with trio.fail_after(TICK):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(closing)

    def effio(self, journal: Journal) -> IO[Any, Any]:
        def body(group: TaskGroup) -> IO[Any, Any]:
            return group.fork(never.ensuring(fail(KeyError()))).then(unit)

        return task_group(body).fail_after(TICK).fold_cause(names, lambda value: [])

    def words(self, seen: Seen) -> str:
        if seen.ended == ["TimedOut", "KeyError"]:
            return "both, one after the other"
        return {"group[KeyError]": "only the KeyError, in a group"}[str(seen.ended)]


def names(cause: Cause[Any]) -> list[str]:
    return [type(error).__name__ for error in cause.failures()]


ROWS: tuple[Row, ...] = (FailsAtOnce(), MeetsAStrayCancel(), IsInterrupted(), FailsWhileTimingOut())

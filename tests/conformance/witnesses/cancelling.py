"""Witnesses of what a cancel reaches, and what it takes away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import trio

from effio import IO, CancelScope, TaskGroup, cancel_scope, from_callback, never, par_zip, pure, sleep, task_group
from tests.conformance.support import TICK, Journal, rest
from tests.conformance.witnesses.row import LONG, Row, Seen


async def asyncio_child(journal: Journal) -> None:
    journal.append("started")
    await asyncio.sleep(TICK)
    journal.append("went on")


async def anyio_child(journal: Journal) -> None:
    journal.append("started")
    await anyio.sleep(TICK)
    journal.append("went on")


async def trio_child(journal: Journal) -> None:
    journal.append("started")
    await trio.sleep(TICK)
    journal.append("went on")


def effio_child(journal: Journal) -> IO[None]:
    return journal.seen("started").then(rest(1)).then(journal.note("went on"))


class CancelsANewChild(Row):
    """A child is cancelled before its first step."""

    async def asyncio(self, journal: Journal) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio_child(journal)).cancel()

    async def anyio(self, journal: Journal) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio_child, journal)
            group.cancel_scope.cancel()

    async def trio(self, journal: Journal) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio_child, journal)
            nursery.cancel_scope.cancel()

    def effio(self, journal: Journal) -> IO[Any, Any]:
        def body(group: TaskGroup) -> IO[None]:
            return group.fork(effio_child(journal)).then(group.cancel())

        return task_group(body)

    def words(self, seen: Seen) -> str:
        return {"": "never starts", "started": "starts, cancelled at its first wait"}[seen.story]


class CancelsAReceiver(Row):
    """A value is ready, then its receiver is cancelled."""

    async def asyncio(self, journal: Journal) -> None:
        item = asyncio.get_running_loop().create_future()

        async def receive() -> None:
            journal.append(await item)

        task = asyncio.create_task(receive())
        await asyncio.sleep(TICK)
        item.set_result("item")
        task.cancel()
        await asyncio.wait([task])

    async def anyio(self, journal: Journal) -> None:
        sender, receiver = anyio.create_memory_object_stream[str]()

        async def receive() -> None:
            journal.append(await receiver.receive())

        with sender, receiver:
            async with anyio.create_task_group() as group:
                group.start_soon(receive)
                await anyio.sleep(TICK)
                sender.send_nowait("item")
                group.cancel_scope.cancel()

    async def trio(self, journal: Journal) -> None:
        sender, receiver = trio.open_memory_channel[str](0)

        async def receive() -> None:
            journal.append(await receiver.receive())

        with sender, receiver:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(receive)
                await trio.sleep(TICK)
                sender.send_nowait("item")
                nursery.cancel_scope.cancel()

    def effio(self, journal: Journal) -> IO[Any, Any]:
        inbox: list[Callable[[IO[str]], None]] = []

        def body(scope: CancelScope) -> IO[Any]:
            receiving: IO[str] = from_callback(inbox.append)
            sending = rest(1).map(lambda _: inbox[0](pure("item")))
            return par_zip(receiving.flat_map(journal.seen), sending.then(scope.cancel()))

        return cancel_scope(body)

    def words(self, seen: Seen) -> str:
        return {"": "lost", "item": "delivered"}[seen.story]


class ForksLate(Row):
    """A fork into a group that is being cancelled."""

    async def asyncio(self, journal: Journal) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio_failing())
            try:
                await asyncio.sleep(LONG)
            finally:
                late = asyncio_child(journal)
                try:
                    group.create_task(late)
                except RuntimeError:
                    journal.append("refused")
                finally:
                    late.close()

    async def anyio(self, journal: Journal) -> None:
        async with anyio.create_task_group() as group:
            group.cancel_scope.cancel()
            group.start_soon(anyio_child, journal)

    async def trio(self, journal: Journal) -> None:
        async with trio.open_nursery() as nursery:
            nursery.cancel_scope.cancel()
            nursery.start_soon(trio_child, journal)

    def effio(self, journal: Journal) -> IO[Any, Any]:
        def body(group: TaskGroup) -> IO[Any]:
            return group.cancel().then(group.fork(effio_child(journal))).shielded()

        return task_group(body)

    def words(self, seen: Seen) -> str:
        return {"refused": "RuntimeError", "started": "starts, cancelled at its first wait"}[seen.story]


async def asyncio_failing() -> None:
    raise KeyError


class CleansUp(Row):
    """A wait in the cleanup after a cancel."""

    async def asyncio(self, journal: Journal) -> None:
        async def closing() -> None:
            try:
                await asyncio.sleep(LONG)
            finally:
                await asyncio.sleep(TICK)
                journal.append("closed")

        async with asyncio.TaskGroup() as group:
            task = group.create_task(closing())
            await asyncio.sleep(TICK)
            task.cancel()

    async def anyio(self, journal: Journal) -> None:
        with anyio.move_on_after(TICK):
            try:
                await anyio.sleep(LONG)
            finally:
                await anyio.sleep(TICK)
                journal.append("closed")

    async def trio(self, journal: Journal) -> None:
        with trio.move_on_after(TICK):
            try:
                await trio.sleep(LONG)
            finally:
                await trio.sleep(TICK)
                journal.append("closed")

    def effio(self, journal: Journal) -> IO[Any]:
        return never.ensuring(rest(1).then(journal.note("closed"))).move_on_after(TICK)

    def words(self, seen: Seen) -> str:
        return {"closed": "completes", "": "cut short"}[seen.story]


class IsCancelledTwice(Row):
    """A second cancel in the cleanup, which anyio and trio shield."""

    async def asyncio(self, journal: Journal) -> None:
        async def closing() -> None:
            try:
                await asyncio.sleep(LONG)
            finally:
                await asyncio.sleep(4 * TICK)
                journal.append("closed")

        task = asyncio.create_task(closing())
        for _ in range(2):
            await asyncio.sleep(TICK)
            task.cancel()
        await asyncio.wait([task])

    async def anyio(self, journal: Journal) -> None:
        with anyio.move_on_after(2 * TICK), anyio.move_on_after(TICK):
            await anyio_shielded_cleanup(journal)

    async def trio(self, journal: Journal) -> None:
        with trio.move_on_after(2 * TICK), trio.move_on_after(TICK):
            try:
                await trio.sleep(LONG)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(4 * TICK)
                    journal.append("closed")

    def effio(self, journal: Journal) -> IO[Any]:
        closing = sleep(LONG).ensuring(rest(4).then(journal.note("closed")))
        return closing.move_on_after(TICK).move_on_after(2 * TICK)

    def words(self, seen: Seen) -> str:
        return {"closed": "completes", "": "cut short"}[seen.story]


async def anyio_shielded_cleanup(journal: Journal) -> None:
    try:
        await anyio.sleep(LONG)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(4 * TICK)
            journal.append("closed")


ROWS: tuple[Row, ...] = (CancelsANewChild(), CancelsAReceiver(), ForksLate(), CleansUp(), IsCancelledTwice())

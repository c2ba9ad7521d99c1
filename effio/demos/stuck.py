"""Ten workers, eight of them blocked for ever: the dump says which, what each waits for, and since when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from effio import (
    IO,
    Do,
    Fiber,
    TaskGroup,
    delay,
    do,
    dump_fibers,
    from_async,
    from_callback,
    never,
    sleep,
    task_group,
)


def main(patience: float = 1.0) -> IO[None]:
    """Start the workers, look at them after `patience` seconds, and cancel them."""
    return task_group(lambda group: look_at_workers(group, patience), name="workers")


@do
def look_at_workers(group: TaskGroup, patience: float) -> Do[None]:
    """Fork a worker every twentieth of the time, wait for the rest of it, and print what all of them do."""
    workers: list[Fiber[object, object]] = []
    for number in range(1, 11):
        worker = yield from group.fork(work(number, workers), name=f"worker {number}")
        workers.append(worker)
        yield from sleep(patience / 20)
    yield from sleep(patience / 2)
    dump = yield from dump_fibers
    yield from delay(print, dump)
    yield from group.cancel()


def work(number: int, started: list[Fiber[object, object]]) -> IO[object, object]:
    """Make the program of one worker: the first two work, the last three wait for the one before."""
    if number <= 2:
        return sleep(0.01).repeat(1_000_000)
    if number <= 4:
        return never
    if number <= 6:
        return from_callback(lose)
    if number <= 7:
        return from_async(asyncio.Event().wait)
    return started[-1].join()


def lose(resume: Callable[[IO[object]], None]) -> None:
    """Forget to whom to report, so that the callback never comes."""

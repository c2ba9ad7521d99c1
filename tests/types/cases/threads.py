"""Calls in threads and processes, and programs that threads hand in."""

from __future__ import annotations

import math
import time
from concurrent.futures import Future
from typing import assert_type

from effio import IO, CapacityLimiter, Portal, Runtime, Task, TaskGroup, run, sleep, task_group, to_process, to_thread


def parse(text: str, base: int = 10) -> int:
    return int(text, base)


def plain() -> str:
    return "done"


def calls(limiter: CapacityLimiter) -> None:
    assert_type(to_thread(parse, "7"), Task[int])
    assert_type(to_thread(parse, "7", base=8), Task[int])
    assert_type(to_thread(plain), Task[str])
    assert_type(to_thread(time.sleep, 0.1), Task[None])
    assert_type(to_thread(plain, abandon=True), Task[str])
    assert_type(to_thread(math.pow, 2, 3, limiter=limiter), Task[float])
    assert_type(to_thread(math.pow, 2, 3, limiter=limiter, abandon=True), Task[float])
    assert_type(to_thread(plain, catch=OSError), IO[str, OSError])
    assert_type(to_thread(math.sqrt, 4.0, catch=(ValueError, OverflowError)), IO[float, ValueError | OverflowError])
    assert_type(to_process(parse, "7"), Task[int])
    assert_type(to_process(math.sqrt, 4.0, limiter=limiter), Task[float])
    assert_type(to_process(math.sqrt, 4.0, catch=ValueError), IO[float, ValueError])

    to_thread(parse, 7)  # error
    to_thread(parse, "7", bas=8)  # error
    to_thread(math.sqrt, "4", abandon=True)  # error
    to_thread(plain, abandon="yes")  # error
    to_process(math.sqrt, "4")  # error


def portals(group: TaskGroup) -> None:
    portal = Portal(group)
    assert_type(portal.run(sleep(1).as_value(7)), int)
    assert_type(portal.submit(sleep(1).as_value(7)), Future[int])
    assert_type(Portal.current().run(to_thread(plain)), str)
    assert_type(task_group(lambda group: to_thread(portal.run, sleep(1))), Task[None])

    portal.run(7)  # error


def backends() -> None:
    assert_type(run(sleep(1).as_value(7), backend="trio"), int)
    assert_type(Runtime(backend="trio").run(sleep(1)), None)

    run(sleep(1), backend="curio")  # error

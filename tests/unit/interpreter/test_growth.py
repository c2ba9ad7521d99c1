"""How the work of a run grows with the program: counted in lines that the interpreter executes, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from effio import (
    IO,
    VirtualClock,
    cancel_scope,
    fail,
    par_collect,
    par_validate,
    par_zip,
    race_all,
    run_exit,
    sleep,
    task_group,
)
from effio.build import kind

pytestmark = pytest.mark.skipif(kind() == "compiled", reason="compiled lines cannot be counted")

CODE = ("/effio/interpreter/", "/effio/data/")
late = sleep(1000)
failing = sleep(0.001).then(fail("no"))


def nested(wrap: Callable[[IO[Any, Any]], IO[Any, Any]], inner: IO[Any, Any]) -> Callable[[int], IO[Any, Any]]:
    """Programs that are so deep."""

    def program(depth: int) -> IO[Any, Any]:
        whole = inner
        for _ in range(depth):
            whole = wrap(whole)
        return whole

    return program


def in_group(io: IO[Any, Any]) -> IO[Any, Any]:
    return task_group(lambda group: group.fork(io).then(late))


def joined(io: IO[Any, Any]) -> IO[Any, Any]:
    return task_group(lambda group: group.fork(io).flat_map(lambda fiber: fiber.join()))


PROGRAMS: dict[str, Callable[[int], IO[Any, Any]]] = {
    "many fail": lambda size: par_collect([failing] * size),
    "many fail and all are told": lambda size: par_validate([failing] * size),
    "nobody wins": lambda size: race_all([failing] * size),
    "one wins": lambda size: race_all([*[late] * size, sleep(0.001)]),
    "a failure goes through groups": nested(in_group, failing),
    "a failure is joined through groups": nested(joined, failing),
    "a failure goes through pairs": nested(lambda io: par_zip(io, late), failing),
    "a failure of the outermost group": lambda size: par_zip(nested(in_group, late)(size), failing),
    "a cancel goes through groups": lambda size: nested(in_group, late)(size).move_on_after(0.05),
    "a cancel goes through scopes": lambda size: nested(lambda io: cancel_scope(lambda _: io), late)(size).fail_after(
        0.05
    ),
    "all deadlines come at once": nested(lambda io: io.move_on_after(0.05), late),
}


def lines(program: IO[Any, Any]) -> int:
    """How many lines of the interpreter a run executes."""
    count = 0

    def step(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        count += event == "line"
        return step

    def call(frame: FrameType, event: str, _: object) -> Any:
        return step if any(part in frame.f_code.co_filename for part in CODE) else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        run_exit(program, clock=VirtualClock())
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", PROGRAMS)
def test_work_doubles_with_the_program(name: str) -> None:
    """Twice as many parts, or twice as deep, is twice the work."""
    program = PROGRAMS[name]
    run_exit(program(4), clock=VirtualClock())
    once, twice = lines(program(60)), lines(program(120))

    assert twice < 2.2 * once

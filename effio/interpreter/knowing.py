"""Who still knows a thing that somebody waits for: what the rest of a fiber's program refers to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextvars import Context
from gc import get_referents
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from effio.interpreter.scope import Region

if TYPE_CHECKING:
    from effio.interpreter.fiber import Fiber

MOST: Final = 2_000
"""So many objects of one fiber are looked at."""

CLOSED: Final = (Region, ModuleType, CodeType, Context, type, str, bytes, int, float)
"""What belongs to somebody else, or refers to nothing; fibers and families are regions."""


def known_to(fiber: Fiber, things: Iterable[object]) -> set[int]:
    """The things, by `id`, that the rest of the program of `fiber` refers to, as far as its functions and values show.

    If there is too much to look at, it may know them all.
    """
    wanted = {id(thing) for thing in things}
    closed = (*CLOSED, type(fiber.scheduler))
    seen: set[int] = set()
    todo: deque[Any] = deque((fiber.stack, fiber.node))
    while todo:
        thing = todo.popleft()
        if id(thing) in seen or isinstance(thing, closed):
            continue
        if len(seen) == MOST:
            return wanted
        seen.add(id(thing))
        if id(thing) not in wanted:
            todo.extend(named_in(thing) if isinstance(thing, FunctionType) else get_referents(thing))
    return wanted & seen


def named_in(function: FunctionType) -> Iterator[Any]:
    """Yield what a function can refer to: what it encloses, its defaults, and the globals that it names."""
    yield function.__closure__
    yield function.__defaults__
    yield function.__kwdefaults__
    names = {name for code in codes_in(function.__code__) for name in code.co_names}
    for name in names & function.__globals__.keys():
        value = function.__globals__[name]
        if isinstance(value, ModuleType):
            yield from (vars(value).get(inner) for inner in names)
        else:
            yield value


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and those of the functions that it makes."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_in(constant)

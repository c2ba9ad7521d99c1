"""Values that stand for others which are known only at run time: to see what program a function makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, Never, final

import attrs

from effio.algebra import derived, primitive, shape
from effio.algebra.handle import CancelScope, TaskGroup
from effio.observe.reading import Function, Part

MOST_YIELDS: Final = 100
MOST_TURNS: Final = 10
"""How many times a loop is followed."""
MOST_ITEMS: Final = 10_000
DEEPEST_VALUE: Final = 4


class Undecided(Exception):
    """A function has to know the value that a placeholder stands for."""


@final
class Placeholder:
    """A value that is known only when the program runs: it can be passed on and shown, and that is all.

    >>> user = Placeholder("user")
    >>> f"{user.name} of {user['team']}"
    "‹user.name› of ‹user['team']›"
    """

    __slots__ = ("_shown",)

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __getattr__(self, name: str) -> Placeholder:
        if name.startswith("_"):
            raise AttributeError(name)
        return Placeholder(f"{self._shown}.{name}")

    def __getitem__(self, key: object) -> Placeholder:
        return Placeholder(f"{self._shown}[{key!r}]")

    def __call__(self, *args: object, **kwargs: object) -> Placeholder:
        return Placeholder(f"{self._shown}(…)")

    def _computed(self, *_: object) -> Placeholder:
        return Placeholder("value")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _computed
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = _computed

    def __repr__(self) -> str:
        return f"‹{self._shown}›"

    def __format__(self, specification: str) -> str:
        return repr(self)

    def _undecided(self, *_: object) -> Never:
        raise Undecided(f"{self!r} is not known yet")

    __bool__ = __iter__ = __len__ = __hash__ = __int__ = __float__ = __index__ = _undecided
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _undecided


# -- What functions make -------------------------------------------------------------------------------------


def program_of(function: Function) -> tuple[list[shape.Program], bool]:
    """Call a function with a placeholder; give the program that it makes, if it does."""
    return _made(function.call, argument_of(function.node))


def programs_of(node: Any) -> tuple[list[shape.Program], bool]:
    """List the programs that a `@do` body or a thunk makes, and say whether these are all."""
    if isinstance(node, primitive.Suspend):
        return _made(node.thunk)
    programs: list[shape.Program] = []
    visits = Counter[int]()
    try:
        body = node.function(*node.args, **(node.kwargs or {}))
        program = next(body)
        while len(programs) < MOST_YIELDS and visits[body.gi_frame.f_lasti] < MOST_TURNS:
            visits[body.gi_frame.f_lasti] += 1
            programs.append(program)
            program = body.send(value_of(program, DEEPEST_VALUE))
        body.close()
    except StopIteration:
        return programs, True
    except Exception:
        return programs, False
    return programs, False


def each_item(part: Part) -> Iterator[Part]:
    """Yield a part for each item that a function is called with, if the function makes programs of all."""
    function = part.running
    if not isinstance(function, Function) or function.items is None or len(function.items) > MOST_ITEMS:
        yield part
        return
    made = [_made(function.call, item) for item in function.items]
    if all(complete for _, complete in made):
        yield from (attrs.evolve(part, running=program, role="") for (program,), _ in made)
    else:
        yield part


def _made(function: Any, *arguments: object) -> tuple[list[shape.Program], bool]:
    try:
        made = function(*arguments)
    except Exception:
        return [], False
    return ([made], True) if shape.is_io(made) else ([], False)


# -- What they are called with -------------------------------------------------------------------------------

SAME: Final = (primitive.Named, shape.WithFinalizer, shape.WithSeconds, derived.Ensuring, derived.Shielded, derived.Tap)


def argument_of(node: Any) -> Any:
    """Give what a node calls its function with, as far as it is known."""
    match node:
        case primitive.Continued() | derived.Tap():
            return value_of(node.source, DEEPEST_VALUE)
        case derived.Bracket():
            return value_of(node.acquire, DEEPEST_VALUE)
        case derived.TaskGrouped():
            return TaskGroup(Placeholder("group"))
        case derived.CancelScoped():
            return CancelScope(Placeholder("scope"))
        case primitive.Shield():
            return restored
        case _:
            return Placeholder("value")


def restored(program: shape.Program) -> shape.Program:
    """Stand for the restore of a shield."""
    return primitive.Restore(program, None)


def value_of(program: Any, depth: int) -> Any:
    """Give the value of a program as far as it is known before it runs."""
    while isinstance(program, (*SAME, primitive.Then)):
        program = program.other if isinstance(program, primitive.Then) else program.source
    if isinstance(program, primitive.Pure):
        return program.value
    if depth and isinstance(program, (derived.ParZip, derived.ZipAll)):
        return tuple(value_of(io, depth - 1) for io in program.ios)
    if depth and isinstance(program, (derived.ParCollect, derived.Collect)):
        return [value_of(io, depth - 1) for io in program.ios]
    return Placeholder("value")

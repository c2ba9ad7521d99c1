"""How a law is checked: what it may be given, and what it means that its two sides are the same."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getmembers, isfunction, signature
from types import ModuleType
from typing import Any, Final, TypeAlias

import attrs
from hypothesis import strategies as st

from effio.algebra.create import delay, unit
from effio.algebra.io import IO
from effio.testing import program_strategies
from effio.testing import programs as p
from effio.testing.building import to_io
from effio.testing.laws.view import View, everything
from effio.testing.observation import Log, Observation, simulated

AnyIO: TypeAlias = IO[Any, Any]
Continuation: TypeAlias = Callable[[Any], AnyIO]
Function: TypeAlias = Callable[[Any], Any]


@attrs.frozen
class Equation:
    """Two programs that are the same, as far as `view` sees."""

    left: AnyIO
    right: AnyIO
    view: View = everything


Law: TypeAlias = Callable[..., Equation]


def laws_of(module: ModuleType) -> list[Law]:
    """List the laws in a module, in the order of its text."""
    laws = [law for _, law in getmembers(module, isfunction) if is_law(module, law)]
    return sorted(laws, key=lambda law: law.__code__.co_firstlineno)


def is_law(module: ModuleType, function: Callable[..., Any]) -> bool:
    """Whether a function is defined there and states a law."""
    return function.__module__ == module.__name__ and signature(function).return_annotation == "Equation"


def check(law: Law, given: dict[str, Given], observe: Callable[..., Observation] = simulated) -> None:
    """Run both sides of a law, with what it was given, and compare what is seen; nothing may be left of either."""
    sides: list[object] = []
    for side in ("left", "right"):
        seen, view = observed(law, given, side, observe)
        assert not seen.left, f"the {side} side of {law.__name__} leaves {seen.left}"
        sides.append(view(seen))
    left, right = sides
    assert left == right, f"{law.__name__}:\n left {left}\nright {right}"


def observed(
    law: Law, given: dict[str, Given], side: str, observe: Callable[..., Observation]
) -> tuple[Observation, View]:
    """Run one side. Its fiber has the same name whatever the side begins with, since no law is about that name."""
    views: list[View] = []

    def program(log: Log) -> AnyIO:
        equation = law(**{name: make(log) for name, make in given.items()})
        views.append(equation.view)
        chosen: AnyIO = getattr(equation, side)
        return chosen.named("main")

    return observe(program), views[0]


# -- What a law may be given ---------------------------------------------------------------------------------


@attrs.frozen
class Given:
    """Something that a law is given, made anew for each log."""

    tree: object
    make: Callable[[Any, Log], object] = attrs.field(repr=False)

    def __call__(self, log: Log) -> object:
        return self.make(self.tree, log)


def continuation(tree: p.Program, log: Log) -> Continuation:
    """A function that notes what it is given and goes on with the program."""
    program = to_io(tree, log)
    return lambda value: delay(log.note, "given", value).then(program)


def context(parts: tuple[str, int], log: Log) -> Callable[[AnyIO], AnyIO]:
    """What the two sides of a law stand in: nothing, a timeout, a shield, a handler."""
    word, seconds = parts
    words: dict[str, Callable[[AnyIO], AnyIO]] = {
        "nothing": lambda io: io,
        "fail_after": lambda io: unit.then(io).fail_after(seconds),
        "move_on_after": lambda io: io.move_on_after(seconds),
        "shielded": lambda io: io.shielded().move_on_after(seconds),
        "exit": lambda io: io.exit(),
    }
    return words[word]


def plain(value: object, log: Log) -> object:
    """The value itself."""
    return value


def given(strategy: st.SearchStrategy[Any], make: Callable[[Any, Log], object] = plain) -> st.SearchStrategy[Given]:
    """Generate something that a law is given."""
    return strategy.map(lambda tree: Given(tree, make))


def pair_with_itself(value: object) -> object:
    """A pure function."""
    return value, value


WORDS: Final = st.sampled_from(["nothing", "fail_after", "move_on_after", "shielded", "exit"])

STRATEGIES: Final[dict[str, st.SearchStrategy[Given]]] = {
    **dict.fromkeys(("fa", "fb", "fc"), given(program_strategies.small, to_io)),
    **dict.fromkeys(("ending", "ending2", "fin", "fin2"), given(program_strategies.ending, to_io)),
    **dict.fromkeys(("f", "g"), given(program_strategies.small, continuation)),
    **dict.fromkeys(("h", "k"), given(st.sampled_from([repr, type, pair_with_itself]))),
    **dict.fromkeys(("peaceful", "peaceful2", "peaceful3"), given(program_strategies.peaceful, to_io)),
    **dict.fromkeys(("still", "still2"), given(program_strategies.still, to_io)),
    **dict.fromkeys(("value", "value2"), given(st.integers(0, 3))),
    "error": given(program_strategies.errors),
    "bug": given(st.builds(p.Bug, program_strategies.errors)),
    **dict.fromkeys(("seconds", "seconds2"), given(st.integers(1, 4))),
    "times": given(st.integers(0, 3)),
    "limit": given(st.integers(1, 4)),
    "around": given(st.tuples(WORDS, program_strategies.moments), context),
}


def arguments(law: Law) -> st.SearchStrategy[dict[str, Given]]:
    """Generate what a law wants, as the names of its parameters say."""
    return st.fixed_dictionaries({name: STRATEGIES[name] for name in signature(law).parameters})

"""`explain`: the tree of a program before it runs, read off its nodes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final, TypeAlias, final

import attrs

from effio.algebra import derived, describe, primitive, shape
from effio.algebra.io import IO
from effio.observe import library, placeholder
from effio.observe.plan import Plan
from effio.observe.reading import CHAINED, Function, parts_of, reading_of
from effio.observe.step import Kind, Step

MOST_STEPS: Final = 200_000
MOST_FOLLOWED: Final = 20
LONGEST_TEXT: Final = 120
CALLING: Final[frozenset[Kind]] = frozenset({"call", "await", "function"})


def explain(program: IO[Any, Any], /, *, follow: bool = False) -> Plan:
    """Show what `program` will do, without running it: a `Plan` with a step for each node.

    What a function makes of a value is known only when it runs, so it is a step of its own, with its name and source
    line. With `follow=True` functions and `@do` bodies are called with placeholders, to see the programs that they
    make. A function that has to look at its value stays a step of its own; one that does more than make a program
    does it then.

    A program of more than 200 000 steps is cut there. Cost: linear in the number of steps.

    >>> from effio import explain, par_zip, sleep
    >>> print(explain(par_zip(sleep(1).named("a"), sleep(2).named("b")).map(len)))
    1 par_zip
    2 ╠═ 'a'
    3 ║  └─ sleep(1)
    4 ╚═ 'b'
    5    └─ sleep(2)
    6 map(len)
    """
    reader = Reader(follow)
    cut = reader.read(shape.program("explain", program))
    return Plan(tuple(reader.steps), cut=cut)


@final
@attrs.frozen
class Place:
    """Where in the tree something stands, and how many functions were followed to come there."""

    parent: int | None = None
    branch: int = 0
    stage: int = 0
    role: str = ""
    label: str = ""
    followed: int = 0


@final
@attrs.frozen
class Plain:
    """A step of a chain that is neither a program nor a function."""

    word: str
    kind: Kind
    text: str


Found: TypeAlias = IO[Any, Any] | Function | Plain


@final
class Reader:
    """Reads nodes in the order in which they were written, with a stack of its own: programs may be deep."""

    def __init__(self, follow: bool) -> None:
        self.steps: list[Step] = []
        self._follow = follow
        self._pending: list[tuple[Place, Found]] = []

    def read(self, program: IO[Any, Any]) -> bool:
        """Read the whole program; say whether it was cut."""
        self._pending.append((Place(), program))
        while self._pending and len(self.steps) < MOST_STEPS:
            place, found = self._pending.pop()
            if place.label:
                number = self._add(place, "key", "named", repr(place.label), name=place.label, is_named=True)
                self._pending.append((Place(number, followed=place.followed), found))
            elif isinstance(found, CHAINED):
                self._pending += ((place, link) for link in reversed(links(found)))
            elif isinstance(found, Plain):
                self._add(place, found.word, found.kind, found.text, opaque=found.kind == "function")
            elif isinstance(found, Function) and library.is_library(found.call):
                self._library(place, found.call, found.node)
            elif isinstance(found, primitive.Suspend) and library.is_library(found.thunk):
                self._library(place, found.thunk, found)
            elif isinstance(found, primitive.Ask) and library.is_library(found.question):
                self._library(place, found.question, found)
            elif isinstance(found, Function):
                self._function(place, found)
            else:
                self._node(place, found)
        return bool(self._pending)

    def _add(self, place: Place, word: str, kind: Kind, text: str, **more: Any) -> int:
        number = len(self.steps) + 1
        shown = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
        where: dict[str, Any] = {"parent": place.parent, "branch": place.branch, "stage": place.stage}
        self.steps.append(Step(number, word, kind=kind, text=shown, role=place.role, **where, **more))
        return number

    def _inside(self, place: Place, found: Iterable[Found]) -> None:
        """Read these next, one after another."""
        self._pending += [(place, each) for each in found][::-1]

    # -- Nodes -----------------------------------------------------------------------------------------------

    def _node(self, place: Place, node: Any) -> None:
        reading = reading_of(node)
        values, parts = parts_of(node, reading)
        if self._follow:
            parts = [each for part in parts for each in placeholder.each_item(part)]
        name, is_named = name_of(node, reading.kind)
        number = self._add(
            place,
            describe.word(node),
            reading.kind,
            written(node, reading.kind, values, name if is_named else ""),
            name=name,
            is_named=is_named,
            opaque=isinstance(node, (primitive.Generate, primitive.Suspend)),
            limit=getattr(node, "limit", None),
            on_error=reading.on_error,
            code=code_of(node, reading.kind),
        )
        inside = partial(Place, number, followed=place.followed)
        leading = sum(part.leads for part in parts)
        for branch, part in reversed([*enumerate(parts)]):
            stage = branch if reading.in_turn else 0 if part.leads or not leading else 1
            self._pending.append((inside(branch, stage, part.role, part.label), part.running))
        if self._follow and isinstance(node, (primitive.Generate, primitive.Suspend)):
            self._see_through(number, place, *placeholder.programs_of(node))

    # -- Functions -------------------------------------------------------------------------------------------

    def _function(self, place: Place, function: Function) -> None:
        shown = describe.value_text(function.call)
        number = self._add(
            place,
            function.word or "function",
            "function",
            f"{function.word}({shown})" if function.word else shown,
            name=name_of_function(function.call),
            opaque=function.opaque,
            times=1 if function.items is None else len(function.items),
            code=function.call,
        )
        if self._follow and function.opaque:
            self._see_through(number, place, *placeholder.program_of(function))

    def _library(self, place: Place, function: Any, node: Any) -> None:
        """Show a function of effio as what it makes, or as what it was given by the user."""
        made = library.built(function)
        if made is not None:
            self._pending.append((place, made))
            return
        resources, held = library.resources(function), library.held(function)
        kind: Kind = "parallel" if resources else "step" if held else "call"
        text = library.concept(function)
        unknown = not held and isinstance(node, primitive.FlatMap) and function is not library.while_used
        number = self._add(place, text, kind, text, opaque=unknown)
        inside: list[tuple[str, int, Any]] = [("", 0, each) for each in resources]
        inside += [("use" if name == "use" else "", 1, value) for name, value in held]
        for branch, (role, stage, value) in reversed([*enumerate(inside)]):
            part: Found = value if shape.is_io(value) else Function(value, node)
            self._pending.append((Place(number, branch, stage, role, followed=place.followed), part))

    def _see_through(self, number: int, place: Place, programs: list[IO[Any, Any]], complete: bool) -> None:
        """Read the programs that the step of that number makes."""
        if programs and place.followed < MOST_FOLLOWED:
            self.steps[-1] = attrs.evolve(self.steps[-1], opaque=not complete)
            self._inside(Place(number, followed=place.followed + 1), programs)


def links(node: Any) -> tuple[Found, ...]:
    """Take a node that comes after its source apart, in order."""
    word = describe.word(node)
    if library.asks_first(node):
        return (Function(node.function, node),)
    if library.takes_held(node):
        return (Function(node.function, node, word != "map", word if word == "map" else ""),)
    if isinstance(node, (primitive.Then, derived.Zip)):
        return node.source, node.other
    if isinstance(node, (derived.Flatten, derived.Absolve)):
        return node.source, Plain(word, "function" if isinstance(node, derived.Flatten) else "value", word)
    if isinstance(node, derived.AsValue):
        return node.source, Plain(word, "value", describe.written(node, [describe.value_text(node.value)]))
    return node.source, Function(node.function, node, not isinstance(node, primitive.Map), word)


def written(node: Any, kind: Kind, values: list[str], name: str) -> str:
    """Show a node in one line, with the name it was given."""
    if kind == "named":
        return repr(name)
    text = describe.written(node, values)
    return f"{text} {name!r}" if name else text


def name_of(node: Any, kind: Kind) -> tuple[str, bool]:
    """Say what a node is called, and whether somebody gave it that name."""
    given = None if kind in {"parallel", "race"} else getattr(node, "name", None)
    if isinstance(given, str) and given not in {"task_group", "cancel_scope"}:
        return given, True
    return name_of_function(called_by(node)) if kind in CALLING else "", False


def code_of(node: Any, kind: Kind) -> Any:
    """Find what knows the line of a node: where it was built, or the function that is all it does."""
    site = getattr(node, "site", None)
    called = called_by(node) if site is None and kind in CALLING else site
    return None if isinstance(called, placeholder.Placeholder) else called


def called_by(node: Any) -> object:
    """Give the function that a node calls."""
    return next((getattr(node, field) for field in ("function", "thunk", "register") if hasattr(node, field)), None)


def name_of_function(function: object) -> str:
    """Say what a function is called; a lambda has no name."""
    while isinstance(function, partial):
        function = function.func  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    name = getattr(function, "__qualname__", None)
    last = name.rpartition(".")[2] if isinstance(name, str) else ""
    return "" if last == "<lambda>" else last

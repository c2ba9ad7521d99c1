"""Programs as plain trees that can be generated, compared and interpreted more than once; each node is one word.

Every tree is a valid program: a reference counts outwards, modulo how many there are, and one to nothing does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Literal, TypeAlias

import attrs

Watching: TypeAlias = Literal["join", "exit", "cancel", "cancel_soon"]
Word: TypeAlias = Literal["par_zip", "par_collect", "par_settle", "par_validate", "race_all", "first_completed"]
OnFailure: TypeAlias = Literal["cancel", "collect", "ignore"]


@attrs.frozen
class Program:
    """What every node is."""


# -- Leaves --------------------------------------------------------------------------------------------------


@attrs.frozen
class Pure(Program):
    """Succeed with `value`."""

    value: object = None


@attrs.frozen
class Fail(Program):
    """Fail with the typed `error`."""

    error: object


@attrs.frozen
class Die(Program):
    """Fail with a `Bug`."""

    message: str


@attrs.frozen
class Note(Program):
    """Note `text` in the log."""

    text: str


@attrs.frozen
class Sleep(Program):
    """Wait for `seconds`; 0 lets the others run once."""

    seconds: int


@attrs.frozen
class Never(Program):
    """Wait for ever."""


# -- One after another ---------------------------------------------------------------------------------------


@attrs.frozen
class Steps(Program):
    """Run two or more `parts`, one after another, and give the value of the last."""

    parts: tuple[Program, ...]


@attrs.frozen
class CatchAll(Program):
    """Run `handler` after a typed error of `source`."""

    source: Program
    handler: Program


@attrs.frozen
class ToExit(Program):
    """Give the exit of `source` as a value."""

    source: Program


@attrs.frozen
class Named(Program):
    """Run `source` under `name`."""

    source: Program
    name: str


@attrs.frozen
class Repeat(Program):
    """Run `source`, then `times` times again, `seconds` after each value."""

    source: Program
    times: int
    seconds: int


@attrs.frozen
class Retry(Program):
    """Run `source`, and up to `times` times again, `seconds` after each typed error."""

    source: Program
    times: int
    seconds: int


# -- Finalizers and shields ----------------------------------------------------------------------------------


@attrs.frozen
class Ensuring(Program):
    """Run `finalizer` when `source` has ended."""

    source: Program
    finalizer: Program


@attrs.frozen
class OnExit(Program):
    """Note the exit of `source`, then run `finalizer`."""

    source: Program
    finalizer: Program


@attrs.frozen
class OnCancel(Program):
    """Run `finalizer` when `source` was cancelled."""

    source: Program
    finalizer: Program


@attrs.frozen
class Bracket(Program):
    """Run `acquire`, shielded, then `use`, then `release`, shielded."""

    acquire: Program
    use: Program
    release: Program


@attrs.frozen
class Shield(Program):
    """Run `source` protected from the scopes outside."""

    source: Program


@attrs.frozen
class Restore(Program):
    """Run `source` as if an enclosing shield were not there."""

    source: Program
    shield: int


# -- Scopes and time -----------------------------------------------------------------------------------------


@attrs.frozen
class Scope(Program):
    """Run `source` in a cancel scope."""

    source: Program
    seconds: int | None


@attrs.frozen
class CancelScope(Program):
    """Cancel an enclosing scope."""

    scope: int


@attrs.frozen
class FailAfter(Program):
    """Cancel `source` after `seconds` and fail with `TimedOut`."""

    source: Program
    seconds: int


@attrs.frozen
class MoveOnAfter(Program):
    """Cancel `source` after `seconds` and give None."""

    source: Program
    seconds: int


@attrs.frozen
class TimeoutTo(Program):
    """Cancel `source` after `seconds` and run `fallback`."""

    source: Program
    seconds: int
    fallback: Program


# -- Together ------------------------------------------------------------------------------------------------


@attrs.frozen
class Together(Program):
    """Run `parts` at once, as `word` says; `limit` counts only for the words that have one."""

    word: Word
    parts: tuple[Program, ...]
    limit: int | None = None


@attrs.frozen
class Group(Program):
    """Run `body` in a task group; one that ignores failures notes them."""

    body: Program
    on_failure: OnFailure


@attrs.frozen
class Fork(Program):
    """Start `source` as a child of an enclosing group."""

    source: Program
    group: int


@attrs.frozen
class Watch(Program):
    """Join, cancel or ask one of the fibers that were forked into an enclosing group so far."""

    group: int
    fiber: int
    how: Watching


@attrs.frozen
class CancelGroup(Program):
    """Cancel an enclosing group."""

    group: int


class Bug(Exception):
    """What a `Die` dies of."""


# -- Walking -------------------------------------------------------------------------------------------------

WITH_LIMIT = ("par_collect", "par_settle", "par_validate")


def rebuilt(program: Program, change: Callable[[Program], Program]) -> Program:
    """The same node with `change` applied to each program directly inside."""
    changes: dict[str, Any] = {}
    for field in attrs.fields(type(program)):
        value = getattr(program, field.name)
        if isinstance(value, Program):
            changes[field.name] = change(value)
        elif field.name == "parts":
            changes[field.name] = tuple(map(change, value))
    return attrs.evolve(program, **changes) if changes else program


def nodes(program: Program) -> Iterator[Program]:
    """Yield every node, outer before inner, left before right."""
    found: list[Program] = []

    def visit(node: Program) -> Program:
        found.append(node)
        return rebuilt(node, visit)

    visit(program)
    return iter(found)


def changed_at(
    program: Program, wanted: Callable[[Program], bool], change: Callable[[Program], Program]
) -> Iterator[Program]:
    """Yield a program for each `wanted` node, in which only that node is changed."""
    for chosen in range(sum(map(wanted, nodes(program)))):
        yield changed_once(program, wanted, change, chosen)


def changed_once(
    program: Program, wanted: Callable[[Program], bool], change: Callable[[Program], Program], chosen: int
) -> Program:
    """The program with the `wanted` node of that number changed, counted outer first."""
    numbers = count()

    def visit(node: Program) -> Program:
        mine = wanted(node) and next(numbers) == chosen
        inside = rebuilt(node, visit)
        return change(inside) if mine else inside

    return visit(program)


def numbered(program: Program) -> Program:
    """The same program with all notes distinct: each text gets a number, in program order."""
    numbers = count(1)

    def visit(node: Program) -> Program:
        return Note(f"{node.text}{next(numbers)}") if isinstance(node, Note) else rebuilt(node, visit)

    return visit(program)

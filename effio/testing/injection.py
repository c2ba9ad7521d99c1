"""Variations of a program: a failure or a cancel at every place, and marks that show when finalizers run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

import attrs

from effio.testing import programs as p
from effio.testing.observation import Entry

ACTIONS: Final = (p.Note, p.Sleep, p.Never, p.CancelScope, p.CancelGroup, p.Watch)
INJECTED: Final = p.Note("injected")
OUTERMOST: Final = -1


def is_action(program: p.Program) -> bool:
    """Whether it does one thing, at which it can be cancelled."""
    return isinstance(program, ACTIONS)


def failing_after_each_action(program: p.Program, failure: p.Program) -> Iterator[p.Program]:
    """Yield the program with `failure`, and a note of it, after one action after the other."""
    return p.changed_at(program, is_action, lambda action: p.Steps((action, INJECTED, failure)))


def cancelled_at_each_action(program: p.Program) -> Iterator[p.Program]:
    """Yield the program in a scope that is cancelled just before one action after the other."""
    cancel = p.CancelScope(OUTERMOST)
    for changed in p.changed_at(program, is_action, lambda action: p.Steps((cancel, action))):
        yield p.Scope(changed, None)


def cancelled_at_each_instant(program: p.Program, until: int) -> Iterator[p.Program]:
    """Yield the program with a timeout after 0, 1, ... seconds."""
    for seconds in range(until + 1):
        yield p.MoveOnAfter(program, seconds)


# -- Finalizers ----------------------------------------------------------------------------------------------

GUARDED: Final[dict[type[p.Program], str]] = {p.Ensuring: "source", p.OnExit: "source", p.Bracket: "use"}
FINALIZER: Final[dict[type[p.Program], str]] = {
    p.Ensuring: "finalizer",
    p.OnExit: "finalizer",
    p.Bracket: "release",
}


def has_finalizer(program: p.Program) -> bool:
    """Whether it has a finalizer that runs whatever happens."""
    return type(program) in FINALIZER


def failing_in_each_finalizer(program: p.Program, failure: p.Program) -> Iterator[p.Program]:
    """Yield the program with `failure`, and a note of it, at the end of one finalizer after the other."""

    def fail(node: p.Program) -> p.Program:
        field = FINALIZER[type(node)]
        return attrs.evolve(node, **{field: p.Steps((getattr(node, field), INJECTED, failure))})

    return p.changed_at(program, has_finalizer, fail)


def marked(program: p.Program) -> p.Program:
    """The same program with a note at the begin and one at the end of each of these finalizers."""
    numbers = count()

    def visit(node: p.Program) -> p.Program:
        if not has_finalizer(node):
            return p.rebuilt(node, visit)
        number = next(numbers)
        inside = p.rebuilt(node, visit)
        field = FINALIZER[type(node)]
        begin, end = p.Note(f"begin {number}"), p.Note(f"end {number}")
        noted = p.Ensuring(p.Steps((begin, getattr(inside, field))), end)
        return attrs.evolve(inside, **{field: noted})

    return visit(program)


def mark_of(program: p.Program) -> str | None:
    """The number of a marked finalizer."""
    match getattr(program, FINALIZER.get(type(program), ""), None):
        case p.Ensuring(source=p.Steps(parts=(p.Note(text=text), *_))) if text.startswith("begin "):
            return text.removeprefix("begin ")
        case _:
            return None


def broken_promises(program: p.Program, log: Sequence[Entry]) -> list[str]:
    """Say which finalizers of a marked program did not run once, to the end, the inner before the outer.

    What runs again has finalizers that run again.
    """
    several = marks_of_what_runs_again(program)
    at = {text: index for index, (_, text, _) in enumerate(log)}
    texts = [text for _, text, _ in log]
    problems: list[str] = []
    for node in p.nodes(program):
        number = mark_of(node)
        if number is None:
            continue
        guarded: p.Program = getattr(node, GUARDED[type(node)])
        entered = any(isinstance(part, p.Note) and part.text in at for part in p.nodes(guarded))
        begun = texts.count(f"begin {number}")
        once = begun <= 1 or number in several
        if begun != texts.count(f"end {number}") or not once or (entered and not begun):
            problems.append(f"finalizer {number} began {begun} times")
        problems += [
            f"finalizer {number} began before {inner} had ended"
            for inner in marks_inside(guarded)
            if begun and at.get(f"end {inner}", -1) > at[f"begin {number}"]
        ]
    return problems


def marks_of_what_runs_again(program: p.Program) -> set[str | None]:
    """The numbers of the finalizers that may run more than once."""
    loops = [node for node in p.nodes(program) if isinstance(node, p.Repeat | p.Retry)]
    return {mark_of(inner) for loop in loops for inner in p.nodes(loop)}


def marks_inside(program: p.Program) -> Iterator[str]:
    """Yield the numbers of the finalizers that run in a program; those in a fork may run later."""
    forked = {id(inner) for node in p.nodes(program) if isinstance(node, p.Fork) for inner in p.nodes(node)}
    for node in p.nodes(program):
        number = mark_of(node)
        if number is not None and id(node) not in forked:
            yield number

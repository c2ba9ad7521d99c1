"""Variations of a program: a failure or a cancel at every place where one can come from, and marks on its finalizers."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from effio.testing import programs as p

ACTIONS = (p.Note, p.Sleep, p.Never, p.CancelScope, p.CancelGroup, p.Watch)
INJECTED = p.Note("injected")
OUTERMOST = -1


def is_action(program: p.Program) -> bool:
    """Whether it does one thing, at which it can fail or be cancelled."""
    return isinstance(program, ACTIONS)


def failing_at_each_action(program: p.Program, failure: p.Program) -> Iterator[p.Program]:
    """Yield the program with `failure`, and a note of it, in the place of one action after the other."""
    return p.changed_at(program, is_action, lambda action: p.Steps((INJECTED, failure)))


def cancelled_at_each_action(program: p.Program) -> Iterator[p.Program]:
    """Yield the program in a scope that is cancelled just before one action after the other."""
    for changed in p.changed_at(program, is_action, lambda action: p.Steps((p.CancelScope(OUTERMOST), action))):
        yield p.Scope(changed, None)


def cancelled_at_each_instant(program: p.Program, until: int) -> Iterator[p.Program]:
    """Yield the program with a timeout after 0, 1, ... seconds."""
    for seconds in range(until + 1):
        yield p.MoveOnAfter(program, seconds)


# -- Finalizers ----------------------------------------------------------------------------------------------


def finalizer_of(program: p.Program) -> p.Program | None:
    """The program that certainly runs after another one, if the node has any."""
    if isinstance(program, p.Ensuring | p.OnExit):
        return program.finalizer
    return program.release if isinstance(program, p.Bracket) else None


def with_finalizer(program: p.Program, finalizer: p.Program) -> p.Program:
    """The same node with another finalizer."""
    if isinstance(program, p.Bracket):
        return attrs.evolve(program, release=finalizer)
    assert isinstance(program, p.Ensuring | p.OnExit)
    return attrs.evolve(program, finalizer=finalizer)


def failing_in_each_finalizer(program: p.Program, failure: p.Program) -> Iterator[p.Program]:
    """Yield the program with `failure`, and a note of it, at the end of one finalizer after the other."""

    def fail(node: p.Program) -> p.Program:
        finalizer = finalizer_of(node)
        return node if finalizer is None else with_finalizer(node, p.Steps((finalizer, INJECTED, failure)))

    return p.changed_at(program, lambda node: finalizer_of(node) is not None, fail)


@attrs.frozen
class Finalizer:
    """A marked finalizer: its number, the notes that show that it must run, and the finalizers that run before it."""

    number: int
    notes: frozenset[str]
    inner: frozenset[int]


def marked(program: p.Program) -> tuple[p.Program, list[Finalizer]]:
    """The program with a note at the begin and one at the end of each finalizer, and a list of these."""
    found: list[Finalizer] = []

    def visit(node: p.Program) -> p.Program:
        finalizer = finalizer_of(node)
        if finalizer is None:
            return p.rebuilt(node, visit)
        number = len(found)
        guarded = node.use if isinstance(node, p.Bracket) else p.Pure()
        guarded = node.source if isinstance(node, p.Ensuring | p.OnExit) else guarded
        found.append(Finalizer(number, frozenset(notes(guarded)), frozenset()))
        inside = p.rebuilt(node, visit)
        # What a fork has inside ends with its group, perhaps later.
        forks = any(isinstance(part, p.Fork) for part in p.nodes(guarded))
        after = finalizer_numbers(guarded_part(inside)) if not forks else frozenset[int]()
        found[number] = attrs.evolve(found[number], inner=after)
        changed = finalizer_of(inside)
        assert changed is not None
        begin, end = p.Note(f"begin {number}"), p.Note(f"end {number}")
        return with_finalizer(inside, p.Ensuring(p.Steps((begin, changed)), end))

    return visit(program), found

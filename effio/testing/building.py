"""From a tree of `programs` to the program of effio that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, Final, TypeAlias

import attrs

from effio.algebra.arity import first_completed, par_zip
from effio.algebra.combine import par_collect, par_settle, par_validate, race_all
from effio.algebra.create import (
    bracket,
    cancel_scope,
    delay,
    die,
    fail,
    never,
    pure,
    shield,
    sleep,
    suspend,
    task_group,
)
from effio.algebra.handle import CancelScope, Fiber, TaskGroup
from effio.algebra.io import IO
from effio.data.cause import Cause
from effio.schedule.schedule import Schedule
from effio.testing import programs as p
from effio.testing.observation import Log

AnyIO: TypeAlias = IO[Any, Any]
Restoring: TypeAlias = Callable[[AnyIO], AnyIO]


def to_io(program: p.Program, log: Log) -> AnyIO:
    """The program that `program` stands for; its notes go to `log`."""
    return build(Around(log), program)


@attrs.frozen
class Open:
    """A task group while it is open, and the fibers forked into it so far."""

    group: TaskGroup
    fibers: list[Fiber[Any, Any]]


@attrs.frozen
class Around:
    """What a program can refer to: enclosing scopes, groups and shields, the outermost first."""

    log: Log
    scopes: tuple[CancelScope, ...] = ()
    groups: tuple[Open, ...] = ()
    restores: tuple[Restoring, ...] = ()


def build(around: Around, program: p.Program) -> AnyIO:
    """The program of effio for a node."""
    return WORDS[type(program)](around, program)


def nothing() -> None:
    """Stand for an action without effect."""


def outwards(found: tuple[Any, ...], count: int) -> Any:
    """The enclosing thing that is `count` further out than the innermost."""
    return found[-1 - count % len(found)]


# -- Leaves --------------------------------------------------------------------------------------------------


def note(around: Around, node: p.Note) -> AnyIO:
    """An action that notes a text."""
    return delay(around.log.note, node.text)


def steps(around: Around, node: p.Steps) -> AnyIO:
    """Each part after the one before."""
    return reduce(lambda before, after: before.then(after), (build(around, part) for part in node.parts))


def catch_all(around: Around, node: p.CatchAll) -> AnyIO:
    """A handler that is the same for every error."""
    handler = build(around, node.handler)
    return build(around, node.source).catch_all(lambda error: handler)


def again(node: p.Repeat | p.Retry) -> Schedule[object, object]:
    """How often to run again, and after how long."""
    return Schedule.recurs(node.times) & Schedule.spaced(node.seconds)


# -- Finalizers and shields ----------------------------------------------------------------------------------


def on_exit(around: Around, node: p.OnExit) -> AnyIO:
    """A finalizer that notes the exit first."""
    finalizer = build(around, node.finalizer)
    return build(around, node.source).on_exit(lambda exit: delay(around.log.note, "exit", exit).then(finalizer))


def bracketed(around: Around, node: p.Bracket) -> AnyIO:
    """A use and a release that do not look at the value."""
    use, release = build(around, node.use), build(around, node.release)
    return bracket(build(around, node.acquire), lambda value: use, lambda value: release)


def shielded(around: Around, node: p.Shield) -> AnyIO:
    """A shield whose restore the programs inside can refer to."""
    return shield(lambda restore: build(attrs.evolve(around, restores=(*around.restores, restore)), node.source))


def restored(around: Around, node: p.Restore) -> AnyIO:
    """The program given to an enclosing restore, if there is one."""
    source = build(around, node.source)
    if not around.restores:
        return source.map(lambda value: value)
    restore: Restoring = outwards(around.restores, node.shield)
    return restore(source)


# -- Scopes and time -----------------------------------------------------------------------------------------


def scoped(around: Around, node: p.Scope) -> AnyIO:
    """A scope that the programs inside can refer to."""

    def body(scope: CancelScope) -> AnyIO:
        return build(attrs.evolve(around, scopes=(*around.scopes, scope)), node.source)

    return cancel_scope(body, deadline=node.seconds)


def cancel_of_scope(around: Around, node: p.CancelScope) -> AnyIO:
    """The cancel of an enclosing scope, if there is one."""
    if not around.scopes:
        return delay(nothing)
    scope: CancelScope = outwards(around.scopes, node.scope)
    return scope.cancel()


# -- Together ------------------------------------------------------------------------------------------------


def together(around: Around, node: p.Together) -> AnyIO:
    """The parallel word, its parts in fibers of their own."""
    ios = [build(around, part) for part in node.parts]
    words: dict[str, Callable[[], AnyIO]] = {
        "par_zip": lambda: par_zip(*ios),
        "par_collect": lambda: par_collect(ios, limit=node.limit),
        "par_settle": lambda: par_settle(ios, limit=node.limit),
        "par_validate": lambda: par_validate(ios, limit=node.limit),
        "race_all": lambda: race_all(ios),
        "first_completed": lambda: first_completed(*ios),
    }
    return words[node.word]()


def grouped(around: Around, node: p.Group) -> AnyIO:
    """A group that the programs inside can refer to."""

    def body(group: TaskGroup) -> AnyIO:
        return build(attrs.evolve(around, groups=(*around.groups, Open(group, []))), node.body)

    def handler(cause: Cause[Any]) -> IO[object]:
        return delay(around.log.note, "ignored", cause)

    return task_group(body, on_failure=node.on_failure, handler=handler if node.on_failure == "ignore" else None)


def fork(around: Around, node: p.Fork) -> AnyIO:
    """A fork into an enclosing group, if there is one, which remembers the fiber."""
    if not around.groups:
        return delay(nothing)
    chosen: Open = outwards(around.groups, node.group)
    return chosen.group.fork(build(around, node.source)).map(chosen.fibers.append)


def watch(around: Around, node: p.Watch) -> AnyIO:
    """A wait for, or a cancel of, a fiber that was forked so far, if there is one."""
    if not around.groups:
        return delay(nothing)
    fibers: list[Fiber[Any, Any]] = outwards(around.groups, node.group).fibers
    return suspend(lambda: watching(fibers[node.fiber % len(fibers)], node.how) if fibers else delay(nothing))


def watching(fiber: Fiber[Any, Any], how: p.Watching) -> AnyIO:
    """The program of a fiber with that name."""
    words: dict[p.Watching, Callable[[], AnyIO]] = {
        "join": fiber.join,
        "exit": fiber.exit,
        "cancel": fiber.cancel,
        "cancel_soon": fiber.cancel_soon,
    }
    return words[how]()


def cancel_of_group(around: Around, node: p.CancelGroup) -> AnyIO:
    """The cancel of an enclosing group, if there is one."""
    if not around.groups:
        return delay(nothing)
    chosen: Open = outwards(around.groups, node.group)
    return chosen.group.cancel()


WORDS: Final[dict[type[p.Program], Callable[[Around, Any], AnyIO]]] = {
    p.Pure: lambda around, node: pure(node.value),
    p.Fail: lambda around, node: fail(node.error),
    p.Die: lambda around, node: die(p.Bug(node.message)),
    p.Note: note,
    p.Sleep: lambda around, node: sleep(node.seconds),
    p.Never: lambda around, node: never,
    p.Steps: steps,
    p.CatchAll: catch_all,
    p.ToExit: lambda around, node: build(around, node.source).exit(),
    p.Named: lambda around, node: build(around, node.source).named(node.name),
    p.Repeat: lambda around, node: build(around, node.source).repeat(again(node)),
    p.Retry: lambda around, node: build(around, node.source).retry(again(node)),
    p.Ensuring: lambda around, node: build(around, node.source).ensuring(build(around, node.finalizer)),
    p.OnExit: on_exit,
    p.OnCancel: lambda around, node: build(around, node.source).on_cancel(build(around, node.finalizer)),
    p.Bracket: bracketed,
    p.Shield: shielded,
    p.Restore: restored,
    p.Scope: scoped,
    p.CancelScope: cancel_of_scope,
    p.FailAfter: lambda around, node: build(around, node.source).fail_after(node.seconds),
    p.MoveOnAfter: lambda around, node: build(around, node.source).move_on_after(node.seconds),
    p.TimeoutTo: lambda around, node: build(around, node.source).timeout_to(node.seconds, build(around, node.fallback)),
    p.Together: together,
    p.Group: grouped,
    p.Fork: fork,
    p.Watch: watch,
    p.CancelGroup: cancel_of_group,
}

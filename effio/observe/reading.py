"""What each node means to somebody who reads a program: its kind, and what the programs and functions in it are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final, final

import attrs

from effio.algebra import derived, describe, primitive, shape
from effio.algebra.derived.word import Word
from effio.algebra.field import fields
from effio.observe.step import Kind, OnError

NOTHING: Final[Mapping[str, str]] = {}


@final
@attrs.frozen
class Reading:
    """How the nodes of one class are read; `roles` says by field what a program or function in it is to the node."""

    kind: Kind
    on_error: OnError = "passes"
    roles: Mapping[str, str] = attrs.field(default=NOTHING, kw_only=True)
    pure: bool = attrs.field(default=False, kw_only=True)
    """Whether its functions give plain values, not programs."""
    in_turn: bool = attrs.field(default=False, kw_only=True)
    """Whether all its parts run one after another; else those but the first are alternatives."""


@final
@attrs.frozen
class Function:
    """A function of the user in a program; what it makes is known only when it runs."""

    call: Callable[..., Any]
    node: shape.Program
    """The node that calls it."""
    opaque: bool = True
    """Whether it makes a program."""
    word: str = ""
    """What the user wrote to have it called; empty if the step around says that."""
    items: tuple[Any, ...] | None = None
    """What it is called with one after another."""


@final
@attrs.frozen
class Part:
    """A program or function that a node runs, what for, and under which label."""

    running: shape.Program | Function
    role: str
    leads: bool
    """Whether it begins with the node; else it has to wait for the parts that do."""
    label: str = ""


ON_ERROR: Final = {"function": "on error", "other": "on error"}
FINALLY: Final = {"other": "finally", "finalizer": "finally"}
BOTH_WAYS: Final = {
    "if_failed": "on error",
    "if_succeeded": "on success",
    "on_failure": "on failure",
    "on_success": "on success",
}
CHOICE: Final = {"condition": "condition", "if_true": "if true", "if_false": "if false"}
BRACKET: Final = {"acquire": "acquire", "use": "use", "release": "release"}

READINGS: Final[Mapping[type, Reading]] = {
    # Values and steps
    primitive.Pure: Reading("value"),
    derived.Unit: Reading("value"),
    primitive.Fail: Reading("failure"),
    primitive.Halt: Reading("failure"),
    primitive.Call: Reading("call"),
    primitive.Leaf: Reading("await"),
    primitive.Operation: Reading("call"),
    primitive.Ask: Reading("call"),
    primitive.Generate: Reading("function"),
    primitive.Suspend: Reading("function"),
    primitive.Sleep: Reading("wait"),
    primitive.Park: Reading("wait"),
    primitive.Watch: Reading("wait"),
    derived.Never: Reading("wait"),
    derived.YieldNow: Reading("wait"),
    derived.SleepUntil: Reading("wait"),
    derived.FromCallback: Reading("wait"),
    Word: Reading("call"),
    derived.Collect: Reading("sequence", in_turn=True),
    derived.ZipAll: Reading("sequence", in_turn=True),
    derived.Traverse: Reading("sequence", in_turn=True, roles={"function": "each"}),
    derived.IfThen: Reading("choice", roles=CHOICE),
    derived.Memoize: Reading("step", roles={"source": "once"}),
    shape.Again: Reading("again", "retries"),
    derived.Repeat: Reading("again"),
    derived.Scheduled: Reading("again"),
    derived.RetryOrElse: Reading("again", "handles", roles=ON_ERROR),
    derived.Retrying: Reading("again", "retries"),
    derived.WithProgress: Reading("step"),
    # Failures
    primitive.Fold: Reading("handler", "handles", roles=BOTH_WAYS),
    shape.TwoWays: Reading("handler", "handles", roles=BOTH_WAYS, pure=True),
    derived.CatchAll: Reading("handler", "handles", roles=ON_ERROR),
    derived.CatchSome: Reading("handler", "may handle", roles=ON_ERROR),
    derived.CatchOnly: Reading("handler", "may handle", roles=ON_ERROR),
    derived.OrElse: Reading("handler", "handles", roles=ON_ERROR),
    derived.OrElseSucceed: Reading("handler", "handles"),
    derived.Either: Reading("handler", "handles"),
    derived.ToExit: Reading("handler", "handles"),
    derived.Flip: Reading("handler", "handles"),
    derived.MapError: Reading("handler", "changes", roles=ON_ERROR, pure=True),
    derived.OrDie: Reading("handler", "changes"),
    derived.Refine: Reading("handler", "changes"),
    derived.Squashed: Reading("handler", "changes"),
    derived.TapError: Reading("handler", "passes", roles=ON_ERROR),
    # Finalizers, scopes and time
    primitive.OnExit: Reading("finalizer", "finalizes", roles=FINALLY),
    derived.Ensuring: Reading("finalizer", "finalizes", roles=FINALLY),
    derived.OnCancel: Reading("finalizer", roles={"finalizer": "if cancelled"}),
    derived.OnError: Reading("finalizer", "finalizes", roles={"finalizer": "if failed"}),
    derived.Bracket: Reading("bracket", "finalizes", roles=BRACKET, in_turn=True),
    primitive.Named: Reading("named"),
    primitive.Shield: Reading("shield"),
    primitive.Restore: Reading("shield"),
    derived.Shielded: Reading("shield"),
    primitive.Scoped: Reading("scope", roles={"expired": "if cancelled"}),
    derived.CancelScoped: Reading("scope"),
    shape.WithSeconds: Reading("timeout", roles={"fallback": "on timeout"}),
    # Together
    primitive.Parallel: Reading("parallel", "cancels siblings", roles={"function": "each"}),
    shape.WithLimit: Reading("parallel", "cancels siblings"),
    derived.ParZip: Reading("parallel", "cancels siblings"),
    derived.ParMap: Reading("parallel", "cancels siblings", roles={"function": "with all values"}, pure=True),
    derived.ParTraverse: Reading("parallel", "cancels siblings", roles={"function": "each"}),
    derived.ParSettle: Reading("parallel", "handles"),
    derived.ParValidate: Reading("parallel", "waits for siblings"),
    shape.Contest: Reading("race", "needs all"),
    derived.FirstCompleted: Reading("race", "cancels siblings"),
    primitive.Group: Reading("group", "cancels siblings"),
    derived.TaskGrouped: Reading("group", "cancels siblings", roles={"handler": "on a child's failure"}),
    derived.SuperviseAll: Reading("parallel", "retries"),
    derived.StartService: Reading("fork"),
    primitive.Fork: Reading("fork"),
}
"""By class; a class that is not here is read like its nearest base, or as any step."""

ANY: Final = Reading("step")

CHAINED: Final = (
    primitive.FlatMap,
    primitive.Map,
    primitive.Then,
    derived.Tap,
    derived.Zip,
    derived.Flatten,
    derived.Absolve,
    derived.AsValue,
)
"""What comes after its source in the same branch, and not around it."""

LEADING: Final = frozenset({"source", "ios", "items", "condition", "body", "service", "acquire"})
WITHOUT_PARTS: Final[frozenset[Kind]] = frozenset({"value", "failure", "call", "await", "wait", "function"})
PLAIN: Final = frozenset({"value", "seconds", "times", "exceptions", "kept", "name"})
HIDDEN: Final = describe.NOT_SHOWN | {"dispose", "keys", "question", "labels", "name"}


AT_FAILURE: Final[Mapping[str, OnError]] = {
    "collect": "waits for siblings",
    "ignore": "handles",
    "settle": "handles",
    "validate": "waits for siblings",
    "race": "needs all",
}
"""What the option of a node that has one says about errors; other options leave it as it is read."""


def reading_of(node: shape.Program) -> Reading:
    """Look up how a node is read."""
    kind: Any = type(node)
    reading = reading_of_class(kind)
    if reading.on_error != "cancels siblings":
        return reading
    option = AT_FAILURE.get(getattr(node, "policy", getattr(node, "on_failure", "")))
    return reading if option is None else attrs.evolve(reading, on_error=option)


@cache
def reading_of_class(kind: type[object]) -> Reading:
    """Look up how the nodes of a class are read."""
    return next((READINGS[base] for base in kind.__mro__ if base in READINGS), ANY)


# -- Parts ---------------------------------------------------------------------------------------------------


def parts_of(node: shape.Program, reading: Reading) -> tuple[list[str], list[Part]]:
    """Take a node apart: its plain values, as text, and what it runs."""
    values: list[str] = []
    parts: list[Part] = []
    for field, value in fields(node):
        if field in HIDDEN or value is None or is_default(field, value):
            continue
        found = () if reading.kind in WITHOUT_PARTS or field in PLAIN else tuple(_parts(node, field, value, reading))
        parts += found
        if field == "limit":
            values.append(f"limit={value}")
        elif field == "args":
            values += map(describe.value_text, value)
        elif not found and field != "ios":
            values += describe.value_texts(field, value)
    return values, parts


def is_default(field: str, value: object) -> bool:
    """Whether an option need not be shown; a user's value is not compared, since that may do anything."""
    return field == "on_failure" and value == "cancel"


def _parts(node: Any, field: str, value: Any, reading: Reading) -> Iterator[Part]:
    role = reading.roles.get(field, "")
    if shape.is_io(value):
        yield Part(value, role, field in LEADING)
    elif field == "ios":
        labels = getattr(node, "keys", None) or ("",) * len(value)
        yield from (Part(io, role, True, str(label)) for label, io in zip(labels, value, strict=True))
    elif field == "items" and getattr(node, "function", None) is None:
        yield from (Part(io, role, True) for io in value)
    elif callable(value):
        items: tuple[Any, ...] | None = getattr(node, "items", None)
        yield Part(Function(value, node, not reading.pure, items=items), role, field in LEADING or items is not None)

"""A program in the words it was written in: as `repr` in one line, as `str` with a line for each word.

Both are bounded in depth, width and length, so that a program of any size is shown at once. A program is told
from another value by its tag, since `io` imports this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial
from itertools import islice
from typing import Any, Final

from effio.algebra.field import fields
from effio.data.cause_text import short_repr
from effio.data.tree import AsText

LINE_DEPTH: Final = 2
LINE_STEPS: Final = 6
LINE_WIDTH: Final = 4
LINE_LENGTH: Final = 200
TREE_DEPTH: Final = 12
TREE_STEPS: Final = 30
TREE_WIDTH: Final = 20
TREE_LINES: Final = 400

WORDS: Final = {
    "Call": "delay",
    "Fold": "fold_exit",
    "Generate": "do",
    "Group": "task_group",
    "Leaf": "from_async",
    "Park": "wait",
    "Scoped": "cancel_scope",
}
"""The primitive nodes that are not called like the word that makes them."""

NOT_SHOWN: Final = frozenset(
    {"sees_exit", "site", "catches", "outside", "enlist", "withdraw", "touches", "how", "group", "shield", "peek"}
)


def line(program: Any) -> str:
    """Show the program as somebody could have written it."""
    text = _in_line(program, LINE_DEPTH)
    if len(text) > LINE_LENGTH:
        text = f"{text[: LINE_LENGTH - 1]}…"
    return f"<IO {text}>"


def tree(program: Any) -> str:
    """Show its steps one below the other, and below a step the programs that it runs."""
    lines = list(islice(_lines(program, TREE_DEPTH), TREE_LINES + 1))
    return "\n".join([*lines[:TREE_LINES], "…"] if len(lines) > TREE_LINES else lines)


def shallow_fields(program: Any) -> Iterator[tuple[str, object]]:
    """Yield the fields that are shown, programs in them as text: who prints them may recurse, and programs be deep."""
    for name, value in fields(program):
        if name in NOT_SHOWN or value is None:
            continue
        if _is_program(value):
            yield name, AsText(repr(value))
        elif name == "ios":
            more = [AsText(f"… {len(value) - LINE_STEPS} more")] if len(value) > LINE_STEPS else []
            yield name, [*(AsText(repr(io)) for io in value[:LINE_STEPS]), *more]
        else:
            yield name, value


def word(program: Any) -> str:
    """Say what the user wrote to make this node."""
    kind = kind_of(program)
    match kind.__name__:
        case "Call" | "Leaf" if program.catches == (Exception,):
            return "attempt" if kind.__name__ == "Call" else "from_async"
        case "Parallel":
            return str(program.name)
        case "Watch":
            return str(program.how)
        case name:
            return str(getattr(kind, "word", None) or WORDS.get(name) or spoken(name))


@cache
def spoken(name: str) -> str:
    """Turn the name of a node into the name of its word.

    >>> spoken("ParZip")
    'par_zip'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


# -- In one line ---------------------------------------------------------------------------------------------


def _in_line(program: Any, depth: int) -> str:
    if depth == 0:
        return "…"
    head, steps, more = _chain(program, LINE_STEPS)
    shown = "…" if more else _call(head, depth)
    return "".join([shown, *(f".{_call(step, depth)}" for step in steps)])


def _call(program: Any, depth: int) -> str:
    values, programs = _arguments(program)
    inner = [_in_line(part, depth - 1) for part in programs[:LINE_WIDTH]]
    if len(programs) > LINE_WIDTH:
        inner.append("…")
    return written(program, [*inner, *values])


# -- As a tree -----------------------------------------------------------------------------------------------


def _lines(program: Any, depth: int) -> Iterator[str]:
    if depth == 0:
        yield "…"
        return
    head, steps, more = _chain(program, TREE_STEPS)
    if more:
        yield "…"
    else:
        yield from _step(head, "", depth)
    for step in steps:
        yield from _step(step, ".", depth)


def _step(program: Any, prefix: str, depth: int) -> Iterator[str]:
    values, programs = _arguments(program)
    yield prefix + written(program, values)
    shown = programs[:TREE_WIDTH]
    hidden = len(programs) - len(shown)
    for index, part in enumerate(shown):
        last = index == len(shown) - 1 and not hidden
        for number, text in enumerate(_lines(part, depth - 1)):
            branch = ("└─ " if last else "├─ ") if number == 0 else ("   " if last else "│  ")
            yield branch + text
    if hidden:
        yield f"└─ … and {hidden} more"


# -- Parts ---------------------------------------------------------------------------------------------------


def kind_of(value: object) -> type[object]:
    """The class of a value, for type checkers that would give it up."""
    return type(value)


def _is_program(value: Any) -> bool:
    return not isinstance(value, type) and isinstance(getattr(value, "_tag", None), int)


def _chain(program: Any, limit: int) -> tuple[Any, list[Any], bool]:
    """Follow the sources: where it begins, the last steps in order, whether there are more than `limit`."""
    steps: list[Any] = []
    while len(steps) < limit and _continues(program):
        steps.append(program)
        program = program.source
    steps.reverse()
    return program, steps, _continues(program)


def _continues(program: Any) -> bool:
    """Whether the node is a step after its source; what is forked runs elsewhere."""
    return hasattr(program, "source") and kind_of(program).__name__ != "Fork"


def _arguments(program: Any) -> tuple[list[str], list[Any]]:
    """Split what a node was given into plain values, as text, and programs."""
    values: list[str] = []
    programs: list[Any] = []
    for name, value in fields(program):
        if name in NOT_SHOWN or value is None or (name == "source" and _continues(program)):
            continue
        if _is_program(value):
            programs.append(value)
        elif name == "ios":
            programs.extend(value)
        else:
            values.extend(value_texts(name, value))
    return values, programs


def value_texts(name: str, value: Any) -> Iterator[str]:
    """Show one field, which may hold several arguments."""
    if name == "reason":
        yield reason_text(value)
    elif name == "items":
        yield f"{len(value)} items"
    elif name in {"exceptions", "kept"}:
        yield from map(value_text, value)
    elif name == "args":
        yield from map(short_repr, value)
    elif name == "kwargs":
        yield from (f"{key}={short_repr(given)}" for key, given in value.items())
    else:
        yield value_text(value)


def reason_text(reason: Any) -> str:
    """Say what is waited for; a reason that is known only while somebody waits names what it belongs to."""
    if not callable(reason):
        return short_repr(reason)
    try:
        return str(reason())
    except Exception:
        return short_repr(getattr(reason, "__self__", reason))


def value_text(value: Any) -> str:
    """Show one argument: a function by its name, anything else by its repr."""
    if isinstance(value, partial):
        return partial_text(value)
    if isinstance(value, float):
        return f"{value:g}"
    name = getattr(value, "__qualname__", None)
    if not isinstance(name, str):
        return short_repr(value)
    return name.rpartition("<locals>.")[2].replace("<lambda>", "lambda")


def partial_text(function: Any) -> str:
    """Show a function that was given arguments already, by the name that `functools.update_wrapper` may have set."""
    named = getattr(function, "__wrapped__", None)
    return f"partial({value_text(function.func)})" if named is None else value_text(named)


def written(program: Any, arguments: list[str]) -> str:
    """Show a node as the user wrote it, given its arguments as text."""
    said = word(program)
    if said in {"do", "operation"}:
        function, *arguments = arguments
        return f"{function.replace('._', '.')}({', '.join(arguments)})"
    return f"{said}({', '.join(arguments)})" if arguments else said

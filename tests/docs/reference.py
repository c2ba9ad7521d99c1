"""The reference page, made of the docstrings: `python -m tests.docs.reference` writes it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import FunctionType, MappingProxyType
from typing import Any, Final

import effio
from tests.architecture.source import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "index.md"

HEAD: Final = """\
# Reference

Every public name, with the first line of its docstring: what happens when it runs. The whole docstring says what else
the signature hides; `python -c "import effio; help(effio.race)"` shows it. The commands are on
[a page of their own](command-line.md).

`Value` is what a program gives, `Error` what it may fail with; names ending in `=` are keyword arguments.
"""

ALIASES: Final = MappingProxyType(
    {
        "Task": "A program that may fail with any `Exception`: `IO[Value, Exception]`.",
        "Do": "What a `@do` function returns: `Do[int]` cannot fail, `Do[int, OSError]` can with an `OSError`.",
        "Exit": "How a program ended: `Success[Value]` or `Failure[Cause[Error]]`.",
        "CancelSource": "Who asked: explicit, deadline, sibling, race, host or signal.",
        "Success": "The exit of a program that gave a value; `unwrap()` gives it. A class of `returns`.",
        "Failure": "The exit of a program that did not; `failure()` gives its cause. A class of `returns`.",
    }
)
"""What has no docstring of its own at run time."""

WITH_MEMBERS: Final = (effio.IO, effio.CancelScope, effio.TaskGroup, effio.Fiber, effio.Runtime, effio.Cause)
NET: Final = (
    "happy_eyeballs.connect",
    "tcp.connect_address",
    "tcp.Connection",
    "listener.listen",
    "listener.Listener",
    "resolver.resolve",
    "address.Address",
)


def page() -> str:
    """The whole page."""
    sections = [section(theme, [(name, getattr(effio, name)) for name in names]) for theme, names in themes()]
    sections += [section(f"Members of `{kind.__name__}`", members(kind)) for kind in WITH_MEMBERS]
    sections.append(section("`effio.cause`", [(name, getattr(effio.cause, name)) for name in effio.cause.__all__]))
    sections.append(section("`effio.net`", [(name, from_net(name)) for name in NET]))
    return "\n".join([HEAD, *sections])


def themes() -> Iterator[tuple[str, list[str]]]:
    """The names of the facade under the comments that group them there."""
    source = inspect.getsource(effio)
    listed = source[source.index("__all__") :]
    for block in re.split(r"^    # ", listed, flags=re.MULTILINE)[1:]:
        yield block.splitlines()[0], re.findall(r'"(\w+)"', block)


def section(title: str, entries: Iterable[tuple[str, Any]]) -> str:
    rows = (f"| `{signature(name, what)}` | {sentence(name, what)} |" for name, what in entries)
    return "\n".join([f"## {title}\n", "| name | |", "|---|---|", *rows, ""])


def members(kind: type[object]) -> list[tuple[str, Any]]:
    """The public methods and properties of a class, in the order in which it defines them."""
    kinds = FunctionType | staticmethod | property
    return [(name, member) for name, member in vars(kind).items() if name[0] != "_" and isinstance(member, kinds)]


def from_net(name: str) -> Any:
    module, _, member = name.partition(".")
    return getattr(import_module(f"effio.net.{module}"), member)


def signature(name: str, what: object) -> str:
    """The name as one calls it, without types and defaults."""
    function = what.__func__ if isinstance(what, staticmethod) else what
    if not isinstance(function, FunctionType):
        return name
    parameters = map(shown, inspect.signature(function).parameters.values())
    return f"{name}({', '.join(parameter for parameter in parameters if parameter != 'self')})"


def shown(parameter: inspect.Parameter) -> str:
    match parameter.kind:
        case inspect.Parameter.VAR_POSITIONAL:
            return f"*{parameter.name}"
        case inspect.Parameter.VAR_KEYWORD:
            return f"**{parameter.name}"
        case inspect.Parameter.KEYWORD_ONLY:
            return f"{parameter.name}="
        case _:
            return parameter.name


def sentence(name: str, what: object) -> str:
    """The first line of the docstring."""
    text = ALIASES.get(name) or inspect.getdoc(what) or ""
    return text.partition("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

"""Exits and error trees that draw themselves in a notebook: `%load_ext effio.observe.notebook`.

Plans and traces need nothing: they say themselves how they look.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any, Final, TypeAlias

from returns.result import Failure

from effio.data.cause import Cause

Draw: TypeAlias = Callable[[Any], str]

STYLE: Final = "font-family:ui-monospace,Menlo,Consolas,monospace;line-height:1.45"


def load_ipython_extension(shell: Any) -> None:
    """Let the shell draw the error tree wherever the value of a cell is a cause, or an exit with one."""
    formatters = shell.display_formatter.formatters
    for kind, drawn in DRAWN.items():
        formatters["text/plain"].for_type(kind, partial(print_drawn, drawn))
        formatters["text/html"].for_type(kind, partial(framed, drawn))


def unload_ipython_extension(shell: Any) -> None:
    """Let the shell show them as before."""
    formatters = shell.display_formatter.formatters
    for kind in DRAWN:
        formatters["text/plain"].pop(kind, None)
        formatters["text/html"].pop(kind, None)


def drawn_failure(exit: Failure[Any]) -> str:
    """Draw the error tree of an exit; a `Failure` of another kind is shown as it is."""
    found: object = exit.failure()
    return found.render() if isinstance(found, Cause) else repr(exit)


def print_drawn(drawn: Draw, value: Any, printer: Any, cycle: bool) -> None:
    """Print the drawing of a value."""
    printer.text(drawn(value))


def framed(drawn: Draw, value: Any) -> str:
    """Put the drawing of a value into the page."""
    return f'<pre style="{STYLE}">{escape(drawn(value))}</pre>'


DRAWN: Final[dict[type[Any], Draw]] = {
    Cause: lambda cause: str(cause.render()),
    Failure: drawn_failure,
}

"""Failed exits that draw their error tree in a notebook.

Plans, traces and causes say themselves how they look. An exit is a value of `returns`, and does not: so the first use
of effio in a notebook tells the shell, as does `%load_ext effio.observe.notebook`; `%unload_ext` takes it back.
"""

from __future__ import annotations

import sys
from typing import Any

from returns.result import Failure

from effio.data.cause import Cause


def show_exits() -> None:
    """Do it for the shell that runs, if there is one."""
    shell: Any = sys.modules["IPython"].get_ipython()
    if shell is not None:
        load_ipython_extension(shell)


def load_ipython_extension(shell: Any) -> None:
    """Let the shell draw the error tree wherever the value of a cell is an exit with one."""
    shell.display_formatter.mimebundle_formatter.for_type(Failure, mimebundle)


def unload_ipython_extension(shell: Any) -> None:
    """Let the shell show exits as before."""
    shell.display_formatter.mimebundle_formatter.pop(Failure, None)


def mimebundle(exit: Failure[Any], include: object = None, exclude: object = None) -> dict[str, str]:
    """Show an exit as the cause in it; a `Failure` of another kind as it is."""
    found: object = exit.failure()
    return found._repr_mimebundle_() if isinstance(found, Cause) else {}  # pyright: ignore[reportPrivateUsage]

"""The frame that calls whatever runs in a turn. Never compiled: signals arrive here, and tracebacks end here."""

from __future__ import annotations

from collections.abc import Callable, Generator


def turns(run_turn: Callable[[], None], crashed: Callable[[Exception], None]) -> Generator[None, None, None]:
    """Run a turn at every `next`; `crashed` is told of an error that is none of the program's.

    A generator, since what called it is no part of the traceback of a failure, which would keep the frames of the
    host alive.
    """
    while True:
        try:
            run_turn()
        except Exception as error:
            crashed(error)
        yield

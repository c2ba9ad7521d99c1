"""`--backend`: on which of the event loops that are installed a program runs."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Final

from effio import Observer, Runtime, VirtualClock
from effio.cli.target import NoProgram

BACKENDS: Final = ("asyncio", "trio", "uvloop")


def describe(command: ArgumentParser) -> None:
    """Describe the option."""
    command.add_argument("--backend", choices=BACKENDS, default="asyncio", help="what to run it on (asyncio)")


def runtime_on(backend: str, *, clock: VirtualClock | None = None, observers: Sequence[Observer] = ()) -> Runtime:
    """Make the runtime; raises `NoProgram` if the package that it needs is missing."""
    if find_spec(backend) is None:
        raise NoProgram(f"backend {backend} is not installed: pip install 'effio[{backend}]'")
    if backend == "trio":
        return Runtime(backend="trio", clock=clock, observers=observers)
    if backend == "uvloop":
        from uvloop import new_event_loop

        return Runtime(loop_factory=new_event_loop, clock=clock, observers=observers)
    return Runtime(clock=clock, observers=observers)

"""`effio top`: look at the fibers of another process while they run."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Final

from effio.cli.live import can_be_seen, drawn
from effio.cli.target import NoProgram
from effio.data.fiber_dump import FiberDump
from effio.observe.window import read_dump

SECONDS_BETWEEN_LOOKS: Final = 0.5


def describe(command: ArgumentParser) -> None:
    """Describe the arguments of the command."""
    command.add_argument("process", metavar="PID-or-address", help="of a program that runs with `effio run --top`")
    command.add_argument("--once", action="store_true", help="print the fibers once")
    command.add_argument("--json", action="store_true", help="print them once, as JSON")
    command.set_defaults(command=watch_process)


def watch_process(options: Namespace) -> int:
    """Draw the fibers of a process again and again until it ends, or print them once."""
    dump = looked_at(options.process)
    if options.json:
        sys.stdout.write(f"{dump.to_json()}\n")
    elif options.once or not can_be_seen():
        sys.stdout.write(f"{dump}\n")
    else:
        follow(options.process, dump)
    return 0


def looked_at(process: str) -> FiberDump:
    """Ask the process, which may not be there."""
    try:
        return read_dump(process)
    except OSError as error:
        raise NoProgram(
            f"process {process} cannot be looked at ({error}): it must run with `effio run --top` or `serve_dumps`"
        ) from None


def follow(process: str, dump: FiberDump) -> None:
    """Draw until nothing answers any more."""
    from rich.console import Console
    from rich.live import Live

    with Live(drawn(dump), console=Console(stderr=True), auto_refresh=False) as view:
        while True:
            view.update(drawn(dump), refresh=True)
            time.sleep(SECONDS_BETWEEN_LOOKS)
            try:
                dump = read_dump(process)
            except OSError:
                return

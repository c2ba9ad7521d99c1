"""`effio top`: look at the fibers of another process while they run."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from typing import Final

from effio.cli.live import can_be_seen, drawn
from effio.cli.target import NoProgram
from effio.data.fiber_dump import FiberDump
from effio.observe.window import processes, read_dump

SECONDS_BETWEEN_LOOKS: Final = 0.5


def describe(command: ArgumentParser) -> None:
    """Describe the arguments of the command."""
    about = "of a program that runs with `effio run --top`; may be left out if there is one"
    command.add_argument("process", metavar="PID-or-address", nargs="?", help=about)
    command.add_argument("--once", action="store_true", help="print the fibers once")
    command.add_argument("--json", action="store_true", help="print them once, as JSON")
    command.set_defaults(command=watch_process)


def watch_process(options: Namespace) -> int:
    """Draw the fibers of a process again and again until it ends, or print them once."""
    process: str = options.process or only_one()
    dump = looked_at(process)
    if options.json:
        sys.stdout.write(f"{dump.to_json()}\n")
    elif options.once or not can_be_seen():
        sys.stdout.write(f"{dump}\n")
    else:
        follow(process, dump)
    return 0


def only_one() -> str:
    """Find the process that can be looked at, if there is one."""
    found = [process for process in processes() if answers(process)]
    if not found:
        raise NoProgram("no process can be looked at: it must run with `effio run --top` or `serve_dumps`")
    if len(found) > 1:
        raise NoProgram(f"several processes can be looked at, choose one: {', '.join(found)}")
    return found[0]


def answers(process: str) -> bool:
    """Whether a process tells what it does; one that has ended may have left its socket behind."""
    try:
        read_dump(process)
    except OSError:
        return False
    return True


def looked_at(process: str) -> FiberDump:
    """Ask the process, which may not be there."""
    try:
        return read_dump(process)
    except OSError as error:
        why = "nothing answers there" if isinstance(error, (FileNotFoundError, ConnectionRefusedError)) else str(error)
        what = f"process {process}" if process.isdecimal() else process
        raise NoProgram(f"cannot look at {what}: {why}; it must run with `effio run --top` or `serve_dumps`") from None


def follow(process: str, dump: FiberDump) -> None:
    """Draw until nothing answers any more, or Ctrl-C."""
    from rich.console import Console
    from rich.live import Live

    view = Live(drawn(dump), console=Console(stderr=True), auto_refresh=False)
    with suppress(OSError, KeyboardInterrupt), view:
        while True:
            view.update(drawn(dump), refresh=True)
            time.sleep(SECONDS_BETWEEN_LOOKS)
            dump = read_dump(process)

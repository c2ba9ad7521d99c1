"""`effio run`: run a program of a module, seen on the terminal, and from outside if it may be."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from effio import Cause, Exit, Failure, Success
from effio.cli import backend
from effio.cli.live import can_be_seen, run_seen, run_told
from effio.cli.target import load
from effio.observe.watched import DUMP_SIGNAL, dump_on_signal
from effio.observe.window import serve_dumps

FAILED: Final = 1


def describe(command: ArgumentParser) -> None:
    """Describe the arguments of the command."""
    command.add_argument("target", metavar="module:program", help="a program, or a function that makes one")
    command.add_argument(
        "--live", action="store_true", help="show what it does, without a terminal as lines about its progress"
    )
    backend.describe(command)
    command.add_argument("--top", action="store_true", help="let `effio top` of the same user look at it")
    command.set_defaults(command=run_program)


def run_program(options: Namespace) -> int:
    """Run a program of a module, which may be in the current directory; print its value, unless that is None."""
    sys.path.insert(0, str(Path.cwd()))
    program = load(options.target)
    if DUMP_SIGNAL is not None:
        program = dump_on_signal(program)
    if options.top:
        program = serve_dumps(program)
    with backend.runtime_on(options.backend) as runtime:
        if can_be_seen():
            exit = run_seen(program, runtime)
        else:
            exit = run_told(program, runtime, sys.stderr) if options.live else runtime.run_exit(program)
    if isinstance(exit, Success) and exit.unwrap() is not None:
        print(repr(exit.unwrap()))
    return exit_code(exit)


def exit_code(exit: Exit[object, object]) -> int:
    """Give the code of an exit; draw the error tree of a failure."""
    if not isinstance(exit, Failure):
        return 0
    cause: Cause[object] = exit.failure()
    print(cause.render(), file=sys.stderr)
    return FAILED

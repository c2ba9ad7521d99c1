"""`effio`: what to type, and what it answers."""

from __future__ import annotations

import os
import platform
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version

from effio import Cause, VirtualClock, build, run_exit
from effio.cli import explain, explore, run, top, trace
from effio.cli.raised import users_traceback
from effio.cli.run import FAILED, exit_code
from effio.cli.target import NoProgram, load
from effio.demos.catalogue import DEMOS
from effio.interpreter.signals import TERMINATED

MISUSED = 2
INTERRUPTED = 130
UNREAD = 141

NEEDED = ("attrs", "returns", "typing-extensions")
OPTIONAL = ("trio", "uvloop", "rich", "aiohttp")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say, by default those of the process; give its exit code."""
    options = parser().parse_args(arguments)
    command: Callable[[Namespace], int] = options.command
    try:
        code = command(options)
        sys.stdout.flush()
        return code
    except NoProgram as error:
        print(f"effio: {error}", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt as interrupt:
        return stopped("interrupted", interrupt, INTERRUPTED)
    except SystemExit as told:
        if told.code != TERMINATED:
            raise
        return stopped("terminated", told, TERMINATED)
    except BrokenPipeError:  # Who read the output has gone; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except Exception as error:
        sys.stderr.write(users_traceback(error))
        return FAILED


def stopped(how: str, by: BaseException, code: int) -> int:
    """Say so, with what failed while everything was closed; give the exit code."""
    print(how, file=sys.stderr)
    if by.__context__ is not None:
        print(Cause.from_exception(by.__context__).render(), file=sys.stderr)
    return code


def parser() -> ArgumentParser:
    """Describe the commands and their arguments."""
    whole = ArgumentParser(prog="effio", description="Run concurrent programs that are values.")
    whole.add_argument("--version", action="version", version=f"effio {installed('effio')}")
    commands = whole.add_subparsers(required=True, metavar="command")

    run.describe(commands.add_parser("run", help="run a program of a module"))
    explain.describe(commands.add_parser("explain", help="show what a program will do, without running it"))
    trace.describe(commands.add_parser("trace", help="run a program and write down what really ran"))
    explore.describe(commands.add_parser("explore", help="look for a schedule in which a program fails"))
    top.describe(commands.add_parser("top", help="look at the fibers of another process"))

    demo = commands.add_parser("demo", help="run one of the demos")
    demo.add_argument("name", nargs="?", choices=DEMOS, metavar="name", help="see --list")
    demo.add_argument("--list", action="store_true", help="list the demos, with a sentence each")
    demo.add_argument("--virtual", action="store_true", help="skip the time in which the demo only sleeps")
    demo.set_defaults(command=run_demo)

    info = commands.add_parser("info", help="say what is installed")
    info.set_defaults(command=show_info)
    return whole


# -- Commands ------------------------------------------------------------------------------------------------


def run_demo(options: Namespace) -> int:
    """Run a demo, or list them."""
    if options.list or options.name is None:
        width = max(map(len, DEMOS))
        print(*(f"{name:{width}}  {demo.sentence}" for name, demo in DEMOS.items()), sep="\n")
        return 0
    demo = DEMOS[options.name]
    if options.virtual and not demo.waits:
        raise NoProgram(f"demo {options.name} does more than sleep: it takes its time and cannot be --virtual")
    try:
        program = load(demo.program)
    except ModuleNotFoundError as error:
        raise NoProgram(f"demo {options.name} needs {error.name}: pip install 'effio[cli]'") from None
    return exit_code(run_exit(program, clock=VirtualClock() if options.virtual else None))


def show_info(options: Namespace) -> int:
    """Print the versions of everything that matters."""
    python = f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}"
    rows = [("effio", f"{installed('effio')}, {build.kind()} core"), ("Python", python)]
    rows += [(name, installed(name)) for name in (*NEEDED, *OPTIONAL)]
    print(*(f"{name:17}  {found}" for name, found in rows), sep="\n")
    return 0


def installed(distribution: str) -> str:
    """Say which version of a distribution is installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"

"""`effio trace`: run a program, and write down what really ran."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from effio import Recorder, Trace, VirtualClock
from effio.cli import backend
from effio.cli.run import exit_code
from effio.cli.target import NoProgram, load
from effio.observe.recorder import LIMIT

FORMATS: Final[Mapping[str, Callable[[Trace], str]]] = {
    "html": Trace.to_html,
    "svg": Trace.timeline_svg,
    "json": Trace.to_json,
    "chrome": Trace.to_chrome_trace,
    "text": Trace.timeline,
    "tree": Trace.tree,
}


def describe(command: ArgumentParser) -> None:
    """Describe the arguments of the command."""
    command.add_argument("target", metavar="module:program", help="a program, or a function that makes one")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="write a file")
    command.add_argument("--format", choices=FORMATS, help="by default what the file is called after, else text")
    command.add_argument("--limit", type=int, default=LIMIT, help="how many spans and waits to keep, the latest ones")
    command.add_argument("--sample", type=float, default=1.0, help="which part of all children to record")
    backend.describe(command)
    command.add_argument("--virtual", action="store_true", help="skip the time in which the program only sleeps")
    command.set_defaults(command=trace_program)


def trace_program(options: Namespace) -> int:
    """Run a program of a module and write its trace, also if it fails or is interrupted; give its exit code."""
    sys.path.insert(0, str(Path.cwd()))
    program = load(options.target)
    write = FORMATS[format_of(options)]
    recorder = Recorder(limit=options.limit, sample=options.sample)
    clock = VirtualClock() if options.virtual else None
    runtime = backend.runtime_on(options.backend, clock=clock, observers=[recorder])
    try:
        with runtime:
            exit = runtime.run_exit(program)
    finally:
        written = f"{write(recorder.trace())}\n"
        if options.output is None:
            sys.stdout.write(written)
        else:
            options.output.write_text(written, encoding="utf-8")
            sys.stderr.write(f"the trace is in {options.output}\n")
    return exit_code(exit)


def format_of(options: Namespace) -> str:
    """The format that was asked for, by default the one that the file's ending says."""
    if options.format is not None:
        return str(options.format)
    if options.output is None:
        return "text"
    ending = str(options.output.suffix).removeprefix(".")
    if ending not in FORMATS:
        raise NoProgram(f"cannot tell the format of {options.output}: use --format, one of {', '.join(FORMATS)}")
    return ending

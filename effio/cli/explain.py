"""`effio explain`: the tree of a program, which is not run, in one of several formats."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

from effio import Plan, explain
from effio.cli.target import load

FORMATS: Final = MappingProxyType[str, Callable[[Plan], str]](
    {
        "text": Plan.to_text,
        "mermaid": Plan.to_mermaid,
        "dot": Plan.to_dot,
        "json": Plan.to_json,
        "html": Plan.to_html,
    }
)
SUFFIXES: Final = MappingProxyType({".mmd": "mermaid", ".gv": "dot", ".dot": "dot", ".json": "json", ".html": "html"})


def describe(command: ArgumentParser) -> None:
    """Describe the arguments of the command."""
    command.add_argument("target", metavar="module:program", help="a program, or a function that makes one")
    command.add_argument("--format", choices=FORMATS, help="by default that of the file, else text")
    command.add_argument("--follow", action="store_true", help="call the functions with placeholders, to see inside")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="write a file")
    command.set_defaults(command=explain_program)


def explain_program(options: Namespace) -> int:
    """Draw the program of a module, which may be in the current directory."""
    sys.path.insert(0, str(Path.cwd()))
    plan = explain(load(options.target), follow=options.follow)
    output: Path | None = options.output
    chosen = options.format or ("text" if output is None else SUFFIXES.get(output.suffix, "text"))
    if output is not None:
        output.write_text(FORMATS[chosen](plan) + "\n", encoding="utf-8")
    elif chosen == "text" and sys.stdout.isatty() and find_spec("rich") is not None:
        draw_in_colours(plan)
    else:
        print(FORMATS[chosen](plan))
    return 0


def draw_in_colours(plan: Plan) -> None:
    """Draw the plan on the terminal."""
    from rich.console import Console

    Console(highlight=False, soft_wrap=True).print(plan)

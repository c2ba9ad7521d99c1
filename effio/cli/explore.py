"""`effio explore`: run a program under every schedule that makes a difference, and show one that fails."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any, Final, TypeAlias, final

from effio import Exit, Success, suspend
from effio.cli.target import NoProgram, Program, load
from effio.testing import Exploration, Sweep, TokenMismatch, cancel_sweep, explore, fault_sweep, replay

FAILED: Final = 1
INTERRUPTED: Final = 130
SECONDS_BETWEEN_LINES: Final = 1.0

Draw: TypeAlias = Callable[[str], object]
Handler: TypeAlias = Callable[[int, FrameType | None], object]


def describe(command: ArgumentParser) -> None:
    """Describe the arguments of the command."""
    command.add_argument("target", metavar="module:program", help="a program, or a function that makes one")
    command.add_argument("--schedules", type=positive, default=10_000, metavar="N", help="run at most so many")
    command.add_argument("--seconds", type=float, metavar="S", help="search for at most so long")
    command.add_argument("--preemptions", type=int, metavar="N", help="leave out schedules with more of them")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="for the random schedules of a big program")
    command.add_argument("--all", action="store_true", help="count every failing schedule instead of ending at one")
    command.add_argument("--cancel", action="store_true", help="then cancel each fiber at each moment")
    command.add_argument("--faults", action="store_true", help="then let each action fail")
    command.add_argument("--replay", metavar="TOKEN", help="only run again what a token is of")
    command.set_defaults(command=explore_program)


def positive(text: str) -> int:
    """A number from one on."""
    number = int(text)
    if number < 1:
        raise ValueError(f"{text} is less than 1")
    return number


def explore_program(options: Namespace) -> int:
    """Look for a failing schedule of a program of a module; give 1 if there is one."""
    sys.path.insert(0, str(Path.cwd()))
    load(options.target)
    program = suspend(lambda: load(options.target))
    if options.replay is not None:
        return run_again(program, options.replay)
    with drawing() as draw, Patience(draw) as patience:
        found = search(program, options, patience)
    print(*found, sep="\n")
    if any(part.failures or (isinstance(part, Exploration) and part.never) for part in found):
        return FAILED
    return INTERRUPTED if patience.lost else 0


def search(program: Program, options: Namespace, patience: Patience) -> list[Exploration | Sweep]:
    """Do what was asked for, one after the other, until something fails."""
    found: list[Exploration | Sweep] = [
        explore(
            program,
            patience.then(succeeds),
            max_schedules=options.schedules,
            max_seconds=options.seconds,
            preemption_bound=options.preemptions,
            stop_on_first=not options.all,
            seed=options.seed,
        )
    ]
    sweeps = [cancel_sweep] * options.cancel + [fault_sweep] * options.faults
    for sweep in sweeps:
        if patience.lost or found[-1].failures:
            break
        try:
            found.append(sweep(program, patience.then(anything), stop_on_first=not options.all))
        except KeyboardInterrupt:
            print(f"{sweep.__name__} was interrupted", file=sys.stderr)
    return found


def succeeds(exit: Exit[Any, Any]) -> bool:
    """The check of an exploration."""
    return isinstance(exit, Success)


def anything(exit: Exit[Any, Any]) -> bool:
    """The check of a sweep, which looks for what hangs or leaks."""
    return True


def run_again(program: Program, token: str) -> int:
    """Show the run of a token; give 1 if it fails."""
    try:
        run = replay(program, token)
    except (TokenMismatch, ValueError) as error:
        raise NoProgram(str(error)) from None
    print(run)
    return 0 if isinstance(run.outcome, Success) else FAILED


# -- While it searches ---------------------------------------------------------------------------------------


@final
class Patience:
    """Counts runs, tells about them, and ends the search between two of them after Ctrl-C.

    An exploration takes a KeyboardInterrupt inside a run for what the program does. A second Ctrl-C is one at once.
    """

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.lost = False
        self.runs = 0
        self.before: Any = None

    def then(self, check: Callable[[Exit[Any, Any]], bool]) -> Callable[[Exit[Any, Any]], bool]:
        """The check, before which it is told that there was a run."""

        def judge(exit: Exit[Any, Any]) -> bool:
            self.runs += 1
            self.draw(f"{self.runs} schedules run")
            if self.lost:
                raise KeyboardInterrupt
            return check(exit)

        return judge

    def __enter__(self) -> Patience:
        self.before = signal.signal(signal.SIGINT, self.lose)
        return self

    def __exit__(self, *raised: object) -> None:
        signal.signal(signal.SIGINT, self.before)

    def lose(self, number: int, frame: FrameType | None) -> None:
        """Let the search end soon."""
        self.lost = True
        signal.signal(signal.SIGINT, self.before)


@contextmanager
def drawing() -> Generator[Draw]:
    """Give what shows a text: one that changes on a terminal, or a line about once a second."""
    if not (sys.stderr.isatty() and find_spec("rich") is not None):
        yield Lines()
        return
    from rich.console import Console

    with Console(stderr=True).status("exploring") as status:
        yield status.update


@final
class Lines:
    """Prints the latest text about once a second."""

    def __init__(self) -> None:
        self.told = monotonic()

    def __call__(self, text: str) -> None:
        if monotonic() - self.told >= SECONDS_BETWEEN_LINES:
            self.told = monotonic()
            print(text, file=sys.stderr, flush=True)

"""`effio explore`: run a program under every schedule that makes a difference, and show one that fails."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Final, TypeAlias, final

from effio import Success, suspend
from effio.cli.target import NoProgram, Program, load
from effio.testing import (
    Counts,
    Exploration,
    NotResumable,
    Sweep,
    TokenMismatch,
    cancel_sweep,
    explore,
    fault_sweep,
    replay,
)
from effio.testing.exploration.checkpoint import State, save_state
from effio.testing.exploration.sources import state_of, with_sources

FAILED: Final = 1
INTERRUPTED: Final = 130
SECONDS_BETWEEN_LINES: Final = 1.0
KEPT: Final = Path(".effio")

Draw: TypeAlias = Callable[[str], object]


def describe(command: ArgumentParser) -> None:
    """Describe the arguments of the command."""
    command.description = (
        "Run a program in virtual time under every order of its actions that makes a difference, the simple orders "
        "first, and draw the first run that fails, one column for each fiber. Foreign coroutines are refused."
    )
    command.epilog = (
        "The exit code is 0 if nothing failed, 1 if a run failed, 2 if there is nothing to explore, 130 after Ctrl-C, "
        "which shows what was found until then and keeps it for --resume."
    )
    command.add_argument("target", metavar="module:program", help="a program, or a function that makes one")
    command.add_argument("--replay", metavar="TOKEN", help="only draw the run that a token is of")
    budget = command.add_argument_group("how far to look")
    budget.add_argument(
        "--schedules", type=positive, default=10_000, metavar="N", help="run at most so many (10 000 if not given)"
    )
    budget.add_argument("--seconds", type=seconds, metavar="S", help="search for at most so long")
    budget.add_argument("--preemptions", type=natural, metavar="N", help="leave out schedules with more of them")
    budget.add_argument("--steps", type=positive, default=10_000, metavar="N", help="cut runs that are longer (10 000)")
    budget.add_argument("--all", action="store_true", help="count every failing schedule instead of ending at one")
    budget.add_argument("--seed", type=int, default=0, metavar="N", help="for the random schedules of a big program")
    budget.add_argument(
        "--resume", type=Path, metavar="FILE", help="go on where FILE says, if there is one, and keep it up to date"
    )
    events = command.add_argument_group("what may happen beside")
    events.add_argument(
        "--time",
        choices=("idle", "racy"),
        default="idle",
        help="let timers fire once nothing can run, or at any moment",
    )
    events.add_argument("--cancel", action="store_true", help="then cancel each fiber at each moment")
    events.add_argument("--faults", action="store_true", help="then let each action fail")
    command.set_defaults(command=explore_program)


def natural(text: str) -> int:
    """A number from zero on."""
    number = int(text)
    if number < 0:
        raise ValueError(f"{text} is less than 0")
    return number


def positive(text: str) -> int:
    """A number from one on."""
    number = int(text)
    if number < 1:
        raise ValueError(f"{text} is less than 1")
    return number


def seconds(text: str) -> float:
    """A time that is not negative."""
    number = float(text)
    if not number >= 0:
        raise ValueError(f"{text} is less than 0")
    return number


def explore_program(options: Namespace) -> int:
    """Look for a failing schedule of a program of a module; give 1 if there is one."""
    sys.path.insert(0, str(Path.cwd()))
    load(options.target)
    program = suspend(lambda: load(options.target))
    if options.replay is not None:
        return run_again(program, options.replay)
    try:
        with drawing() as draw:
            found = search(program, options, draw)
    except NotResumable as problem:
        raise NoProgram(f"{options.resume}: {problem}") from None
    print(*found, sep="\n")
    if any(part.failures or (isinstance(part, Exploration) and part.never) for part in found):
        return FAILED
    return INTERRUPTED if found[-1].interrupted else 0


def search(program: Program, options: Namespace, draw: Draw) -> list[Exploration | Sweep]:
    """Do what was asked for, one after the other, until something fails."""
    resume = state_of(options.resume) if options.resume is not None and options.resume.exists() else None
    exploration = explored(program, options, draw, resume)
    found: list[Exploration | Sweep] = [exploration]
    states: dict[str, State] = {} if resume is None else dict(resume.get("sweeps", {}))
    for sweep in [cancel_sweep] * options.cancel + [fault_sweep] * options.faults:
        if found[-1].interrupted or found[-1].failures:
            break
        swept = sweep(
            program,
            max_steps=options.steps,
            time=options.time,
            stop_on_first=not options.all,
            resume=states.get(sweep.__name__),
            on_progress=partial(tell_injections, draw),
        )
        found.append(swept)
        states[sweep.__name__] = swept.state
    keep(with_sources({**exploration.state, "sweeps": states}), found, options)
    return found


def explored(program: Program, options: Namespace, draw: Draw, resume: State | None) -> Exploration:
    """Explore from the beginning, or from where an earlier exploration stopped."""
    return explore(
        program,
        max_schedules=options.schedules,
        max_seconds=options.seconds,
        max_steps=options.steps,
        preemption_bound=options.preemptions,
        time=options.time,
        stop_on_first=not options.all,
        seed=options.seed,
        resume=resume,
        on_progress=lambda counts: draw(progress(counts)),
    )


def progress(counts: Counts) -> str:
    """How far an exploration is."""
    chance = f" and {counts.sampled} random ones" if counts.sampled else ""
    return f"{counts.complete} schedules run{chance}"


def tell_injections(draw: Draw, runs: int) -> None:
    """Show how far a sweep is."""
    draw(f"{runs} injections tried")


def keep(state: State, found: Sequence[Exploration | Sweep], options: Namespace) -> None:
    """Write down how far the search came, if somebody may want to go on with it."""
    path: Path | None = options.resume
    if path is None and found[-1].interrupted:
        path = KEPT / f"{options.target.replace(':', '.')}.json"
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    save_state(path, state)
    is_over = isinstance(found[0], Exploration) and found[0].exhaustive and not found[-1].interrupted
    if not (is_over or found[-1].failures):
        print(f"to go on: effio explore {options.target} --resume {path}{repeated(options)}", file=sys.stderr)


def repeated(options: Namespace) -> str:
    """The options without which the search cannot go on, or would leave something out."""
    given = {"time": options.time, "preemptions": options.preemptions, "steps": options.steps}
    usual = {"time": "idle", "preemptions": None, "steps": 10_000}
    texts = [f" --{name} {value}" for name, value in given.items() if value != usual[name]]
    return "".join(texts + [" --cancel"] * options.cancel + [" --faults"] * options.faults)


def run_again(program: Program, token: str) -> int:
    """Show the run of a token; give 1 if it fails."""
    try:
        run = replay(program, token)
    except (TokenMismatch, ValueError) as error:
        raise NoProgram(str(error)) from None
    print(run)
    return 0 if isinstance(run.outcome, Success) else FAILED


# -- While it searches ---------------------------------------------------------------------------------------


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

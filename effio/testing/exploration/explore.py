"""All inequivalent schedules of a program, as far as a budget lasts, each judged by a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from returns.result import Success

from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.data.exit import Exit
from effio.testing.exploration.checkpoint import State, state_from
from effio.testing.exploration.explorer import Explorer
from effio.testing.exploration.finding import Check, Exploration
from effio.testing.exploration.options import Options
from effio.testing.exploration.schedules.search import Counts
from effio.testing.exploration.steps.faults import Faults, faults_of
from effio.testing.exploration.steps.opaque import Declared, Opaque, OpaqueMode
from effio.testing.exploration.steps.timing import TimeMode
from effio.testing.exploration.steps.ways import Models


def succeeds(exit: Exit[Any, Any]) -> bool:
    """The check that asks for a success."""
    return isinstance(exit, Success)


def explore(
    io: IO[Any, Any],
    /,
    check: Check = succeeds,
    *,
    max_schedules: int = 10_000,
    max_seconds: float | None = None,
    max_steps: int = 10_000,
    preemption_bound: int | None = None,
    time: TimeMode = "idle",
    stop_on_first: bool = True,
    sampling: float = 0.25,
    cancel: bool = False,
    seed: int = 0,
    models: Models | None = None,
    faults: Faults | Mapping[Any, Any] | None = None,
    opaque: OpaqueMode = "world",
    touches: Declared | None = None,
    symmetric: bool = False,
    first: Iterable[str] = (),
    resume: State | str | Path | None = None,
    on_progress: Callable[[Counts], object] | None = None,
) -> Exploration:
    """Run `io` under every inequivalent schedule, fewest preemptions first, and judge each exit by `check`.

    Two schedules are equivalent if one comes from the other by swapping neighbouring actions that do not touch the same
    shared object in conflicting ways. `preemption_bound` leaves out those that need more preemptions in every
    equivalent order, and may miss a few that do not. `sampling` is the share of the budget that goes to random
    schedules where the program has many. `cancel` also cancels each fiber once, at every moment: the main one, and
    those forked into task groups. A deadlock is an exit with a `Deadlock` defect. Time is virtual, and stands still
    while a fiber can run; with `time="racy"` the next timer may fire at any moment. Foreign coroutines are refused, but
    for those with one of `models`, as in `simulate`; calls of functions with `faults` go wrong, in schedules of their
    own. In a `symmetric` program it makes no difference which of the fibers that run the same program beside each other
    is which: they begin in one order only, so that up to n! times fewer schedules are run. The tokens in `first` are
    replayed before anything else; those that do not fit any more are passed over.

    A call may touch anything outside of effio, so any two are run in both orders. `touches` says more of the calls of
    a function: names of your own for what they write, `()` for nothing, `{name: "read"}` for what they only read, or a
    function that gives these for the arguments of a call. Whoever says too little hides schedules. With
    `opaque="refuse"` the first call of which nothing is said is a `ValueError`.

    Ctrl-C ends the exploration after the run under way, the second time at once; it tells what it found so far. To go
    on with one that did not come to its end, `resume` from its `state`, or from the file that `save` wrote: with a
    budget of its own, and otherwise as if it had not been interrupted. What was accepted then is not judged again.
    """
    options = Options(
        check=check,
        max_schedules=max_schedules,
        max_seconds=max_seconds,
        max_steps=max_steps,
        preemption_bound=preemption_bound,
        time=time,
        cancel=cancel,
        stop_on_first=stop_on_first,
        sampling=sampling,
        seed=seed,
        models=models,
        faults=faults_of(faults),
        calls=Opaque(opaque, touches),
        symmetric=symmetric,
        on_progress=on_progress,
    )
    explorer = Explorer(program("explore", io), options)
    if resume is not None:
        explorer.resume(state_from(resume))
    return explorer.explore(first)

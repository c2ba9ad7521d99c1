"""One run in virtual time, in an order that a seed or a token chooses."""

# The explorer reads the slots of nodes, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Literal, TypeAlias, final

import attrs
from returns.result import Failure

from effio.algebra.io import IO
from effio.algebra.primitive import Fail as FailNode
from effio.algebra.primitive import Halt
from effio.algebra.shape import program
from effio.data.cause import Die
from effio.data.exit import Exit, render_exit
from effio.interpreter.fiber import Fiber
from effio.testing.exploration.coverage import Coverage, coverage_of
from effio.testing.exploration.report import columns
from effio.testing.exploration.schedules.sampling import SAMPLERS, Profile, profile_of, sample
from effio.testing.exploration.schedules.token import Token, TokenMismatch
from effio.testing.exploration.steps.faults import Faults, faults_of
from effio.testing.exploration.steps.interrupt import Interrupts
from effio.testing.exploration.steps.journal import NOBODY, Event, Journal
from effio.testing.exploration.steps.leaks import leaks_of
from effio.testing.exploration.steps.stepping import Stepped, Stepping
from effio.testing.exploration.steps.timing import TimeMode, is_racy
from effio.testing.exploration.steps.ways import Models

LAST_ACTIONS = 50
"""Who acts among the last so many actions of a run that is cut goes round and round."""

SamplerName: TypeAlias = Literal["walk", "pct1", "pct2", "pct3", "pos", "urw", "fifo"]


@final
@attrs.frozen
class Simulation:
    """A run that can be had again: how it ended, what happened, and the `token` that `replay` takes.

    `outcome` is None if the run was cut after `max_steps`. `leaks` tells what the run left behind, `census` which
    fibers could be cancelled at each turn, by their places in the tree of all, `moves` the thread of each action; they
    are empty if something was made to fail. `due` is when the next timer would have fired, if there was one.
    """

    outcome: Exit[Any, Any] | None
    trace: tuple[Event, ...] = attrs.field(repr=False)
    token: str = attrs.field(kw_only=True)
    virtual_elapsed: float = attrs.field(kw_only=True)
    leaks: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    census: tuple[tuple[int, ...], ...] = attrs.field(default=(), kw_only=True, repr=False)
    moves: tuple[int, ...] = attrs.field(default=(), kw_only=True, repr=False)
    due: float | None = attrs.field(default=None, kw_only=True, repr=False)
    sometimes: Mapping[str, bool] = attrs.field(factory=dict[str, bool], kw_only=True, repr=False)

    @property
    def coverage(self) -> Coverage:
        """How often each fiber did what, and which of the things came true that should `sometimes`."""
        return coverage_of(self.trace, self.sometimes)

    @property
    def preemptions(self) -> int:
        """How often a fiber had to stop although it could have gone on."""
        return sum(event.stopped is not None for event in self.trace)

    def render(self) -> str:
        """Draw the actions, a column for each fiber, then how it ended."""
        lines = [columns(self.trace), ""] if self.trace else []
        lines.append(self.ending())
        lines += [f"left behind: {leak}" for leak in self.leaks]
        lines.append(f"token: {self.token}")
        return "\n".join(lines)

    def ending(self) -> str:
        """Say how it ended, or who went on and on."""
        return self.livelock() if self.outcome is None else render_exit(self.outcome)

    def livelock(self) -> str:
        """Say who went on and on in a run that was cut."""
        last = self.trace[-LAST_ACTIONS:]
        who = " and ".join(map(repr, sorted({event.fiber for event in last})))
        going = f"cut after {len(self.trace)} actions, with {who} going on"
        if self.due is None or not last or last[0].time != last[-1].time:
            return f"livelock: {going}"
        return f"the clock cannot advance from {last[-1].time:g} s to {self.due:g} s: {going}"

    def __str__(self) -> str:
        return self.render()


def simulate(
    io: IO[Any, Any],
    /,
    *,
    seed: int | None = None,
    sampler: SamplerName = "walk",
    time: TimeMode = "idle",
    max_steps: int = 100_000,
    models: Models | None = None,
    faults: Faults | Mapping[Any, Any] | None = None,
) -> Simulation:
    """Run `io` once in virtual time, in the order that `seed` chooses; without one, in order of arrival.

    The same program with the same seed does the same, action by action. Foreign coroutines are refused, but for those
    that `models` has a function for, which is called instead and makes a program. If there is a seed, some calls of
    functions with `faults` go wrong. A run in which nothing can go on ends with a `Deadlock` defect. With `time="racy"`
    timers may fire before fibers that are ready, as on a slow machine.

    >>> from effio import pure
    >>> simulate(pure(3), seed=1).outcome
    <Success: 3>
    """
    if sampler not in SAMPLERS:
        raise ValueError(f"sampler of simulate must be one of {', '.join(SAMPLERS)}, not {sampler!r}")
    system = Stepped(program("simulate", io), models, racy=is_racy(time), faults=faults_of(faults))
    profile: Profile = {}
    chosen = "fifo" if seed is None else sampler
    if chosen not in ("fifo", "walk", "pos"):
        profile = profile_of(sample(system, SAMPLERS["fifo"](Random(0), {}), max_steps=max_steps))
    written = Written(system, None if seed is None else Random(seed))
    with Interrupts(waits=False):
        sample(written, SAMPLERS[chosen](Random(seed or 0), profile), max_steps=max_steps)
    return simulation_of(written.run, written.journal)


def replay(
    io: IO[Any, Any],
    token: str,
    /,
    *,
    fault: BaseException | None = None,
    models: Models | None = None,
    faults: Faults | Mapping[Any, Any] | None = None,
) -> Simulation:
    """Run `io` again as in the run that `token` is of.

    Raises `TokenMismatch` where it does not go the same way.
    """
    with Interrupts(waits=False):
        return follow(Stepped(program("replay", io), models, faults=faults_of(faults)), Token.parse(token), fault)


@final
class Written:
    """A system whose one run is written down while it is under way."""

    def __init__(self, system: Stepped, chance: Random | None) -> None:
        self.journal = Journal()
        self.run = noting(system, self.journal, chance)

    def start(self) -> Stepping:
        return self.run

    def learned(self) -> bool:
        return False


# -- Writing down --------------------------------------------------------------------------------------------


def noting(system: Stepped, journal: Journal, chance: Random | None = None) -> Stepping:
    """A run that is written down, and keeps to itself what came true in it."""
    kept, system.sightings = system.sightings, {}
    run = Stepping(system, journal, chance)
    system.sightings = kept
    return run


def written(system: Stepped, threads: Sequence[int]) -> Simulation:
    """Run the schedule again, writing down what happens."""
    journal = Journal()
    run = noting(system, journal)
    for thread in threads:
        run.take(thread)
    return simulation_of(run, journal)


def simulation_of(run: Stepping, journal: Journal) -> Simulation:
    """What there is to tell of a run, as far as it has come."""
    elapsed = run.scheduler.now()
    over = run.scheduler.over
    due = run.scheduler.timers.next()
    outcome = run.outcome()
    token = Token.of(journal.choices, journal.sums)
    leaks = leaks_of(run.scheduler, journal.primitives.values()) if over else ()
    return Simulation(
        outcome,
        tuple(journal.events),
        token=str(token),
        virtual_elapsed=elapsed,
        leaks=leaks,
        census=tuple(journal.census),
        moves=tuple(moves_of(run, journal)),
        due=due,
        sometimes=run.watch.sightings,
    )


def moves_of(run: Stepping, journal: Journal) -> Iterator[int]:
    """Yield the thread of each action; nothing if one had none."""
    if (None, NOBODY) in journal.moves:
        return
    for fiber, number in journal.moves:
        yield number if fiber is None else run.ways.thread_of(fiber, run.footprints.threads[fiber], number)


def follow(
    system: Stepped, token: Token, fault: BaseException | None = None, *, max_steps: int = 100_000
) -> Simulation:
    """Run as the token says, and check on the way that it does the same.

    A run that is not known to have an end, since the token has no check sums, is cut after `max_steps` actions.
    """
    journal = Journal()
    run = noting(system, journal)
    proceed(run, journal, token, fault, max_steps)
    expected = token.expected()
    for turn, total in enumerate(journal.sums):
        if expected.get(turn, total) != total:
            raise TokenMismatch(turn, "the program does something else than it did then")
    if token.sums and token.turns != len(journal.sums):
        raise TokenMismatch(len(journal.sums), f"the run had {token.turns} turns then")
    return simulation_of(run, journal)


def proceed(run: Stepping, journal: Journal, token: Token, fault: BaseException | None, max_steps: int) -> None:
    """Take every turn as the token says, or as it comes by itself where the token says nothing.

    A token with check sums is of a run that was cut if it has fewer turns than the program.
    """
    choices = {turn: (kind, place) for turn, kind, place in token.choices}
    while not (run.scheduler.over or run.rounds.lasso or is_enough(run, journal, token, max_steps)):
        kind, place = choices.get(journal.turns, ("run", -1))
        if kind == "run":
            proceed_by_itself(run, journal, place)
            continue
        if kind == "time":
            run.hurry()
            continue
        if kind == "choose":
            run.choose(place)
            continue
        fiber = fiber_at(run, place, journal.turns)
        if kind == "cancel":
            run.cancel(fiber)
        else:
            inject(run, journal, fiber, fault)


def is_enough(run: Stepping, journal: Journal, token: Token, max_steps: int) -> bool:
    """Whether a run that is not over has come as far as that of the token, or is too long to be one."""
    if token.sums:
        return journal.turns >= token.turns and bool(run.scheduler.ready)
    return len(journal.events) >= max_steps


def proceed_by_itself(run: Stepping, journal: Journal, place: int) -> None:
    """Let the fiber at a place in the queue have its turn; at -1, the one that is next."""
    ready = run.scheduler.ready
    if not ready:
        run.let_time_pass()
    elif place < 0 and run.rounds.spinning.issuperset(ready):
        run.hurry()
    elif place < len(ready):
        run.turn(ready[journal.usual(ready, run.held) if place < 0 else place])
    else:
        raise TokenMismatch(journal.turns, f"only {len(ready)} fibers can run, but then number {place} did")


def fiber_at(run: Stepping, place: int, turn: int) -> Fiber:
    """The fiber at a place in the tree of all fibers."""
    fibers = [*run.scheduler.fibers()]
    if place >= len(fibers):
        raise TokenMismatch(turn, f"there are only {len(fibers)} fibers, but then number {place} was hit")
    return fibers[place]


def inject(run: Stepping, journal: Journal, fiber: Fiber, fault: BaseException | None) -> None:
    """Let a fiber fail instead of performing the action it stopped before."""
    node = run.held.pop(fiber, None)
    if node is None:
        raise TokenMismatch(journal.turns, f"fiber {fiber.name!r} is not about to act")
    journal.fail(run.scheduler, fiber, node)
    error = fault or InjectedFault(fiber.name, journal.turns)
    typed = isinstance(error, getattr(node, "_catches", ()))
    fiber.node = FailNode(error) if typed else Halt(Die(error, fiber.at(None)))


class InjectedFault(RuntimeError):
    """A failure that a sweep put in the place of an action."""

    def __init__(self, fiber: str, turn: int) -> None:
        super().__init__(fiber, turn)
        self.fiber = fiber
        self.turn = turn

    def __str__(self) -> str:
        return f"fault injected into {self.fiber!r} at turn {self.turn}"


def is_failure(outcome: Exit[Any, Any] | None) -> bool:
    """Whether a run ended with a failure."""
    return isinstance(outcome, Failure)

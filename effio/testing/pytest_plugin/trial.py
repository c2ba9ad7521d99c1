"""One test that is a program: run as its mode says, and told about when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, final

import pytest
from returns.result import Failure

from effio.algebra.create import suspend, unit
from effio.algebra.io import IO
from effio.algebra.shape import is_io
from effio.data.cause import Die
from effio.data.exit import Exit
from effio.interpreter.clock import VirtualClock
from effio.interpreter.runtime import value_of
from effio.testing.exploration.checkpoint import NotResumable, save_state
from effio.testing.exploration.explore import explore
from effio.testing.exploration.finding import Exploration, Finding, Sweep, interruption
from effio.testing.exploration.schedules.token import Token
from effio.testing.exploration.simulation import Simulation, replay, simulate
from effio.testing.exploration.sources import state_of, with_sources
from effio.testing.exploration.sweep import INJECTED, cancel_sweep, fault_sweep
from effio.testing.pytest_plugin import summary
from effio.testing.pytest_plugin.host import Host
from effio.testing.pytest_plugin.memory import Memory, prepared
from effio.testing.pytest_plugin.mode import Mode
from effio.testing.pytest_plugin.postponed import Postponed, replaced, using

SECTIONS: Final = pytest.StashKey[dict[str, str]]()


@final
class Trial:
    """A test that gives a program. `test` makes it anew, with `kwargs`, for each of many runs.

    `waiting` are those of its fixtures that each run makes for itself, since it is simulated.
    """

    def __init__(
        self,
        item: pytest.Function,
        test: Callable[..., Any],
        kwargs: Mapping[str, Any],
        waiting: Mapping[str, Postponed],
    ) -> None:
        self.item = item
        self.test = test
        self.kwargs = {**kwargs, **{name: value for name, value in waiting.items() if name in kwargs}}
        self.waiting = tuple(waiting.values())
        self.memory = Memory(item)

    def run(self, first: IO[Any, Any] | None, mode: Mode, host: Host | None) -> None:
        """Run the program; raises what it fails with."""
        __tracebackhide__ = True
        if host is not None and first is not None:
            clock = VirtualClock() if mode.clock == "virtual" else None
            self.judge(host.run_exit(self.limited(first, mode), clock))
            return
        program = suspend(lambda: self.limited(using(self.waiting, self.made), mode))
        if mode.replay is not None:
            self.run_again(program, mode.replay, mode)
        elif mode.many:
            self.run_often(program, mode)
        else:
            self.judge_run(self.simulated(program, mode))

    def limited(self, program: IO[Any, Any], mode: Mode) -> IO[Any, Any]:
        """The program, as long as it may take."""
        return program if mode.timeout is None else program.fail_after(mode.timeout)

    def made(self, fixtures: Mapping[Postponed, Any]) -> IO[Any, Any]:
        """The program of the test, its fixtures made; one that gives none has done its work already."""
        program = self.test(**replaced(self.kwargs, fixtures))
        if is_io(program):
            return program
        if self.item.get_closest_marker("effio") is None:
            return unit
        raise TypeError(f"{self.item.name} must return a program, not {program!r:.100}")

    # -- One run ----

    def judge(self, exit: Exit[Any, Any]) -> None:
        """Raise what the exit tells of, the whole error tree beside it."""
        __tracebackhide__ = True
        if isinstance(exit, Failure):
            let_pass(exit)
            self.show("effio error tree", exit.failure().render())
        value_of(exit)

    def judge_run(self, run: Simulation) -> None:
        """The same for a simulated run, which can be had again."""
        __tracebackhide__ = True
        if run.outcome is None:
            return give_up(f"{self.item.name} went on for too long\n{run.render()}")
        if isinstance(run.outcome, Failure):
            let_pass(run.outcome)
            self.tell(run.token, run.render())
        value_of(run.outcome)

    def simulated(self, program: IO[Any, Any], mode: Mode) -> Simulation:
        """One run, in the order of the seed."""
        return simulate(program, seed=mode.seed, time=mode.time, models=mode.models, faults=mode.faults)

    def run_again(self, program: IO[Any, Any], token: str, mode: Mode) -> None:
        """Run what a token is of; a run into which something was injected may end as a sweep lets it."""
        __tracebackhide__ = True
        run = replay(program, token, models=mode.models, faults=mode.faults)
        if any(kind in INJECTED for _, kind, _ in Token.parse(token).choices):
            swept = cancel_sweep(program, first=[token], max_runs=0, time=mode.time, models=mode.models)
            self.judge_all(swept.failures, "".join(finding.render() for finding in swept.failures[:1]))
        else:
            self.judge_run(run)

    # -- Many runs ----

    def run_often(self, program: IO[Any, Any], mode: Mode) -> None:
        """Look at every schedule, and what sweeps are asked for."""
        __tracebackhide__ = True
        world: dict[str, Any] = {"time": mode.time, "models": mode.models}
        if mode.explore:
            first = self.first("explore", mode)
            options = {**world, **mode.bounds, "faults": mode.faults, "seed": mode.seed or 0}
            found = self.explored(program, first=first, **options)
            self.judge_search("explore", found)
            if mode.exhaustive and not found.exhaustive:
                give_up(f"{self.item.name} must be explored exhaustively\n{found.render()}")
        else:
            self.judge_run(self.simulated(program, mode))
        limit: dict[str, Any] = {} if mode.max_schedules is None else {"max_schedules": mode.max_schedules}
        for sweep in [cancel_sweep] * mode.cancel_sweep + [fault_sweep] * mode.fault_sweep:
            name = sweep.__name__
            self.judge_search(name, sweep(program, first=self.first(name, mode), **world, **limit))

    def first(self, search: str, mode: Mode) -> list[str]:
        """The tokens to begin a search with: those of the marker, then what it failed with the last time."""
        return [*(token for token in mode.first if search_of(token) == search), *self.memory.recall(search)]

    def explored(self, program: IO[Any, Any], **options: Any) -> Exploration:
        """Explore, from where Ctrl-C ended that in an earlier session if nothing was edited since."""
        path = self.memory.cut_path
        try:
            resume = state_of(path) if path is not None and path.exists() else None
            exploration = explore(program, resume=resume, **options)
        except NotResumable:
            exploration = explore(program, **options)
        if path is not None and exploration.interrupted:
            prepared(path.parent)
            save_state(path, with_sources(exploration.state))
        elif path is not None:
            path.unlink(missing_ok=True)
        return exploration

    def judge_search(self, name: str, found: Exploration | Sweep) -> None:
        """Fail if something was found, which comes first the next time."""
        __tracebackhide__ = True
        summary.remember(self.item, name, found)
        if not found.interrupted or found.failures:
            self.memory.keep(name, [finding.token for finding in found.failures[:1]])
        self.judge_all(found.failures, found.render())
        if found.interrupted:
            raise interruption(found.render())
        if isinstance(found, Exploration) and found.never:
            give_up(found.render())

    def judge_all(self, findings: Sequence[Finding], picture: str) -> None:
        """Fail with the picture of the first finding, and say how to have it again."""
        __tracebackhide__ = True
        for finding in findings:
            if isinstance(finding.outcome, Failure):
                let_pass(finding.outcome)
            self.tell(finding.token)
            give_up(picture)

    def tell(self, token: str, picture: str = "") -> None:
        """Show a failing run, and how to have it again."""
        command = f'run it again: pytest "{self.item.nodeid}" --effio-replay={token}'
        self.show("effio run", f"{picture}\n\n{command}".lstrip())

    def show(self, title: str, text: str) -> None:
        """Add to the report of the test, in place of what an earlier example of the same test had to show."""
        self.item.stash.setdefault(SECTIONS, {})[title] = text


def search_of(token: str) -> str:
    """What finds runs such as that of a token."""
    kinds = {kind for _, kind, _ in Token.parse(token).choices}
    return "cancel_sweep" if "cancel" in kinds else "fault_sweep" if "fail" in kinds else "explore"


def give_up(picture: str) -> None:
    """Fail the test; this frame stays in the traceback, or pytest would say that all of them are hidden."""
    pytest.fail(picture, pytrace=False)


def let_pass(exit: Failure[Any]) -> None:
    """Raise what means no failure to pytest: the test wants to be skipped."""
    for leaf in exit.failure().leaves():
        if isinstance(leaf, Die) and isinstance(leaf.exception, pytest.skip.Exception):
            raise leaf.exception

"""One test that is a program: run as its mode says, and told about when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final, cast, final

import pytest
from returns.result import Failure

from effio.algebra.create import suspend
from effio.algebra.io import IO
from effio.algebra.shape import is_io
from effio.data.cause import Die
from effio.data.exit import Exit
from effio.interpreter.clock import VirtualClock
from effio.interpreter.runtime import Runtime, value_of
from effio.resource.resource import Resource
from effio.testing.exploration.explore import explore
from effio.testing.exploration.finding import Finding
from effio.testing.exploration.simulation import Simulation, replay, simulate
from effio.testing.exploration.sweep import cancel_sweep, fault_sweep
from effio.testing.exploration.token import TokenMismatch
from effio.testing.pytest_plugin.host import Host
from effio.testing.pytest_plugin.mode import Mode

CACHE: Final = "effio/failures/"
SECTIONS: Final = pytest.StashKey[dict[str, str]]()


@final
class Trial:
    """A test that gives a program. `test` makes it anew, with `kwargs`, for each of many runs.

    `waiting` are those of its fixtures that are acquired by the program, since the loop of the fixtures is elsewhere.
    """

    def __init__(self, item: pytest.Function, test: Callable[..., Any], kwargs: Mapping[str, Any]) -> None:
        self.item = item
        self.test = test
        self.kwargs = kwargs
        self.waiting: dict[str, Resource[Any, Any]] = {
            name: value for name, value in kwargs.items() if isinstance(value, Resource)
        }

    def run(self, first: IO[Any, Any] | None, mode: Mode, host: Host | None) -> None:
        """Run the program; raises what it fails with."""
        __tracebackhide__ = True
        if not mode.simulated:
            self.judge(self.run_once(self.limited(first, mode), mode, host))
            return
        program = suspend(partial(self.limited, None, mode))
        if mode.replay is not None:
            self.judge_run(replay(program, mode.replay))
        elif mode.many:
            self.run_often(program, mode)
        else:
            self.judge_run(simulate(program, seed=mode.seed))

    def limited(self, made: IO[Any, Any] | None, mode: Mode) -> IO[Any, Any]:
        """The program of the test, inside of the resources that it waits for, as long as it may take."""
        program = using(self.waiting, {}, self.made) if made is None else made
        return program if mode.timeout is None else program.fail_after(mode.timeout)

    def made(self, acquired: Mapping[str, Any]) -> IO[Any, Any]:
        """The program of the test."""
        program = self.test(**{**self.kwargs, **acquired})
        if not is_io(program):
            raise TypeError(f"{self.item.name} must return a program, not {program!r:.100}")
        return program

    # -- One run ----

    def run_once(self, program: IO[Any, Any], mode: Mode, host: Host | None) -> Exit[Any, Any]:
        clock = VirtualClock() if mode.clock == "virtual" else None
        if host is not None:
            return host.run_exit(program, clock)
        with Runtime(backend="trio", clock=clock) as runtime:
            return runtime.run_exit(program)

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
            pytest.fail(f"{self.item.name} went on for too long\n{run.render()}")
        if isinstance(run.outcome, Failure):
            let_pass(run.outcome)
            self.tell(run.token, run.render())
        self.judge(run.outcome)

    # -- Many runs ----

    def run_often(self, program: IO[Any, Any], mode: Mode) -> None:
        """Look at every schedule; the one that failed last time comes first."""
        __tracebackhide__ = True
        limit: dict[str, Any] = {} if mode.max_schedules is None else {"max_schedules": mode.max_schedules}
        if mode.explore:
            self.run_the_last_failure(program)
            exploration = explore(program, seed=mode.seed or 0, **limit)
            for finding in exploration.failures:
                self.remember(finding.token)
            self.judge_all(exploration.failures, exploration.render())
            self.remember(None)
            if exploration.never:
                pytest.fail(exploration.render(), pytrace=False)
        for sweep in [cancel_sweep] * mode.cancel_sweep + [fault_sweep] * mode.fault_sweep:
            swept = sweep(program, **limit)
            self.judge_all(swept.failures, swept.render())

    def run_the_last_failure(self, program: IO[Any, Any]) -> None:
        """Replay the schedule that this test failed with, if it still exists."""
        __tracebackhide__ = True
        token = self.remembered()
        if token is None:
            return
        try:
            run = replay(program, token)
        except (TokenMismatch, ValueError):
            return
        if isinstance(run.outcome, Failure):
            self.judge_run(run)

    def judge_all(self, findings: Sequence[Finding], picture: str) -> None:
        """Fail with the picture of the first finding, and say how to have it again."""
        __tracebackhide__ = True
        for finding in findings:
            if isinstance(finding.outcome, Failure):
                let_pass(finding.outcome)
            self.tell(finding.token)
            pytest.fail(picture, pytrace=False)

    def tell(self, token: str, picture: str = "") -> None:
        """Show a failing run, and how to have it again."""
        command = f'run it again: pytest "{self.item.nodeid}" --effio-replay={token}'
        self.show("effio run", f"{picture}\n\n{command}".lstrip())

    def show(self, title: str, text: str) -> None:
        """Add to the report of the test, in place of what an earlier example of the same test had to show."""
        self.item.stash.setdefault(SECTIONS, {})[title] = text

    # -- Between sessions ----

    @property
    def cache(self) -> pytest.Cache | None:
        """Where pytest keeps things between its sessions, unless that is turned off."""
        cache: pytest.Cache | None = getattr(self.item.config, "cache", None)
        return cache

    @property
    def key(self) -> str:
        """A file of its own for each test, since several processes may write."""
        return CACHE + sha256(self.item.nodeid.encode()).hexdigest()[:16]

    def remembered(self) -> str | None:
        """The token that the test failed with the last time."""
        if self.cache is None:
            return None
        return cast("str | None", self.cache.get(self.key, None))  # pyright: ignore[reportUnknownMemberType]  # untyped

    def remember(self, token: str | None) -> None:
        """Keep the token of a failure for the next time, or forget it."""
        if self.cache is not None and self.remembered() != token:
            self.cache.set(self.key, token)


def let_pass(exit: Failure[Any]) -> None:
    """Raise what means no failure to pytest: the test wants to be skipped."""
    for leaf in exit.failure().leaves():
        if isinstance(leaf, Die) and isinstance(leaf.exception, pytest.skip.Exception):
            raise leaf.exception


def using(
    waiting: Mapping[str, Resource[Any, Any]], acquired: Mapping[str, Any], body: Callable[[Any], IO[Any, Any]]
) -> IO[Any, Any]:
    """Acquire one resource after the other, then run what `body` makes of all."""
    if not waiting:
        return body(acquired)
    (name, resource), *others = waiting.items()
    return resource.use(lambda value: using(dict(others), {**acquired, name: value}, body))

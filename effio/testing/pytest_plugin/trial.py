"""One test that is a program: run as its mode says, and told about when it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, final

import attrs
import pytest
from returns.result import Failure

from effio.algebra.create import suspend
from effio.algebra.io import IO
from effio.data.exit import Exit
from effio.interpreter.clock import VirtualClock
from effio.interpreter.runtime import Runtime, value_of
from effio.resource.resource import Resource
from effio.testing.exploration.explore import explore
from effio.testing.exploration.simulation import Simulation, replay, simulate
from effio.testing.exploration.sweep import cancel_sweep, fault_sweep
from effio.testing.exploration.token import TokenMismatch
from effio.testing.pytest_plugin.host import Host
from effio.testing.pytest_plugin.mode import Mode

CACHE: Final = "effio/failures"


@final
@attrs.frozen
class Trial:
    """A test that returned a program. `test` makes it anew, with `kwargs`, for each of many runs."""

    item: pytest.Function
    mode: Mode
    host: Host | None
    test: Callable[..., IO[Any, Any]]
    kwargs: Mapping[str, Any]

    def run(self, first: IO[Any, Any]) -> None:
        """Run the program; raises what it fails with."""
        __tracebackhide__ = True
        if not self.mode.simulated:
            self.judge(self.run_once(self.limited(first)))
            return
        program = suspend(partial(self.limited, None))
        token: str | None = self.item.config.getoption("effio_replay")
        if token is not None:
            self.judge_run(replay(program, token))
        elif self.mode.explore or self.mode.cancel_sweep or self.mode.fault_sweep:
            self.run_often(program)
        else:
            self.judge_run(simulate(program, seed=self.mode.seed))

    def limited(self, made: IO[Any, Any] | None) -> IO[Any, Any]:
        """The program of the test, inside of the resources that it is given, as long as it may take."""
        waiting = {name: value for name, value in self.kwargs.items() if isinstance(value, Resource)}
        if waiting:
            program = using(waiting, {}, self.with_resources)
        else:
            program = self.test(**self.kwargs) if made is None else made
        return program if self.mode.timeout is None else program.fail_after(self.mode.timeout)

    def with_resources(self, acquired: Mapping[str, Any]) -> IO[Any, Any]:
        return self.test(**{**self.kwargs, **acquired})

    # -- One run ----

    def run_once(self, program: IO[Any, Any]) -> Exit[Any, Any]:
        clock = VirtualClock() if self.mode.clock == "virtual" else None
        if self.host is not None:
            return self.host.run_exit(program, clock)
        with Runtime(backend="trio", clock=clock) as runtime:
            return runtime.run_exit(program)

    def judge(self, exit: Exit[Any, Any]) -> None:
        """Raise what the exit tells of, the whole error tree beside it."""
        __tracebackhide__ = True
        if isinstance(exit, Failure):
            self.item.add_report_section("call", "effio error tree", exit.failure().render())
        value_of(exit)

    def judge_run(self, run: Simulation) -> None:
        """The same for a simulated run, which can be had again."""
        __tracebackhide__ = True
        if run.outcome is None:
            pytest.fail(f"{self.item.name} went on for too long\n{run.render()}")
        if isinstance(run.outcome, Failure):
            self.tell(run.token, run.render())
        self.judge(run.outcome)

    # -- Many runs ----

    def run_often(self, program: IO[Any, Any]) -> None:
        """Look at every schedule; the one that failed last time comes first."""
        __tracebackhide__ = True
        self.run_the_last_failure(program)
        limit = {} if self.mode.max_schedules is None else {"max_schedules": self.mode.max_schedules}
        if self.mode.explore:
            found = explore(program, **limit)
            if found.failures:
                self.tell(found.failures[0].token, found.failures[0].render())
            found.assert_ok()
        if self.mode.cancel_sweep:
            cancel_sweep(program, **limit).assert_ok()
        if self.mode.fault_sweep:
            fault_sweep(program, **limit).assert_ok()

    def run_the_last_failure(self, program: IO[Any, Any]) -> None:
        """Replay the schedule that this test failed with, if it still exists."""
        __tracebackhide__ = True
        token = self.failures().get(self.item.nodeid)
        if token is None or not self.mode.explore:
            return
        try:
            run = replay(program, token)
        except (TokenMismatch, ValueError):
            return
        if isinstance(run.outcome, Failure):
            self.judge_run(run)
        self.remember(None)

    def tell(self, token: str, picture: str) -> None:
        """Show a failing run, and how to have it again."""
        self.remember(token)
        command = f'pytest "{self.item.nodeid}" --effio-replay={token}'
        self.item.add_report_section("call", "effio run", f"{picture}\n\nrun it again: {command}")

    @property
    def cache(self) -> pytest.Cache | None:
        """Where pytest keeps things between its runs, unless that is turned off."""
        return getattr(self.item.config, "cache", None)

    def failures(self) -> dict[str, str]:
        return {} if self.cache is None else dict(self.cache.get(CACHE, {}))

    def remember(self, token: str | None) -> None:
        """Keep the token of a failure for the next time, or forget it."""
        if self.cache is None:
            return
        known = self.failures()
        if token is None:
            known.pop(self.item.nodeid, None)
        else:
            known[self.item.nodeid] = token
        self.cache.set(CACHE, known)


def using(
    waiting: Mapping[str, Resource[Any, Any]], acquired: Mapping[str, Any], body: Callable[[Any], IO[Any, Any]]
) -> IO[Any, Any]:
    """Acquire one resource after the other, then run what `body` makes of all."""
    if not waiting:
        return body(acquired)
    (name, resource), *others = waiting.items()
    return resource.use(lambda value: using(dict(others), {**acquired, name: value}, body))

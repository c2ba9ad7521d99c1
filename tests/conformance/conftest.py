"""The backends that the conformance cases run on, and what a failure on a busy machine counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.conformance.support import BACKENDS, HOSTS, SIMULATED, TICK, TRIO_HOSTS, VIRTUAL, Backend

TRIES = 10
"""So often a case is run on a machine that is too busy for it."""


@pytest.fixture(params=BACKENDS, ids=lambda backend: str(backend.name))
def backend(request: pytest.FixtureRequest) -> Backend:
    """Every way to run a program, in virtual time and in real time."""
    chosen: Backend = request.param
    return chosen


@pytest.fixture(params=(VIRTUAL, *HOSTS, *TRIO_HOSTS), ids=lambda backend: str(backend.name))
def foreign(request: pytest.FixtureRequest) -> Backend:
    """Every way to run a program that awaits foreign coroutines."""
    chosen: Backend = request.param
    return chosen


@pytest.fixture(params=(VIRTUAL, *HOSTS), ids=lambda backend: str(backend.name))
def on_asyncio(request: pytest.FixtureRequest) -> Backend:
    """Every way to run a program that awaits coroutines of asyncio."""
    chosen: Backend = request.param
    return chosen


@pytest.fixture(params=(VIRTUAL, SIMULATED), ids=lambda backend: str(backend.name))
def exact(request: pytest.FixtureRequest) -> Backend:
    """The ways to run a program in virtual time."""
    chosen: Backend = request.param
    return chosen


# -- Real time -----------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Run a case again that fails while the machine is late, or was: what takes real time may have come too late."""
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    run = partial(pyfuncitem.obj, **arguments)
    for tries_left in reversed(range(TRIES)):
        try:
            run()
        except Exception:
            if tries_left == 0 or not (is_late() or passes_again(run)):
                raise
        else:
            break
    return True


def passes_again(run: Callable[[], object]) -> bool:
    """Whether a case that has failed passes three times in a row."""
    try:
        for _ in range(3):
            run()
    except Exception:
        return False
    return True


def is_late() -> bool:
    """Whether a short sleep takes much longer than it should."""
    for _ in range(20):
        began = time.monotonic()
        time.sleep(TICK / 4)
        if time.monotonic() - began > TICK:
            return True
    return False

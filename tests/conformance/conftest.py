"""The backends that the conformance cases run on."""

from __future__ import annotations

import pytest

from tests.conformance.support import BACKENDS, HOSTS, SIMULATED, TRIO_HOSTS, VIRTUAL, Backend


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

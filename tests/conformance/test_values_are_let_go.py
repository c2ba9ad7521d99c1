"""What comes from outside the run is kept by nobody but who uses it, although no garbage is collected."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from effio import IO, Portal, Resource, VirtualClock, attempt, delay, run, sleep, to_thread
from tests.conformance.support import ASYNCIO, TRIO, Backend, rest, value_of


class Big(Exception):
    """A value, or an error, that is not to be kept."""


def refuse() -> None:
    raise Big


SOURCES: dict[str, Callable[[], IO[Any, Any]]] = {
    "thread": lambda: to_thread(Big),
    "error of a thread": lambda: to_thread(refuse).flip(),
    "program of a thread": lambda: to_thread(lambda: Portal.current().run(delay(Big))),
    "failing program of a thread": lambda: to_thread(lambda: Portal.current().run(attempt(refuse))).flip(),
}


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    """Whatever is in a cycle stays."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("backend", [ASYNCIO, TRIO], ids=lambda backend: str(backend.name))
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_value_from_outside_is_let_go(backend: Backend, source: Callable[[], IO[Any, Any]]) -> None:
    """One step after the program has had it, it is gone."""
    program = source().map(weakref.ref).zip(rest(1)).map(lambda given: given[0]() is None)

    assert value_of(backend.run(program))


def test_failing_use_of_two_resources_is_let_go() -> None:
    """What a use failed with is gone after the run, although fibers that released were told of it."""
    held = Resource.make(sleep(1), lambda value: sleep(1))
    failing = held.par_zip(held).use(lambda values: attempt(refuse)).flip().map(weakref.ref)

    assert run(failing, clock=VirtualClock())() is None

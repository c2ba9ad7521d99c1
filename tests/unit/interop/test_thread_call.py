"""How a call is built and shown."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from effio import CapacityLimiter, Portal, dump_fibers, never, run, run_exit, sleep, to_process, to_thread
from effio.interpreter.backends.simulated import simulate


async def coroutine() -> None:
    """Nothing."""


@pytest.mark.parametrize("word", [to_thread, to_process])
def test_coroutine_function_is_refused_when_the_call_is_built(word: object) -> None:
    """A thread would make a coroutine that nobody awaits; the note says what to use."""
    assert callable(word)
    with pytest.raises(TypeError, match="needs a plain function, not the coroutine function 'coroutine'") as raised:
        word(coroutine)

    assert "from_async" in raised.value.__notes__[0]


def test_portal_into_what_is_no_group_is_refused() -> None:
    """The value is named, and the way that needs no group."""
    wrong: Any = 3
    with pytest.raises(TypeError, match=r"^Portal needs a task group, not 3\n") as raised:
        Portal(wrong)
    assert "Portal.open()" in raised.value.__notes__[0]


@pytest.mark.parametrize("word", [to_thread, to_process])
def test_what_is_no_function_is_refused_when_the_call_is_built(word: object) -> None:
    """The mistake of calling the function oneself is found at once."""
    assert callable(word)
    with pytest.raises(TypeError, match="needs a function"):
        word(7)


@pytest.mark.parametrize("word", [to_thread, to_process])
@pytest.mark.parametrize("limiter", [4, CapacityLimiter.make(4)], ids=["number", "program"])
def test_what_is_no_limiter_is_refused_when_the_call_is_built(word: object, limiter: object) -> None:
    """A number of threads is none, and neither is a program that makes one; the note says how to."""
    assert callable(word)
    with pytest.raises(TypeError, match="needs a CapacityLimiter as its limiter") as raised:
        word(int, limiter=limiter)

    assert "CapacityLimiter.make" in raised.value.__notes__[0]


def test_call_shows_its_function_and_arguments() -> None:
    """The tree of a program and the dump of a run name them."""
    call = to_thread(time.sleep, 0.05)
    dump = run(call.race(sleep(0.01).then(dump_fibers)))

    assert "to_thread(sleep, 0.05)" in str(call)
    assert "thread call to_thread(sleep, 0.05)" in str(dump)


def test_simulated_run_refuses_threads() -> None:
    """What a thread does cannot be repeated; the note says how to run the program."""
    (defect,) = simulate(to_thread(int)).failure().defects()

    assert "to_thread(int)" in str(defect)
    assert "VirtualClock" in defect.__notes__[0]


def test_threads_end_when_the_run_fails() -> None:
    """Whatever the run ends with, no thread of its pool is left."""
    before = threading.active_count()
    run_exit(to_thread(int).then(to_thread(int, "x")))
    run_exit(to_thread(int).then(never).fail_after(0.01))

    assert threading.active_count() == before

"""The exceptions of effio."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest

from effio.data.errors import (
    Deadlock,
    Failed,
    ForeignCancelled,
    NotStarted,
    ProgramCancelled,
    ProgramDropped,
    ScopeClosed,
    TimedOut,
)
from effio.data.origin import Origin

EVERY = [
    TimedOut(0.1),
    TimedOut(2, "fetch"),
    ScopeClosed("refresh", "server", Origin("/shop/app.py", 41, "serve")),
    ForeignCancelled("read"),
    NotStarted("server"),
    Failed({"code": 404}),
    ProgramCancelled("closing", "signal", "main"),
    Deadlock(("a waits for b", "b waits for a")),
    ProgramDropped("sleep(1)", "app.py", 7),
]


@pytest.mark.parametrize("error", EVERY, ids=repr)
@pytest.mark.parametrize("duplicate", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_copies_keep_fields_text_and_notes(error: Exception, duplicate: object) -> None:
    """An exception that is copied or pickled loses and doubles nothing."""
    error.add_note("seen")
    assert callable(duplicate)
    made = duplicate(error)
    assert type(made) is type(error)
    assert vars(made) == vars(error)
    assert str(made) == str(error)


def test_timed_out_is_compared_by_its_fields() -> None:
    """Two timeouts of the same length in the same scope are equal, others are not."""
    assert TimedOut(0.1) == TimedOut(0.1)
    assert hash(TimedOut(0.1)) == hash(TimedOut(0.1))
    assert TimedOut(0.1) != TimedOut(0.1, "fetch")
    assert TimedOut(0.1) != TimeoutError()


def test_timed_out_shows_its_seconds() -> None:
    """Text and repr say how long the program had."""
    assert str(TimedOut(0.1)) == "timed out after 0.1 s"
    assert repr(TimedOut(0.1)) == "TimedOut(0.1 s)"
    assert str(TimedOut(2, "fetch")) == "timed out after 2 s in 'fetch'"


def test_timed_out_is_caught_as_a_timeout_of_the_standard_library() -> None:
    """Whoever handles `TimeoutError` handles it too, and it carries no errno."""
    with pytest.raises(asyncio.TimeoutError) as caught:
        raise TimedOut(3)
    assert caught.value.errno is None


def test_messages_are_one_lower_case_sentence_with_the_names() -> None:
    """Each message says what could not be done, and the way out is a note."""
    closed = ScopeClosed("refresh", "server", Origin("/shop/app.py", 41, "<module>"))
    assert str(closed) == "cannot fork 'refresh' into task group 'server', which ended at shop/app.py:41"
    assert closed.__notes__ == ["fork inside the group's body"]
    assert str(NotStarted("db")) == "service 'db' ended without reporting that it had started"
    assert "'read' raised CancelledError" in str(ForeignCancelled("read"))
    assert str(Failed("not found")) == "failed with 'not found'"


def test_deadlock_lists_who_waits() -> None:
    """The text says deadlock, the notes say who waits, and many waiters are cut short."""
    deadlock = Deadlock(tuple(f"fiber {index} waits" for index in range(50)))
    assert "deadlock: 50 fibers wait" in str(deadlock)
    assert deadlock.__notes__[0] == "fiber 0 waits"
    assert deadlock.__notes__[-1] == "… and 30 more"


def test_program_cancelled_says_who_and_why() -> None:
    """The source, the requester and the reason are in the text."""
    assert str(ProgramCancelled()) == "cancelled"
    assert str(ProgramCancelled("shutdown", "explicit", "admin")) == "cancelled by 'admin': shutdown"
    assert str(ProgramCancelled(source="sibling", by="orders")) == "cancelled, because 'orders' failed"

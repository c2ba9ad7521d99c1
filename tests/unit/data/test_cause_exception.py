"""Error trees as exceptions."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import attrs
import pytest

from effio.cause import (
    BaseProgramErrors,
    Both,
    Cancelled,
    Cause,
    ChildReport,
    Die,
    Fail,
    Location,
    ProgramErrors,
    Then,
)
from effio.data.errors import Failed, ProgramCancelled
from effio.data.identity import Path
from effio.data.origin import Origin

PLACE = Location(Path.of("main", "fetch"), Origin("/shop/app.py", 41, "fetch"))
CHILDREN = (ChildReport("fetch", "failed"), ChildReport("save", "succeeded", 0.5))


def test_single_leaf_is_its_own_exception() -> None:
    """A sequential failure is never a group, and keeps identity, cause and notes."""
    error = ValueError("no")
    error.__cause__ = KeyError("k")
    error.add_note("mine")
    assert Fail(error).to_exception() is error
    assert Die(error).to_exception() is error
    assert isinstance(error.__cause__, KeyError)
    assert error.__notes__ == ["mine"]


def test_error_that_is_no_exception_is_wrapped() -> None:
    """Whatever a program fails with can be raised, and read back."""
    raised = Fail("not found").to_exception()
    assert isinstance(raised, Failed)
    assert raised.error == "not found"
    assert Cause.from_exception(raised) == Fail("not found")


def test_wrapper_raised_by_a_user_stays_what_it_is() -> None:
    """An exception of effio that a program failed with is not unwrapped."""
    for error in (Failed("x"), ProgramCancelled("bye")):
        assert Cause.from_exception(Fail(error).to_exception()) == Fail(error)


def test_parallel_failure_is_a_group_also_if_it_is_one() -> None:
    """The shape depends on the program, not on how many parts failed."""
    raised = Both((Fail(ValueError("no")),), "par_zip", children=CHILDREN).to_exception()
    assert isinstance(raised, ExceptionGroup)
    assert isinstance(raised, ProgramErrors)
    assert str(raised) == "par_zip failed (1 sub-exception)"
    assert (raised.construct, raised.children) == ("par_zip", CHILDREN)


def test_group_with_a_base_exception_is_no_exception() -> None:
    """`except Exception` does not catch a group that holds a KeyboardInterrupt."""
    raised = Both((Fail(ValueError("no")), Die(KeyboardInterrupt())), "par_zip").to_exception()
    assert isinstance(raised, BaseProgramErrors)
    assert not isinstance(raised, Exception)
    matched, rest = raised.split(ValueError)
    assert isinstance(matched, ProgramErrors)
    assert isinstance(rest, BaseProgramErrors)


def test_nested_groups_become_nested_groups() -> None:
    """An inner construct is a group in the group of the outer one."""
    tree: Cause[Exception] = Both((Both((Fail(ValueError(1)), Fail(KeyError(2))), "race"),), "par_zip")
    raised = tree.to_exception()
    assert isinstance(raised, ProgramErrors)
    (inner,) = raised.exceptions
    assert isinstance(inner, ProgramErrors)
    assert inner.construct == "race"
    assert [type(leaf) for leaf in inner.exceptions] == [ValueError, KeyError]


def test_except_star_keeps_the_tags_of_the_rest() -> None:
    """What no handler took is raised as the same construct's failure."""
    tree: Cause[Exception] = Both((Fail(ValueError(1)), Fail(KeyError(2))), "par_zip", at=PLACE, children=CHILDREN)
    handled: list[Cause[object]] = []

    def handle_value_errors() -> None:
        try:
            raise tree.to_exception()
        except* ValueError as matched:
            handled.append(Cause.from_exception(matched))

    with pytest.raises(ProgramErrors) as caught:
        handle_value_errors()
    assert handled == [Both((Fail(ValueError(1)),), "par_zip")]
    back = Cause.from_exception(caught.value)
    assert back == Both((Fail(KeyError(2)),), "par_zip")
    assert isinstance(back, Both)
    assert (back.at, back.children) == (PLACE, CHILDREN)


def test_group_survives_pickle_and_copy() -> None:
    """Tags, notes and earlier failures cross a process boundary."""
    tree: Cause[Exception] = Then((Fail(OSError("first")), Both((Fail(ValueError(1)),), "race", children=CHILDREN)))
    raised = tree.to_exception()
    for made in (pickle.loads(pickle.dumps(raised)), copy.copy(raised)):
        assert isinstance(made, ProgramErrors)
        assert (made.construct, made.children) == ("race", CHILDREN)
        assert str(made) == str(raised)
        assert Cause.from_exception(made) == tree


def test_then_raises_the_last_with_the_earlier_ones_as_context() -> None:
    """A failing finalizer is raised, what it was cleaning up after is its context."""
    first, second, third = ValueError("first"), OSError("second"), KeyError("third")
    raised = Then((Fail(first), Die(second), Die(third))).to_exception()
    assert raised is third
    assert third.__context__ is second
    assert second.__context__ is first


def test_then_keeps_a_context_that_was_there() -> None:
    """Earlier failures go to the end of a chain, never in the place of a link."""
    first, own, last = ValueError("first"), KeyError("own"), OSError("last")
    last.__context__ = own
    Then((Fail(first), Fail(last))).to_exception()
    assert last.__context__ is own
    assert own.__context__ is first


def test_then_never_makes_a_ring_of_contexts() -> None:
    """Exceptions that know each other already, or are the same, are linked no further."""
    first, last = ValueError("first"), OSError("last")
    first.__context__ = last
    Then((Fail(first), Fail(last))).to_exception()
    assert last.__context__ is None
    Then((Fail(first), Fail(first))).to_exception()
    assert first.__context__ is last


def test_failure_hidden_by_raise_from_none_is_noted() -> None:
    """A context that a traceback would not show is told in a note."""
    last = OSError("last")
    last.__suppress_context__ = True
    Then((Fail(ValueError("first")), Fail(last))).to_exception()
    assert last.__notes__ == ["after ValueError: first"]


def test_group_that_a_user_raised_is_one_leaf() -> None:
    """A plain group, and a group of another run, come back as the leaf they were."""
    other = Both((Fail(ValueError(1)),), "race").to_exception()
    assert isinstance(other, ProgramErrors)
    for group in (ExceptionGroup("mine", [ValueError(1)]), other):
        tree: Cause[Exception] = Both((Fail(group),), "par_zip")
        back = Cause.from_exception(tree.to_exception())
        assert back.failures() == (group,)


def test_foreign_exceptions_are_leaves() -> None:
    """An Exception that was never in a tree is a Fail, anything else a Die."""
    for error in (ValueError(), ExceptionGroup("mine", [ValueError()])):
        assert Cause.from_exception(error) == Fail(error)
    stop = KeyboardInterrupt()
    assert Cause.from_exception(stop) == Die(stop)


def test_each_leaf_notes_its_place_once() -> None:
    """The note says path and source line, however often the exception is made."""
    cause = Both((Fail(ValueError("no"), PLACE),), "par_zip")
    cause.to_exception()
    raised = cause.to_exception()
    assert isinstance(raised, ProgramErrors)
    assert raised.exceptions[0].__notes__ == ["in main > fetch · shop/app.py:41 in fetch"]


def test_exception_that_is_raised_for_ever_notes_its_last_places() -> None:
    """One that fails a thousand requests, each of its own name, keeps what others noted and does not grow."""
    error = ValueError("no")
    error.add_note("mine")
    for number in range(1000):
        Fail(error, Location(Path.of("main", f"request {number}"))).to_exception()
    assert error.__notes__ == ["mine", *(f"in main > request {number}" for number in range(984, 1000))]


def test_exception_that_forbids_assignment_is_noted_too() -> None:
    """A frozen exception class does not hide its own failure."""

    @attrs.frozen(slots=True)
    class NoSeat(Exception):
        row: int

    raised = Then((Fail(ValueError()), Fail(NoSeat(3), PLACE))).to_exception()
    assert raised.__notes__ == [f"in {PLACE}"]


def test_only_cancelled_becomes_program_cancelled() -> None:
    """A program that was cancelled and nothing else raises who cancelled it."""
    raised = Cancelled("admin", "shutdown", source="explicit").to_exception()
    assert isinstance(raised, ProgramCancelled)
    assert (raised.by, raised.reason, raised.source) == ("admin", "shutdown", "explicit")


def test_cancellation_among_failures_is_a_note() -> None:
    """Failures win over cancellations, which stay visible."""
    tree: Cause[ValueError] = Both((Cancelled(source="host"), Fail(ValueError("no"))), "par_zip")
    raised = tree.to_exception()
    assert isinstance(raised, ProgramErrors)
    assert [type(error) for error in raised.exceptions] == [ValueError]
    assert raised.__notes__ == ["also cancelled by the host application"]


def test_exception_keeps_nothing_alive_in_a_ring() -> None:
    """Dropping the exception destroys it at once, without the garbage collector."""

    class Observed(Exception): ...

    gc.disable()
    try:
        cause: Cause[Observed] | None = Both((Then((Fail(Observed("a")), Fail(Observed("b"), PLACE))),), "race")
        assert cause is not None
        watched = [weakref.ref(error) for error in cause.failures()]
        cause.to_exception()
        cause = None
        assert [ref() for ref in watched] == [None, None]
    finally:
        gc.enable()


def test_exceptions_of_another_run_are_read_as_what_they_are() -> None:
    """A value that was no exception becomes that value again, a cancelled program a cancellation."""
    assert Cause.from_exception(Failed("no")) == Fail("no")
    assert Cause.from_exception(ProgramCancelled("shutdown", "host", "main")) == Cancelled(
        "main", "shutdown", source="host"
    )


def test_repr_of_a_group_is_one_line() -> None:
    """However much is inside, the number is told and not the exceptions."""
    error = Both((Fail(ValueError("long" * 1000)), Fail(KeyError("key"))), "par_zip").to_exception()
    assert repr(error) == "ProgramErrors('par_zip failed', 2 inside)"

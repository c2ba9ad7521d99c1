"""What the error tree holds and how it is asked."""

from __future__ import annotations

from typing import Any

import pytest

from effio.cause import Both, Cancelled, Cause, Die, Fail, Location, Then, both, then
from effio.data.errors import TimedOut
from effio.data.identity import Path


def test_node_without_parts_cannot_be_made() -> None:
    """Then needs two parts and Both one; the message says how many there were."""
    with pytest.raises(ValueError, match="a Then holds 2 or more causes, not 1"):
        Then((Fail(1),))
    with pytest.raises(ValueError, match="a Both holds 1 or more causes, not 0"):
        Both(())


def test_node_holds_causes_only() -> None:
    """A part that is no cause is a type error naming it."""
    wrong: Any = ValueError("x")
    with pytest.raises(TypeError, match="a Both holds causes, not ValueError"):
        Both((wrong,))


def test_then_inside_then_dissolves() -> None:
    """One after another has no nesting."""
    assert Then((Fail(1), Then((Fail(2), Fail(3))))) == Then((Fail(1), Fail(2), Fail(3)))


def test_smart_constructors_leave_out_nothing_at_all() -> None:
    """None stands for no failure: one alone is itself after `then` and stays a group after `both`."""
    assert then(None, Fail(1), None) == Fail(1)
    assert then(None, None) is None
    assert both(Fail(1), None, construct="race") == Both((Fail(1),), "race")
    assert both(None) is None


def test_nested_groups_stay_nested() -> None:
    """The shape of the tree is the shape of the program."""
    inner = Both((Fail(1),), "inner")
    assert Both((inner,), "outer").causes == (inner,)
    assert Both((inner,), "outer") != inner
    assert Both((inner,), "outer").equivalent(Fail(1))


def test_equality_ignores_where_something_happened() -> None:
    """Place, cancelled region and children do not count; construct, source and error do."""
    at = Location(Path.of("main"))
    assert Fail(1, at) == Fail(1)
    assert Cancelled(scope=1, at=at) == Cancelled(scope=2)
    assert Both((Fail(1),), at=at) == Both((Fail(1),))
    assert Both((Fail(1),), "race") != Both((Fail(1),), "par_zip")
    assert Cancelled(source="race") != Cancelled(source="host")
    assert Fail(ValueError()) != Die(ValueError())


def test_errors_are_compared_by_type_and_fields() -> None:
    """Exceptions of the same type with the same arguments are equal, unless their class says otherwise."""
    assert Fail(ValueError("a")) == Fail(ValueError("a"))
    assert Fail(ValueError("a")) != Fail(ValueError("b"))
    assert Fail(ValueError("a")) != Fail(KeyError("a"))
    assert Fail(TimedOut(1)) == Fail(TimedOut(1.0))
    assert hash(Fail(TimedOut(1))) == hash(Fail(TimedOut(1.0)))
    assert Fail([1]) == Fail([1])
    assert hash(Fail([1])) == hash(Fail([1]))
    assert Fail(ExceptionGroup("g", [ValueError(1)])) == Fail(ExceptionGroup("g", [ValueError(1)]))
    assert Fail(ExceptionGroup("g", [ValueError(1)])) != Fail(ExceptionGroup("g", [ValueError(2)]))


def test_match_takes_a_cause_apart() -> None:
    """Every kind of node works as a pattern."""
    match Both((Then((Fail(1), Die(ValueError()))), Cancelled("main")), "race"):
        case Both((Then((Fail(error), Die(exception))), Cancelled(by)), construct):
            assert (error, type(exception), by, construct) == (1, ValueError, "main", "race")
        case _:
            pytest.fail("the pattern did not match")


def test_cause_cannot_be_changed() -> None:
    """Assigning to a field raises."""
    cause: Any = Fail(1)
    with pytest.raises(AttributeError):
        cause.error = 2


def test_cancelled_leaves_of_an_outer_scope_vanish_from_a_mixed_tree() -> None:
    """Only the real failure is left, under the groups and constructs that it was in."""
    mine = Cancelled(source="sibling", scope=7)
    tree: Cause[KeyError] = Both((Both((mine, Fail(KeyError("k")), mine), "inner"), mine), "outer")
    assert tree.without(lambda leaf: leaf.scope == 7) == Both((Both((Fail(KeyError("k")),), "inner"),), "outer")


def test_group_of_which_nothing_is_left_vanishes() -> None:
    """Dropping cancellations leaves no empty group and no Then of one part."""
    gone = Cancelled(source="sibling")
    tree: Cause[int] = Then((Both((gone, gone)), Fail(1)))
    assert tree.without(lambda leaf: True) == Fail(1)


def test_fatal_is_the_first_exception_that_ends_the_process() -> None:
    """KeyboardInterrupt and SystemExit are found among other failures."""
    stop = SystemExit(3)
    assert Both((Fail(ValueError()), Die(stop), Die(KeyboardInterrupt()))).fatal() is stop
    assert Both((Fail(ValueError()), Die(GeneratorExit()))).fatal() is None


def test_squashed_prefers_a_defect_to_a_typed_error() -> None:
    """A bug stays a bug, the typed errors are noted on it."""
    bug = ZeroDivisionError("division by zero")
    squashed = Both((Cancelled(), Fail(ValueError("first")), Die(bug))).squashed()
    assert squashed == Die(bug)
    assert squashed.to_exception().__notes__ == ["also cancelled", "also ValueError: first"]


def test_squashed_leaf_alone_is_itself() -> None:
    """A leaf without others gets no note."""
    leaf = Fail(1)
    assert leaf.squashed() is leaf


def test_repr_is_one_bounded_line() -> None:
    """A few nodes are shown in full, many are counted."""
    assert repr(Fail(TimedOut(0.1))) == "Fail(TimedOut(0.1 s))"
    assert repr(Cancelled("main", source="deadline")) == "Cancelled(deadline, by='main')"
    assert repr(Both((Then((Fail(1), Die(KeyError("k")))),), "race")) == "Both[race](Then(Fail(1), Die(KeyError('k'))))"
    assert repr(Both(tuple(map(Fail, range(100))))).endswith("Fail(5), … 94 more)")
    assert len(repr(Fail("x" * 10_000))) < 300

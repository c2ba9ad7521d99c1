"""The algebraic laws of the error tree, over generated trees."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio.cause import Both, Cancelled, Cause, Die, Fail, Then, both, then
from effio.data import tree
from effio.data.errors import members_of
from tests.unit.data.cause_strategies import cancellations, causes, failures, trees_of


def shape_of(cause: Cause[object]) -> str:
    """Describe a tree by the order and kind of its nodes."""
    return cause.fold(
        on_fail=lambda error: "fail",
        on_die=lambda exception: "die",
        on_cancelled=lambda cancelled: "cancelled",
        on_then=lambda parts: f"then({', '.join(parts)})",
        on_both=lambda parts: f"both({', '.join(parts)})",
    )


def raised_in(exception: BaseException) -> list[BaseException]:
    """List the exceptions in a group that are no groups."""
    return list(tree.leaves(exception, members_of))


@given(causes, causes, causes)
def test_then_and_both_are_associative_under_equivalence(
    first: Cause[object], second: Cause[object], third: Cause[object]
) -> None:
    """How failures were put together in pairs makes no difference."""
    for join in (then, both):
        left = join(join(first, second), third)
        right = join(first, join(second, third))
        assert left is not None
        assert right is not None
        assert left.equivalent(right)


@given(causes)
def test_nothing_is_the_unit_of_then_and_both(cause: Cause[object]) -> None:
    """Joining a cause with None leaves it equivalent to itself."""
    for joined in (then(cause, None), then(None, cause), both(cause, None), both(None, cause)):
        assert joined is not None
        assert joined.equivalent(cause)


@given(causes, causes)
def test_both_commutes_under_equivalence(first: Cause[object], second: Cause[object]) -> None:
    """The order of what was side by side makes no difference."""
    assert Both((first, second)).equivalent(Both((second, first)))


@given(causes, causes)
def test_then_commutes_only_for_equivalent_parts(first: Cause[object], second: Cause[object]) -> None:
    """The order of what came one after another counts."""
    one, other = Fail((1, first)), Fail((2, second))
    assert not Then((one, other)).equivalent(Then((other, one)))


@given(causes)
def test_map_identity_changes_nothing(cause: Cause[object]) -> None:
    """Mapping every error to itself gives an equal tree."""
    assert cause.map(lambda error: error) == cause


@given(causes)
def test_map_composes(cause: Cause[object]) -> None:
    """Mapping twice is mapping once with both functions."""
    assert cause.map(repr).map(len) == cause.map(lambda error: len(repr(error)))


@given(causes)
def test_copies_are_equal_with_equal_hash(cause: Cause[object]) -> None:
    """A tree that went through pickle or copy equals the original, also by hash."""
    copies = [pickle.loads(pickle.dumps(cause)), copy.copy(cause), copy.deepcopy(cause)]
    assert all(made == cause and hash(made) == hash(cause) for made in copies)
    assert all(made.equivalent(cause) for made in copies)


@given(causes, causes)
def test_equal_implies_same_hash(first: Cause[object], second: Cause[object]) -> None:
    """No two equal trees have different hashes, and equal trees are equivalent."""
    if first == second:
        assert hash(first) == hash(second)
        assert first.equivalent(second)


@given(causes)
def test_leaves_are_the_failures_defects_and_cancellations(cause: Cause[object]) -> None:
    """Every leaf is in exactly one of the three flat views."""
    flat = [len(cause.failures()), len(cause.defects()), len(cause.cancellations())]
    assert sum(flat) == len(list(cause.leaves()))
    assert [cause.first_fail() is not None, cause.has_defect, cause.has_cancelled] == [n > 0 for n in flat]
    assert cause.is_cancelled_only == (flat[:2] == [0, 0])


@given(causes)
def test_without_drops_the_chosen_cancellations_and_nothing_else(cause: Cause[object]) -> None:
    """All other leaves stay, in their order."""
    kept = cause.without(lambda cancelled: cancelled.source == "deadline")
    expected = [leaf for leaf in cause.leaves() if not (isinstance(leaf, Cancelled) and leaf.source == "deadline")]
    assert list(kept.leaves() if kept else ()) == expected


@given(causes)
def test_without_returns_the_same_object_if_nothing_is_dropped(cause: Cause[object]) -> None:
    """A tree without chosen leaves is not built anew."""
    assert cause.without(lambda cancelled: False) is cause


@given(trees_of(cancellations))
def test_without_all_of_a_cancelled_tree_is_nothing(cause: Cause[object]) -> None:
    """A tree of cancellations only vanishes as a whole."""
    assert cause.without(lambda cancelled: True) is None


@given(failures)
def test_tree_without_cancellations_comes_back_from_its_exception(cause: Cause[object]) -> None:
    """Leaves, order, shape and places survive the way to an exception and back."""
    back = Cause.from_exception(cause.to_exception())
    assert back == cause
    assert shape_of(back) == shape_of(cause)
    assert [leaf.at for leaf in back.leaves()] == [leaf.at for leaf in cause.leaves()]


@given(failures)
def test_tree_comes_back_from_a_pickled_exception(cause: Cause[object]) -> None:
    """An exception that crossed a process boundary still holds the whole tree."""
    assert Cause.from_exception(pickle.loads(pickle.dumps(cause.to_exception()))) == cause


@given(trees_of(cancellations))
def test_cancelled_tree_comes_back_from_its_exception(cause: Cause[object]) -> None:
    """A tree of cancellations only keeps its shape too."""
    assert Cause.from_exception(cause.to_exception()) == cause


@given(causes)
def test_mixed_tree_comes_back_without_its_cancellations(cause: Cause[object]) -> None:
    """Among real failures the cancellations are notes."""
    failed = cause.without(lambda cancelled: True)
    assert Cause.from_exception(cause.to_exception()) == (failed or cause)


@given(failures)
def test_making_the_exception_twice_adds_no_note(cause: Cause[object]) -> None:
    """Every exception notes its place once."""

    def notes() -> list[list[str]]:
        return [getattr(leaf, "__notes__", []) for leaf in [*cause.defects(), *cause.failures()]]

    cause.to_exception()
    once = copy.deepcopy(notes())
    cause.to_exception()
    assert notes() == once


@given(failures)
def test_except_star_hands_every_leaf_out_once(cause: Cause[object]) -> None:
    """Splitting a group by type loses and doubles nothing, and both halves keep their construct."""
    group = Both((cause,), "par_zip").to_exception()
    assert isinstance(group, BaseExceptionGroup)
    halves = [half for half in group.split(ValueError) if half is not None]
    assert sorted(id(leaf) for half in halves for leaf in raised_in(half)) == sorted(map(id, raised_in(group)))
    for half in halves:
        back = Cause.from_exception(half)
        assert isinstance(back, Both)
        assert back.construct == "par_zip"


@given(causes)
def test_squashed_keeps_one_leaf_and_notes_the_others(cause: Cause[object]) -> None:
    """The primary leaf carries a note for each of the others."""
    leaves = list(cause.leaves())
    squashed = cause.squashed()
    assert squashed in leaves
    assert isinstance(squashed, Die) or not cause.has_defect
    assert len(squashed.at.notes if squashed.at else ()) == len(leaves) - 1


@given(causes)
def test_drawing_and_repr_name_every_tree(cause: Cause[object]) -> None:
    """Any tree can be drawn, with a repr of one line."""
    assert cause.render()
    assert "\n" not in repr(cause)


DEPTH = 5_000


@pytest.fixture(scope="module", params=["both", "then"])
def deep(request: pytest.FixtureRequest) -> Cause[int]:
    """A tree that is 5 000 nodes deep, five times what Python lets functions call each other."""
    cause: Cause[int] = Fail(0)
    for index in range(DEPTH // 2):
        inner: Cause[int] = Both((cause, Fail(index)), "par")
        cause = Then((Fail(index), inner)) if request.param == "then" else Both((inner,), "par")
    return cause


@pytest.mark.slow
@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda cause: pickle.loads(pickle.dumps(cause)) == cause, id="pickle"),
        pytest.param(lambda cause: hash(cause) == hash(cause.map(lambda error: error)), id="hash"),
        pytest.param(lambda cause: cause.equivalent(cause.map(lambda error: error)), id="equivalent"),
        pytest.param(lambda cause: Cause.from_exception(cause.to_exception()) == cause, id="exception"),
        pytest.param(lambda cause: len(cause.render()) < 100_000, id="render"),
        pytest.param(lambda cause: len(repr(cause)) < 1_000, id="repr"),
        pytest.param(lambda cause: len(cause.failures()) > DEPTH // 2, id="failures"),
        pytest.param(lambda cause: cause.without(lambda _: True) is cause, id="without"),
        pytest.param(lambda cause: isinstance(cause.squashed(), Fail), id="squashed"),
        pytest.param(lambda cause: copy.deepcopy(cause) == cause, id="deepcopy"),
    ],
)
def test_deep_tree_is_safe(deep: Cause[int], use: object) -> None:
    """Nothing that visits a whole tree depends on the recursion limit, dropping it included."""
    assert callable(use)
    assert use(deep)


@given(st.integers(2, 30))
def test_equivalence_sees_through_a_chain_of_any_length(length: int) -> None:
    """A right-nested and a left-nested chain of failures are equivalent."""
    leaves = [Fail(index) for index in range(length)]
    left: Cause[int] = leaves[0]
    right: Cause[int] = leaves[-1]
    for leaf in leaves[1:]:
        left = Both((left, leaf))
    for leaf in leaves[-2::-1]:
        right = Both((leaf, right))
    assert left.equivalent(right)
    assert left.equivalent(Both(tuple(leaves)))

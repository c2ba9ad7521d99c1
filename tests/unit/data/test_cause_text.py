"""Error trees as people see them."""

from __future__ import annotations

from effio.cause import Both, Cancelled, Cause, ChildReport, Die, Fail, Location, Then
from effio.data.identity import Path
from effio.data.origin import Origin

PLACE = Location(Path.of("main", "par_zip[1]", "orders"), Origin("/shop/app.py", 41, "load_orders"))


def test_single_failure_is_flat() -> None:
    """One failure needs no tree."""
    shown = Fail(ValueError("no such user"), PLACE).render()
    assert shown == "ValueError: no such user\n  main > par_zip[1] > orders · shop/app.py:41 in load_orders"


def test_parallel_failure_shows_what_every_child_did() -> None:
    """Who succeeded, who failed and how, what failed while closing, who was cancelled because of it."""
    children = (
        ChildReport("profile", "succeeded", 0.1),
        ChildReport("orders", "failed"),
        ChildReport("basket", "cancelled"),
    )
    failed: Cause[Exception] = Then((Fail(ValueError("no such user"), PLACE), Die(OSError("disk full"))))
    assert str(Both((failed,), "par_zip", children=children)) == (
        "par_zip failed\n"
        "├─ ✓ profile  0.10 s\n"
        "├─ ✗ orders   ValueError: no such user\n"
        "│     main > par_zip[1] > orders · shop/app.py:41 in load_orders\n"
        "│     then, while closing: defect OSError: disk full\n"
        "└─ ○ basket   cancelled, because 'orders' failed"
    )


def test_nested_groups_are_drawn_in_each_other() -> None:
    """A group inside a group hangs below its own entry."""
    inner: Cause[Exception] = Both((Fail(ValueError("a")), Fail(KeyError("b"))), "race")
    assert Both((inner, Cancelled(source="deadline")), "par_zip").render() == (
        "par_zip failed\n├─ ✗ race failed\n│  ├─ ✗ ValueError: a\n│  └─ ✗ KeyError: 'b'\n└─ ○ cancelled by a deadline"
    )


def test_group_that_failed_while_closing_hangs_below_the_first_failure() -> None:
    """A parallel finalizer's failures are a tree of their own."""
    closing: Cause[Exception] = Both((Fail(OSError("disk")),), "par_zip")
    assert Then((Fail(ValueError("a")), closing)).render() == (
        "ValueError: a\n└─ ✗ then, while closing: par_zip failed\n   └─ ✗ OSError: disk"
    )


def test_one_failure_among_many_children_is_shown() -> None:
    """Children that succeeded one after another are one line; the failed one stays visible."""
    children = tuple(ChildReport(f"job{index}", "failed" if index == 7_000 else "succeeded") for index in range(10_000))
    lines = Both((Fail(ValueError("no")),), "par_traverse", children=children).render().splitlines()
    assert lines[1:] == [
        "├─ ✓ job0 and 6 999 more",
        "├─ ✗ job7000                 ValueError: no",
        "└─ ✓ job7001 and 2 998 more",
    ]


def test_failures_among_many_other_children_are_shown() -> None:
    """A wide group is folded; failed children stay visible before others, and the rest is counted."""
    children = [ChildReport(f"job{index}", "cancelled" if index % 2 else "succeeded") for index in range(200)]
    children[150] = ChildReport("job150", "failed")
    causes = (Fail(ValueError("no")), *(Cancelled() for child in children if child.outcome == "cancelled"))
    lines = Both(causes, "par_traverse", children=tuple(children)).render().splitlines()
    assert "├─ ✗ job150  ValueError: no" in lines
    assert lines[-1] == "└─ … and 150 more (51 ○, 99 ✓)"


def test_deep_tree_is_folded() -> None:
    """Beyond some depth the rest is counted."""
    cause: Cause[int] = Fail(1)
    for _ in range(1_000):
        cause = Both((cause,))
    assert cause.render().splitlines()[-1].strip() == "└─ … and 980 more inside"


def test_huge_tree_is_cut() -> None:
    """The drawing is bounded whatever the shape of the tree."""
    cause: Cause[int] = Fail(1)
    for _ in range(3):
        cause = Both((cause,) * 20)
    lines = cause.render().splitlines()
    assert len(lines) < 1_100
    assert lines[-1].startswith("… and ")


def test_failures_without_children_are_named_by_their_path() -> None:
    """A part that no report belongs to shows the last name of its own path."""
    parts = (Fail(ValueError("a"), Location(Path.of("main", "fetch"))), Fail(ValueError("b")))
    assert "├─ ✗ fetch  ValueError: a" in Both(parts).render()


def test_lines_that_belong_to_an_exception_are_under_it() -> None:
    """More lines of a message, the members of a group, its cause and its notes are shown, places once."""
    error = ExceptionGroup("two\nlines", [ValueError("inside")])
    error.__cause__ = KeyError("why")
    error.add_note("look here")
    cause = Fail(error, PLACE)
    cause.to_exception()
    assert cause.render().splitlines()[1:] == [
        f"  {PLACE}",
        "  lines (1 sub-exception)",
        "  holds ValueError: inside",
        "  caused by KeyError: 'why'",
        "  look here",
    ]


def test_error_that_cannot_be_shown_is_named() -> None:
    """A failing `__str__` or `__repr__` hides nothing else."""

    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

        __repr__ = __str__

    assert Fail(Silent()).render() == (f"{Silent.__qualname__}: (its message cannot be shown)")
    assert "whose repr raises" in repr(Fail(Silent()))


def test_only_some_reasons_of_an_error_are_under_it() -> None:
    """Of a long chain of causes the nearest few are told."""
    error = innermost = ValueError("0")
    for number in range(1, 9):
        innermost.__cause__ = innermost = ValueError(str(number))
    told = [line.strip() for line in Fail(error).render().splitlines() if "caused by" in line]
    assert told == [f"caused by ValueError: {number}" for number in range(1, 6)]

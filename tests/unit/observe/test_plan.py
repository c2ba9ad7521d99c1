"""What a plan answers about the steps of a program."""

from __future__ import annotations

from typing import Any

import pytest

from effio import (
    IO,
    TaskGroup,
    bracket,
    delay,
    explain,
    fail,
    first_completed,
    if_,
    par_collect,
    par_map,
    par_settle,
    par_traverse,
    par_validate,
    par_zip,
    pure,
    race,
    sleep,
    task_group,
    traverse,
    unit,
)
from effio.demos.page import page


def named(name: str) -> IO[None]:
    return sleep(1).named(name)


def combine(left: object, right: object) -> object:
    return left, right


def close(value: object) -> IO[Any]:
    return pure(value)


def work(value: object) -> IO[Any]:
    return pure(value)


A, B, C, D = map(named, "abcd")

WIDTHS: list[tuple[IO[Any, Any], int]] = [
    (unit, 1),
    (A.then(B).then(C), 1),
    (par_zip(A, B, C), 3),
    (par_zip(A, par_zip(B, C)).then(D), 3),
    (par_zip(A, B).then(par_zip(C, D)), 2),
    (par_collect([A, B, C, D], limit=2), 2),
    (par_collect([par_zip(A, B), C, D], limit=2), 3),
    (par_collect([]), 1),
    (race(A, B), 2),
    (par_traverse(range(9), work), 9),
    (par_traverse(range(9), work, limit=4), 4),
    (traverse(range(9), work), 1),
    (if_(True, par_zip(A, B), C), 2),
    (par_zip(A, B).catch_all(work).ensuring(C), 2),
    (par_map(combine, A, B), 2),
]


@pytest.mark.parametrize(("program", "width"), WIDTHS, ids=[repr(program)[4:-1] for program, _ in WIDTHS])
def test_parallel_width_is_what_can_run_at_once(program: IO[Any, Any], width: int) -> None:
    """Branches add up within their limit, what comes one after another or instead of another does not."""
    assert explain(program).parallel_width() == width


def test_forks_run_beside_the_rest_of_the_body() -> None:
    """Followed into its body, a group has the forks and what comes after them at once."""
    plan = explain(task_group(lambda group: group.fork(A).then(group.fork(B)).then(C)), follow=True)
    assert plan.parallel_width() == 3
    assert plan.parallel_with("c") == {"a", "b"}
    assert plan.parallel_with("a") == {"b", "c"}
    assert plan.depends_on("c") == set()


def test_forks_go_on_until_their_group_ends() -> None:
    """What was forked anywhere in a group runs beside all that comes later in it, and has ended after it."""

    def body(group: TaskGroup) -> IO[Any]:
        return group.fork(A).named("start").then(B).then(unit.ensuring(C))

    plan = explain(task_group(body).then(D), follow=True)
    assert plan.depends_on("b") == {"start"}
    assert plan.parallel_with("b") == {"a"}
    assert plan.parallel_with("a") == {"b", "c"}
    assert plan.depends_on("d") >= {"a", "b", "c", "start"}
    assert plan.parallel_with("d") == set()
    assert plan.parallel_width() == 2


DEPENDENCIES: list[tuple[IO[Any, Any], str, set[str]]] = [
    (A.then(B), "b", {"a"}),
    (A.then(B), "a", set()),
    (A.then(B).then(C), "c", {"a", "b"}),
    (par_zip(A, B).then(C), "c", {"a", "b"}),
    (par_zip(A.then(C), B), "b", set()),
    (par_zip(A.then(C), B), "c", {"a"}),
    (A.then(par_zip(B, C.then(D))), "d", {"a", "c"}),
    (A.flat_map(work).then(B), "b", {"a", "work"}),
    (A.catch_all(work), "work", {"a"}),
    (A.ensuring(B), "b", {"a"}),
    (bracket(A, work, close), "close", {"a", "work"}),
    (if_(A.as_value(True), B, C), "c", {"a"}),
    (par_map(combine, A, B), "combine", {"a", "b"}),
    (A.timeout_to(1, B), "b", {"a"}),
    (A.then(B.named("outer")), "b", {"a"}),
    (A.then(B.named("outer")).then(C), "c", {"a", "b", "outer"}),
    (delay(print).named("a").then(B), "b", {"a"}),
]


@pytest.mark.parametrize(
    ("program", "name", "before"), DEPENDENCIES, ids=[f"{name} in {program!r}" for program, name, _ in DEPENDENCIES]
)
def test_a_step_depends_on_what_ends_before_it_begins(program: IO[Any, Any], name: str, before: set[str]) -> None:
    """All that must have ended is listed by name, whatever stands around it."""
    assert explain(program).depends_on(name) == before


@pytest.mark.parametrize(
    ("program", "name", "beside"),
    [
        (par_zip(A, B), "a", {"b"}),
        (par_zip(A.then(C), B), "c", {"b"}),
        (par_zip(par_zip(A, B), C), "a", {"b", "c"}),
        (race(A, B), "b", {"a"}),
        (par_collect([A, B], limit=1), "a", set()),
        (A.then(B), "a", set()),
        (if_(True, A, B), "a", set()),
    ],
)
def test_a_step_runs_in_parallel_with_other_branches(program: IO[Any, Any], name: str, beside: set[str]) -> None:
    """What can run at the same time is listed, not what runs before, after or instead."""
    assert explain(program).parallel_with(name) == beside


ERRORS: list[tuple[IO[Any, Any], str]] = [
    (A, "the program fails with it"),
    (A.catch_all(work), "catch_all handles it, with work"),
    (unit.catch_all(lambda _: unit).then(A), "the program fails with it"),
    (unit.or_else(A), "the program fails with it"),
    (par_zip(A, B), "par_zip cancels what runs beside it: b\nthe program fails with it"),
    (par_zip(A, B).exit(), "par_zip cancels what runs beside it: b\nexit handles it"),
    (par_settle([A, B]), "par_settle handles it"),
    (par_validate([A, B]), "par_validate waits for what runs beside it: b\nthe program fails with it"),
    (race(A, B), "race fails only if all fail: b too\nthe program fails with it"),
    (first_completed(A, B), "first_completed cancels what runs beside it: b\nthe program fails with it"),
    (A.map_error(str), "map_error changes it, with str\nthe program fails with it"),
    (A.catch_some(lambda _: None), "catch_some may handle it\nthe program fails with it"),
    (A.ensuring(B).or_else_succeed(1), "ensuring runs its finalizer first: b\nor_else_succeed(1) handles it"),
    (unit.ensuring(A), "the program fails with it"),
]


@pytest.mark.parametrize(("program", "route"), ERRORS, ids=[repr(program)[4:-1] for program, _ in ERRORS])
def test_an_error_goes_outwards_until_it_is_handled(program: IO[Any, Any], route: str) -> None:
    """Each step that an error means something to is on its route, up to the one that handles it."""
    assert str(explain(program).error_goes_to("a")) == route


def test_the_handler_of_an_error_is_known() -> None:
    """The route of an error ends with its handler, if there is one."""
    handled = explain(A.or_else(B)).error_goes_to("a").handler
    assert handled is not None
    assert handled.word == "or_else"
    assert explain(A).error_goes_to("a").handler is None


def test_an_unknown_name_is_refused() -> None:
    """Asking for a name that no step has names those that there are."""
    with pytest.raises(LookupError, match="no step of the plan is called 'z'") as refused:
        explain(par_zip(A, B)).depends_on("z")
    assert refused.value.__notes__ == ["its names are a, b"]


def test_sizes_and_insides_agree() -> None:
    """A step is as large as what is inside it, and one."""
    plan = explain(par_zip(A, B.then(C)).then(D))
    root, last = plan.inside()
    assert (plan.size(root), plan.size(last)) == (7, 2)
    assert [step.name for step in plan.inside(root)] == ["a", "b", "c"]


# -- The demo -------------------------------------------------------------------------------------------------


def test_the_page_shows_what_runs_at_once() -> None:
    """The plan of the demo knows both pairs that run at once, and that none of them meets the other."""
    plan = explain(page(), follow=True)
    assert plan.parallel_width() == 2
    assert plan.parallel_with("articles") == {"comments"}
    assert plan.parallel_with("process") == {"transform"}


def test_the_page_shows_what_depends_on_what() -> None:
    """Both sources come before both workers, and all of them before they are combined."""
    plan = explain(page(), follow=True)
    assert plan.depends_on("process") == plan.depends_on("transform") == {"articles", "comments"}
    assert plan.depends_on("combine") >= {"articles", "comments", "process", "transform"}


def test_the_page_shows_where_an_error_goes() -> None:
    """An error of one source cancels the other one and leaves the program."""
    route = explain(page()).error_goes_to("articles")
    assert [stop.affected for stop in route.stops] == [("comments",)]
    assert route.handler is None


def test_without_following_the_continuation_is_one_step() -> None:
    """The plan itself knows that something comes between the sources and the end, and its name."""
    plan = explain(page())
    assert plan.depends_on("combine") == {"articles", "comments", "work"}
    assert plan.depends_on("work") == {"articles", "comments"}


def test_fail_is_a_step_like_any_other() -> None:
    """A program that only fails has one step, and at most one runs at once."""
    plan = explain(fail("no"))
    assert [step.kind for step in plan.steps()] == ["failure"]

"""Section A: a scope waits for its children, and what fails in them comes out once, in its shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    Do,
    Fiber,
    ScopeClosed,
    TaskGroup,
    attempt,
    cancel_scope,
    collect,
    delay,
    die,
    do,
    fail,
    from_async,
    never,
    par_collect,
    par_zip,
    pure,
    suspend,
    task_group,
    unit,
)
from effio.cause import Cause, Die, Fail
from tests.conformance.support import (
    TICK,
    Backend,
    Gate,
    Journal,
    boom,
    cause_of,
    clocked,
    forever,
    group_of,
    nap,
    rest,
    value_of,
)


def test_b01_scope_waits_for_children(backend: Backend) -> None:
    """The scope ends with its last child, and the values are those of the children in fork order."""

    @do
    def body(group: TaskGroup) -> Do[list[Fiber[str]]]:
        slow = yield from group.fork(rest(2).as_value("slow"))
        quick = yield from group.fork(rest(1).as_value("quick"))
        return [slow, quick]

    joined = task_group(body).flat_map(lambda fibers: collect([fiber.join() for fiber in fibers]))
    exit, ticks = value_of(backend.run(clocked(joined)))

    assert value_of(exit) == ["slow", "quick"]
    assert backend.took(ticks, 2)


def test_b02_failing_child_wakes_body_from_its_own_wait(backend: Backend) -> None:
    """The body's own wait and the siblings are cancelled, and the scope fails with the child's error."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None, ValueError]:
        sibling = never.on_cancel(journal.note("sibling cancelled"))
        failing = rest(1).then(fail(ValueError("child")))
        waiting = never.on_cancel(journal.note("body cancelled"))
        return group.fork(sibling).then(group.fork(failing)).then(waiting)

    exit = backend.run(task_group(body))

    assert cause_of(exit) == group_of(Fail(ValueError("child")))
    assert sorted(journal) == ["body cancelled", "sibling cancelled"]


def test_b02_failing_child_wakes_body_from_a_foreign_coroutine(foreign: Backend) -> None:
    """A foreign coroutine that the body awaits is cancelled by a failing child."""

    def body(group: TaskGroup) -> IO[None, Any]:
        return group.fork(rest(1).then(fail(ValueError("child")))).then(from_async(forever))

    assert cause_of(foreign.run(task_group(body))) == group_of(Fail(ValueError("child")))


def test_b03_failing_body_cancels_and_awaits_children(backend: Backend) -> None:
    """The children have been cancelled and have cleaned up before the error leaves the scope."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None, ValueError]:
        child = never.ensuring(rest(1).then(journal.note("child closed")))
        return group.fork(child).then(group.fork(child)).then(rest(1)).then(fail(ValueError("body")))

    exit = backend.run(task_group(body).tap_error(lambda error: journal.note("left")))

    assert isinstance(cause_of(exit).failures()[0], ValueError)
    assert journal == ["child closed", "child closed", "left"]


def test_b04_body_fails_before_any_child_ran(backend: Backend) -> None:
    """A child that fails without an action is reported beside the body; one behind an action never ran."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None, Any]:
        structural = fail(KeyError("structure"))
        behind_an_action = journal.note("ran").then(fail(KeyError("action")))
        return group.fork(structural).then(group.fork(behind_an_action)).then(fail(ValueError("body")))

    cause = cause_of(backend.run(task_group(body)))

    assert set(map(repr, cause.failures())) == {"ValueError('body')", "KeyError('structure')"}
    assert not cause.has_cancelled
    assert journal == []


def test_b05_two_children_fail_at_their_first_step(backend: Backend) -> None:
    """Both errors are there, each once, in fork order, and no cancellation beside them."""

    def body(group: TaskGroup) -> IO[None, Any]:
        return group.fork(fail(ValueError("first"))).then(group.fork(fail(KeyError("second")))).then(never)

    exit = backend.run(task_group(body))

    assert cause_of(exit) == group_of(Fail(ValueError("first")), Fail(KeyError("second")))


def par_zip_list(ios: list[IO[Any, Any]]) -> IO[Any, Any]:
    """Run all programs of a list at once."""
    return par_zip(*ios)


@pytest.mark.parametrize("par", [par_collect, par_zip_list])
def test_b05_two_parts_of_a_combinator_fail_at_their_first_step(
    backend: Backend, par: Callable[[list[IO[Any, Any]]], IO[Any, Any]]
) -> None:
    """It makes no difference whether a part is a failure already when the combinator starts, or makes one."""
    ready = par([fail(ValueError("first")), fail(KeyError("second"))])
    made = par([suspend(lambda: fail(ValueError("first"))), suspend(lambda: fail(KeyError("second")))])

    causes = [cause_of(backend.run(program)) for program in (ready, made)]

    assert [cause.parts for cause in causes] == [(Fail(ValueError("first")), Fail(KeyError("second")))] * 2


def test_b05_two_children_fail_in_the_same_tick(backend: Backend) -> None:
    """Both errors are there in fork order, also if the younger child failed first."""
    gate = Gate()

    def body(group: TaskGroup) -> IO[None, Any]:
        first = unit.then(gate.wait()).then(fail(ValueError("first")))
        second = gate.wait().then(fail(KeyError("second")))
        return group.fork(rest(0).then(first)).then(group.fork(second)).then(rest(1)).then(gate.open())

    exit = backend.run(task_group(body))

    assert cause_of(exit) == group_of(Fail(ValueError("first")), Fail(KeyError("second")))


def test_b06_cleanup_fails_while_a_sibling_cancels(backend: Backend) -> None:
    """The sibling's error and the error of the cleanup it caused are both reported."""

    def body(group: TaskGroup) -> IO[None, Any]:
        cleaning = never.ensuring(fail(KeyError("cleanup")))
        return group.fork(cleaning).then(group.fork(rest(1).then(fail(ValueError("sibling"))))).then(unit)

    exit = backend.run(task_group(body))

    assert cause_of(exit) == group_of(Fail(KeyError("cleanup")), Fail(ValueError("sibling")))


def test_b07_nested_scopes_keep_their_shape(backend: Backend) -> None:
    """The errors of an inner scope's finalizers come out as outer[inner[errors]], as groups too."""

    def inner(group: TaskGroup) -> IO[None, Any]:
        first = never.ensuring(fail(ValueError("first")))
        second = never.ensuring(fail(KeyError("second")))
        return group.fork(first).then(group.fork(second)).then(unit)

    def outer(group: TaskGroup) -> IO[None, Any]:
        return task_group(inner, name="inner")

    program = cancel_scope(
        lambda scope: task_group(
            lambda aside: aside.fork(rest(1).then(scope.cancel())).then(task_group(outer, name="outer")),
            name="aside",
        )
    )
    cause = cause_of(backend.run(program))

    errors = group_of(Fail(ValueError("first")), Fail(KeyError("second")), name="inner")
    assert cause == group_of(group_of(errors, name="outer"), name="aside")
    exception = cause.to_exception()
    assert shape_of(exception) == ["aside", ["outer", ["inner", ValueError, KeyError]]]
    assert Cause.from_exception(exception) == cause


def shape_of(exception: BaseException) -> object:
    """The nesting of an exception group: the constructs and the classes."""
    if not isinstance(exception, BaseExceptionGroup):
        return type(exception)
    return [exception.message.removesuffix(" failed"), *map(shape_of, exception.exceptions)]


def test_b08_outer_failure_cancels_an_inner_scope_silently(backend: Backend) -> None:
    """The error is a group of one level; the cancelled inner scope leaves no trace in it."""

    def outer(group: TaskGroup) -> IO[None, Any]:
        inner = task_group(lambda inner: inner.fork(never).then(unit), name="inner")
        return group.fork(rest(1).then(fail(ValueError("outer child")))).then(inner)

    exit = backend.run(task_group(outer, name="outer"))

    assert cause_of(exit) == group_of(Fail(ValueError("outer child")), name="outer")


def test_b09_inner_failure_surfaces_nested(backend: Backend) -> None:
    """The error is outer[inner[error]], and the sleeping child of the outer scope is cancelled."""
    journal = Journal()

    def outer(group: TaskGroup) -> IO[None, Any]:
        failing = rest(1).then(fail(ValueError("inner child")))
        inner = task_group(lambda inner: inner.fork(failing).then(unit), name="inner")
        return group.fork(never.on_cancel(journal.note("outer child cancelled"))).then(inner)

    exit = backend.run(task_group(outer, name="outer"))

    inside = group_of(Fail(ValueError("inner child")), name="inner")
    assert cause_of(exit) == group_of(inside, name="outer")
    assert journal == ["outer child cancelled"]


def test_b10_child_fails_while_the_parent_closes_after_a_cancel(backend: Backend) -> None:
    """The error wins over the cancellation that came first."""

    def body(group: TaskGroup) -> IO[None, Any]:
        failing = never.ensuring(rest(2).then(fail(ZeroDivisionError("late"))))
        return group.fork(failing).then(never.ensuring(rest(4)))

    exit = backend.run(task_group(body).move_on_after(TICK))

    assert cause_of(exit) == group_of(Fail(ZeroDivisionError("late")))


@pytest.mark.parametrize("inner_first", [True, False])
@pytest.mark.parametrize("body", [unit, never], ids=["body ended", "body waits"])
def test_b12_nested_scopes_both_cancelled_at_once(backend: Backend, inner_first: bool, body: IO[None]) -> None:
    """The next action after the inner scope is cancelled, whether its error was handled or not."""
    journal = Journal()
    gate = Gate()

    @do
    def outer(group: TaskGroup) -> Do[None, Any]:
        outer_child = gate.wait().then(fail(ValueError("outer")))
        inner_child = gate.wait().then(fail(RuntimeError("inner")))
        yield from group.fork(rest(2 if inner_first else 1).then(outer_child))
        yield from group.fork(rest(3).then(gate.open()))
        inner = task_group(lambda inner: inner.fork(rest(1).then(inner_child)).then(body), name="inner")
        yield from inner.catch_all(lambda error: unit)
        yield from journal.note("ran on")

    cause = cause_of(backend.run(task_group(outer, name="outer")))

    assert cause.parts[-1] == Fail(ValueError("outer"))
    assert not cause.has_cancelled
    if body is unit:
        assert cause == group_of(Fail(ValueError("outer")), name="outer")
    assert journal == []


def test_b13_child_forks_while_the_scope_waits(backend: Backend) -> None:
    """A child may fork into its own scope whose body has ended; the scope waits for the new one."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None]:
        late = rest(1).then(journal.note("late child ended"))
        return group.fork(rest(1).then(group.fork(late))).then(unit)

    exit = backend.run(task_group(body).then(journal.note("scope ended")))

    value_of(exit)
    assert journal == ["late child ended", "scope ended"]


def test_b15_fork_into_a_scope_that_has_ended(backend: Backend) -> None:
    """The fork is an error that names the scope, and the program is not run."""
    journal = Journal()
    leaked = task_group(pure, name="server")

    exit = backend.run(leaked.flat_map(lambda group: group.fork(journal.note("ran"), name="refresh")))

    (defect,) = cause_of(exit).defects()
    assert isinstance(defect, ScopeClosed)
    assert (defect.child, defect.group) == ("refresh", "server")
    assert journal == []


def test_b15_coroutine_forked_into_a_scope_that_has_ended(foreign: Backend) -> None:
    """The coroutine function is never called, so nobody warns that a coroutine was never awaited."""
    exit = foreign.run(task_group(pure).flat_map(lambda group: group.fork(from_async(nap, 1))))

    assert isinstance(cause_of(exit).defects()[0], ScopeClosed)


def test_b16_fork_into_a_scope_that_closes(backend: Backend) -> None:
    """The child starts, its shielded prefix runs, and it is cancelled at its first action afterwards."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None]:
        late = journal.note("prefix").shielded().then(journal.note("after the prefix"))
        closing = never.ensuring(rest(1).then(group.fork(late)).then(rest(1)))
        return group.fork(closing).then(rest(1)).then(group.cancel())

    value_of(backend.run(task_group(body)))

    assert journal == ["prefix"]


def test_b17_resource_handed_to_a_child_that_is_cancelled_before_it_runs(backend: Backend) -> None:
    """The resource is closed exactly once and never used."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None]:
        owner = journal.note("used").ensuring(journal.note("closed"))
        hand_over = journal.note("opened").then(group.fork(owner)).shielded()
        return hand_over.then(group.cancel())

    value_of(backend.run(task_group(body)))

    assert journal == ["opened", "closed"]


# -- Control exceptions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [StopIteration(7), StopAsyncIteration(), GeneratorExit()], ids=repr)
@pytest.mark.parametrize("where", ["delay", "do", "die"])
def test_b23_body_raises_a_control_exception(backend: Backend, error: BaseException, where: str) -> None:
    """It is carried as data beside the child's error, never as a RuntimeError."""

    @do
    def raising() -> Do[None]:
        yield from unit
        raise error

    program = {"delay": delay(boom, error), "do": raising(), "die": die(error)}[where]

    def body(group: TaskGroup) -> IO[None, Any]:
        child = never.ensuring(fail(KeyError("child")))
        return group.fork(child).then(rest(1)).then(program)

    cause = cause_of(backend.run(task_group(body)))

    assert cause.defects() == (error,)
    assert list(map(repr, cause.failures())) == ["KeyError('child')"]


@pytest.mark.parametrize("error", [StopIteration(7), StopAsyncIteration(), GeneratorExit()], ids=repr)
def test_b23_coroutine_raises_a_control_exception(foreign: Backend, error: BaseException) -> None:
    """What a foreign coroutine raises of this kind is data too; an `Exception` is a typed failure."""

    async def raising() -> None:
        await nap(1)
        raise error

    cause = cause_of(foreign.run(from_async(raising)))

    assert cause == (Fail(error) if isinstance(error, Exception) else Die(error))


def test_attempt_turns_stop_iteration_into_a_failure(backend: Backend) -> None:
    """A `StopIteration` is an `Exception` like any other where exceptions become typed failures."""
    error = StopIteration(7)

    assert cause_of(backend.run(attempt(boom, error))) == Fail(error)

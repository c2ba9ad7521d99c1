"""Section B: who is cancelled, when, how often, and what a cancel must not lose."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Do,
    Failure,
    Fiber,
    ForeignCancelled,
    Success,
    TaskGroup,
    cancel_scope,
    collect,
    delay,
    do,
    fail,
    from_async,
    never,
    now,
    par_collect,
    par_zip,
    pure,
    race,
    suspend,
    task_group,
    unit,
)
from effio.cause import Cancelled, Cause, Fail
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


def test_b25_cancel_is_idempotent(backend: Backend) -> None:
    """Three cancels from three fibers unwind once, run the finalizer once, and the first reason is kept."""
    journal = Journal()

    @do
    def body(group: TaskGroup) -> Do[object]:
        gate = Gate()
        scopes: list[CancelScope] = []

        def scoped(scope: CancelScope) -> IO[None]:
            scopes.append(scope)
            return never.ensuring(rest(2).then(journal.note("closed")))

        yield from group.fork(rest(2).then(gate.open()))
        for reason in ("first", "second", "third"):
            yield from group.fork(gate.wait().then(delay(lambda: scopes[0])).flat_map(cancelling(reason)))
        yield from cancel_scope(scoped)
        return scopes[0].reason

    def cancelling(reason: str) -> Any:
        return lambda scope: scope.cancel(reason).then(rest(1)).then(scope.cancel("later"))

    assert value_of(backend.run(task_group(body))) == "first"
    assert journal == ["closed"]


def test_b26_cancel_before_entry(backend: Backend) -> None:
    """The body starts and is cancelled at its first action."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[None]:
        return journal.seen("started").then(journal.note("acted"))

    exit = backend.run(cancel_scope(body, deadline=0))

    assert value_of(exit) is None
    assert journal == ["started"]


def test_b27_cancelled_scope_cancels_every_action(backend: Backend) -> None:
    """No handler stops the unwinding, and every unshielded action on the way out is cancelled again."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any]:
        attempt_to_recover = never.exit().then(journal.seen("recovered"))
        on_the_way = rest(1).then(journal.note("shielded part"))
        return par_zip(
            attempt_to_recover.exit().then(never).ensuring(on_the_way).or_else(never),
            rest(1).then(scope.cancel()),
        )

    exit, ticks = value_of(backend.run(clocked(cancel_scope(body))))

    assert value_of(exit) is None
    assert journal == ["shielded part"]
    assert backend.took(ticks, 2)


def test_b27_cancel_that_comes_between_actions(backend: Backend) -> None:
    """The next action is cancelled as a wait would be: no handler around it goes on."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any]:
        return scope.cancel().then(journal.note("action").exit()).then(journal.seen("recovered"))

    assert value_of(backend.run(cancel_scope(body))) is None
    assert journal == []


def test_b28_coroutine_swallows_its_cancel_three_times(foreign: Backend) -> None:
    """Each new wait of the coroutine is cancelled, not more often, and the scope catches its own cancel."""
    swallowed: list[int] = []
    scopes: list[CancelScope] = []

    async def stubborn() -> None:
        for attempt in range(3):
            try:
                await forever()
            except BaseException:
                swallowed.append(attempt)

    def body(scope: CancelScope) -> IO[Any]:
        scopes.append(scope)
        return par_zip(from_async(stubborn).or_die().then(rest(1)), rest(1).then(scope.cancel()))

    value_of(foreign.run(cancel_scope(body)))

    assert swallowed == [0, 1, 2]
    assert scopes[0].cancelled_caught


def test_b29_pending_cancel_ends_with_its_scope(backend: Backend) -> None:
    """The value is returned, the cancel is not caught, and the next action after it is not cancelled."""
    scopes: list[CancelScope] = []

    def body(scope: CancelScope) -> IO[str]:
        scopes.append(scope)
        return scope.cancel().as_value("value")

    exit = backend.run(cancel_scope(body).flat_map(lambda value: rest(1).as_value(value)))

    assert value_of(exit) == "value"
    assert scopes[0].cancel_called
    assert not scopes[0].cancelled_caught


def test_b30_empty_scope_is_no_place_to_be_cancelled(backend: Backend) -> None:
    """Closing an empty scope, or one whose child has no action, raises no cancellation."""

    def with_child(group: TaskGroup) -> IO[str]:
        return unit.as_value("group")

    def body(scope: CancelScope) -> IO[tuple[object, ...]]:
        empty = cancel_scope(lambda inner: unit.as_value("scope"))
        return scope.cancel().then(empty.zip(task_group(with_child)))

    assert value_of(backend.run(cancel_scope(body))) == ("scope", "group")


def test_b30_closing_a_scope_lets_others_run(backend: Backend) -> None:
    """Two fibers that do nothing but open and close task groups take turns."""
    journal = Journal()

    def busy(name: str) -> IO[object]:
        empty: IO[None] = task_group(lambda group: unit)
        return collect([empty.then(journal.note(name)) for _ in range(3)])

    value_of(backend.run(par_zip(busy("a"), busy("b"))))

    assert journal == ["a", "b"] * 3


def test_b31_outer_of_two_cancelled_scopes_catches(backend: Backend) -> None:
    """Of scopes 1 > 2 > 3, cancelled 3 and 2 together, 2 catches; 3 does not and 1 is untouched."""
    scopes: list[CancelScope] = []
    journal = Journal()

    def innermost(scope: CancelScope) -> IO[None]:
        scopes.append(scope)
        _, second, third = scopes
        return third.cancel().then(second.cancel()).shielded().then(rest(1))

    def nested(scope: CancelScope) -> IO[object]:
        scopes.append(scope)
        return cancel_scope(nested if len(scopes) < 2 else innermost).then(journal.note(str(len(scopes))))

    value_of(backend.run(cancel_scope(nested)))

    assert [scope.cancelled_caught for scope in scopes] == [False, True, False]
    assert [scope.cancel_called for scope in scopes] == [False, True, True]


def test_b34_cancel_reaches_all_descendants_at_once(backend: Backend) -> None:
    """Four leaves of two workers are cancelled in one tick, and each worker ends after its leaves."""
    ended: list[tuple[str, float]] = []

    def ending(name: str) -> IO[None]:
        return now.map(lambda moment: ended.append((name, moment)))

    def worker(name: str) -> IO[object]:
        leaves = [never.on_cancel(ending(f"{name}.{leaf}")) for leaf in "ab"]
        return par_collect(leaves).on_cancel(ending(name))

    def body(scope: CancelScope) -> IO[object]:
        return par_zip(worker("1"), worker("2"), rest(1).then(scope.cancel()))

    value_of(backend.run(cancel_scope(body)))

    names = [name for name, _ in ended]
    assert sorted(names[:4]) == ["1.a", "1.b", "2.a", "2.b"]
    assert sorted(names[4:]) == ["1", "2"]
    if backend.exact:
        assert len({moment for _, moment in ended}) == 1


def test_b35_cancel_while_the_scope_waits_for_children(backend: Backend) -> None:
    """The children are cancelled, and the scope waits until they have closed."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None]:
        child = never.ensuring(rest(1).then(journal.note("child closed")))
        return group.fork(child).then(group.fork(rest(1).then(group.cancel()))).then(unit)

    exit, ticks = value_of(backend.run(clocked(task_group(body).then(journal.note("scope ended")))))

    value_of(exit)
    assert journal == ["child closed", "scope ended"]
    assert backend.took(ticks, 2)


def test_b36_cancel_one_child_only(backend: Backend) -> None:
    """The other child goes on, the scope succeeds, and who joins the cancelled one sees `Cancelled`."""

    @do
    def body(group: TaskGroup) -> Do[tuple[object, object, str]]:
        first = yield from group.fork(never)
        second = yield from group.fork(rest(2).as_value("second"))
        joiner = yield from group.fork(first.join().exit())
        yield from rest(1)
        cancelled = yield from first.cancel("enough")
        joined = yield from joiner.join()
        return cancelled, joined, (yield from second.join())

    cancelled, joined, second = value_of(backend.run(task_group(body)))

    (leaf,) = cause_of(joined).cancellations()
    assert (leaf.source, leaf.reason) == ("explicit", "enough")
    assert cancelled == joined
    assert second == "second"


def test_b37_cancel_a_fiber_that_has_ended(backend: Backend) -> None:
    """The cancel changes nothing, runs no finalizer, and the value is kept."""
    journal = Journal()

    @do
    def body(group: TaskGroup) -> Do[tuple[object, str]]:
        fiber: Fiber[str] = yield from group.fork(pure("value").on_cancel(journal.note("cancelled")))
        yield from rest(1)
        exit = yield from fiber.cancel()
        yield from fiber.cancel_soon()
        yield from group.cancel().shielded()
        return exit, (yield from fiber.join().shielded())

    assert value_of(backend.run(task_group(body))) == (Success("value"), "value")
    assert journal == []


# -- Reasons -------------------------------------------------------------------------------------------------


def stopped_by(word: str, target: IO[Any, Any]) -> IO[Any, Any]:
    """Cancel `target` in the named way."""
    failing = rest(1).then(fail("sibling"))
    raising = rest(1).then(delay(boom, KeyboardInterrupt()))
    programs: dict[str, IO[Any, Any]] = {
        "explicit": cancel_scope(lambda scope: par_zip(target, rest(1).then(scope.cancel("why")))),
        "deadline": target.fail_after(TICK),
        "sibling": par_zip(target, failing.named("culprit")),
        "race": race(target, rest(1).named("winner")),
        "signal": par_zip(target, raising),
    }
    return programs[word]


@pytest.mark.parametrize(
    ("word", "by", "reason"),
    [
        ("explicit", "par_zip[1]", "why"),
        ("deadline", None, None),
        ("sibling", "culprit", None),
        ("race", "winner", None),
        ("signal", None, "KeyboardInterrupt"),
    ],
)
def test_b42_finalizer_knows_who_cancelled_and_why(backend: Backend, word: str, by: str | None, reason: object) -> None:
    """Source, requester and reason of the first cancel are in the cause that the finalizer is given."""
    seen: list[Cancelled] = []

    def look(cause: Cause[Any]) -> IO[None]:
        seen.extend(cause.cancellations())
        return unit

    try:
        backend.run(stopped_by(word, never.on_cancel(look)))
    except KeyboardInterrupt:
        assert word == "signal"

    assert [(leaf.source, leaf.by, leaf.reason) for leaf in seen] == [(word, by, reason)]


# -- Mixed trees ---------------------------------------------------------------------------------------------


def test_b43_cancelled_leaves_are_left_out_of_mixed_trees(backend: Backend) -> None:
    """Of three cancelled children and one that fails while closing only the error remains, in its group."""
    scopes: list[CancelScope] = []
    error = KeyError("closing")

    def group(scope: CancelScope) -> IO[Any, Any]:
        scopes.append(scope)
        inner = cancel_scope(lambda inner: inner.cancel().then(never))
        children = [never, never, inner.then(never), never.ensuring(fail(error))]
        return par_zip(par_collect(children).named("team"), rest(1).then(scope.cancel()))

    cause = cause_of(backend.run(cancel_scope(group)))

    assert cause == group_of(group_of(Fail(error), name="par_collect"), name="par_zip")
    assert cause.failures()[0] is error
    assert scopes[0].cancelled_caught


def test_b43_scope_that_sees_only_errors_catches_nothing(backend: Backend) -> None:
    """A scope that was not cancelled reports so, whatever failed inside it."""
    scopes: list[CancelScope] = []

    def body(scope: CancelScope) -> IO[None, Any]:
        scopes.append(scope)
        return par_collect([suspend(lambda: fail("one")), suspend(lambda: fail("two"))]).then(unit)

    cause = cause_of(backend.run(cancel_scope(body)))

    assert cause.failures() == ("one", "two")
    assert not scopes[0].cancelled_caught


def test_b44_unsolicited_cancelled_error_is_a_defect(on_asyncio: Backend) -> None:
    """A coroutine that raises CancelledError although nobody cancelled it is reported."""

    async def raising() -> None:
        await nap(1)
        raise asyncio.CancelledError("from nowhere")

    def body(group: TaskGroup) -> IO[None]:
        return group.fork(from_async(raising)).then(unit)

    (defect,) = cause_of(on_asyncio.run(task_group(body))).defects()

    assert isinstance(defect, ForeignCancelled)
    assert isinstance(defect.__cause__, asyncio.CancelledError)


def test_joined_cancellation_can_be_handled(backend: Backend) -> None:
    """Who joins a cancelled fiber fails, and may go on after handling that."""

    @do
    def body(group: TaskGroup) -> Do[object]:
        fiber = yield from group.fork(never)
        yield from fiber.cancel_soon()
        exit = yield from fiber.join().exit()
        yield from rest(1)
        return exit

    assert isinstance(value_of(backend.run(task_group(body))), Failure)

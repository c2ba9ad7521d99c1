"""What users of cats-effect and ZIO expect, in the words of effio: cases of their suites beyond the numbered ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from effio import (
    IO,
    CancelScope,
    Do,
    Exit,
    Failure,
    Fiber,
    Success,
    TaskGroup,
    TimedOut,
    bracket,
    cancel_scope,
    delay,
    die,
    do,
    fail,
    first_completed,
    from_callback,
    memoize,
    never,
    par_collect,
    par_settle,
    par_traverse,
    par_validate,
    par_zip,
    pure,
    race,
    race_all,
    shield,
    suspend,
    task_group,
    unit,
    yield_now,
)
from effio.cause import Die, Fail, Then
from tests.conformance.support import TICK, Backend, Gate, Journal, cause_of, clocked, group_of, rest, until, value_of

Resume = Callable[[IO[Any, Any]], None]


class Bug(Exception):
    """What a program dies of."""


# -- cats-effect: IOSpec, errors -----------------------------------------------------------------------------


def test_error_of_an_error_finalizer_follows_the_first(backend: Backend) -> None:
    """Neither of the two failures is lost, and a handler sees the first."""
    program = fail("first").on_error(fail("second"))

    assert cause_of(backend.run(program)) == Then((Fail("first"), Fail("second")))
    assert value_of(backend.run(program.catch_all(pure))) == "first"


def test_handlers_that_fail_are_handled_further_out(backend: Backend) -> None:
    """A handler's own failure is not handled by itself but by the next one."""
    program = fail(1).catch_all(lambda n: fail(n + 1)).catch_all(lambda n: fail(n + 1)).catch_all(pure)

    assert value_of(backend.run(program)) == 3


def test_bug_goes_through_all_handlers_of_failures(backend: Backend) -> None:
    """No handler of typed errors sees a bug, and all finalizers run."""
    journal, bug = Journal(), Bug()
    guarded = die(bug).ensuring(journal.note("closed")).catch_all(pure).or_else(unit).either().or_else_succeed(0)

    assert cause_of(backend.run(guarded)) == Die(bug)
    assert journal == ["closed"]


def test_callback_that_fails_is_handled_as_any_other(backend: Backend) -> None:
    """An answer may be a failure, at once or from another thread."""

    def at_once(resume: Resume) -> None:
        resume(fail("no"))

    def later(resume: Resume) -> None:
        threading.Timer(0.001, resume, (fail("no"),)).start()

    assert value_of(backend.run(from_callback(at_once).catch_all(pure))) == "no"
    if backend.name != "simulated":
        assert value_of(backend.run(from_callback(later).catch_all(pure))) == "no"


# -- cats-effect: IOSpec, memoize ----------------------------------------------------------------------------


def test_memoized_runs_once_for_many_at_once(backend: Backend) -> None:
    """Ten fibers that run it at the same time get the value of one run."""
    journal = Journal()
    slow = rest(1).then(journal.note("ran")).as_value("value")

    program = memoize(slow).flat_map(lambda once: par_collect([once] * 10))

    assert value_of(backend.run(program)) == ["value"] * 10
    assert journal == ["ran"]


def test_memoized_failure_is_the_failure_of_all(backend: Backend) -> None:
    """A failure is remembered as a value is."""
    journal = Journal()
    failing = journal.note("ran").then(fail("no"))

    program = memoize(failing).flat_map(lambda once: once.flip().zip(once.flip()))

    assert value_of(backend.run(program)) == ("no", "no")
    assert journal == ["ran"]


def test_memoized_run_survives_the_timeout_of_one_who_waits(backend: Backend) -> None:
    """Who does not want to wait any longer leaves the others their value."""
    journal, gate = Journal(), Gate()
    slow = gate.wait().then(journal.note("ran")).as_value("value")

    def both(once: IO[str]) -> IO[Any]:
        impatient = until(lambda: gate.waiting).then(once.move_on_after(TICK))
        return par_zip(once, impatient.tap(lambda _: gate.open()))

    assert value_of(backend.run(memoize(slow).flat_map(both))) == ("value", None)
    assert journal == ["ran"]


def test_memoized_run_whose_first_caller_is_cut_has_a_value_for_the_second(backend: Backend) -> None:
    """That the first one to ask is cancelled is not the fate of who asks as well: the program runs anew."""
    runs: list[IO[str]] = [never, pure("value")]

    def both(once: IO[str]) -> IO[Any]:
        return par_zip(once.move_on_after(2 * TICK), until(lambda: len(runs) == 1).then(once))

    program = memoize(suspend(lambda: runs.pop(0))).flat_map(both)

    assert value_of(backend.run(program)) == (None, "value")


# -- cats-effect: IOSpec, fibers, race and both --------------------------------------------------------------


def test_exit_of_a_fiber_tells_how_it_ended(backend: Backend) -> None:
    """A fiber that succeeds, fails, dies or is cancelled has that exit."""
    bug = Bug()
    exits: list[Exit[Any, Any]] = []

    @do
    def body(group: TaskGroup) -> Do[None]:
        for program in (pure(1), fail("no"), die(bug)):
            fiber: Fiber[Any, Any] = yield from group.fork(program)
            exits.append((yield from fiber.exit()))
        cancelled = yield from group.fork(never)
        exits.append((yield from cancelled.cancel()))

    cause = cause_of(backend.run(task_group(body, on_failure="collect")))

    assert exits[:3] == [Success(1), Failure(Fail("no")), Failure(Die(bug))]
    assert cause_of(exits[3]).is_cancelled_only
    assert cause == group_of(Fail("no"), Die(bug))


def test_cancel_waits_for_a_finalizer_and_a_second_cancel_too(backend: Backend) -> None:
    """Both who cancel go on when the finalizer has completed."""
    journal = Journal()

    @do
    def body(group: TaskGroup) -> Do[None]:
        fiber = yield from group.fork(never.ensuring(rest(2).then(journal.note("closed"))))
        yield from rest(1)
        first = fiber.cancel().then(journal.note("cancelled"))
        yield from par_zip(first, rest(1).then(fiber.cancel()).then(journal.note("cancelled")))

    value_of(backend.run(task_group(body)))

    assert journal == ["closed", "cancelled", "cancelled"]


def test_fork_does_not_wait(backend: Backend) -> None:
    """The parent goes on before the child has begun."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[None]:
        return group.fork(journal.note("child")).then(journal.note("parent"))

    value_of(backend.run(task_group(body)))

    assert journal == ["parent", "child"]


def test_both_sides_of_a_race_are_cancelled_and_awaited(backend: Backend) -> None:
    """A timeout around a race ends when the finalizers of both sides have completed, side by side."""
    journal = Journal()

    def contestant(name: str) -> IO[Any]:
        return never.on_cancel(rest(2).then(journal.note(name)))

    race_in_time = race(contestant("left"), contestant("right")).move_on_after(TICK)
    exit, ticks = value_of(backend.run(clocked(race_in_time)))

    assert value_of(exit) is None
    assert sorted(journal) == ["left", "right"]
    assert backend.took(ticks, 3)


def test_race_in_which_one_side_cancels_itself_is_won_by_the_other(backend: Backend) -> None:
    """A side whose own scope was cancelled has the value None, and one that waits wins with its own."""
    quits = cancel_scope(lambda scope: scope.cancel().then(never))

    assert value_of(backend.run(race(quits.then(never), rest(1).as_value("other")))) == "other"


def test_race_inside_a_scope_that_one_side_cancels(backend: Backend) -> None:
    """Both sides are cancelled, and the scope gives None."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any]:
        return race(rest(1).then(scope.cancel()).then(never), never.on_cancel(journal.note("other")))

    assert value_of(backend.run(cancel_scope(body))) is None
    assert journal == ["other"]


def test_losers_failure_in_cleanup_is_the_failure_of_the_race(backend: Backend) -> None:
    """A winner does not hide that the cleanup of a loser went wrong."""
    loser = never.ensuring(die(Bug("cleanup")))

    cause = cause_of(backend.run(race(rest(1).as_value("won"), loser)))

    assert [type(defect) for defect in cause.defects()] == [Bug]


def test_all_failures_of_a_race_are_told_in_order(backend: Backend) -> None:
    """Where nobody wins everybody's failure is in the cause, in the order of the sides, not of time."""
    cause = cause_of(backend.run(race_all([rest(2).then(fail("slow")), rest(1).then(fail("quick"))])))

    assert cause == group_of(Fail("slow"), Fail("quick"), name="race_all")


def test_first_exit_may_be_a_failure(backend: Backend) -> None:
    """`first_completed` fails as its first one to end failed, and cancels the rest."""
    journal = Journal()
    contest = first_completed(rest(1).then(fail("no")), never.on_cancel(journal.note("cut")))

    assert cause_of(backend.run(contest)).failures() == ("no",)
    assert journal == ["cut"]


def test_both_never_completes_with_one_that_never_does(backend: Backend) -> None:
    """A pair waits for the slower side."""
    assert value_of(backend.run(par_zip(never, unit).move_on_after(TICK))) is None


# -- cats-effect: IOSpec, cancelation ------------------------------------------------------------------------


def test_finalizers_of_nested_guarantees_run_inner_first_and_once(backend: Backend) -> None:
    """Three finalizers around a wait that is cut run in order, each once."""
    journal = Journal()
    nested = never.on_cancel(journal.note("1")).on_cancel(journal.note("2")).ensuring(journal.note("3"))

    value_of(backend.run(nested.move_on_after(TICK)))

    assert journal == ["1", "2", "3"]


def test_cancel_finalizer_does_not_run_for_a_value_or_a_failure(backend: Backend) -> None:
    """`on_cancel` is for cancels only."""
    journal = Journal()
    finalizer = journal.note("cancelled")

    backend.run(unit.on_cancel(finalizer).then(fail("no")).on_cancel(finalizer))

    assert journal == []


def test_acquisition_that_fails_is_not_released(backend: Backend) -> None:
    """Neither use nor release are run for what was never had."""
    journal = Journal()
    program = bracket(fail("no"), lambda _: journal.note("use"), lambda _: journal.note("release"))

    assert cause_of(backend.run(program)) == Fail("no")
    assert journal == []


def test_acquisition_is_not_cut_and_what_it_gave_is_released(backend: Backend) -> None:
    """A cancel during a slow acquisition waits for it, skips the use and runs the release."""
    journal = Journal()
    acquire = rest(3).then(journal.note("acquired"))
    program = bracket(acquire, lambda _: journal.note("use"), lambda _: journal.note("released"))

    exit, ticks = value_of(backend.run(clocked(program.move_on_after(TICK))))

    assert value_of(exit) is None
    assert journal == ["acquired", "released"]
    assert backend.took(ticks, 3)


def test_use_and_release_that_both_fail_are_both_told(backend: Backend) -> None:
    """First the failure of the use, then that of the release."""
    program = bracket(unit, lambda _: fail("use"), lambda _: fail("release"))

    assert cause_of(backend.run(program)) == Then((Fail("use"), Fail("release")))


def test_restore_given_to_another_fiber_does_nothing(backend: Backend) -> None:
    """A fork of what was restored in the parent's shield runs as the fork of the program itself."""
    journal = Journal()

    def body(group: TaskGroup) -> IO[Any]:
        def shielded(restore: Callable[[IO[Any]], IO[Any]]) -> IO[Any]:
            return group.fork(restore(rest(1).then(journal.note("child"))))

        return shield(shielded)

    value_of(backend.run(task_group(body)))

    assert journal == ["child"]


def test_value_of_a_restored_part_reaches_the_shield(backend: Backend) -> None:
    """What a restored wait gives is not lost to a cancel that comes as it ends."""
    journal = Journal()

    def shielded(restore: Callable[[IO[str]], IO[str]]) -> IO[None]:
        return restore(rest(1).as_value("item")).flat_map(lambda item: journal.note(f"kept {item}"))

    value_of(backend.run(shield(shielded).move_on_after(TICK)))

    assert journal in ([], ["kept item"])
    assert journal == ["kept item"] or not backend.exact


def test_finalizer_may_yield_and_fork(backend: Backend) -> None:
    """A finalizer is a program like any other: it gives way, and runs children of its own."""
    journal = Journal()
    both = par_zip(rest(1).then(journal.note("a")), rest(1).then(journal.note("b")))

    value_of(backend.run(never.ensuring(yield_now.then(both)).move_on_after(TICK)))

    assert sorted(journal) == ["a", "b"]


def test_cancel_in_the_middle_of_many_forks_reaches_all(backend: Backend) -> None:
    """A hundred fibers of which one cancels the scope all run their finalizers once."""
    journal = Journal()

    def body(scope: CancelScope) -> IO[Any]:
        children = [never.ensuring(journal.note(str(number))) for number in range(100)]
        return par_collect([*children, rest(1).then(scope.cancel())])

    value_of(backend.run(cancel_scope(body)))

    assert sorted(map(int, journal)) == list(range(100))


def test_timeout_of_zero_does_not_begin_an_action(backend: Backend) -> None:
    """Nothing is done in no time, but what needs no time has its value."""
    journal = Journal()

    assert cause_of(backend.run(journal.note("acted").fail_after(0))).failures() == (TimedOut(0),)
    assert value_of(backend.run(pure("value").fail_after(0))) == "value"
    assert journal == []


# -- ZIO: ZIOSpec, many at once ------------------------------------------------------------------------------


def test_many_at_once_with_a_limit_never_exceed_it(backend: Backend) -> None:
    """Of twenty programs at most three run at a time, and three do."""
    running, most = 0, 0

    def enter() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)

    def leave() -> None:
        nonlocal running
        running -= 1

    def work(number: int) -> IO[int]:
        return delay(enter).then(rest(0.5)).then(delay(leave)).as_value(number)

    assert value_of(backend.run(par_traverse(range(20), work, limit=3))) == list(range(20))
    assert most == 3


def test_many_with_a_limit_begin_nothing_after_a_failure(backend: Backend) -> None:
    """What waited for its turn when one failed never runs."""
    journal = Journal()

    def work(number: int) -> IO[Any, Any]:
        return journal.note(str(number)).then(rest(1)).then(fail("no") if number == 1 else rest(2))

    cause = cause_of(backend.run(par_traverse(range(10), work, limit=2)))

    assert cause.failures() == ("no",)
    assert journal == ["0", "1"]


@pytest.mark.parametrize("limit", [None, 1, 2])
def test_settled_are_in_the_order_of_the_arguments(backend: Backend, limit: int | None) -> None:
    """Each exit stands where its program stood, however long it took."""
    programs: list[IO[Any, Any]] = [rest(2).as_value("slow"), fail("no"), rest(1).as_value("quick")]

    exits = value_of(backend.run(par_settle(programs, limit=limit)))

    assert exits == [Success("slow"), Failure(Fail("no")), Success("quick")]


def test_validation_tells_all_errors_in_the_order_of_the_arguments(backend: Backend) -> None:
    """All run to their ends, and the errors are one failure."""
    programs = [rest(2).then(fail("first")), pure(1), fail("third")]

    assert cause_of(backend.run(par_validate(programs))).failures() == (("first", "third"),)


def test_validation_does_not_hide_a_bug_among_errors(backend: Backend) -> None:
    """A bug in one part is in the cause beside what the others failed with."""
    bug = Bug()
    cause = cause_of(backend.run(par_validate([die(bug), rest(1).then(fail("no"))])))

    assert cause.defects() == (bug,)


# -- ZIO: ZIOSpec and FiberSpec, interruption ----------------------------------------------------------------


def test_exit_finalizers_see_success_failure_and_cancel(backend: Backend) -> None:
    """The finalizer of `on_exit` is told the exit that the program has."""
    exits: list[Exit[Any, Any]] = []

    def told(program: IO[Any, Any]) -> IO[Any, Any]:
        return program.on_exit(lambda exit: delay(exits.append, exit))

    backend.run(told(pure(1)).then(told(fail("no")).exit()).then(told(never).move_on_after(TICK)))

    assert exits[:2] == [Success(1), Failure(Fail("no"))]
    assert cause_of(exits[2]).is_cancelled_only


def test_or_else_does_not_recover_from_a_cancel(backend: Backend) -> None:
    """The alternative of a program that is cut is not begun."""
    journal = Journal()

    value_of(backend.run(never.or_else(journal.note("alternative")).move_on_after(TICK)))

    assert journal == []


def test_cancel_of_one_who_joins_leaves_the_joined_alone(backend: Backend) -> None:
    """A fiber whose joiner is cancelled ends as if nobody had joined it."""

    @do
    def body(group: TaskGroup) -> Do[str]:
        worker = yield from group.fork(rest(3).as_value("value"))
        joiner = yield from group.fork(worker.join())
        yield from rest(1)
        yield from joiner.cancel()
        value = yield from worker.join()
        return value

    assert value_of(backend.run(task_group(body))) == "value"


def test_two_fibers_that_cancel_each_other_end(backend: Backend) -> None:
    """Each is cancelled by the other, both finalizers run, and nobody waits for ever."""
    journal = Journal()

    @do
    def body(group: TaskGroup) -> Do[None]:
        fibers: list[Fiber[Any, Any]] = []

        def cancelling(other: int) -> IO[Any]:
            ready = until(lambda: len(fibers) == 2)
            return ready.then(delay(lambda: fibers[other])).flat_map(Fiber.cancel).ensuring(journal.note("closed"))

        for other in (1, 0):
            fibers.append((yield from group.fork(cancelling(other))))

    backend.run(task_group(body))

    assert journal == ["closed", "closed"]


def test_cancelled_program_repeats_no_more(backend: Backend) -> None:
    """An endless repetition of a step without a wait is cut by a timeout."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    program = delay(step).then(rest(0.5)).repeat(1_000_000).move_on_after(2 * TICK)

    assert value_of(backend.run(program)) is None
    assert 1 <= count < 1_000


def test_retry_is_cut_by_a_cancel_and_not_begun_again(backend: Backend) -> None:
    """A cancel during an attempt is not a failure to be tried again."""
    journal = Journal()
    attempt = journal.note("attempt").then(never)

    value_of(backend.run(attempt.retry(5).move_on_after(TICK)))

    assert journal == ["attempt"]


def test_abandoned_program_ends_before_the_run(backend: Backend) -> None:
    """`abandon_after` goes on at once, and the finalizer that it did not wait for completes."""
    journal = Journal()
    slow = never.ensuring(rest(3).then(journal.note("closed")))

    gone_on = slow.abandon_after(TICK).flip().then(journal.note("gone on"))
    exit, ticks = value_of(backend.run(clocked(gone_on)))

    assert value_of(exit) is None
    assert backend.took(ticks, 1)
    assert journal == ["gone on", "closed"]


def test_five_hundred_nested_races_give_the_innermost_value(backend: Backend) -> None:
    """Races in races win through, without a limit to how deep they stand."""
    program: IO[Any] = rest(1).as_value("inner")
    for _ in range(500):
        program = race(program, never)

    assert value_of(backend.run(program)) == "inner"

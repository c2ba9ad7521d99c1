"""Circuit breakers: when they open, whom they let through, and what a cancelled probe leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from returns.result import Failure, Success

from effio import (
    IO,
    CircuitBreaker,
    CircuitOpen,
    Do,
    VirtualClock,
    collect,
    delay,
    die,
    do,
    fail,
    never,
    now,
    par_collect,
    par_settle,
    par_zip,
    pure,
    run,
    sleep,
    unit,
)
from tests.unit.concurrent.sweep import cancelled_everywhere

BROKEN: IO[Any, str] = fail("down")


def outcome(program: IO[Any, Any]) -> Any:
    return run(program, clock=VirtualClock())


def with_breaker(use: Callable[[CircuitBreaker], IO[Any, Any]], **options: Any) -> Any:
    """Run with a breaker that opens after two failures, for ten seconds."""
    return outcome(CircuitBreaker.make(2, 10, **options).flat_map(use))


def opened(breaker: CircuitBreaker) -> IO[Any]:
    """Open it, now."""
    return collect([breaker.protect(BROKEN).exit()] * 2)


def test_opens_after_failures_in_a_row() -> None:
    """A success in between begins the count anew."""

    def use(breaker: CircuitBreaker) -> IO[Any]:
        one = breaker.protect(BROKEN).exit()
        states = [one, breaker.state(), breaker.protect(pure(1)).exit(), one, breaker.state(), one, breaker.state()]
        return collect(states)

    seen = with_breaker(use)
    assert [seen[index] for index in (1, 4, 6)] == ["closed", "closed", "open"]


def test_open_one_fails_at_once_and_says_how_long() -> None:
    """The protected program does not run."""
    runs: list[int] = []

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        return opened(breaker).then(sleep(3)).then(breaker.protect(delay(runs.append, 1)).flip())

    error = with_breaker(use, name="shop")
    assert (error.retry_after, error.name, str(error)) == (7, "shop", "circuit 'shop' is open for 7 s more")
    assert runs == []


@pytest.mark.parametrize(("after", "state"), [(9.999, "open"), (10, "half_open")])
def test_half_open_when_the_time_is_over(after: float, state: str) -> None:
    """To the instant."""
    assert with_breaker(lambda breaker: opened(breaker).then(sleep(after)).then(breaker.state())) == state


def test_successful_probe_closes_it() -> None:
    """Then all go through again, and two failures are needed to open it."""

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        probe = opened(breaker).then(sleep(10)).then(breaker.protect(pure("probe")))
        return probe.zip(breaker.state()).zip(breaker.protect(BROKEN).exit().then(breaker.state()))

    assert with_breaker(use) == (("probe", "closed"), "closed")


def test_failed_probe_opens_it_again_for_the_whole_time() -> None:
    """Counted from the end of the probe."""

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        probe = opened(breaker).then(sleep(10)).then(breaker.protect(sleep(1).then(BROKEN)).exit())
        return probe.then(breaker.protect(unit).flip()).zip(now)

    error, moment = with_breaker(use)
    assert (error.retry_after, moment) == (10, 11)


def test_one_probe_at_a_time() -> None:
    """Of a hundred calls in the same tick one is let through."""

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        calls = [breaker.protect(sleep(1)).exit()] * 100
        return opened(breaker).then(sleep(10)).then(par_collect(calls))

    exits = with_breaker(use)
    assert [type(exit) for exit in exits] == [Success] + [Failure] * 99
    assert str(exits[1].failure().first_fail().error) == "the circuit is open while a probe is on its way"


def test_cancelled_probe_does_not_leave_it_stuck() -> None:
    """The next call is the probe."""

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        cancelled = opened(breaker).then(sleep(10)).then(breaker.protect(never).move_on_after(1))
        return cancelled.then(breaker.state()).zip(breaker.protect(pure(1))).zip(breaker.state())

    assert with_breaker(use) == (("half_open", 1), "closed")


def test_a_call_from_before_does_not_count() -> None:
    """What began before it opened neither closes it nor keeps it open."""

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        late = breaker.protect(sleep(5).as_value("late"))
        return par_zip(late, opened(breaker)).then(breaker.state())

    assert with_breaker(use) == "open"


@pytest.mark.parametrize("late", [unit, BROKEN], ids=["success", "failure"])
def test_a_late_call_is_no_probe(late: IO[Any, Any]) -> None:
    """What began before it opened and ends while a probe is on its way neither closes nor opens it."""

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        call = breaker.protect(sleep(11).then(late)).exit()
        probe = opened(breaker).then(sleep(10)).then(breaker.protect(sleep(2)))
        return par_zip(call, probe, sleep(11.5).then(breaker.state())).zip(breaker.state())

    (*_, during), after = with_breaker(use)
    assert (during, after) == ("half_open", "closed")


def test_what_counts() -> None:
    """A bug counts, a cancel does not; `counts` may say that an error is none of the service's fault."""

    def use(ending: IO[Any, Any]) -> Callable[[CircuitBreaker], IO[Any, Any]]:
        return lambda breaker: collect([breaker.protect(ending).move_on_after(1).exit()] * 3).then(breaker.state())

    assert with_breaker(use(die(ValueError()))) == "open"
    assert with_breaker(use(never)) == "closed"
    assert with_breaker(use(fail("not found")), counts=lambda cause: cause.has_defect) == "closed"


def test_mistake_in_counts_does_not_leave_it_stuck() -> None:
    """The caller is told of the bug in `counts`, and the next call is the probe."""
    answers = [True, True]

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        probe = breaker.protect(BROKEN).exit()
        return opened(breaker).then(sleep(10)).then(probe).zip(breaker.protect(pure("served")))

    exit, served = with_breaker(use, counts=lambda cause: answers.pop())
    assert [type(defect) for defect in exit.failure().defects()] == [IndexError]
    assert served == "served"


def test_stats_count_what_happened() -> None:
    """How often it opened, and whom it rejected."""

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        rejected = collect([breaker.protect(unit).exit()] * 3)
        return opened(breaker).then(rejected).then(breaker.stats())

    stats = with_breaker(use)
    assert (stats.state, stats.failures, stats.opened, stats.rejected) == ("open", 2, 1, 3)


def test_a_cancel_anywhere_leaves_it_usable() -> None:
    """Whoever is cancelled, at whatever action, a probe that succeeds later closes it."""

    @do
    def program() -> Do[tuple[Any, str], Any]:
        breaker = yield from CircuitBreaker.make(1, 10)
        yield from par_settle([breaker.protect(sleep(1).then(BROKEN)), breaker.protect(sleep(2))])
        yield from sleep(10)
        yield from par_settle([breaker.protect(sleep(1)), breaker.protect(sleep(1).then(BROKEN))])
        yield from sleep(20)
        return (yield from breaker.protect(pure("value"))), (yield from breaker.state())

    def check(seen: tuple[Any, str]) -> None:
        assert seen == ("value", "closed")

    assert cancelled_everywhere(program, check, victims=["par_settle[0]", "par_settle[1]"]) > 40


def test_wrong_arguments_are_refused_when_built() -> None:
    """A limit of no failures would be open from the begin."""
    with pytest.raises(ValueError, match="max_failures"):
        CircuitBreaker.make(0)
    breaker: CircuitBreaker = outcome(CircuitBreaker.make())
    with pytest.raises(TypeError):
        breaker.protect(3)  # type: ignore[arg-type]


def test_circuit_open_is_a_typed_failure() -> None:
    """A retry waits until the breaker lets a probe through."""

    def use(breaker: CircuitBreaker) -> IO[Any, Any]:
        patient = breaker.protect(pure("value")).catch_all(lambda error: sleep(error.retry_after))
        return opened(breaker).then(patient).zip(now)

    assert issubclass(CircuitOpen, Exception)
    assert with_breaker(use) == (None, 10)

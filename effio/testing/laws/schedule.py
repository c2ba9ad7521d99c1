"""Running again: what a schedule says, in the words of sleeping and of one program after another."""

from __future__ import annotations

from effio.algebra.combine import collect, hedge, retrying, supervise
from effio.algebra.create import delay, die, fail, never, now, pure, sleep, suspend, unit
from effio.schedule.schedule import Schedule
from effio.testing.laws.cancellation import Context
from effio.testing.laws.equation import AnyIO, Equation
from effio.testing.laws.view import leaves, nameless
from effio.testing.observation import Observation


def failing(times: int, error: object) -> AnyIO:
    """A program that fails so many times and then succeeds; made anew for each run."""
    runs = iter(range(times))
    return suspend(lambda: pure("value") if next(runs, None) is None else fail(error))


def recurs_counts(around: Context, fa: AnyIO, times: int) -> Equation:
    """A schedule that recurs so many times is that number."""
    return Equation(around(fa.repeat(Schedule.recurs(times))), around(fa.repeat(times)))


def retry_recurs_counts(around: Context, fa: AnyIO, times: int) -> Equation:
    """Also for failures."""
    return Equation(around(fa.retry(Schedule.recurs(times))), around(fa.retry(times)))


def spaced_sleeps_in_between(fa: AnyIO, times: int, seconds: int) -> Equation:
    """A spaced repetition is a run, then so many times a sleep and a run."""
    left = fa.repeat(Schedule.recurs(times) & Schedule.spaced(seconds))
    right = collect([fa, *[sleep(seconds).then(fa)] * times]).map(lambda values: values[-1])
    return Equation(left, right)


def no_recurrence_is_one_run(around: Context, fa: AnyIO) -> Equation:
    """A schedule that never goes on changes nothing."""
    return Equation(around(fa.repeat(Schedule.recurs(0))), around(fa))


def both_waits_for_the_longer(seconds: int, seconds2: int, times: int) -> Equation:
    """Two schedules that must both go on wait as the one with the longer delays."""
    both = Schedule.spaced(seconds) & Schedule.spaced(seconds2) & Schedule.recurs(times)
    return Equation(unit.repeat(both).then(now), sleep(max(seconds, seconds2) * times).then(now))


def either_waits_for_the_shorter(seconds: int, seconds2: int, times: int) -> Equation:
    """Two schedules of which one must go on wait as the one with the shorter delays."""
    either = (Schedule.spaced(seconds) | Schedule.spaced(seconds2)) & Schedule.recurs(times)
    return Equation(unit.repeat(either).then(now), sleep(min(seconds, seconds2) * times).then(now))


def either_goes_on_while_one_does(times: int, seconds: int) -> Equation:
    """It ends with the one that goes on longer."""
    either = Schedule.recurs(times) | Schedule.recurs(seconds)
    return Equation(unit.scheduled(either.map(max)), pure(max(times, seconds)))


def fixed_begins_at_multiples(seconds: int, seconds2: int, times: int) -> Equation:
    """However long runs take, as long as they end before the next is due, they begin at multiples of the interval."""
    interval = seconds + seconds2
    left = now.tap(lambda moment: sleep(seconds)).repeat(Schedule.fixed(interval) & Schedule.recurs(times))
    return Equation(left, sleep(interval * times).then(now).tap(lambda moment: sleep(seconds)))


def jitter_keeps_its_bounds(seconds: int, times: int) -> Equation:
    """So many jittered delays take as long as so many delays, within the bounds."""
    schedule = Schedule.spaced(seconds).jittered(low=0.5, high=1.5) & Schedule.recurs(times)
    return Equation(
        unit.repeat(schedule).then(now).map(lambda time: inside(time, seconds * times)), pure(True), exit_of
    )


def exit_of(seen: Observation) -> object:
    """See how it ended, not when."""
    return seen.exit


def inside(time: float, expected: float) -> bool:
    """Whether it is within a half of what is expected."""
    return expected * 0.499 <= time <= expected * 1.501


def retry_goes_on_after_failures(error: object, times: int, seconds: int) -> Equation:
    """What fails so many times and then succeeds does so after as many delays."""
    left = suspend(lambda: failing(times, error).retry(Schedule.spaced(seconds)))
    return Equation(left.zip(now), sleep(seconds * times).then(pure("value").zip(now)))


def retry_never_repeats_a_bug(bug: BaseException) -> Equation:
    """A bug ends it at once."""
    return Equation(die(bug).retry(Schedule.forever()), die(bug))


def retry_of_a_cancelled_program(seconds: int) -> Equation:
    """A cancel ends it at once, wherever it is."""
    left = sleep(1).then(fail("again")).retry(Schedule.spaced(1)).move_on_after(seconds).then(now)
    return Equation(left, never.move_on_after(seconds).then(now))


def retrying_is_retry(around: Context, fa: AnyIO, times: int) -> Equation:
    """A maker that does not look at the number of the attempt makes the same program each time."""
    return Equation(around(retrying(lambda attempt: fa, times)), around(fa.retry(times)))


def retry_or_else_fail_is_the_last_failure(error: object, times: int) -> Equation:
    """Giving up with the last error tells that one alone."""
    once = delay(lambda: None).then(fail(error))
    return Equation(once.retry_or_else(Schedule.recurs(times), lambda last, tries: fail(last)), fail(error))


def supervise_restarts_a_bug(bug: Exception, times: int, seconds: int) -> Equation:
    """A bug that shows so many times is survived."""
    endings = [die(bug)] * times

    def service() -> AnyIO:
        runs = iter(endings)
        return supervise(suspend(lambda: next(runs, pure("up"))), Schedule.spaced(seconds))

    return Equation(suspend(service).zip(now), sleep(seconds * times).then(pure("up").zip(now)))


def supervise_of_success(around: Context, peaceful: AnyIO) -> Equation:
    """What succeeds is not run again."""
    return Equation(around(supervise(peaceful, Schedule.forever())), around(peaceful))


def hedge_of_the_quick(still: AnyIO, seconds: int) -> Equation:
    """What takes no time runs once, if it succeeds."""
    quick = still.exit()
    return Equation(hedge(quick, after=seconds), quick, nameless)


def hedge_takes_the_first(seconds: int, seconds2: int) -> Equation:
    """Two equal runs end with the first of them."""
    return Equation(hedge(sleep(seconds), after=seconds2).then(now), sleep(seconds).then(now))


def hedge_of_failures(error: object, seconds: int) -> Equation:
    """If both runs fail both failures are told, without any delay."""
    once = delay(lambda: None).then(fail(error))
    return Equation(hedge(once, after=seconds), hedge(once, after=0), leaves)

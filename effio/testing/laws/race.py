"""Programs of which one wins."""

from __future__ import annotations

from effio.algebra.arity import first_completed, race
from effio.algebra.combine import race_all, race_staggered
from effio.algebra.create import delay, fail, never, now, pure, sleep, suspend, unit
from effio.testing.laws.equation import AnyIO, Equation
from effio.testing.laws.view import leaves, nameless


def race_with_never(ending: AnyIO) -> Equation:
    """What never ends never wins."""
    return Equation(race(ending.exit(), never), ending.exit(), nameless)


def never_in_a_race(ending: AnyIO) -> Equation:
    """What never ends never wins, wherever it stands."""
    return Equation(race(never, ending.exit()), ending.exit(), nameless)


def race_with_never_in_a_timeout(peaceful: AnyIO, seconds: int) -> Equation:
    """A success that comes late, since it is shielded, still wins."""
    late = sleep(1).then(peaceful).shielded()
    return Equation(race(late, never).move_on_after(seconds), late.move_on_after(seconds), nameless)


def race_with_a_failure(peaceful: AnyIO, error: object) -> Equation:
    """What fails does not win."""
    return Equation(race(fail(error), peaceful), peaceful)


def race_of_failures(error: object) -> Equation:
    """If all fail, all failures are told."""
    left = race_all([fail(error), fail("other")]).exit().map(lambda exit: exit.failure().failures())
    return Equation(left, pure((error, "other")))


def race_of_one(ending: AnyIO) -> Equation:
    """Who runs alone wins."""
    return Equation(race_all([ending.exit()]), ending.exit(), nameless)


def the_loser_has_ended_first(fin: AnyIO, value: object) -> Equation:
    """The finalizers of the loser are complete before the winner's value is seen."""
    left = race(never.ensuring(fin.exit()), sleep(1).as_value(value)).zip(now)
    right = sleep(1).then(fin.exit()).as_value(value).zip(now)
    return Equation(left, right, nameless)


def the_shorter_sleep_wins(seconds: int, seconds2: int) -> Equation:
    """A race of two sleeps ends with the shorter one."""
    left = race(sleep(seconds).as_value(seconds), sleep(seconds2).as_value(seconds2)).zip(now)
    earliest = min(seconds, seconds2)
    return Equation(left, sleep(earliest).as_value(earliest).zip(now))


def the_first_exit_counts(error: object, seconds: int) -> Equation:
    """A failure completes a contest for the first exit."""
    left = first_completed(sleep(seconds).then(fail(error)), sleep(seconds + 1))
    return Equation(left, sleep(seconds).then(fail(error)), leaves)


def no_stagger_is_a_race(fa: AnyIO, fb: AnyIO) -> Equation:
    """Attempts that start at once are a race."""
    return Equation(race_staggered([fa, fb], 0), race_all([fa, fb]), nameless)


def a_stagger_waits(seconds: int, seconds2: int) -> Equation:
    """The second attempt starts after the delay, unless the first has won."""
    first = sleep(seconds).as_value("first")
    left = race_staggered([first, pure("second")], seconds2)
    winner = "first" if seconds <= seconds2 else "second"
    return Equation(left.zip(now), sleep(min(seconds, seconds2)).as_value(winner).zip(now))


def a_second_winner_is_disposed_of(value: object) -> Equation:
    """A value that came without an action after another had won is given back."""
    disposed: list[object] = []

    def contest() -> AnyIO:
        disposed.clear()
        both = [unit.as_value("one"), unit.as_value(value)]
        return race_all(both, dispose=lambda lost: delay(disposed.append, lost)).map(lambda won: (won, disposed[:]))

    return Equation(suspend(contest), pure(("one", [value])))

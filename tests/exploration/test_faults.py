"""What may go wrong outside is explored: choices, rare paths, faults of calls."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from returns.result import Failure, Success

from effio import Ref, attempt, delay, do, effect, par_collect, pure, run, shield
from effio.testing import Fault, Faults, buggify, choice, explore, outcomes, replay, simulate
from effio.testing.exploration.outcomes import ways_of
from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration.generated import TooMany, all_outcomes, plain


def charge(amount: int) -> int:
    return amount


@do
def twice() -> Any:
    return (yield from delay(charge, 1)), (yield from delay(charge, 2))


NEGATED = Fault.corrupt(lambda amount: -amount)


def test_choices_after_each_other_give_every_combination_once() -> None:
    """Two choices of two and three have six schedules, one for each pair."""
    pairs = choice(2).flat_map(lambda one: choice(3).map(lambda other: (one, other)))
    found = outcomes(pairs)
    assert {pair: count for pair, (count, _) in found.items()} == {(a, b): 1 for a in range(2) for b in range(3)}


@do
def chosen_beside_each_other() -> Any:
    log: Any = yield from Ref.make(())

    @do
    def one(name: str) -> Any:
        number = yield from choice(2)
        yield from log.update(lambda known: (*known, (name, number)))

    yield from par_collect([one("a"), one("b")])
    return (yield from log.get())


def test_choices_of_fibers_do_not_depend_on_each_other() -> None:
    """Two fibers that choose and then write have two orders for each of the four combinations, and no more."""
    found = outcomes(chosen_beside_each_other())
    assert {count for count, _ in found.values()} == {1}
    assert len(found) == 8


def test_token_keeps_the_choices() -> None:
    """Each way to end is shown again by its token."""
    for way, (_, token) in outcomes(chosen_beside_each_other()).items():
        outcome = replay(chosen_beside_each_other(), token).outcome
        assert outcome is not None
        assert outcome.unwrap() == way


def test_buggify_goes_both_ways_in_an_exploration_only() -> None:
    """Explored, something unusual happens and does not; in a plain run it never does."""
    assert outcomes(buggify("cache forgets")).keys() == {True, False}
    assert run(buggify("cache forgets")) is False


def test_probability_of_buggify_counts_in_a_simulation() -> None:
    """Over many seeds the rare path is taken about as often as it says, by the same seeds each time."""
    taken = [simulate(buggify("rare", 0.2), seed=seed).outcome for seed in range(200)]
    again = [simulate(buggify("rare", 0.2), seed=seed).outcome for seed in range(200)]
    assert taken == again
    assert 20 <= sum(outcome.unwrap() for outcome in taken if outcome is not None) <= 60


@pytest.mark.parametrize("p", [-0.1, 1.5])
def test_probability_of_buggify_is_one(p: float) -> None:
    """A number that is no probability is refused when the program is built."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        buggify("rare", p)


def test_each_fault_has_schedules_of_its_own() -> None:
    """One call at most goes wrong, each in each way; the plain run is there too."""
    found = outcomes(twice(), faults={charge: [NEGATED, TimeoutError("late")]})
    assert {way for way in found if not isinstance(way, Failure)} == {(1, 2), (-1, 2), (1, -2)}
    assert sum(count for count, _ in found.values()) == 5


def test_several_faults_come_together_if_they_may() -> None:
    """With two faults at most both calls go wrong in one of the schedules."""
    found = outcomes(twice(), faults=Faults({charge: NEGATED}, at_most=2))
    assert found.keys() == {(1, 2), (-1, 2), (1, -2), (-1, -2)}


def test_raised_fault_is_typed_where_it_is_caught() -> None:
    """A call that catches the exception fails with it, one that does not dies of it."""
    caught = attempt(charge, 1).catch_all(lambda error: pure("caught"))
    assert outcomes(caught, faults={charge: OSError("gone")}).keys() == {1, "caught"}
    (died,) = (way for way in outcomes(delay(charge, 1), faults={charge: OSError("gone")}) if way != 1)
    assert "Die" in repr(died)


def test_call_that_never_answers_is_cut_by_its_timeout() -> None:
    """A deadline finds the call that hangs, and nothing else."""
    late = outcomes(delay(charge, 1).fail_after(5.0), faults={charge: Fault.never()}).keys() - {1}
    assert ["TimedOut" in repr(way) for way in late] == [True]


def test_late_call_takes_its_time() -> None:
    """A delayed call moves the virtual clock by so much."""
    exploration = explore(delay(charge, 1), lambda exit: False, faults={charge: Fault.delay(7)}, stop_on_first=False)
    assert [finding.run.virtual_elapsed for finding in exploration.failures] == [0.0, 7.0]


def test_duplicated_call_is_made_twice() -> None:
    """What a call does is done once more."""
    calls: Counter[str] = Counter()

    def send() -> int:
        calls["sent"] += 1
        return calls["sent"]

    fresh = delay(calls.clear).then(delay(send))
    assert outcomes(fresh, faults={send: Fault.duplicate()}).keys() == {1, 2}


def test_failure_names_the_fault_and_its_token_needs_the_same_faults() -> None:
    """The trace says what went wrong with which call, and the token shows it again."""
    faults = {charge: NEGATED}
    (finding,) = explore(twice(), lambda exit: exit == Success((1, 2)), faults=faults).failures
    assert "charge(1) -> answers wrongly" in finding.render()
    assert replay(twice(), finding.token, faults=faults).outcome == finding.outcome


def test_found_plan_has_the_fewest_faults() -> None:
    """If one fault is enough for a failure, no other is in the run that is shown."""
    faults = Faults({charge: NEGATED}, at_most=2)
    (finding,) = explore(twice(), lambda exit: exit.unwrap()[1] > 0, faults=faults).failures
    assert finding.outcome.unwrap() == (1, -2)


def test_fault_that_never_came_is_told() -> None:
    """A function that may fail and is never called is named by an exploration that finds nothing."""

    def audit() -> None:
        raise AssertionError

    exploration = explore(twice(), faults={charge: NEGATED, audit: OSError("gone")})
    assert exploration.never == ("audit raises OSError('gone')",)


def test_cancelled_fiber_does_not_choose() -> None:
    """A choice in a shield is made although the fiber is cancelled."""
    assert outcomes(shield(lambda restore: choice(2))).keys() == {0, 1}


def test_what_is_no_fault_is_refused() -> None:
    """Anything but a fault or an exception is refused when the plan is made."""
    with pytest.raises(TypeError, match="a fault must be a Fault or an exception, not 3"):
        Faults({charge: 3})  # type: ignore[dict-item]


def chancy(seed: int) -> Any:
    """Some fibers that choose, call what may go wrong, and write, in an order that the seed chooses."""
    chance = Random(seed)
    plans = [
        [chance.choice(["choose", "call", "read", "write"]) for _ in range(chance.randint(1, 3))] for _ in range(2)
    ]

    @do
    def main() -> Any:
        log: Any = yield from Ref.make(())

        def note(what: Any) -> Any:
            return log.update(lambda known: (*known, what))

        @do
        def fiber(plan: list[str]) -> Any:
            seen: list[Any] = []
            for word in plan:
                if word == "write":
                    yield from note(tuple(seen))
                elif word == "read":
                    seen.append(len((yield from log.get())))
                else:
                    seen.append((yield from (choice(2) if word == "choose" else delay(charge, 1))))
            return tuple(seen)

        results = yield from par_collect([fiber(plan) for plan in plans])
        return results, (yield from log.get())

    return main()


def test_search_finds_every_outcome_of_programs_that_choose() -> None:
    """With choices and faults too, the outcomes of the search are those of all interleavings."""
    for seed in (*range(9), *range(11, 20), *range(21, 25)):
        faults = Faults({charge: NEGATED}, at_most=1 + seed % 2)
        try:
            expected = all_outcomes(Stepped(chancy(seed), merge=False, faults=faults), 150)
        except TooMany:
            continue
        found = ways_of(Stepped(chancy(seed), faults=faults), plain, 5_000)
        assert found.exhaustive
        assert found.found.keys() == expected, seed


@effect(catches=ConnectionError)
async def fetched(address: str) -> str:
    raise NotImplementedError


def test_effect_stands_for_the_function_below_it() -> None:
    """An `@effect` function given as a key of models and of faults is meant as the function that it calls."""
    models = {fetched: lambda address: pure(address.upper())}
    assert simulate(fetched("a"), models=models).outcome == Success("A")
    found = outcomes(fetched("a").either(), models=models, faults={fetched: ConnectionError})
    assert len(found) == 2

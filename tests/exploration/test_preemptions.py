"""A bound on preemptions leaves out the classes of schedules that need more, and hardly any that does not."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from effio import Do, Ref, Semaphore, do, par_collect
from effio.testing import explore
from effio.testing.exploration.schedules.preemptions import Moment, can_be_taken
from effio.testing.exploration.schedules.search import Search
from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration import generated
from tests.exploration import known_programs as known
from tests.exploration.notation import Fiber, Named, Notated, Program, Thread, named, read, write
from tests.exploration.notation import Ref as Cell
from tests.exploration.test_brute_force import canonical, random_program, steps_of

Level = dict[tuple[Any, tuple[int, ...]], tuple[int, ...]]

CONCUERROR = [1, 2, 8, 23, 43, 58, 64, 64]
"""The runs of Concuerror's `readers-test`, in its repository, with delay bounds from 0 to 7."""


# -- Brute force ---------------------------------------------------------------------------------------------


def fewest(program: Program) -> dict[Any, int]:
    """Of every class of complete schedules, the preemptions that its simplest schedule has."""
    frontier: dict[Any, tuple[tuple[int, ...], int]] = {(): ((), 0)}
    found: dict[Any, int] = {}
    while frontier:
        following: dict[Any, tuple[tuple[int, ...], int]] = {}
        for schedule, count in frontier.values():
            run, steps = steps_of(program, schedule)
            ready = run.ready()
            if not ready:
                name = canonical(steps)
                found[name] = min(count, found.get(name, count))
            for thread in ready:
                longer = (*schedule, thread)
                more = count + bool(schedule and schedule[-1] in ready and schedule[-1] != thread)
                key = (canonical(steps_of(program, longer)[1]), thread)
                following[key] = min(following.get(key, (longer, more)), (longer, more), key=lambda pair: pair[1])
        frontier = following
    return found


def fewest_delays(program: Program) -> dict[Any, int]:
    """Of every class, how often somebody is sent to the end of the queue whose first one goes on until it has ended."""
    everybody = tuple(range(len(Notated(program).start().threads)))
    level: Level = {(canonical([]), everybody): ()}
    found: dict[Any, int] = {}
    known_states: set[Any] = set()
    delays = 0
    while level:
        following: Level = {}
        waiting = [*level.items()]
        while waiting:
            (name, queue), schedule = waiting.pop()
            if (name, queue) in known_states:
                continue
            known_states.add((name, queue))
            ready = steps_of(program, schedule)[0].ready()
            queue = tuple(thread for thread in queue if thread in ready)
            if not queue:
                found.setdefault(name, delays)
                continue
            longer = (*schedule, queue[0])
            waiting.append(((canonical(steps_of(program, longer)[1]), queue), longer))
            following.setdefault((name, (*queue[1:], queue[0])), schedule)
        level = {state: way for state, way in following.items() if state not in known_states}
        delays += 1
    return found


def within(counts: dict[Any, int], bound: int) -> set[Any]:
    return {name for name, count in counts.items() if count <= bound}


def found_with(program: Program, bound: int) -> list[Any]:
    """The classes that the search gives under a bound."""
    schedules = Search(Notated(program), preemption_bound=bound).schedules()
    return [canonical(steps_of(program, schedule.threads)[1]) for schedule in schedules]


def check(program: Program) -> None:
    needed = fewest(program)
    for bound in range(max(needed.values()) + 1):
        found = found_with(program, bound)
        assert len(found) == len(set(found))
        assert set(found) == within(needed, bound), (program.name, bound)


@pytest.mark.parametrize("seed", [0, 1, 5, 8, 9, 21, 28, 33, 50, 98])
def test_bounded_search_finds_what_needs_no_more_preemptions(seed: int) -> None:
    """Under every bound the classes are those that have a schedule with so few preemptions, and no others."""
    check(random_program(seed))


@pytest.mark.thorough
@pytest.mark.parametrize("start", range(1000, 1600, 100))
def test_bounded_search_finds_what_needs_no_more_preemptions_in_many(start: int) -> None:
    """The same of six hundred random programs, of which one class in fifty may be missed."""
    missed = Counter[bool]()
    for seed in range(start, start + 100):
        needed = fewest(random_program(seed))
        for bound in range(max(needed.values()) + 1):
            found, expected = set(found_with(random_program(seed), bound)), within(needed, bound)
            assert found <= expected
            missed.update(name not in found for name in expected)
    assert missed[True] <= missed[False] / 50


@do
def handed_on() -> Do[int]:
    """Fibers that wait for one another, and go on then."""
    there, back = (yield from Semaphore.make(0)), (yield from Semaphore.make(0))
    total = yield from Ref.make(0)
    ping = there.release().then(back.acquire()).then(total.update(lambda old: 2 * old + 1))
    pong = there.acquire().then(total.update(lambda old: 3 * old)).then(back.release())
    yield from par_collect([ping, pong, ping, pong])
    return (yield from total.get())


def test_bounded_exploration_goes_on_where_it_stopped() -> None:
    """Cut anywhere, a bounded exploration leaves out what it would have left out."""
    options: dict[str, Any] = {"preemption_bound": 0, "sampling": 0}
    whole = explore(handed_on(), **options)
    for cut in (2, 12, 20):
        part = explore(handed_on(), max_schedules=cut, **options)
        part = explore(handed_on(), resume=json.loads(json.dumps(part.state)), **options)
        assert (part.schedules, part.bounds) == (whole.schedules, whole.bounds)


@pytest.mark.parametrize(
    ("program", "orders"), [(known.lost_update(3), 6), (known.philosophers(3), 6), (known.spsc(2), 1)]
)
def test_without_preemptions_fibers_go_in_every_order(program: Program, orders: int) -> None:
    """A bound of 0 leaves the order free in which whole fibers come one after the other."""
    assert len(found_with(program, 0)) == orders


def test_preemptions_are_those_of_the_simplest_schedule() -> None:
    """With a bound each schedule counts as the simplest one that is equivalent, so that sums per bound agree."""
    program = known.lost_update(3)
    schedules = Search(Notated(program), preemption_bound=2).schedules()
    assert Counter(schedule.preemptions for schedule in schedules) == Counter(fewest(program).values())


# -- Readers that first look elsewhere -----------------------------------------------------------------------


@named
def readers_test(n: int) -> Named:
    """One writer, and n readers that read something of their own before they read what is written."""
    shared, own = Cell(0), [Cell(0) for _ in range(n)]

    def writer() -> Thread:
        yield write(shared, 42)

    def reader(index: int) -> Fiber:
        def body() -> Thread:
            yield read(own[index])
            return (yield read(shared))

        return body

    return f"readers_test({n})", [shared, *own], [writer, *map(reader, range(n))], None


@do
def readers(n: int) -> Do[list[int]]:
    """The same in effio's words."""
    shared = yield from Ref.make(0, name="x")
    own = []
    for _ in range(n):
        own.append((yield from Ref.make(0)))
    looking = [mine.get().then(shared.get()) for mine in own]
    _, *seen = yield from par_collect([shared.set(42).as_value(0), *looking])
    return seen


def test_delays_of_the_readers_are_those_of_concuerror() -> None:
    """Concuerror's bound counts delays of a round robin: brute force gives its published counts, for three readers."""
    counts = Counter(fewest_delays(readers_test(3)).values())
    assert [sum(counts[count] for count in range(bound + 1)) for bound in (0, 1, 2, 6)] == [1, 2, 5, 8]


@pytest.mark.thorough
def test_delays_of_six_readers_are_those_of_concuerror() -> None:
    """The same for its six readers and bounds from 0 to 7."""
    counts = Counter(fewest_delays(readers_test(6)).values())
    assert [sum(counts[count] for count in range(bound + 1)) for bound in range(8)] == CONCUERROR


def test_readers_need_no_preemption() -> None:
    """Whoever reads before the write can do so as a whole, so that each of the 64 classes is within every bound."""
    assert set(fewest(readers_test(3)).values()) == {0}
    assert len(found_with(readers_test(6), 0)) == 64


@pytest.mark.parametrize("bound", [0, 3, 7])
def test_readers_of_effio_need_no_preemption(bound: int) -> None:
    """The same in effio: 64 classes under every bound, and none left out."""
    exploration = explore(readers(6), preemption_bound=bound, sampling=0)
    assert (exploration.schedules, exploration.exhaustive) == (64, True)


# -- Programs of effio ---------------------------------------------------------------------------------------


def outcomes_by_preemptions(system: Stepped, limit: int) -> dict[Any, int]:
    """How the runs of all interleavings end, each with the fewest preemptions that lead there.

    The steps are those of a system that has learned which of them matter.
    """
    found: dict[Any, int] = {}
    pending: list[tuple[int, ...]] = [()]
    while pending:
        limit -= 1
        if limit < 0:
            raise generated.TooMany
        prefix = pending.pop()
        run = system.start()
        count, last, ready = 0, -1, run.ready()
        taken = 0
        while ready:
            thread = prefix[taken] if taken < len(prefix) else ready[0]
            if taken >= len(prefix):
                pending.extend((*prefix, other) for other in ready[1:])
                prefix = (*prefix, thread)
            count += last > 0 and last in ready and last != thread
            run.take(thread)
            taken, last, ready = taken + 1, thread, run.ready()
        outcome = generated.plain(run.outcome())
        found[outcome] = min(count, found.get(outcome, count))
    return found


def check_outcomes(seed: int, limit: int) -> None:
    system = Stepped(generated.random_program(seed))
    generated.found_by_search(system)
    try:
        needed = outcomes_by_preemptions(system, limit)
    except generated.TooMany:
        return
    for bound in range(max(needed.values()) + 1):
        search = Search(system, preemption_bound=bound, aside=0)
        assert {generated.plain(each.outcome) for each in search.schedules()} >= within(needed, bound), (seed, bound)


@pytest.mark.parametrize("seed", [2, 8, 10, 15, 18])
def test_bounded_search_finds_the_outcomes_that_need_no_more_preemptions(seed: int) -> None:
    """Of a program of effio, every way to end that all interleavings with so few preemptions show is found."""
    check_outcomes(seed, 150)


@pytest.mark.thorough
@pytest.mark.parametrize("start", range(0, 300, 50))
def test_bounded_search_finds_the_outcomes_of_many_programs(start: int) -> None:
    """The same of hundreds of programs."""
    for seed in range(start, start + 50):
        check_outcomes(seed, 1000)


# -- The count itself ----------------------------------------------------------------------------------------


def test_a_switch_that_is_needed_is_no_preemption() -> None:
    """A thread that waits for another one is not preempted, one that could go on is."""
    waits = [Moment(1, 0b001, 0), Moment(2, 0b010, 0), Moment(1, 0b111, 0b010)]
    could = [Moment(1, 0b001, 0), Moment(2, 0b011, 0), Moment(1, 0b111, 0)]
    assert can_be_taken(waits, 0)
    assert not can_be_taken(could, 0)
    assert can_be_taken(could, 1)
    assert can_be_taken(could, 0, aside=1)

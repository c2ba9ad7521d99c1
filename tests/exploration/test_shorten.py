"""A failing run is shown with as few preemptions as can be found, whoever found it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from effio.testing import replay
from effio.testing.exploration.finding import verdict
from effio.testing.exploration.schedules.preemptions import Moment, can_be_taken
from effio.testing.exploration.schedules.sampling import SAMPLERS, profile_of, sample
from effio.testing.exploration.schedules.token import NotRepeatable
from effio.testing.exploration.schedules.trail import Trail
from effio.testing.exploration.shortening import shorten
from effio.testing.exploration.shortening.course import Course, Courses
from effio.testing.exploration.shortening.regroup import regrouped
from effio.testing.exploration.simulation import Simulation, written
from effio.testing.exploration.steps.stepping import Stepped
from tests.exploration.bugs import locks, refs, structures
from tests.exploration.bugs.case import Bug

BUGS = {bug.name: bug for bug in (*refs.BUGS, *locks.BUGS, *structures.BUGS)}


def fails(bug: Bug, outcome: Any) -> bool:
    return not verdict(bug.check, outcome)[0]


def failing(bug: Bug, sampler: str) -> tuple[Stepped, Simulation]:
    """The first run that fails, drawn by chance."""
    system = Stepped(bug.broken())
    profile = profile_of(sample(system, SAMPLERS["fifo"](Random(0), {})))
    for seed in range(300):
        system.learned()
        schedule = sample(system, SAMPLERS[sampler](Random(seed), profile))
        if fails(bug, schedule.outcome):
            return system, written(system, schedule.threads)
    raise AssertionError(f"{sampler} does not find {bug.name}")


def shortened(name: str, sampler: str) -> tuple[Simulation, Simulation]:
    system, run = failing(BUGS[name], sampler)
    return run, shorten.shortest(system, run, lambda outcome: fails(BUGS[name], outcome))


@pytest.mark.parametrize(
    ("name", "sampler", "found", "least"),
    [
        ("lost update(3)", "walk", 3, 1),
        ("CS.token_ring", "walk", 3, 0),
        ("Treiber stack, ABA", "urw", 4, 1),
        ("philosophers(5)", "urw", 5, 1),
        ("CHESS work-stealing queue", "urw", 6, 1),
    ],
)
def test_run_found_by_chance_comes_down_to_the_fewest_preemptions(
    name: str, sampler: str, found: int, least: int
) -> None:
    """What a sampler found fails again with as few preemptions as any failing class has, and its token replays."""
    run, short = shortened(name, sampler)
    assert (run.preemptions, short.preemptions) == (found, least)
    again = replay(BUGS[name].broken(), short.token)
    assert [str(event) for event in again.trace] == [str(event) for event in short.trace]
    assert fails(BUGS[name], again.outcome)


def test_shortening_does_the_same_each_time() -> None:
    """Nothing in it depends on time, or on chance that is not its own."""
    assert len({shortened("Treiber stack, ABA", "urw")[1].token for _ in range(2)}) == 1


def course_of(name: str, sampler: str) -> tuple[Courses, Course]:
    system, run = failing(BUGS[name], sampler)
    courses = Courses(system, lambda outcome: fails(BUGS[name], outcome), 1000)
    course = courses.run(run.moves)
    assert course is not None
    return courses, course


def test_equivalent_order_is_found_without_running_anything() -> None:
    """Philosophers who took turns take their forks one after the other, but for one, and starve still."""
    courses, course = course_of("philosophers(5)", "walk")
    steps = courses.steps
    plan = regrouped(course)
    assert courses.steps == steps
    assert plan is not None
    assert sorted(plan) == sorted(course.moves)
    again = courses.run(plan)
    assert again is not None
    assert (course.preemptions, again.preemptions) == (5, 1)


def test_order_that_is_the_best_of_its_class_is_left_alone() -> None:
    """Steps that conflict keep their order, however many preemptions that takes."""
    courses, course = course_of("philosophers(5)", "walk")
    plan = regrouped(course)
    assert plan is not None
    best = courses.run(plan)
    assert best is not None
    assert regrouped(best) is None


@pytest.mark.parametrize("name", ["lost update(3)", "Treiber stack, ABA", "ticket lock", "AB-BA", "CS.stack"])
@pytest.mark.parametrize("sampler", ["walk", "urw"])
def test_equivalent_order_has_the_fewest_preemptions_of_its_class(name: str, sampler: str) -> None:
    """Who only asks whether a class can do with so few preemptions agrees, and says that fewer are not enough."""
    courses, course = course_of(name, sampler)
    plan = regrouped(course)
    best = course if plan is None else courses.run(plan)
    assert best is not None
    trail = Trail()
    for owner, step in zip(course.owners, course.steps, strict=True):
        trail.add(owner, step.footprint, step.enablers)
    moments = [*map(Moment, trail.threads, trail.before, trail.needs)]
    assert can_be_taken(moments, best.preemptions)
    assert not can_be_taken(moments, best.preemptions - 1)


def test_who_does_not_want_to_wait_gets_what_there_is() -> None:
    """A stop leaves the run as it is, but for the order of its class, which takes no runs."""
    system, run = failing(BUGS["CS.wronglock(2)"], "urw")
    bug = BUGS["CS.wronglock(2)"]
    short = shorten.shortest(system, run, lambda outcome: fails(bug, outcome), stop=lambda: True)
    assert fails(bug, short.outcome)
    assert short.preemptions <= run.preemptions


def test_what_is_searched_already_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one preemption, and all schedules without any searched, no other run is looked for."""
    bug = BUGS["CS.reorder_3"]
    system, run = failing(bug, "walk")
    looked: list[Course] = []

    def noted(courses: Courses, course: Course) -> Course:
        looked.append(course)
        return course

    monkeypatch.setattr(shorten, "simpler", noted)
    shorten.shortest(system, run, lambda outcome: fails(bug, outcome), least=1)
    assert not looked
    shorten.shortest(system, run, lambda outcome: fails(bug, outcome))
    assert [course.preemptions for course in looked] == [1]


def test_program_that_is_not_the_same_each_time_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be searched, because runs of one order differ, is still shown."""

    def refused(courses: Courses, course: Course) -> Course:
        raise NotRepeatable

    bug = BUGS["CS.wronglock(2)"]
    system, run = failing(bug, "walk")
    monkeypatch.setattr(shorten, "simpler", refused)
    assert shorten.fewest(Courses(system, lambda outcome: fails(bug, outcome), 1000), run, 0) is run

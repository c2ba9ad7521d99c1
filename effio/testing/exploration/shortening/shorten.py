"""A failing run made simple: as few preemptions as can be found, and no choice that it does not need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from effio.testing.exploration.schedules.search import Search
from effio.testing.exploration.schedules.system import CLOCK
from effio.testing.exploration.schedules.token import Token, TokenMismatch
from effio.testing.exploration.shortening.closest import attempted, by_token
from effio.testing.exploration.shortening.course import Course, Courses, Fails, copied
from effio.testing.exploration.shortening.rearrange import ENOUGH, rearranged, settled
from effio.testing.exploration.simulation import Simulation, written
from effio.testing.exploration.steps.stepping import Stepped

SEARCHED: Final = 10_000
"""So many steps are taken in the search for a run with fewer preemptions, from the simplest ones on."""

GLANCE: Final = 1_000
"""So many, if there is only one preemption."""

REARRANGED: Final = 10_000
"""So many steps are taken in vain in runs that resemble the one that is known to fail."""


def shortest(
    system: Stepped, run: Simulation, fails: Fails, least: int = 0, stop: Callable[[], bool] = bool
) -> Simulation:
    """A run that fails too and differs less from what happens by itself: no single choice can be left out.

    If there is one preemption and `least` is not 0, schedules without any have been searched. When `stop` is true, what
    was found is enough.
    """
    longest = 10 * len(run.trace) + 100
    return without_needless(system, fewest(Courses(system, fails, longest, stop), run, least), fails, stop)


# -- Fewer preemptions ---------------------------------------------------------------------------------------


def fewest(courses: Courses, run: Simulation, least: int) -> Simulation:
    """A run that fails with fewer preemptions: an equivalent one, else one found by a search, else one like it."""
    if not (run.preemptions and run.moves):
        return run
    try:
        simple = fewest_of(courses, run, least)
    except TokenMismatch:  # The program is not the same in each run, which is told in time.
        return run
    return simple if weight(simple) < weight(run) and courses.fails(simple.outcome) else run


def fewest_of(courses: Courses, run: Simulation, least: int) -> Simulation:
    """The run with the fewest preemptions that comes to light, if the program is the same in each run."""
    course = courses.run(run.moves)
    if course is None:
        return run
    course = settled(courses, course)
    if course.preemptions > min(ENOUGH, least):
        course = simpler(courses, course)
    return courses.written(course)


def simpler(courses: Courses, course: Course) -> Course:
    """A run that is not equivalent and has fewer preemptions, if one is found."""
    system = copied(courses.system)
    most = SEARCHED if course.preemptions > ENOUGH else GLANCE
    search = Search(system, preemption_bound=course.preemptions - 1, max_steps=courses.longest, aside=CLOCK)
    for schedule in search.schedules():
        if not schedule.cut and courses.fails(schedule.outcome):
            found = courses.run(written(system, schedule.threads).moves)
            return course if found is None else min(course, settled(courses, found), key=Course.weight)
        if search.counts.steps + search.counts.repeated > most or courses.stop():
            return rearranged(courses, course, REARRANGED)
    return course


# -- Fewer choices -------------------------------------------------------------------------------------------


def without_needless(system: Stepped, run: Simulation, fails: Fails, stop: Callable[[], bool] = bool) -> Simulation:
    """Leave out half of the choices, then a quarter, and so on (Zeller's delta debugging)."""
    best = run
    size = len(Token.parse(run.token).choices)
    while size and not stop():
        best, improved = without_some(system, best, fails, size)
        size = size if improved and size == 1 else size // 2
    return best


def without_some(system: Stepped, run: Simulation, fails: Fails, size: int) -> tuple[Simulation, bool]:
    """The run without as many groups of `size` neighbouring choices as possible, and whether that was any."""
    improved = False
    again = by_token(system)
    end = len(Token.parse(run.token).choices)
    while end > 0:
        choices = Token.parse(run.token).choices
        candidate = attempted(again, Token(choices[: max(end - size, 0)] + choices[end:]), 10 * len(run.trace) + 100)
        if candidate is not None and fails(candidate.outcome) and weight(candidate) < weight(run):
            run, improved = candidate, True
        end = min(end - size, len(Token.parse(run.token).choices))
    return run, improved


def weight(run: Simulation) -> tuple[int, int, int]:
    """What makes a run hard to read: preemptions, choices, length."""
    return run.preemptions, len(Token.parse(run.token).choices), len(run.trace)

"""The tables of the explorer say what is so."""

from __future__ import annotations

import pytest

from tests.benchmarks.exploration import bugs, counts, rival
from tests.exploration.bugs import refs


@pytest.mark.parametrize("index", range(3), ids=lambda index: counts.PROGRAMS[index][0].name)
def test_row_tells_how_many_classes_there_are(index: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many classes are run, by the search alone and on effio's interpreter, as there should be."""
    *_, published = counts.PROGRAMS[index]
    monkeypatch.setattr(counts, "PROGRAMS", counts.PROGRAMS[index : index + 1])
    monkeypatch.setattr(counts, "ROUNDS", 1)
    (row,) = counts.rows()
    found = [cell for head, cell in zip(counts.HEAD, row, strict=True) if "run" in head or head == "should be"]
    assert found == [str(published)] * 3


def test_every_way_finds_a_bug_that_is_everywhere() -> None:
    """The search and all it is compared with find the lost update, and say after how many runs."""
    (bug,) = (bug for bug in refs.BUGS if bug.name == "lost update(3)")
    assert all(bugs.first_failure(bug, way(bug))[0].isdigit() for way in bugs.WAYS.values())


@pytest.mark.parametrize("problem", rival.PROBLEMS, ids=lambda problem: problem.title)
def test_problem_is_solved_by_effio(problem: rival.Problem) -> None:
    """The bug is found, or it is proved that there is none."""
    assert rival.by_effio(problem).startswith("run" if problem.has_bug else "proved")

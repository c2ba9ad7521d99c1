"""What the cause of a parallel word says of its children: every one that began, how it ended, and when."""

from __future__ import annotations

from typing import Any

from effio import IO, VirtualClock, fail, never, par_collect, par_traverse, par_zip, pure, run_exit, sleep
from effio.data.cause import Both


def reports_of(program: IO[Any, Any]) -> list[tuple[str, str, float | None]]:
    """The children that the cause of a failing program tells of, in virtual time."""
    cause = run_exit(program, clock=VirtualClock()).failure()
    assert isinstance(cause, Both)
    return [(report.label, report.outcome, report.seconds) for report in cause.children]


def test_every_child_is_told_of() -> None:
    """Values took no time, a name that a child was given is its label, a cancelled one may have failed in the end."""
    children: list[IO[Any, Any]] = [
        sleep(1).then(fail("no")).named("bad"),
        never,
        pure(1),
        sleep(0.5),
        never.ensuring(sleep(1).then(fail("closing"))),
    ]

    assert reports_of(par_collect(children)) == [
        ("bad", "failed", 1.0),
        ("par_collect[1]", "cancelled", 1.0),
        ("par_collect[2]", "succeeded", None),
        ("par_collect[3]", "succeeded", 0.5),
        ("par_collect[4]", "failed", 2.0),
    ]


def test_child_that_was_not_begun_is_not_told_of() -> None:
    """With a limit the rest of the row does not start after a failure."""

    def child(number: int) -> IO[int, int]:
        return sleep(number).then(fail(number) if number == 2 else pure(number))

    assert reports_of(par_traverse([1, 2, 3, 4], child, limit=2)) == [
        ("par_traverse[0]", "succeeded", 1.0),
        ("par_traverse[1]", "failed", 2.0),
        ("par_traverse[2]", "cancelled", 1.0),
    ]


def test_function_that_fails_takes_the_place_of_its_child() -> None:
    """The item that it was given is told to have failed, those before are cancelled, those after do not begin."""

    def child(number: int) -> IO[None]:
        if number == 1:
            raise ValueError(number)
        return never

    assert reports_of(par_traverse([0, 1, 2], child)) == [
        ("par_traverse[0]", "cancelled", 0.0),
        ("par_traverse[1]", "failed", None),
    ]


def test_last_child_may_fail_alone() -> None:
    """Those that ended before it are told of with their times."""
    assert reports_of(par_zip(sleep(1), sleep(2).then(fail("no")))) == [
        ("par_zip[0]", "succeeded", 1.0),
        ("par_zip[1]", "failed", 2.0),
    ]

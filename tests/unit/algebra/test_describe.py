"""How programs are shown before they run."""

from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import pytest

from effio import (
    IO,
    attempt,
    cancel_scope,
    catch,
    collect,
    delay,
    die,
    do,
    fail,
    from_async,
    if_,
    never,
    par_dict,
    par_traverse,
    par_zip,
    pure,
    run,
    sleep,
    task_group,
    unit,
)
from effio.algebra import describe
from effio.algebra.primitive import Fork, Parallel, Park, Watch


def load(key: object) -> IO[Any]:
    return pure(key)


async def fetch(url: str) -> str:
    return url


@do
def main(key: int, *, fast: bool = False) -> Any:
    return (yield from load(key))


SHOWN: list[tuple[IO[Any, Any], str]] = [
    (pure(1), "pure(1)"),
    (pure(1).map(str).flat_map(load), "pure(1).map(str).flat_map(load)"),
    (pure(1).map(lambda n: n), "pure(1).map(lambda)"),
    (pure(1).map(partial(max, 2)), "pure(1).map(partial(max))"),
    (fail("no"), "fail('no')"),
    (die(ValueError("no")), "halt(Die(ValueError('no')))"),
    (delay(print, "a", end=""), "delay(print, 'a', end='')"),
    (attempt(int, "1"), "attempt(int, '1')"),
    (from_async(fetch, "x"), "from_async(fetch, 'x')"),
    (main(1, fast=True), "main(1, fast=True)"),
    (sleep(0.5), "sleep(0.5)"),
    (never, "never"),
    (unit(), "unit"),
    (sleep(1).fail_after(2).named("nap"), "sleep(1).fail_after(2).named('nap')"),
    (pure(1).then(pure(2)), "pure(1).then(pure(2))"),
    (par_zip(pure(1), fail("x")), "par_zip(pure(1), fail('x'))"),
    (par_dict({"a": pure(1)}), "par_dict(pure(1), ('a',))"),
    (par_traverse([1, 2], load, limit=3), "par_traverse(2 items, load, 3)"),
    (if_(pure(True), unit, never), "if_(pure(True), unit, never)"),
    (pure(1) | catch(KeyError, load), "pure(1).catch(load, KeyError)"),
    (pure(1).refine(KeyError, OSError), "pure(1).refine(KeyError, OSError)"),
    (collect([pure(n) for n in range(9)]), "collect(pure(0), pure(1), pure(2), pure(3), …)"),
    (task_group(lambda group: unit), "task_group(lambda, 'cancel')"),
    (Fork("group", pure(1)), "fork(pure(1))"),
    (Watch("fiber", "join"), "join('fiber')"),
]


@pytest.mark.parametrize(("program", "shown"), SHOWN, ids=[shown for _, shown in SHOWN])
def test_repr_reads_like_the_source(program: IO[Any, Any], shown: str) -> None:
    """A short program is shown as somebody could have written it."""
    assert repr(program) == f"<IO {shown}>"


def test_repr_is_one_bounded_line() -> None:
    """A deep, wide, long program is shown in at most 206 characters without a line break."""
    program: IO[Any, Any] = pure("x" * 10_000)
    for _ in range(100_000):
        program = par_zip(program, program, pure("y\n" * 1_000)).map(str)
    assert len(repr(program)) <= 206
    assert "\n" not in repr(program)


def test_a_deep_chain_is_shown_at_once() -> None:
    """A chain of a hundred thousand steps is shown by its last steps."""
    program: IO[Any, Any] = pure(0)
    for _ in range(100_000):
        program = program.map(str)
    assert repr(program) == "<IO …" + ".map(str)" * describe.LINE_STEPS + ">"
    assert str(program).splitlines() == ["…", *[".map(str)"] * describe.TREE_STEPS]


def test_tree_has_a_line_for_each_step() -> None:
    """The steps of a program stand one below the other, what a step runs is drawn below it."""
    program = par_zip(delay(print, 1).fail_after(2), pure(1).then(never.race(unit))).named("both")
    expected = """\
par_zip
├─ delay(print, 1)
│  .fail_after(2)
└─ pure(1)
   .then
   └─ race
      ├─ never
      └─ unit
.named('both')"""
    assert str(program) == expected


def test_wide_tree_folds() -> None:
    """Of many programs side by side the first are drawn, the others counted."""
    lines = str(collect([pure(n) for n in range(1_000)])).splitlines()
    assert len(lines) == 2 + describe.TREE_WIDTH
    assert lines[-1] == "└─ … and 980 more"


def test_large_tree_ends() -> None:
    """A tree that branches everywhere is cut after a fixed number of lines."""
    program: IO[Any, Any] = pure(1)
    for _ in range(40):
        program = par_zip(program, program)
    lines = str(program).splitlines()
    assert len(lines) == describe.TREE_LINES + 1
    assert lines[-1] == "…"


def test_a_value_whose_repr_raises_is_shown() -> None:
    """Showing a program never raises because of a value in it."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert "Broken" in repr(pure(Broken()))


def test_a_wait_says_what_for() -> None:
    """The reason of a wait is shown, also one that is made when asked for, and one that cannot be made yet."""

    def unknown() -> str:
        raise AttributeError("nobody holds it")

    waits = [Park(lambda resume: None, None, reason) for reason in ("a turn", lambda: "the mutex", unknown)]
    assert repr(waits[0]) == "<IO wait('a turn')>"
    assert repr(waits[1]) == "<IO wait(the mutex)>"
    assert "unknown" in repr(waits[2])


def test_rich_sees_the_fields() -> None:
    """Rich is given the fields of a node by name."""
    assert list(sleep(1).__rich_repr__()) == [("seconds", 1.0)]


def test_description_survives_pickling() -> None:
    """A program that travelled is shown as before."""
    program = main(1).fail_after(2)
    assert str(pickle.loads(pickle.dumps(program))) == str(program)


def test_a_primitive_reads_like_the_word_that_it_was_made_for() -> None:
    """What runs at once is called as its user called it, and what is asked of a scope says what it is."""
    assert repr(Parallel([pure(1), pure(2)], "all", "par_zip")).startswith("<IO par_zip(")
    found: list[object] = []
    run(cancel_scope(lambda scope: delay(found.extend, (scope.cancel("enough"), scope.set_deadline(3)))))
    assert repr(found) == "[<IO ask(CancelRequest(reason='enough'))>, <IO ask(MoveDeadline(seconds=3))>]"

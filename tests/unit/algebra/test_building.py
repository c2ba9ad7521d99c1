"""Building a program: nothing happens, and wrong arguments are refused at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from effio import (
    Schedule,
    attempt,
    bracket,
    cancel_scope,
    catch,
    collect,
    delay,
    die,
    do,
    effect,
    first_completed,
    from_async,
    from_callback,
    from_exit,
    from_result,
    if_,
    memoize,
    par_collect,
    par_dict,
    par_map,
    par_traverse,
    par_zip,
    pure,
    race,
    race_all,
    race_staggered,
    run,
    run_exit,
    shield,
    sleep,
    sleep_until,
    supervise,
    suspend,
    task_group,
    traverse,
    when,
    zip_all,
)
from effio.build import kind

one: Any = pure(1)


def test_building_does_nothing() -> None:
    """No function that was given to a program is called before it runs."""
    called: list[str] = []

    def record(*values: object) -> Any:
        called.append("called")
        return one

    @do
    def body() -> Any:
        yield record()

    delay(record).map(record).flat_map(record).tap(record).map_error(record).catch_all(record).on_exit(record)
    builders: list[Any] = [
        delay,
        attempt,
        suspend,
        from_async,
        from_callback,
        shield,
        cancel_scope,
        task_group,
    ]
    for build in builders:
        build(record)
    traverse([1], record)
    par_traverse([1], record)
    bracket(one, record, record)
    effect(record)()
    body()
    assert called == []


def test_running_twice_does_everything_twice() -> None:
    """A program is no cached result."""
    called: list[int] = []
    program = delay(called.append, 1)
    run(program)
    run(program)
    assert called == [1, 1]


def test_an_iterable_is_read_once() -> None:
    """A program made of a generator can run any number of times."""

    def programs() -> Iterator[Any]:
        yield pure(1)
        yield pure(2)

    program = collect(programs())
    assert run(program) == [1, 2]
    assert run(program) == [1, 2]


NOT_PROGRAMS: dict[str, Callable[[], object]] = {
    "then": lambda: one.then(3),
    "zip": lambda: one.zip(3),
    "or_else": lambda: one.or_else(3),
    "ensuring": lambda: one.ensuring(3),
    "on_cancel": lambda: one.on_cancel(3),
    "timeout_to": lambda: one.timeout_to(1, 3),
    "par_zip": lambda: par_zip(one, 3),  # type: ignore[call-overload]
    "par_map": lambda: par_map(max, one, 3),  # type: ignore[call-overload]
    "race": lambda: race(one, 3),  # type: ignore[call-overload]
    "first_completed": lambda: first_completed(one, 3),  # type: ignore[call-overload]
    "zip_all": lambda: zip_all(one, 3),  # type: ignore[call-overload]
    "collect": lambda: collect([one, 3]),  # type: ignore[list-item]
    "par_collect": lambda: par_collect([one, 3]),  # type: ignore[list-item]
    "par_dict": lambda: par_dict({"a": 3}),  # type: ignore[arg-type]
    "race_staggered": lambda: race_staggered([3]),  # type: ignore[arg-type]
    "if_": lambda: if_(True, one, 3),  # type: ignore[call-overload]
    "bracket": lambda: bracket(3, pure, pure),  # type: ignore[call-overload]
    "memoize": lambda: memoize(3),  # type: ignore[arg-type]
    "when": lambda: when(3, one),  # type: ignore[call-overload]
    "catch": lambda: 3 | catch(KeyError, lambda error: one),  # type: ignore[operator]
}

METHODS = ("then", "zip", "or_else", "ensuring", "timeout_to")


@pytest.mark.parametrize("word", NOT_PROGRAMS)
def test_what_is_no_program_is_refused(word: str) -> None:
    """The error names the word and the value, and says how to make a program of it."""
    if kind() == "compiled" and word in METHODS:
        pytest.skip("the compiler checks the arguments of methods, in its own words")
    with pytest.raises(TypeError, match=f"^{word} needs a program, not 3\n") as refused:
        NOT_PROGRAMS[word]()
    assert refused.value.__notes__ == ["wrap a plain value as pure(value)"]


NAMED: dict[str, Callable[[Any], object]] = {"name of named": one.named, "label of with_progress": one.with_progress}


@pytest.mark.parametrize("what", NAMED)
@pytest.mark.parametrize("value", [None, 3, b"load"])
def test_name_that_is_no_text_is_refused(what: str, value: object) -> None:
    """A part cannot be called nothing, nor by anything that cannot stand in a path."""
    told = f"{what} must be a string, not " if kind() == "pure" else "str object expected; got "
    with pytest.raises(TypeError, match=f"^{told}"):
        NAMED[what](value)


def numbers() -> Iterator[int]:
    yield 1


MISTAKES: dict[str, tuple[object, str]] = {
    "a function": (print, "call it, or wrap it as delay(function) or attempt(function)"),
    "a generator": (numbers(), "write @do above the function that made this generator"),
    "a list": ([one, one], "give the programs one by one, or the list to collect, par_collect or race_all"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_recognized(mistake: str) -> None:
    """What is often given in the place of a program is answered with the way to one."""
    value, way_out = MISTAKES[mistake]
    with pytest.raises(TypeError) as refused:
        par_zip(value, one)  # type: ignore[call-overload]
    assert refused.value.__notes__ == [way_out]


def test_run_of_what_is_no_program_says_the_way_out() -> None:
    """The same note as where a program is built."""
    with pytest.raises(TypeError) as refused:
        run(numbers())  # type: ignore[arg-type]
    assert refused.value.__notes__ == ["write @do above the function that made this generator"]


NOT_FUNCTIONS: dict[str, Callable[[], object]] = {
    "map": lambda: one.map(3),
    "flat_map": lambda: one.flat_map(3),
    "tap": lambda: one.tap(3),
    "map_error": lambda: one.map_error(3),
    "catch_all": lambda: one.catch_all(3),
    "catch_some": lambda: one.catch_some(3),
    "fold": lambda: one.fold(3, str),
    "fold_cause": lambda: one.fold_cause(str, 3),
    "tap_error": lambda: one.tap_error(3),
    "on_exit": lambda: one.on_exit(3),
    "bracket": lambda: one.bracket(3, pure),
    "delay": lambda: delay(3),  # type: ignore[arg-type]
    "attempt": lambda: attempt(3),  # type: ignore[call-overload]
    "suspend": lambda: suspend(3),  # type: ignore[arg-type]
    "from_async": lambda: from_async(3),  # type: ignore[call-overload]
    "from_callback": lambda: from_callback(3),  # type: ignore[arg-type]
    "shield": lambda: shield(3),  # type: ignore[arg-type]
    "cancel_scope": lambda: cancel_scope(3),  # type: ignore[arg-type]
    "task_group": lambda: task_group(3),  # type: ignore[arg-type]
    "traverse": lambda: traverse([1], 3),  # type: ignore[arg-type]
    "par_traverse": lambda: par_traverse([1], 3),  # type: ignore[arg-type]
    "catch": lambda: catch(KeyError, 3),  # type: ignore[call-overload]
    "race_all": lambda: race_all([one], dispose=3),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("word", NOT_FUNCTIONS)
def test_what_is_no_function_is_refused(word: str) -> None:
    """The error names the word and the value."""
    with pytest.raises(TypeError, match=f"^{word} needs a function, not 3\n"):
        NOT_FUNCTIONS[word]()


WRONG_VALUES: dict[str, tuple[type[Exception], Callable[[], object]]] = {
    "sleep -1": (ValueError, lambda: sleep(-1)),
    "sleep nan": (ValueError, lambda: sleep(math.nan)),
    "sleep text": (TypeError, lambda: sleep("1")),  # type: ignore[arg-type]
    "sleep_until nan": (ValueError, lambda: sleep_until(math.nan)),
    "sleep_until True": (TypeError, lambda: sleep_until(True)),
    "fail_after -1": (ValueError, lambda: one.fail_after(-1)),
    "move_on_after nan": (ValueError, lambda: one.move_on_after(math.nan)),
    "cancel_scope -1": (ValueError, lambda: cancel_scope(lambda scope: one, deadline=-1)),
    "race_staggered -1": (ValueError, lambda: race_staggered([one], -1)),
    "race_staggered of none": (ValueError, lambda: race_staggered([])),
    "race of none": (ValueError, race),
    "race_all of none": (ValueError, lambda: race_all([])),
    "first_completed of none": (ValueError, first_completed),
    "limit 0": (ValueError, lambda: par_collect([one], limit=0)),
    "limit True": (TypeError, lambda: par_traverse([1], pure, limit=True)),
    "limit text": (TypeError, lambda: par_collect([one], limit="3")),  # type: ignore[arg-type]
    "retry -1": (ValueError, lambda: one.retry(-1)),
    "repeat 0.5": (TypeError, lambda: one.repeat(0.5)),
    "retry class": (TypeError, lambda: one.retry(Schedule)),
    "collect 3": (TypeError, lambda: collect(3)),  # type: ignore[arg-type]
    "par_dict list": (TypeError, lambda: par_dict([one])),  # type: ignore[arg-type]
    "die text": (TypeError, lambda: die("no")),  # type: ignore[arg-type]
    "die class": (TypeError, lambda: die(ValueError)),  # type: ignore[arg-type]
    "catch text": (TypeError, lambda: catch("KeyError", pure)),  # type: ignore[call-overload]
    "refine instance": (TypeError, lambda: one.refine(KeyError())),
    "effect text": (TypeError, lambda: effect(catches="KeyError")),  # type: ignore[call-overload]
    "if_ 3": (TypeError, lambda: if_(3, one, one)),  # type: ignore[call-overload]
    "from_result 3": (TypeError, lambda: from_result(3)),  # type: ignore[arg-type]
    "from_exit 3": (TypeError, lambda: from_exit(3)),  # type: ignore[arg-type]
    "do plain": (TypeError, lambda: do(lambda: 1)),  # type: ignore[arg-type,return-value]
    "ignore without handler": (ValueError, lambda: task_group(lambda group: one, on_failure="ignore")),
    "named 3": (TypeError, lambda: one.named(3)),
    "name of a group": (TypeError, lambda: task_group(lambda group: one, name=3)),  # type: ignore[arg-type]
    "name of a scope": (TypeError, lambda: cancel_scope(lambda scope: one, name=3)),  # type: ignore[arg-type]
    "unknown policy": (ValueError, lambda: task_group(lambda group: one, on_failure="stop")),  # type: ignore[arg-type]
}


def test_what_is_no_schedule_is_answered_with_both_ways() -> None:
    """A number of times and a schedule can be given; the value that is neither is named."""
    with pytest.raises(TypeError, match=r"^supervise needs a schedule or a number of times, not '3'\n") as refused:
        supervise(one, "3")  # type: ignore[arg-type]
    assert refused.value.__notes__ == ["give for example 3, or Schedule.exponential(0.1) & Schedule.recurs(5)"]


def test_name_of_a_fork_is_text() -> None:
    """A child with another name than a string is refused, not its failure when it is shown."""
    wrong: Any = 3
    (defect,) = run_exit(task_group(lambda group: group.fork(one, name=wrong))).failure().defects()
    assert isinstance(defect, TypeError)
    assert "str" in str(defect)


@pytest.mark.parametrize("case", WRONG_VALUES)
def test_wrong_values_are_refused_when_built(case: str) -> None:
    """A value that can never work raises at the line that wrote it, with a message in one sentence."""
    kind, build = WRONG_VALUES[case]
    with pytest.raises(kind) as refused:
        build()
    assert str(refused.value)

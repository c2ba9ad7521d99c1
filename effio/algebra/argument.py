"""How a word refuses an argument that it cannot take, at the line where the program is built."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from inspect import isgenerator
from math import inf, isnan
from typing import Any, TypeVar, cast

from effio.data.cause_text import name_of, short_repr
from effio.data.duration import Seconds, seconds
from effio.schedule.schedule import Schedule, is_schedule

Built = TypeVar("Built")


def not_a_program(word: str, value: object) -> TypeError:
    """The error for `value` where `word` needs a program."""
    problem = TypeError(f"{word} needs a program, not {short_repr(value)}")
    problem.add_note(way_to_a_program(value))
    return problem


def not_a_function(word: str, value: object) -> TypeError:
    """The error for `value` where `word` needs a function."""
    problem = TypeError(f"{word} needs a function, not {short_repr(value)}")
    problem.add_note("give the function itself, without calling it: it is called when the program runs")
    return problem


def not_a_schedule(word: str, value: object) -> TypeError:
    """The error for `value` where `word` needs to know how often to run again."""
    problem = TypeError(f"{word} needs a schedule or a number of times, not {short_repr(value)}")
    problem.add_note("give for example 3, or Schedule.exponential(0.1) & Schedule.recurs(5)")
    return problem


def returned_no_program(function: object, value: object) -> TypeError:
    """The error for a continuation that returned `value`, which is no program."""
    if isgenerator(function):
        return yielded_no_program(function, value)
    problem = TypeError(f"{name_of(function)} must return a program, not {short_repr(value)}")
    problem.add_note(way_to_a_program(value))
    return problem


def yielded_no_program(body: Generator[Any, Any, Any], value: object) -> TypeError:
    """The error for the body of a `@do` function that yielded `value`, which is no program."""
    problem = TypeError(f"{name_of(body)} must yield from a program, not yield {short_repr(value)}")
    problem.add_note(f"{way_to_a_program(value)}, and write `yield from` before it")
    return problem


def function(word: str, value: Built) -> Built:
    """Refuse what cannot be called."""
    if not callable(value):
        raise not_a_function(word, value)
    return value


def name(word: str, value: object) -> None:
    """Refuse what is no name, unless it is None: then effio finds one."""
    if value is not None:
        text(word, "name", value)


def text(word: str, what: str, value: object) -> None:
    """Refuse what is no string: the path of a failure is made of names."""
    if not isinstance(value, str):
        problem = TypeError(f"{what} of {word} must be a string, not {short_repr(value)}")
        problem.add_note("give for example 'load', or f'order {number}'; it stands in reports of failures")
        raise problem


def count(word: str, what: str, value: object, least: int) -> int:
    """Refuse what is no whole number of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{what} of {word} must be a whole number, not {short_repr(value)}")
    if value < least:
        raise ValueError(f"{what} of {word} must be at least {least}, not {value}")
    return value


def schedule(word: str, given: object, delay: Seconds = 0) -> Schedule[Any, Any]:
    """Make a schedule of how often to run again, with `delay` in between; leave one that is a schedule already."""
    pause = seconds(delay, f"delay of {word}")
    if not is_schedule(given):
        if not isinstance(given, int):
            raise not_a_schedule(word, given)
        times = Schedule.recurs(count(word, "times", given, 0))
        return times & Schedule.spaced(pause) if pause else times
    if pause:
        problem = ValueError(f"{word} cannot take the delay {delay!r} beside a schedule")
        problem.add_note("say it in the schedule: schedule & Schedule.spaced(1)")
        raise problem
    return given


def moment(word: str, value: object) -> float:
    """Refuse what is no point in time."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        problem = TypeError(f"{word} needs a time in seconds, not {short_repr(value)}")
        problem.add_note("give for example what `now` gave, plus 1.5")
        raise problem
    if isnan(value):
        raise ValueError(f"{word} needs a time in seconds, not {value!r}")
    return float(value)


def total(word: str, value: float | None) -> float | None:
    """Refuse what is no amount that can be reached."""
    if value is None:
        return None
    instance(word, value, (int, float), "a number", "give the count at which it is done, or no total")
    if not 0 < value < inf:
        raise ValueError(f"{word} needs a positive total, not {value!r}")
    return value


def types(word: str, given: object) -> tuple[type[Any], ...]:
    """Make a tuple of the class or the classes that `word` was given; refuse anything else."""
    classes = cast("tuple[type[Any], ...]", given if isinstance(given, tuple) else (given,))
    for wanted in classes:
        way_out = "give for example ValueError or (ValueError, OSError)"
        instance(word, wanted, type, "a class or a tuple of classes", way_out)
    return classes


def read(word: str, values: Iterable[Built]) -> tuple[Built, ...]:
    """Read an iterable once, so that the program can run many times."""
    instance(word, values, Iterable, "an iterable", "give for example a list; it is read when the program is built")
    return tuple(values)


def instance(word: str, value: object, kind: type[Any] | tuple[type[Any], ...], wanted: str, way_out: str) -> None:
    """Refuse what is not of the class `kind`."""
    if not isinstance(value, kind):
        problem = TypeError(f"{word} needs {wanted}, not {short_repr(value)}")
        problem.add_note(way_out)
        raise problem


def way_to_a_program(value: object) -> str:
    """How somebody who gave `value` gets a program."""
    if callable(value):
        return "call it, or wrap it as delay(function) or attempt(function)"
    if hasattr(value, "__await__"):
        return "wrap the async function as from_async(function, ...), without calling it"
    if isinstance(value, Generator):
        return "write @do above the function that made this generator"
    if isinstance(value, (list, tuple)):
        return "give the programs one by one, or the list to collect, par_collect or race_all"
    return "wrap a plain value as pure(value)"

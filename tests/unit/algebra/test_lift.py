"""`@effect`, `attempt` and `from_async`: which exceptions are typed failures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from effio import IO, Failure, attempt, delay, effect, from_async, run, run_exit
from effio.cause import Die, Fail


class Stop(BaseException):
    """No `Exception`."""


def crash(error: BaseException) -> None:
    raise error


async def crash_async(error: BaseException) -> None:
    raise error


@effect
def crash_effect(error: BaseException) -> None:
    raise error


@effect
async def crash_async_effect(error: BaseException) -> None:
    raise error


@effect(catches=(KeyError, IndexError))
def look_up(error: BaseException) -> None:
    raise error


MAKERS: dict[str, Any] = {
    "attempt": lambda error: attempt(crash, error),
    "from_async": lambda error: from_async(crash_async, error),
    "effect": crash_effect,
    "async effect": crash_async_effect,
}


def leaf(program: IO[Any, Any]) -> object:
    exit = run_exit(program)
    assert isinstance(exit, Failure)
    return type(exit.failure())


@pytest.mark.parametrize("name", MAKERS)
def test_exceptions_are_typed_failures(name: str) -> None:
    """An `Exception` is expected, anything else is a bug."""
    assert leaf(MAKERS[name](ValueError())) is Fail
    assert leaf(MAKERS[name](StopIteration())) is not None
    assert leaf(MAKERS[name](Stop())) is Die


def test_delay_expects_nothing() -> None:
    """What a delayed function raises is a bug."""
    assert leaf(delay(crash, ValueError())) is Die


def test_named_classes_narrow_what_is_expected() -> None:
    """With a class or a tuple any other exception is a bug."""
    assert leaf(look_up(KeyError())) is Fail
    assert leaf(look_up(IndexError())) is Fail
    assert leaf(look_up(ValueError())) is Die
    assert leaf(attempt(lambda: crash(KeyError()), catch=KeyError)) is Fail
    assert leaf(attempt(lambda: crash(ValueError()), catch=(KeyError, OSError))) is Die
    assert leaf(from_async(lambda: crash_async(KeyError()), catch=KeyError)) is Fail
    assert leaf(from_async(lambda: crash_async(OSError()), catch=KeyError)) is Die


def test_arguments_reach_the_function() -> None:
    """Positional and keyword arguments are passed on, and the name stays."""
    assert run(attempt(int, "ff", base=16)) == 255
    assert look_up.__name__ == "look_up"


class Counter:
    """An effect may be a method."""

    def __init__(self) -> None:
        self.count = 0

    @effect(catches=())
    def add(self, number: int) -> int:
        self.count += number
        return self.count


def test_methods_can_be_effects() -> None:
    """The instance is bound as usual; each run calls the method."""
    counter = Counter()
    program = counter.add(2)
    assert (run(program), run(program), counter.count) == (2, 4, 4)


def test_generator_functions_are_no_effects() -> None:
    """`@effect` in the place of `@do` is refused where it stands, and so is an asynchronous generator."""

    def body() -> Iterator[int]:
        yield 1

    async def stream() -> AsyncIterator[int]:
        yield 1

    for function, way_out in ((body, "write @do instead"), (stream, "from_async(anext, iterator)")):
        with pytest.raises(TypeError, match="not the generator") as caught:
            effect(function)
        assert way_out in caught.value.__notes__[0]

"""Fixtures that a simulated test makes by itself, since each of its runs is a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import isgeneratorfunction
from typing import Any, TypeAlias, final

import attrs
import pytest
from typing_extensions import TypeIs

from effio.algebra.create import delay, suspend
from effio.algebra.io import IO
from effio.resource.resource import Resource

Body: TypeAlias = Callable[[Any], IO[Any, Any]]


@final
@attrs.frozen(eq=False)
class Postponed:
    """A fixture to be made by `function` from `arguments`, of which some may be postponed too."""

    fixture: pytest.FixtureDef[Any]
    function: Callable[..., Any]
    arguments: Mapping[str, Any] = attrs.field(factory=dict[str, Any])

    @property
    def name(self) -> str:
        """What the fixture is called."""
        return self.fixture.argname

    def before(self) -> Iterator[Postponed]:
        """Yield what has to be made first, then the fixture itself."""
        for value in self.arguments.values():
            if isinstance(value, Postponed):
                yield from value.before()
        yield self

    def use(self, made: Mapping[Postponed, Any], body: Body) -> IO[Any, Any]:
        """Make the fixture, run what `body` gives for it, and end the fixture."""
        value = self.function(**replaced(self.arguments, made))
        if not isgeneratorfunction(self.function):
            return lent(value, body)
        return lent(next(value), body).ensuring(delay(finish, self.name, value))


def using(postponed: Iterable[Postponed], body: Callable[[Mapping[Postponed, Any]], IO[Any, Any]]) -> IO[Any, Any]:
    """Make one fixture after the other, each of them once, then run what `body` gives for all."""
    order = tuple(dict.fromkeys(each for one in postponed for each in one.before()))

    def made_from(index: int, made: Mapping[Postponed, Any]) -> IO[Any, Any]:
        if index == len(order):
            return body(made)
        return order[index].use(made, lambda value: made_from(index + 1, {**made, order[index]: value}))

    return suspend(lambda: made_from(0, {}))


def replaced(arguments: Mapping[str, Any], made: Mapping[Postponed, Any]) -> dict[str, Any]:
    """The arguments, with what has been made in place of what was postponed."""
    return {name: made[value] if isinstance(value, Postponed) else value for name, value in arguments.items()}


def lent(value: Any, body: Body) -> IO[Any, Any]:
    """Run what `body` gives for a value, which is acquired before if it is a resource."""
    return value.use(body) if is_resource(value) else body(value)


def is_resource(value: object) -> TypeIs[Resource[Any, Any]]:
    """Whether a fixture is something to acquire."""
    return isinstance(value, Resource)


def finish(name: str, fixture: Iterator[Any]) -> None:
    """Run what a fixture has after its `yield`."""
    for _ in fixture:
        raise RuntimeError(f"fixture {name!r} yields more than once")

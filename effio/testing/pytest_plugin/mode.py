"""How a test is run: what its `effio` markers say, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias, cast, final

import attrs
import pytest
from attrs.validators import optional

from effio.data.duration import seconds
from effio.testing.exploration.schedules.token import Token
from effio.testing.exploration.steps.opaque import MODES as OPAQUE
from effio.testing.exploration.steps.opaque import OpaqueMode
from effio.testing.exploration.steps.timing import MODES, TimeMode
from effio.testing.exploration.steps.ways import Models
from effio.testing.pytest_plugin.entry import BACKENDS

CLOCKS: Final = ("real", "virtual")

Check: TypeAlias = "Callable[[object, attrs.Attribute[Any], Any], None]"


def one_of(choices: tuple[str, ...]) -> Check:
    """A check that refuses what is not one of the choices."""
    return check(lambda value: value in choices, f"one of {', '.join(choices)}")


def whole(*, at_least: int) -> Check:
    """A check that refuses what is no number from `at_least` on."""
    return check(lambda value: type(value) is int and value >= at_least, f"a whole number from {at_least} on")


def truth() -> Check:
    """A check that refuses what is neither true nor false."""
    return check(lambda value: type(value) is bool, "True or False")


def a_mapping() -> Check:
    """A check that refuses what is not by function."""
    return check(lambda value: isinstance(value, Mapping), "a dictionary with functions as keys")


def check(holds: Callable[[Any], bool], wanted: str) -> Check:
    """A check of an option that says what it should be."""

    def refuse(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not holds(value):
            raise ValueError(f"{attribute.name}= of the marker effio must be {wanted}, not {value!r}")

    return refuse


def optional_timeout(value: Any) -> float | None:
    """A duration in seconds, or None."""
    return None if value is None else seconds(value, "timeout of the marker effio")


def optional_budget(value: Any) -> float | None:
    """The same, for an exploration."""
    return None if value is None else seconds(value, "max_seconds of the marker effio")


def tokens_of(value: Any) -> tuple[str, ...]:
    """A token or several; refuses what is none."""
    tokens = (value,) if isinstance(value, str) else value
    if not isinstance(tokens, (list, tuple)):
        raise ValueError(f"first= of the marker effio must be a token or a list of tokens, not {value!r}")
    for token in cast("tuple[str, ...]", tokens):
        Token.parse(token)
    return tuple(cast("tuple[str, ...]", tokens))


@final
@attrs.frozen(kw_only=True)
class Mode:
    """The options of the marker `effio`.

    The schedules whose tokens are in `first` are run before any other. `explore`, `cancel_sweep` and `fault_sweep` run
    a test many times; a `seed` runs it once, simulated, and `replay` once as in the run that the token is of. All these
    have virtual time, which passes as `time` says, `models` and `faults`. How far an exploration goes say the options
    that it takes too; one that must be `exhaustive` may leave nothing out.
    """

    clock: str = attrs.field(default="real", validator=one_of(CLOCKS))
    backend: str = attrs.field(default="asyncio", validator=one_of(BACKENDS))
    seed: int | None = attrs.field(default=None, validator=optional(whole(at_least=0)))
    explore: bool = attrs.field(default=False, validator=truth())
    cancel_sweep: bool = attrs.field(default=False, validator=truth())
    fault_sweep: bool = attrs.field(default=False, validator=truth())
    time: TimeMode = attrs.field(default="idle", validator=one_of(MODES))
    exhaustive: bool = attrs.field(default=False, validator=truth())
    models: Models | None = attrs.field(default=None, validator=optional(a_mapping()))
    faults: Mapping[Any, Any] | None = attrs.field(default=None, validator=optional(a_mapping()))
    opaque: OpaqueMode = attrs.field(default="world", validator=one_of(OPAQUE))
    touches: Mapping[Any, Any] | None = attrs.field(default=None, validator=optional(a_mapping()))
    symmetric: bool = attrs.field(default=False, validator=truth())
    preemption_bound: int | None = attrs.field(default=None, validator=optional(whole(at_least=0)))
    max_schedules: int | None = attrs.field(default=None, validator=optional(whole(at_least=1)))
    max_seconds: float | None = attrs.field(default=None, converter=optional_budget)
    first: tuple[str, ...] = attrs.field(default=(), converter=tokens_of)
    timeout: float | None = attrs.field(default=None, converter=optional_timeout)
    replay: str | None = None

    @classmethod
    def of(cls, markers: Iterable[pytest.Mark], given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Mode:
        """Merge what was `given` on the command line, the markers, the closest first, and the defaults."""
        options = dict(given)
        for marker in markers:
            if marker.args:
                raise ValueError(f"the marker effio takes its options by name, not {marker.args[0]!r}")
            for name in marker.kwargs.keys() - OPTIONS:
                raise ValueError(f"the marker effio takes {', '.join(OPTIONS)}, not {name!r}")
            options = {**marker.kwargs, **options}
        return cls(**{**defaults, **options})

    @property
    def bounds(self) -> dict[str, Any]:
        """What an exploration is told of how far to go; where nothing is said, it has its own."""
        given: dict[str, Any] = {"max_schedules": self.max_schedules, "max_seconds": self.max_seconds}
        given |= {"preemption_bound": self.preemption_bound, "symmetric": self.symmetric or None}
        given |= {"opaque": self.opaque, "touches": self.touches}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def many(self) -> bool:
        """Whether the test runs many times."""
        return self.explore or self.cancel_sweep or self.fault_sweep

    @property
    def simulated(self) -> bool:
        """Whether the test runs in the simulated world, where nothing is foreign."""
        return self.many or self.backend == "simulated" or self.seed is not None or self.replay is not None

    @property
    def hosted(self) -> bool:
        """Whether the test runs in the event loop that its fixtures live in."""
        return not self.simulated


OPTIONS: Final = tuple(field.name for field in attrs.fields(Mode) if field.name != "replay")

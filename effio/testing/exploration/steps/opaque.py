"""What calls touch that do not say so: what somebody says for them, or else the whole world outside of effio."""

# Calls are told by the slots of their nodes, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from sys import intern
from typing import Any, Final, Literal, TypeAlias, cast, final, get_args

from effio.algebra.lift import function_of
from effio.algebra.primitive import Invoked
from effio.testing.exploration.steps.faults import called

OpaqueMode: TypeAlias = Literal["world", "refuse"]

Names: TypeAlias = str | Sequence[str] | Set[str] | Mapping[str, Literal["read", "write"]]
"""Things outside of effio by names of the user's own, which are written if nothing else is said."""

Declared: TypeAlias = Mapping[Any, Names | Callable[..., Names]]
"""Functions, each with what a call of it touches, or with what tells that of the arguments of the call."""

MODES: Final[tuple[str, ...]] = get_args(OpaqueMode)
ACCESS: Final = ("read", "write")


@final
class Opaque:
    """What is assumed of calls: of those in `touches` that, any other one touches the world, or is refused."""

    def __init__(self, mode: str = "world", touches: Declared | None = None) -> None:
        if mode not in MODES:
            raise ValueError(f"opaque of explore must be one of {', '.join(MODES)}, not {mode!r}")
        self.mode = mode
        self.touches = {
            function_of(function): names if callable(names) else modes_of(function, names)
            for function, names in (touches or {}).items()
        }

    def of(self, node: Any) -> Mapping[str, str] | None:
        """What an action touches that does not say so: names with "read" or "write"; None if it may be anything."""
        found = self.told_of(node) if isinstance(node, Invoked) and self.touches else None
        if found is None and self.mode == "refuse":
            raise self.refused(node)
        return found

    def told_of(self, node: Invoked) -> Mapping[str, str] | None:
        """What somebody said that a call touches."""
        try:
            told: Any = self.touches.get(node._function)
        except TypeError:
            return None
        if callable(told):
            return modes_of(node._function, told(*node._args, **(node._kwargs or {})))
        return cast("Mapping[str, str] | None", told)

    def refused(self, node: Any) -> ValueError:
        """Why a program cannot be explored."""
        what = called(node._function) if isinstance(node, Invoked) else type(node).__name__.lower()
        problem = ValueError(f"cannot explore the call {what!r} with opaque='refuse': it does not say what it touches")
        problem.add_note(f"say so with touches={{{what}: 'a name of its own'}}, with () if nobody else touches that")
        return problem

    def __str__(self) -> str:
        told = {function: "by its arguments" if callable(names) else names for function, names in self.touches.items()}
        return "; ".join([self.mode, *sorted(f"{called(function)}: {names}" for function, names in told.items())])


WORLD: Final = Opaque()
"""Nothing is said of any call."""


def modes_of(function: Any, names: Any) -> Mapping[str, str]:
    """The names that somebody gave, each with how it is touched."""
    is_told = isinstance(names, Mapping)
    given: Any = (names,) if isinstance(names, str) else names
    try:
        modes: dict[Any, Any] = dict(given) if is_told else dict.fromkeys(given, "write")
    except TypeError:
        modes = {None: None}
    for name, mode in modes.items():
        if not isinstance(name, str) or mode not in ACCESS:
            raise TypeError(f"touches of {called(function)!r} must be names, each read or written, not {names!r}")
    return {intern(name): mode for name, mode in modes.items()}

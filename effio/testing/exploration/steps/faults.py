"""What may go wrong outside of the program: which calls can fail, come late, be lost, be done twice, or be wrong."""

# Faults take calls apart, whose slots have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, final

import attrs

from effio.algebra import argument
from effio.algebra.create import never, sleep
from effio.algebra.io import IO
from effio.algebra.lift import function_of
from effio.algebra.primitive import Call, Halt, Invoked, Leaf
from effio.algebra.primitive import Fail as FailNode
from effio.data.cause import Die
from effio.data.cause_text import short_repr


@final
@attrs.frozen
class Fault:
    """One way in which a call can go wrong: the program that happens instead, made of what the call would do."""

    name: str
    happens: Callable[[IO[Any, Any], tuple[type[BaseException], ...]], IO[Any, Any]] = attrs.field(repr=False)

    @staticmethod
    def raises(error: BaseException | type[BaseException], /) -> Fault:
        """The call raises `error` and does nothing: a typed failure where the call catches it, a defect elsewhere."""
        raised = error() if isinstance(error, type) else error

        def happens(call: IO[Any, Any], catches: tuple[type[BaseException], ...]) -> IO[Any, Any]:
            return FailNode(raised) if isinstance(raised, catches) else Halt(Die(raised))

        return Fault(f"raises {short_repr(raised)}", happens)

    @staticmethod
    def delay(seconds: float, /) -> Fault:
        """The call begins so many seconds late."""
        late = sleep(seconds)
        return Fault(f"comes {seconds:g} s late", lambda call, catches: late.then(call))

    @staticmethod
    def never() -> Fault:
        """The call is not made, and there is no answer."""
        return Fault("never answers", lambda call, catches: never)

    @staticmethod
    def duplicate() -> Fault:
        """The call is made twice; the second answer counts."""
        return Fault("is done twice", lambda call, catches: call.then(call))

    @staticmethod
    def corrupt(change: Callable[[Any], Any], /) -> Fault:
        """The answer is what `change` makes of it."""
        argument.function("corrupt", change)
        return Fault("answers wrongly", lambda call, catches: call.map(change))


Given: TypeAlias = Fault | BaseException | type[BaseException]
"""A fault, or an exception that is raised."""


@final
class Faults(Mapping[Any, tuple[Fault, ...]]):
    """Which functions may go wrong and how, `at_most` so many times in one run.

    The keys are the functions that programs call (by `delay`, `attempt`, `from_async`), the values faults or
    exceptions, one or several. In `explore` every plan of that many faults has schedules of its own, the one without
    any first; in `simulate` the seed chooses.

    >>> Faults({print: [OSError, Fault.delay(3)]})
    Faults({print: raises OSError(), comes 3 s late}, at_most=1)
    """

    def __init__(self, faults: Mapping[Any, Given | Sequence[Given]], /, *, at_most: int = 1) -> None:
        argument.count("Faults", "at_most", at_most, 1)
        self.at_most = at_most
        self.by_function = {
            function_of(function): tuple(map(fault_of, several(given))) for function, given in faults.items()
        }

    def __getitem__(self, function: Any) -> tuple[Fault, ...]:
        return self.by_function[function_of(function)]

    def __iter__(self) -> Any:
        return iter(self.by_function)

    def __len__(self) -> int:
        return len(self.by_function)

    def of(self, node: Invoked) -> tuple[Fault, ...]:
        """What can go wrong with a call."""
        try:
            return self.by_function.get(node._function, ())
        except TypeError:
            return ()

    def texts(self) -> list[str]:
        """Everything that may go wrong, in words."""
        return [text_of(function, fault) for function, faults in self.by_function.items() for fault in faults]

    def __repr__(self) -> str:
        texts = [
            f"{called(function)}: {', '.join(fault.name for fault in faults)}"
            for function, faults in self.by_function.items()
        ]
        return f"Faults({{{'; '.join(texts)}}}, at_most={self.at_most})"


def faults_of(given: Faults | Mapping[Any, Any] | None) -> Faults | None:
    """The faults that somebody gave, at most one in a run if nothing else is said."""
    return given if given is None or isinstance(given, Faults) else Faults(given)


def several(given: Any) -> Sequence[Any]:
    """What was given alone, as a sequence."""
    try:
        return tuple(given)
    except TypeError:
        return (given,)


def fault_of(given: Given) -> Fault:
    """A fault; of an exception, that it is raised."""
    if isinstance(given, Fault):
        return given
    thing: Any = given
    if isinstance(thing, BaseException) or (isinstance(thing, type) and issubclass(thing, BaseException)):
        return Fault.raises(thing)
    raise TypeError(f"a fault must be a Fault or an exception, not {given!r}")


def text_of(function: Any, fault: Fault) -> str:
    """What goes wrong, for people."""
    return f"{called(function)} {fault.name}"


def called(function: Any) -> str:
    """What a function is called, for people."""
    return str(getattr(function, "__name__", function))


def undisturbed(node: Invoked, models: Mapping[Any, Callable[..., IO[Any, Any]]]) -> IO[Any, Any]:
    """The call as it would be made, such that nothing goes wrong with it again."""
    if type(node) is Leaf and node._function in models:
        return models[node._function](*node._args, **(node._kwargs or {}))
    kind = Leaf if type(node) is Leaf else Call
    return kind(partial(node._function), node._args, node._kwargs, node._catches)

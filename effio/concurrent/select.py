"""`select`, which waits at several places and takes what is there first, at one of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from threading import get_ident
from typing import Any, Final, TypeVar, final, overload

import attrs

from effio.algebra.desugar import TABLE
from effio.algebra.io import IO, T1, T2, T3, T4, X1, X2, X3, X4
from effio.algebra.primitive import FlatMap, Fold, Map, Named, Park, Then
from effio.data.cause_text import short_repr
from effio.data.touch import Touch, Touches

T = TypeVar("T")
X = TypeVar("X")


@overload
def select(io1: IO[T1], io2: IO[T2], /) -> IO[T1 | T2]: ...
@overload
def select(io1: IO[T1, X1], io2: IO[T2, X2], /) -> IO[T1 | T2, X1 | X2]: ...
@overload
def select(io1: IO[T1], io2: IO[T2], io3: IO[T3], /) -> IO[T1 | T2 | T3]: ...
@overload
def select(io1: IO[T1, X1], io2: IO[T2, X2], io3: IO[T3, X3], /) -> IO[T1 | T2 | T3, X1 | X2 | X3]: ...
@overload
def select(io1: IO[T1], io2: IO[T2], io3: IO[T3], io4: IO[T4], /) -> IO[T1 | T2 | T3 | T4]: ...
@overload
def select(
    io1: IO[T1, X1], io2: IO[T2, X2], io3: IO[T3, X3], io4: IO[T4, X4], /
) -> IO[T1 | T2 | T3 | T4, X1 | X2 | X3 | X4]: ...
@overload
def select(*ios: IO[T, X]) -> IO[T, X]: ...
def select(*ios: IO[Any, Any]) -> IO[Any, Any]:
    """Wait until one of the `ios` has what it waits for, and go on as that one alone.

    Each must begin with the wait of a primitive, such as `channel.receive()`, `event.wait()` or
    `subscription.receive()`; steps may follow it, such as `.map(f)`. If several can go on at once it is the first in
    the order of the arguments. The others leave their queues and have taken nothing.
    """
    if not ios:
        raise ValueError("select needs at least one program, not none")
    return Selection(tuple(map(Choice.of, ios))).program()


@final
@attrs.frozen(eq=False)
class Choice:
    """One of several waits: the wait itself, and the steps after it, the last one first."""

    wait: Park
    steps: tuple[Any, ...]

    @classmethod
    def of(cls, io: IO[Any, Any]) -> Choice:
        """Find the wait that a program begins with."""
        node: Any = io
        steps: list[Any] = []
        while type(node) is not Park:
            if type(node) in TABLE:
                node = TABLE[type(node)](node)
            elif type(node) in REBUILD:
                steps.append(node)
                node = node.source
            else:
                raise no_wait(io)
        return cls(node, tuple(steps))

    def after(self, program: IO[Any, Any]) -> IO[Any, Any]:
        """Run `program` instead of the wait, then the steps."""
        for step in reversed(self.steps):
            program = REBUILD[type(step)](step, program)
        return program


REBUILD: Final[dict[type, Callable[[Any, IO[Any, Any]], IO[Any, Any]]]] = {
    Map: lambda step, source: Map(source, step.function),
    FlatMap: lambda step, source: FlatMap(source, step.function),
    Then: lambda step, source: Then(source, step.other),
    Fold: lambda step, source: Fold(source, step.on_failure, step.on_success),
    Named: lambda step, source: Named(source, step.name),
}
"""The same step after another source."""


@final
@attrs.frozen(eq=False, repr=False)
class Selection:
    """The wait for the first of several; `running` are those that fibers wait in now."""

    choices: tuple[Choice, ...]
    running: dict[Any, list[Branch]] = attrs.field(init=False, factory=dict[Any, "list[Branch]"])

    def program(self) -> IO[Any, Any]:
        """Wait for the first of them."""
        waits = [choice.wait for choice in self.choices]
        unknown = any(wait.touches is None for wait in waits)
        outside = any(wait.outside for wait in waits)
        return Park(self.enlist, self.withdraw, self.reason, outside, None if unknown else self.touches)

    def touches(self) -> tuple[Touch, ...]:
        """What all the waits touch: to look which of them can go on is more than to wait for one of them."""
        return tuple(looked_at(touch) for choice in self.choices for touch in touches_of(choice.wait))

    def enlist(self, resume: Any) -> IO[Any, Any] | None:
        """Go on with the first that can, or wait at all of them."""
        branches = self.running[resume] = []
        for choice in self.choices:
            branch = Branch(self, choice, resume)
            try:
                found = choice.wait.enlist(branch)
            except BaseException:
                self.withdraw(resume)
                raise
            if found is not None:
                self.withdraw(resume)
                return choice.after(found)
            if resume not in self.running:
                return None  # To wait there was enough to be served.
            branches.append(branch)
        return None

    def withdraw(self, resume: Any, winner: Branch | None = None) -> None:
        """Wait nowhere any more; the winner has left its queue."""
        for branch in self.running.pop(resume, ()):
            if branch is not winner and branch.choice.wait.withdraw is not None:
                branch.choice.wait.withdraw(branch)

    def reason(self) -> str:
        """What all of them wait for."""
        reasons = (choice.wait.reason for choice in self.choices)
        return " or ".join(str(reason() if callable(reason) else reason) for reason in islice(reasons, REASONS_SHOWN))


REASONS_SHOWN: Final = 4


@final
@attrs.frozen(eq=False, repr=False)
class Branch:
    """The place of a selecting fiber in one of the queues: whoever calls it first decides."""

    selection: Selection
    choice: Choice
    resume: Any

    @property
    def fiber(self) -> Any:
        """The fiber that selects."""
        return self.resume.fiber

    def __call__(self, program: IO[Any, Any]) -> bool:
        """Let the fiber go on as this choice; false if it has gone on already."""
        if self.resume not in self.selection.running:
            return False
        self.selection.withdraw(self.resume, winner=self)
        return bool(self.resume(self.choice.after(program)))

    def from_anywhere(self, program: IO[Any, Any]) -> None:
        """The same from any thread."""
        scheduler = self.fiber.scheduler
        if get_ident() == scheduler.thread:
            self(program)
        else:
            scheduler.call(self, program)


def touches_of(wait: Park) -> tuple[Touch, ...]:
    """What a wait that tells touches now."""
    known: Touches = wait.touches
    return known() if callable(known) else known


def looked_at(touch: Touch) -> Touch:
    """The touch of a wait that goes on only if no other comes before it."""
    return Touch(touch.object, "read" if touch.mode in ("read", "await") else "write", part=touch.part)


def no_wait(io: IO[Any, Any]) -> TypeError:
    """The error for a program that does not begin with a wait."""
    problem = TypeError(f"select needs programs that begin with a wait, not {short_repr(io)}")
    problem.add_note(
        "give for example channel.receive() or event.wait(); race runs any programs, and cancels the losers"
    )
    return problem

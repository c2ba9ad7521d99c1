"""The exceptions effio itself raises or fails with; each carries its values as fields."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

from effio.data.call_site import Site

CancelSource: TypeAlias = Literal["explicit", "deadline", "sibling", "race", "host", "signal"]

WAITING_SHOWN = 20


class TimedOut(TimeoutError):
    """A deadline passed before the program had a result."""

    def __init__(self, seconds: float, scope: str | None = None) -> None:
        super().__init__(f"timed out after {seconds:g} s")
        self.seconds = seconds
        self.scope = scope

    def __str__(self) -> str:
        message = f"timed out after {self.seconds:g} s"
        return message if self.scope is None else f"{message} in {self.scope!r}"

    def __repr__(self) -> str:
        scope = "" if self.scope is None else f", {self.scope!r}"
        return f"{type(self).__name__}({self.seconds:g} s{scope})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return (self.seconds, self.scope) == (other.seconds, other.scope)

    def __hash__(self) -> int:
        return hash((type(self), self.seconds, self.scope))

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.seconds, self.scope), vars(self))


class ScopeClosed(RuntimeError):
    """Something was forked into a task group that had already ended."""

    def __init__(self, child: str, group: str, origin: Site | None = None) -> None:
        super().__init__(child, group, origin)
        self.child = child
        self.group = group
        self.origin = origin
        self.add_note("fork inside the group's body")

    def __str__(self) -> str:
        where = "" if self.origin is None else f" at {self.origin}"
        return f"cannot fork {self.child!r} into task group {self.group!r}, which ended{where}"


class ForeignCancelled(RuntimeError):
    """A foreign coroutine raised a cancellation that nobody had asked for."""

    def __init__(self, leaf: str | None = None) -> None:
        super().__init__(leaf)
        self.leaf = leaf
        self.add_note("look for a task that the coroutine awaits and that something else cancels")

    def __str__(self) -> str:
        leaf = "a foreign coroutine" if self.leaf is None else f"foreign coroutine {self.leaf!r}"
        return f"{leaf} raised CancelledError although nobody had cancelled it"


class NotStarted(RuntimeError):
    """A service ended before it had said that it was ready."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service
        self.add_note("let the service report ready once, before it ends")

    def __str__(self) -> str:
        return f"service {self.service!r} ended without reporting that it had started"


class Failed(Exception):
    """A program failed with a typed error that is no exception; `error` is that error."""

    def __init__(self, error: object) -> None:
        super().__init__(error)
        self.error = error

    def __str__(self) -> str:
        return f"failed with {self.error!r}"


class ProgramCancelled(Exception):
    """A whole program was cancelled, and nothing else went wrong."""

    def __init__(self, reason: object = None, source: CancelSource = "explicit", by: str | None = None) -> None:
        super().__init__(reason, source, by)
        self.reason = reason
        self.source: CancelSource = source
        self.by = by

    def __str__(self) -> str:
        return cancelled_text(self.source, self.reason, self.by)


class Deadlock(RuntimeError):
    """Every fiber waits, and nothing is left that could wake one of them; `circle` names those that wait in one."""

    def __init__(self, waiting: tuple[str, ...], circle: tuple[str, ...] = ()) -> None:
        super().__init__(waiting, circle)
        self.waiting = waiting
        self.circle = circle
        if circle:
            self.add_note(f"a circle: {' waits for '.join((*circle, circle[0]))}")
        for description in waiting[:WAITING_SHOWN]:
            self.add_note(description)
        if len(waiting) > WAITING_SHOWN:
            self.add_note(f"… and {len(waiting) - WAITING_SHOWN} more")

    def __str__(self) -> str:
        count = len(self.waiting)
        who = "1 fiber waits" if count == 1 else f"{count} fibers wait"
        return f"deadlock: {who} and nothing is left that could wake one"


class ProgramDropped(RuntimeWarning):
    """A `@do` body built a program and dropped it, so that it never runs."""

    def __init__(self, program: str, file: str, line: int) -> None:
        super().__init__(program, file, line)
        self.program = program
        self.file = file
        self.line = line

    def __str__(self) -> str:
        return f"{self.program} was built and dropped at {self.file}:{self.line}: run it with `yield from`"


def members_of(error: object) -> tuple[BaseException, ...]:
    """List what an exception group holds; nothing for any other error."""
    if not isinstance(error, BaseExceptionGroup):
        return ()
    return cast("BaseExceptionGroup[BaseException]", error).exceptions


def cancelled_text(source: CancelSource, reason: object, by: str | None) -> str:
    """Say in one sentence who cancelled and why.

    >>> cancelled_text("sibling", None, "orders")
    "cancelled, because 'orders' failed"
    """
    texts: dict[CancelSource, str] = {
        "explicit": "cancelled" if by is None else f"cancelled by {by!r}",
        "deadline": "cancelled by a deadline" if by is None else f"cancelled by the deadline of {by!r}",
        "sibling": f"cancelled, because {'a sibling' if by is None else repr(by)} failed",
        "race": f"cancelled, because {'another' if by is None else repr(by)} won the race",
        "host": "cancelled by the host application",
        "signal": "cancelled by a signal",
    }
    return texts[source] if reason is None else f"{texts[source]}: {reason}"


def fatal_of(error: object) -> BaseException | None:
    """The KeyboardInterrupt or SystemExit that `error` is, or that a group holds, such as that of a trio nursery."""
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return error
    if isinstance(error, BaseExceptionGroup) and not isinstance(error, Exception):
        inside = cast("BaseExceptionGroup[BaseException]", error).exceptions
        return next(filter(None, map(fatal_of, inside)), None)
    return None

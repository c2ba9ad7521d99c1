"""Task groups: what the failure of a child means, who is given it, and how the group ends."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast, final

from effio.algebra.io import IO
from effio.algebra.primitive import Group, Halt, Pure
from effio.algebra.shape import made
from effio.data.cause import Cause, then
from effio.data.location import ChildReport
from effio.interpreter.fiber import DONE, GIVEN, NOTHING, NOWHERE, Fiber
from effio.interpreter.frames import END, Frame
from effio.interpreter.supervision import ChildrenWait, Family, copied, has_failed, unseen

BODY: Final = -1

NO_STACK: Final[list[Any]] = []  # of every fiber that has ended before it ran


@final
class TaskGroupFamily(Family):
    """The children of a task group; `on_failure` says whether a failing one cancels the rest.

    `labels` holds the names of those that failed, and of those that were cancelled because of it, for pictures.
    """

    __slots__ = ("handled", "labels", "on_failure", "ran")

    def __init__(self, owner: Fiber, node: Group) -> None:
        super().__init__(owner, node._name, owner.region)
        self.site = node._site
        self.on_failure = node._on_failure
        self.handled: set[int] = set()
        if node._handler is not None:
            self.bottom = HandlerFrame(node._handler)
        self.labels: dict[int, str] = {BODY: "the body"}
        self.ran = False

    def start_child(self, program: IO[Any, Any], label: str | None, parent: Fiber) -> Fiber:
        """As for any family; what is a value already has ended, and costs no turn."""
        scheduler = parent.scheduler
        if type(program) is not Pure or scheduler.observer is not None or scheduler.steering is not None:
            self.ran = True
            return self.fork(program, label, copied(parent.context))
        child = Fiber(scheduler, NOTHING, self, parent.context, NO_STACK, self.forked, label)
        self.forked += 1
        child.state = DONE
        child.closed = True
        child.region = NOWHERE
        child.value = program._value
        return child

    def failed(self, index: int, name: str, rest: Cause[Any], whole: Cause[Any]) -> None:
        if index in self.handled:
            self.handled.remove(index)
            return
        self.failures[index] = rest
        self.labels[index] = name
        if self.on_failure == "cancel":
            self.stop(name)

    def stop(self, name: str) -> None:
        """Cancel everything because one has failed."""
        if self.request is None:
            self.labels.update({child.index: child.name for child in self.children})
            self.seconds = {}
        self.request_cancel("sibling", name, None)

    def reports(self, parts: dict[int, Cause[Any]]) -> tuple[ChildReport, ...]:
        times = cast("dict[int, float]", self.seconds or {})
        return tuple(
            ChildReport(self.labels[index], "failed" if has_failed(parts.get(index)) else "cancelled", times.get(index))
            for index in sorted(self.labels)
            if index in parts or (index not in self.failures and index != BODY)
        )


@final
class HandlerFrame(Frame):
    """The bottom of a child whose failures go to the handler of its group; its exit stays its own.

    The group holds it, so it does not hold the group.
    """

    __slots__ = ("handler",)

    def __init__(self, handler: Callable[[Cause[Any]], IO[Any, Any]]) -> None:
        self.handler = handler

    def returned(self, fiber: Fiber, value: Any) -> None:
        END.returned(fiber, value)

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> IO[Any, Any] | None:
        if fiber.unwinding:
            END.failed(fiber, cause)
            return None
        fiber.stack.append(HandledFrame(cause))
        try:
            return made(self.handler, cause)
        except BaseException as error:
            return Halt(fiber.raised(error))


@final
class HandledFrame(Frame):
    """The end of the handler that was given `cause`; if it fails itself, both are told."""

    __slots__ = ("cause",)

    def __init__(self, cause: Cause[Any]) -> None:
        self.cause = cause

    def returned(self, fiber: Fiber, value: Any) -> None:
        family = fiber.family
        assert isinstance(family, TaskGroupFamily)
        family.handled.add(fiber.index)
        END.failed(fiber, self.cause)

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> None:
        END.failed(fiber, then(self.cause, cause))


@final
class TaskGroupFrame(Frame):
    """The end of a task group's body: cancel the children if it failed, and wait for them."""

    __slots__ = ("cause", "ended", "family", "value")

    def __init__(self, family: TaskGroupFamily) -> None:
        self.family = family
        self.ended = False
        self.value: Any = None
        self.cause: Cause[Any] | None = None

    def returned(self, fiber: Fiber, value: Any) -> IO[Any, Any] | None:
        if self.ended:
            return self.wait(fiber) if self.family.children else self.finish(fiber)
        self.ended = True
        self.value = value
        return self.wait(fiber)

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> IO[Any, Any] | None:
        family = self.family
        self.ended = True
        self.cause = cause
        fiber.unwinding = False
        if cause.is_cancelled_only:
            first = cause.cancellations()[0]
            family.request_cancel(first.source, first.by, first.reason)
        else:
            family.stop("the body")
        return self.wait(fiber)

    def wait(self, fiber: Fiber) -> IO[Any, Any] | None:
        family = self.family
        if family.children:
            family.waiting = True
            fiber.stack.append(self)
            fiber.park(ChildrenWait(family))
            return None
        if family.ran:
            return self.finish(fiber)
        # Even an empty group lets the others run once; that is no action, so no cancel is looked for.
        fiber.stack.append(self)
        fiber.wake(NOTHING)
        return None

    def finish(self, fiber: Fiber) -> IO[Any, Any]:
        family = self.family
        parts = family.parts()
        rest = None if self.cause is None else family.own_failure(fiber, self.cause)
        if rest is not None and not any(rest is part for part in parts.values()):
            told = {id(leaf) for part in parts.values() for leaf in part.leaves()}
            rest = unseen(rest, told)
            if rest is not None:
                parts[BODY] = rest
        family.leave()
        cause = family.conclude(parts)
        family.left(cause)
        if cause is not None:
            return Halt(cause)
        fiber.value = self.value
        return GIVEN

"""What a fiber returns to, where the node itself does not serve as the frame."""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# The test for a program leaves its type arguments open.
# pyright: reportPrivateUsage=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final, final

from returns.result import Failure, Success

from effio.algebra.io import IO
from effio.algebra.primitive import Ask, Call, Halt, Operation, Pure
from effio.algebra.primitive import Fail as FailNode
from effio.algebra.tag import FRAME, GENERATE, Tagged
from effio.data.cause import Cancelled, Cause, then
from effio.data.exit import Exit
from effio.data.identity import Path
from effio.data.native import mypyc_attr
from effio.interpreter.fiber import GIVEN, Fiber
from effio.interpreter.scope import Region, ScopeRegion, ShieldRegion, visible_cancel

if TYPE_CHECKING:
    from effio.interpreter.observer import Part


IGNORED: Final = "generator ignored GeneratorExit"
"""What Python says of a generator that yields while it is being closed."""


class Frame(Tagged):
    """A place on the stack that runs code of the interpreter when a value or a failure comes back.

    `returned` gives the next node, or `GIVEN` if it has left its value in the fiber; `failed` gives the next node, or
    the cause to go on failing with. None means that the fiber stops here for now: it has parked or ended.
    """

    __slots__ = ()
    _tag: int = FRAME

    def returned(self, fiber: Fiber, value: Any) -> IO[Any, Any] | None:
        raise NotImplementedError

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> IO[Any, Any] | Cause[Any] | None:
        raise NotImplementedError


@final
class EndFrame(Frame):
    """The bottom of every stack: the fiber has its exit."""

    __slots__ = ()

    def returned(self, fiber: Fiber, value: Any) -> None:
        fiber.value = value
        fiber.scheduler.end(fiber)

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> None:
        fiber.cause_ = cause
        fiber.scheduler.end(fiber)


END: Final = EndFrame()


@final
@mypyc_attr(free_list_len=1)
class GeneratorFrame(Frame):
    """A suspended do-notation body; the step loop sends values into it."""

    __slots__ = ("generator", "send")
    _tag: int = GENERATE

    def __init__(self, generator: Generator[Any, Any, Any]) -> None:
        self.generator = generator
        self.send = generator.send

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> Cause[Any]:
        """Close the body, so that its `finally` blocks run; what they raise follows the failure."""
        try:
            self.generator.close()
        except BaseException as error:
            if type(error) is RuntimeError and str(error) == IGNORED:
                error = yielded_at_its_end(self.generator)
            cause = then(cause, fiber.raised(error))
        return cause


def yielded_at_its_end(generator: Any) -> RuntimeError:
    """The error for a body that wants to run a program while it is being closed, which nobody can wait for."""
    problem = RuntimeError(f"the finally block of {generator.__qualname__} cannot run a program: its body has failed")
    problem.add_note("use `io.ensuring(...)`, `bracket` or a `Resource`, whose finalizers are programs")
    return problem


def no_body() -> Generator[None, None, None]:
    """Never run."""
    yield


NO_BODY: Final = GeneratorFrame(no_body())


@final
class NamedFrame(Frame):
    """The end of a named part: the path is again what it was."""

    __slots__ = ("path",)

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def returned(self, fiber: Fiber, value: Any) -> IO[Any, Any]:
        self.leave(fiber, None)
        fiber.value = value
        return GIVEN

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> Cause[Any]:
        self.leave(fiber, cause)
        return cause

    def leave(self, fiber: Fiber, cause: Cause[Any] | None) -> None:
        name = fiber.path.label
        fiber.path_ = self.path
        if fiber.scheduler.observer is not None:
            fiber.scheduler.observer.on_leave(fiber, "named", name, cause)


@final
class RegionFrame(Frame):
    """The end of a shield or of a restored part: the fiber is again in the region around it."""

    __slots__ = ("outer", "part")

    def __init__(self, outer: Region, part: Part) -> None:
        self.outer = outer
        self.part: Part = part

    def returned(self, fiber: Fiber, value: Any) -> IO[Any, Any]:
        self.leave(fiber, None)
        fiber.value = value
        return GIVEN

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> Cause[Any]:
        self.leave(fiber, cause)
        return cause

    def leave(self, fiber: Fiber, cause: Cause[Any] | None) -> None:
        fiber.region = self.outer
        if fiber.scheduler.observer is not None:
            fiber.scheduler.observer.on_leave(fiber, self.part, self.part, cause)


@final
@mypyc_attr(free_list_len=1)
class FinalizerFrame(Frame):
    """The end of a finalizer: go on with the exit it was run for, and with its own failure, if it failed."""

    __slots__ = ("cause", "outer", "unwinding", "value")

    def __init__(self, fiber: Fiber, value: Any, cause: Cause[Any] | None) -> None:
        self.value = value
        self.cause = cause
        self.outer = fiber.region
        self.unwinding = fiber.unwinding

    def returned(self, fiber: Fiber, value: Any) -> IO[Any, Any]:
        self.leave(fiber, None)
        if self.cause is not None:
            return Halt(self.cause)
        fiber.value = self.value
        return GIVEN

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> Cause[Any]:
        self.leave(fiber, cause)
        return cause if self.cause is None else then(self.cause, cause)

    def leave(self, fiber: Fiber, cause: Cause[Any] | None) -> None:
        fiber.region = self.outer
        fiber.unwinding = self.unwinding
        if fiber.scheduler.observer is not None:
            fiber.scheduler.observer.on_leave(fiber, "finalizer", "finalizer", cause)


def begin_finalizer(fiber: Fiber, finalizer: Any, value: Any, cause: Cause[Any] | None) -> Any:
    """Shield the fiber and start the finalizer that `finalizer` makes, or is, for a value or for a cause.

    One that is a single step, which nothing can interrupt, is over at once, unless somebody watches.
    """
    program: Any = finalizer if isinstance(finalizer, IO) else made_of_exit(fiber, finalizer, value, cause)
    scheduler = fiber.scheduler
    if scheduler.observer is None and scheduler.steering is None:
        kind = type(program)
        if kind is Operation or kind is Call or kind is Ask:
            late = done_at_once(fiber, program)
            if late is not None:
                return Halt(late if cause is None else then(cause, late))
            kind = Pure
        if kind is Pure:
            return Pure(value) if cause is None else Halt(cause)
    fiber.stack.append(FinalizerFrame(fiber, value, cause))
    fiber.unwinding = False
    fiber.region = ShieldRegion(fiber.region)
    if scheduler.observer is not None:
        scheduler.observer.on_enter(fiber, "finalizer", "finalizer", fiber.region)
    return program


def made_of_exit(fiber: Fiber, finalizer: Any, value: Any, cause: Cause[Any] | None) -> Any:
    """The finalizer that a function makes of an exit."""
    exit: Exit[Any, Any] = Success(value) if cause is None else Failure(cause)
    try:
        return finalizer(exit)
    except BaseException as error:
        return Halt(fiber.raised(error))


def done_at_once(fiber: Fiber, program: Any) -> Cause[Any] | None:
    """Run a finalizer of one step where it stands; its failure, if it failed."""
    outer = fiber.region
    catches: tuple[type[BaseException], ...] = ()
    try:
        if type(program) is Ask:
            fiber.region = ShieldRegion(outer)
            program._question(fiber)
        else:
            catches = program._catches
            program._function(*program._args, **(program._kwargs or {}))
    except BaseException as error:
        return fiber.raised(error, catches)
    finally:
        fiber.region = outer
    return None


@final
@mypyc_attr(free_list_len=1)
class ScopeFrame(Frame):
    """The end of a cancel scope: here its own cancel stops, unless an outer one is on its way too."""

    __slots__ = ("expired", "name", "region")

    def __init__(self, region: ScopeRegion, expired: Any, name: str) -> None:
        self.region = region
        self.expired = expired
        self.name = name

    def returned(self, fiber: Fiber, value: Any) -> IO[Any, Any]:
        self.leave(fiber, None)
        fiber.value = value
        return GIVEN

    def failed(self, fiber: Fiber, cause: Cause[Any]) -> IO[Any, Any] | Cause[Any]:
        region = self.region
        outer = self.leave(fiber, cause)
        if region.request is None:
            return cause
        rest = without_cancel(cause, region)
        if rest is cause:
            return cause
        if fiber.unwinding:
            target = visible_cancel(outer)
            if target is not None and target.request is not None:
                return followed(target.request.leaf, rest)
            fiber.unwinding = False
        region.cancelled_caught = True
        node: IO[Any, Any] = self.expired(region)
        if rest is None:
            return node
        # Errors win over a value, and follow a timeout that they came with.
        if isinstance(node, FailNode):
            return followed(fiber.failure(node), rest)
        return rest

    def leave(self, fiber: Fiber, cause: Cause[Any] | None) -> Region:
        region = self.region
        region.close()
        outer = region.outer
        assert outer is not None
        fiber.region = outer
        if fiber.scheduler.observer is not None:
            fiber.scheduler.observer.on_leave(fiber, "scope", self.name, cause)
        return outer


def cause_of(fiber: Fiber, node: Halt) -> Cause[Any]:
    """What `node` fails with here."""
    return node._cause if node._site is None else node._cause.placed(fiber.at(node._site))


def followed(first: Cause[Any], rest: Cause[Any] | None) -> Cause[Any]:
    """The first failure, and the rest after it if there is one."""
    return first if rest is None else then(first, rest)


def without_cancel(cause: Cause[Any], region: Region) -> Cause[Any] | None:
    """What is left of `cause` without the cancel of `region`."""
    if type(cause) is Cancelled:
        return None if region.caused(cause) else cause
    return cause.without(region.caused)


def exit_as(how: str, ended: Fiber) -> IO[Any, Any]:
    """An ended fiber, for who watches it: "join" takes its exit on, the others are given it."""
    if how != "join":
        return Pure(ended.exit)
    return Pure(ended.value) if ended.cause is None else Halt(ended.exit.failure())

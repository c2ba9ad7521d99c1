"""Context managers as resources: entered before the use, left after it, in the fiber that uses them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from inspect import iscoroutine
from typing import Any, TypeAlias, cast, final

import attrs
from returns.result import Failure

from effio.algebra import argument
from effio.algebra.call import ANY_EXCEPTION
from effio.algebra.primitive import Ask, Call, FlatMap, Halt, Leaf, OnExit, Pure, Scoped, Sleep, Suspend, Then
from effio.algebra.shape import Program
from effio.data.cause_text import short_repr
from effio.data.errors import ProgramCancelled
from effio.data.exit import Exit
from effio.resource.attendant import NOTHING, Opened, Use

CM: TypeAlias = Any
"""A context manager, or what makes one; of either kind."""


@final
@attrs.frozen
class Kind:
    """The method to know a context manager by, how it is made and entered, by which node, and what is done in it."""

    method: str
    enter: Callable[..., Any]
    node: Callable[..., Program]
    block: Callable[[CM], Block | AsyncBlock]


def entered(cm: CM, word: str) -> Opened:
    """The resource that `word` makes of it."""
    kind = KINDS[word]
    if not isinstance(cm, type) and hasattr(cm, kind.method):
        return partial(opened, kind, lambda: cm)
    if not callable(cm):
        way_out = "give one, or a function without arguments that makes one for each use"
        argument.instance(word, cm, type, "a context manager", way_out)
    return partial(opened, kind, cm)


def opened(kind: Kind, make: Callable[[], CM], use: Use) -> Program:
    """Entering is not shielded: a context manager whose entering is cancelled has cleaned up by itself."""

    def guarded(within: tuple[CM, Any]) -> Program:
        cm, value = within
        if not hasattr(cm, kind.method):
            raise no_context_manager(kind, cm)
        return kind.block(cm).around(partial(use, value))

    entering = update_wrapper(partial(kind.enter, make), make, updated=())  # It is called as the user's own function.
    return FlatMap(kind.node(entering, catches=ANY_EXCEPTION), guarded)


# -- One kind ------------------------------------------------------------------------------------------------


def enter(make: Callable[[], CM]) -> tuple[CM, Any]:
    """Make and enter it; give it, and the value of the resource."""
    cm = make()
    return cm, cm.__enter__() if hasattr(cm, "__enter__") else None


@final
@attrs.frozen
class Block:
    """What is done within a context manager, as in the block of a `with`."""

    cm: CM

    def around(self, use: Callable[[], Program]) -> Program:
        return OnExit(Suspend(use), self.left)

    def left(self, exit: Exit[Any, Any]) -> Program:
        return Call(self.leave, (error_of(exit),), catches=ANY_EXCEPTION)

    def leave(self, error: BaseException | None) -> None:
        """Leave it; to raise what it was told is no failure of its own."""
        try:
            self.cm.__exit__(*told(error))
        except BaseException as raised:
            tell_rest(raised, error)


# -- The asynchronous kind -----------------------------------------------------------------------------------


async def enter_async(make: Callable[[], CM]) -> tuple[CM, Any]:
    """Do the same with an asynchronous one, which is made where there is an event loop."""
    cm = make()
    return cm, await cm.__aenter__() if hasattr(cm, "__aenter__") else None


@final
@attrs.define(eq=False)
class AsyncBlock:
    """What is done within an asynchronous one, which may cancel it, as `asyncio.timeout` and every task group do.

    They cancel the task that they were entered in: that cuts the block. What becomes of it shows when they are left:
    they raise something else instead, or swallow the cancel, or let it go on outwards.
    """

    cm: CM
    scope: Any = None
    host: Any = None
    cut: bool = False
    cancel: BaseException | None = None
    swallowed: bool = False

    def around(self, use: Callable[[], Program]) -> Program:
        block = Scoped(partial(self.entered, use), None, self.was_cut, "async with")
        return FlatMap(OnExit(block, self.left), self.ended)

    def entered(self, use: Callable[[], Program], scope: Any) -> Program:
        self.scope = scope._core
        return Then(Ask(self.stand, peek=True), Suspend(use))

    def stand(self, fiber: Any) -> None:
        self.host = fiber.host
        self.host.blocks.append(self.scope)

    def was_cut(self, scope: Any) -> Program:
        self.cut = True
        return NOTHING

    def left(self, exit: Exit[Any, Any]) -> Program:
        return Leaf(self.leave, (error_of(exit),), catches=ANY_EXCEPTION)

    async def leave(self, error: BaseException | None) -> None:
        """Leave it; a cancel is told by the host's own exception, which is what it looks for."""
        if self.cut:
            self.cancel, self.host.foreign = self.host.foreign, None
            error = error or self.cancel
        elif isinstance(error, ProgramCancelled):
            error = self.host.told(error)
        try:
            self.swallowed = bool(await self.cm.__aexit__(*told(error)))
        except BaseException as raised:
            tell_rest(raised, error)
        finally:
            self.host.blocks.remove(self.scope)

    def ended(self, value: Any) -> Program:
        """Give the value; a cancel that was not swallowed cuts what is around."""
        if not self.cut or self.swallowed:
            return Pure(value)
        return Then(Ask(self.pass_on), Then(Sleep(0.0), Halt(self.scope.request.leaf)))

    def pass_on(self, fiber: Any) -> None:
        self.host.cancelled_from_outside(self.cancel)


# -- Mistakes ------------------------------------------------------------------------------------------------


def no_context_manager(kind: Kind, made: object) -> TypeError:
    """The error for a function that makes something else than the kind of context manager that is wanted."""
    word, other = ("from_cm", "from_async_cm") if kind.method == "__enter__" else ("from_async_cm", "from_cm")
    problem = TypeError(f"{word} needs a function that makes a context manager, not {short_repr(made)}")
    if any(hasattr(made, each.method) for each in KINDS.values()):
        problem.add_note(f"it is one of the other kind: Resource.{other}")
    else:
        problem.add_note("write @asynccontextmanager above the function, or Resource.make(acquire, release)")
    if iscoroutine(made):
        made.close()
    return problem


# -- What it is told, and what it tells ----------------------------------------------------------------------


def error_of(exit: Exit[Any, Any]) -> BaseException | None:
    """The exception that the use failed with, if it did."""
    return exit.failure().to_exception() if isinstance(exit, Failure) else None


def told(error: BaseException | None) -> tuple[Any, Any, Any]:
    """What Python tells a context manager."""
    return (None, None, None) if error is None else (type(error), error, error.__traceback__)


def tell_rest(raised: BaseException, error: BaseException | None) -> None:
    """Raise what a context manager raised beside what it was told, as a task group does in one group."""
    rest: BaseException | None = raised
    if isinstance(raised, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", raised)
        rest = group.split(lambda inner: inner is error)[1]
    if rest is not None and rest is not error:
        raise rest


KINDS = {
    "from_cm": Kind("__enter__", enter, Call, Block),
    "from_async_cm": Kind("__aenter__", enter_async, Leaf, AsyncBlock),
}

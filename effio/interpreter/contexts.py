"""In which context a fiber runs: its own, or, while it has set no variable, one that serves all such in turn."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from effio.interpreter.fiber import Fiber

# Not called as methods, since the compiled core would look them up each time.
copied: Final = Context.copy
run_in: Final = Context.run


@final
class Contexts:
    """The contexts of one run. Each fiber begins with what its parent has set, and sets variables for itself.

    Where a parent has set none there is nothing to copy. Such fibers run, one after the other, in the same empty
    context; whoever has set a variable in it when its turn ends keeps it, and the others get a new one. `spare` is
    that empty context while nobody runs in it, `entered` while somebody does.
    """

    __slots__ = ("entered", "spare")

    def __init__(self) -> None:
        self.spare: Context | None = None
        self.entered: Context | None = None

    def run(self, fiber: Fiber, advance: Callable[[Fiber], None]) -> None:
        """Run a turn of `fiber`."""
        context = fiber.own_context
        if context is not None:
            run_in(context, advance, fiber)
            return
        around, context = self.entered, self.spare
        if context is None:
            context = Context()
        self.spare, self.entered = None, context
        run_in(context, advance, fiber)
        self.entered = around
        if len(context) and fiber.own_context is None:
            fiber.own_context = context
        elif fiber.own_context is not context:
            self.spare = context

    def inherited(self, parent: Fiber) -> Context | None:
        """What a child of `parent` begins with: a copy, or None if no variable is set."""
        context = self.used_by(parent)
        return copied(context) if context is not None and len(context) else None

    def used_by(self, fiber: Fiber) -> Context | None:
        """The context of `fiber`, if it has one of its own or runs now."""
        if fiber.own_context is None and fiber is fiber.scheduler.current:
            return self.entered
        return fiber.own_context

    def given(self, fiber: Fiber) -> Context:
        """Let `fiber` have a context of its own, for those who run in it beside the run."""
        context = self.used_by(fiber)
        return Context() if context is None else context

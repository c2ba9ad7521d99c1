"""What the interpreter asks of the world it runs in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from effio.algebra.io import IO
from effio.algebra.primitive import Leaf

if TYPE_CHECKING:
    from effio.interpreter.fiber import Fiber


class Backend(Protocol):
    """The host of a run: it calls `Scheduler.turn` when asked to, and runs foreign coroutines.

    All but `call` are used on the thread of the run only. `sealed` says that nothing can come from outside the run.
    """

    sealed: bool

    def wake(self) -> None:
        """Call `turn` soon; asked once until it is called."""
        ...

    def arm(self, when: float | None) -> None:
        """Call `turn` at `when` on the run's clock, instead of any time asked for before; None: not at all."""
        ...

    def start_leaf(self, fiber: Fiber, node: Leaf) -> IO[Any, Any] | None:
        """Run the coroutine of `node` for `fiber`; give the next node, or None if the fiber waits."""
        ...

    def release(self, fiber: Fiber) -> bool:
        """The fiber has its exit: whether nothing that hosts it is left, so that it may end now."""
        ...

    def give_up(self) -> None:
        """The run is abandoned: end what hosts its fibers, without waiting."""
        ...

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Call `function` on the thread of the run, from any thread."""
        ...


def in_trio() -> bool:
    """Whether a trio task is what runs now."""
    module = sys.modules.get("trio")
    if module is None:
        return False
    try:
        module.lowlevel.current_task()
    except RuntimeError:
        return False
    return True

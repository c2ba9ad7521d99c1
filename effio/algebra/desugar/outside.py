"""Resources, callbacks and a look at the run itself, in primitive words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import methodcaller
from typing import Any, Final, final

from returns.result import Failure

from effio.algebra import argument, derived
from effio.algebra.io import IO
from effio.algebra.primitive import Ask, Call, FlatMap, OnExit, Park, Pure, Shield, Suspend
from effio.algebra.shape import is_io, made
from effio.data.exit import Exit

NOTHING: Final = Pure(None)

# -- Resources -----------------------------------------------------------------------------------------------


def bracket(node: derived.Bracket) -> IO[Any, Any]:
    return Shield(lambda restore: FlatMap(node.acquire, partial(using, node, restore)))


def using(node: derived.Bracket, restore: Callable[[IO[Any, Any]], IO[Any, Any]], acquired: Any) -> IO[Any, Any]:
    """Use what was acquired; `use` is called under the finalizer, since it may raise."""
    use = Suspend(partial(made, node.use, acquired))
    if node.sees_exit:
        return OnExit(restore(use), partial(made, node.release, acquired))
    return OnExit(restore(use), lambda exit: made(node.release, acquired))


def shielded(node: derived.Shielded) -> IO[Any, Any]:
    source = node.source
    return Shield(lambda restore: source)


# -- Callbacks -----------------------------------------------------------------------------------------------


def never(node: derived.Never) -> IO[Any, Any]:
    return Park(wait, None, "nothing, for ever")


def wait(resume: Any) -> None:
    """Nobody will call it."""


def from_callback(node: derived.FromCallback) -> IO[Any, Any]:
    return Shield(lambda restore: Mailbox(node.register).program(restore))


@final
class Mailbox:
    """Where the first answer of a callback arrives, perhaps from another thread, perhaps before anybody waits.

    No lock is needed: the answer is stored before the waiter is looked for, and the waiter before the answer, so that
    at least one side sees the other; a waiter that is woken twice ignores the second. The waiter, which knows the
    mailbox, is let go when there is an answer.
    """

    __slots__ = ("answers", "register", "waiter")

    def __init__(self, register: Callable[..., Any]) -> None:
        self.register = register
        self.answers: list[IO[Any, Any]] = []
        self.waiter: Any = None

    def program(self, restore: Callable[[IO[Any, Any]], IO[Any, Any]]) -> IO[Any, Any]:
        registering = FlatMap(restore(NOTHING_DONE), lambda nothing: Call(self.register, (self.resume,)))
        return FlatMap(registering, partial(self.wait, restore))

    def wait(self, restore: Callable[[IO[Any, Any]], IO[Any, Any]], canceller: Any) -> IO[Any, Any]:
        waiting = restore(Park(self.enlist, self.withdraw, "a callback", outside=True))
        if canceller is None:
            return waiting
        if not is_io(canceller):
            raise argument.returned_no_program(self.register, canceller)
        return OnExit(waiting, partial(on_cancel, canceller))

    def resume(self, program: IO[Any, Any], /) -> None:
        """Let the waiting fiber go on with `program`; from any thread; only the first call counts."""
        if not is_io(program):
            raise argument.not_a_program("resume", program)
        if not self.answers:
            self.answers.append(program)
        waiter, self.waiter = self.waiter, None
        if waiter is not None:
            waiter.from_anywhere(self.answers[0])

    def enlist(self, resume: Any) -> IO[Any, Any] | None:
        self.waiter = resume
        if not self.answers:
            return None
        self.waiter = None
        return self.answers[0]

    def withdraw(self, resume: Any) -> None:
        self.waiter = None


def on_cancel(canceller: IO[Any, Any], exit: Exit[Any, Any]) -> IO[Any, Any]:
    """Run the canceller if the wait was cancelled."""
    cancelled = isinstance(exit, Failure) and exit.failure().has_cancelled
    return canceller if cancelled else NOTHING


NOTHING_DONE: Final = Call(int)
"""An action without effect: in a scope that is cancelled already nothing is registered."""


# -- The run itself ------------------------------------------------------------------------------------------


def show_fibers(node: derived.ShowFibers) -> IO[Any, Any]:
    return Ask(methodcaller("show_fibers"))


def dump_fibers(node: derived.DumpFibers) -> IO[Any, Any]:
    return Ask(methodcaller("dump_fibers"))


ROWS: Final[dict[type, Callable[[Any], IO[Any, Any]]]] = {
    derived.Bracket: bracket,
    derived.Shielded: shielded,
    derived.Never: never,
    derived.FromCallback: from_callback,
    derived.ShowFibers: show_fibers,
    derived.DumpFibers: dump_fibers,
}

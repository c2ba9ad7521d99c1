"""Functions that compute, as programs: each call runs in a child process, which a cancel kills."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVarTuple, final, overload

import attrs

from effio.algebra.call import caught
from effio.algebra.io import IO, X1, X2, X3, X4, T, Task
from effio.algebra.primitive import Ask, Call, FlatMap, Suspend
from effio.concurrent.capacity_limiter import CapacityLimiter
from effio.interop.child import READS_MAIN
from effio.interop.thread_call import ThreadCall, checked_limiter, plain, title
from effio.interpreter.scheduler import Scheduler

if TYPE_CHECKING:
    from subprocess import Popen

P = ParamSpec("P")
Args = TypeVarTuple("Args")

LIMIT: Final = os.cpu_count() or 1
"""How many child processes of a run are busy at most, where nothing else is said."""

SERVER: Final = os.path.join(os.path.dirname(__file__), "child.py")
"""What a child runs: this file alone, since the library around it takes longer to load than Python itself."""


class BrokenProcess(RuntimeError):
    """A child process ended, by itself or by somebody else, before it had answered."""

    def __init__(self, call: str, exit_code: int | None) -> None:
        super().__init__(call, exit_code)
        self.call = call
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"the process of {self.call} ended with exit code {self.exit_code} before it had answered"


@overload
def to_process(f: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Task[T]: ...
@overload
def to_process(f: Callable[[*Args], T], /, *args: *Args, limiter: CapacityLimiter | None = None) -> Task[T]: ...
@overload
def to_process(
    f: Callable[[*Args], T],
    /,
    *args: *Args,
    catch: type[X1] | tuple[type[X1]],
    limiter: CapacityLimiter | None = None,
) -> IO[T, X1]: ...
@overload
def to_process(
    f: Callable[[*Args], T],
    /,
    *args: *Args,
    catch: tuple[type[X1], type[X2]],
    limiter: CapacityLimiter | None = None,
) -> IO[T, X1 | X2]: ...
@overload
def to_process(
    f: Callable[[*Args], T],
    /,
    *args: *Args,
    catch: tuple[type[X1], type[X2], type[X3]],
    limiter: CapacityLimiter | None = None,
) -> IO[T, X1 | X2 | X3]: ...
@overload
def to_process(
    f: Callable[[*Args], T],
    /,
    *args: *Args,
    catch: tuple[type[X1], type[X2], type[X3], type[X4]],
    limiter: CapacityLimiter | None = None,
) -> IO[T, X1 | X2 | X3 | X4]: ...
def to_process(
    f: Callable[..., Any],
    /,
    *args: object,
    catch: Any = Exception,
    limiter: Any = None,
    **kwargs: Any,
) -> IO[Any, Any]:
    """Call `f` in a child process and give its result. An `Exception` that it raises is a typed failure.

    With `catch=`, a class or a tuple, only such exceptions are, and any other one is a defect. The traceback in the
    child is a note on it. If the child ends without an answer, that is a `BrokenProcess`.
    Cancelling kills the child. Children are used again and end with the run; at most as many as the machine has
    processors are busy at once, or as many as `limiter` lets through.

    `f`, its arguments and its result are pickled, so `f` must be a function that stands at the top of a module.
    What `f` prints goes to the standard error stream.
    """
    refuse_local(plain("to_process", f))
    work = Call(f, args, kwargs or None, caught("to_process", catch))
    checked_limiter("to_process", limiter)
    return Suspend(ProcessCall(title("to_process", work), work, limiter))


def refuse_local(function: Callable[..., Any]) -> None:
    """Refuse a function that a child process could not find."""
    try:
        pickle.dumps(function)
    except Exception as error:
        name = getattr(function, "__qualname__", function)
        problem = TypeError(f"to_process cannot send {name!r} to a child process")
        problem.add_note(f"give a function that stands at the top of a module ({error})")
        raise problem from error
    if function.__module__ == "__main__" and main_module() == (None, None):
        problem = TypeError(f"to_process cannot send {function.__qualname__!r} of a session to a child process")
        problem.add_note("put the function into a file, which the child can read")
        raise problem


def main_module() -> tuple[str | None, str | None]:
    """How a child can run the main module again: its name or else its file; neither for what was typed in."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    path = getattr(main, "__file__", None)
    if spec is not None:
        return spec.name, None
    return None, os.path.abspath(path) if path is not None and os.path.exists(path) else None


def main_is_being_read() -> bool:
    """Whether this is a child that runs the main module again; to call a child then would never end."""
    return READS_MAIN in vars(sys.modules["__main__"])


@final
@attrs.frozen(repr=False)
class ProcessCall:
    """What is to be called in a child process; calling this gives the program of one such call."""

    title: str
    work: Call
    limiter: CapacityLimiter | None

    def __call__(self) -> IO[Any, Any]:
        if main_is_being_read():
            problem = RuntimeError(f"{self.title} ran while a child process was reading the main module")
            problem.add_note('put what runs the program under `if __name__ == "__main__":`')
            raise problem
        return FlatMap(Ask(children_of), self.among)

    def among(self, children: Children) -> IO[Any, Any]:
        """Make the call in one of the children of the run."""
        visit = Visit(self, children)
        work = Call(visit.make, (), None, self.work.catches)
        return ThreadCall("to_process", work, self.limiter, title=self.title, limit=LIMIT, interrupt=visit.kill)()

    def __repr__(self) -> str:
        return self.title


@final
class Visit:
    """One call and the child that makes it; `make` runs in a worker thread, `kill` in the thread of the run."""

    def __init__(self, call: ProcessCall, children: Children) -> None:
        self.call = call
        self.children = children
        self.child: Child | None = None
        self.killed = False

    def make(self) -> Any:
        """Send the call to a child and wait for the answer."""
        work = self.call.work
        request = pickle.dumps((work.function, work.args, work.kwargs or {}))
        self.child = child = self.children.take()
        if self.killed or self.children.closed:
            child.process.kill()
        try:
            answer = child.ask(request)
        except (EOFError, OSError):
            raise BrokenProcess(self.call.title, child.kill()) from None
        except BaseException:
            child.kill()
            raise
        finally:
            self.children.busy.discard(child)
        self.child = None  # Before the look at `killed`: whoever kills from here on does not find the child.
        if self.killed:
            child.kill()
        else:
            self.children.idle.append(child)
        value, error, trace = pickle.loads(answer)
        if error is not None:
            error.add_note(f"in process {child.process.pid}:\n{trace}")
            raise error
        return value

    def kill(self) -> None:
        """The call was cancelled."""
        self.killed = True
        child = self.child
        if child is not None:
            child.process.kill()


@final
class Children:
    """The child processes of one run. Used by worker threads too: each step is atomic."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.idle: list[Child] = []
        self.busy: set[Child] = set()
        self.closed = False

    def take(self) -> Child:
        """One that waits, or a new one."""
        child = self.waiting() or Child()
        self.busy.add(child)
        return child

    def waiting(self) -> Child | None:
        """One that waits and has not ended meanwhile, if there is one."""
        with suppress(IndexError):
            while True:
                child = self.idle.pop()
                if child.process.poll() is None:
                    return child
                child.kill()
        return None

    def close(self) -> None:
        """End them all; the thread that waits for a busy one sees it end."""
        self.closed = True
        for child in tuple(self.busy):
            child.process.kill()
        while self.idle:
            self.idle.pop().kill()


@final
class Child:
    """One child process and the pipes to it."""

    def __init__(self) -> None:
        from subprocess import PIPE, Popen

        serve = f"runpy.run_path({SERVER!r})['serve'](*{main_module()!r})"
        code = f"import runpy, sys; sys.path[:] = {sys.path!r}; {serve}"
        self.process: Popen[bytes] = Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE)

    def ask(self, request: bytes) -> bytes:
        """Send a call and wait for the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        pickle.dump(request, self.process.stdin)
        self.process.stdin.flush()
        answer: bytes = pickle.load(self.process.stdout)
        return answer

    def kill(self) -> int | None:
        """End it and give its exit code."""
        self.process.kill()
        with suppress(BrokenPipeError), self.process:  # To close the pipe is to send what was not sent.
            self.process.wait()
        return self.process.returncode


def children_of(fiber: Any) -> Children:
    """The child processes of the run of `fiber`."""
    children: Children = fiber.scheduler.kept_for(Children)
    return children

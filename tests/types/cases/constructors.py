"""What makes programs, and what runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Never, assert_type

from returns.result import Result

from effio import (
    IO,
    CancelScope,
    Exit,
    Fiber,
    Task,
    TaskGroup,
    attempt,
    bracket,
    cancel_scope,
    delay,
    die,
    effective_deadline,
    fail,
    from_async,
    from_callback,
    from_exit,
    from_result,
    if_,
    memoize,
    never,
    now,
    pure,
    run,
    run_exit,
    run_total,
    shield,
    sleep,
    sleep_until,
    suspend,
    task_group,
    unit,
    when,
    yield_now,
)


def divide(left: int, right: int, *, exact: bool = False) -> float:
    return left / right


async def fetch(url: str) -> bytes:
    return url.encode()


async def ping() -> int:
    return 1


def read() -> str:
    return ""


def risky() -> IO[int, OSError]:
    return fail(OSError())


def risky_truth() -> IO[bool, KeyError]:
    return pure(True)


failing = risky()
truth = risky_truth()

# -- Values and failures
assert_type(pure(1), IO[int])
assert_type(fail("no"), IO[Never, str])
assert_type(die(ValueError()), IO[Never])
assert_type(unit(), IO[None])
assert_type(never(), IO[Never])
assert_type(now().map(str), IO[str])
assert_type(now.flat_map(lambda moment: sleep_until(moment + 1)), IO[None])
assert_type(yield_now.then(pure(1)), IO[int])
assert_type(effective_deadline.map(int), IO[int])


def results(result: Result[int, str], exit: Exit[int, str]) -> None:
    assert_type(from_result(result), IO[int, str])
    assert_type(from_exit(exit), IO[int, str])


# -- Functions and coroutines
assert_type(delay(divide, 1, 2, exact=True), IO[float])
assert_type(delay(read), IO[str])
assert_type(attempt(divide, 1, right=2), Task[float])
assert_type(attempt(read), Task[str])
assert_type(attempt(read, catch=OSError), IO[str, OSError])
assert_type(attempt(read, catch=(OSError, ValueError)), IO[str, OSError | ValueError])
assert_type(attempt(lambda: divide(1, 0), catch=ZeroDivisionError), IO[float, ZeroDivisionError])
assert_type(attempt(divide, 1, 2, catch=ZeroDivisionError), IO[float, ZeroDivisionError])
assert_type(suspend(lambda: failing), IO[int, OSError])
assert_type(from_async(fetch, "x"), Task[bytes])
assert_type(from_async(ping, catch=OSError), IO[int, OSError])
assert_type(from_async(ping, catch=(OSError, KeyError)), IO[int, OSError | KeyError])
assert_type(from_async(fetch, "x", catch=OSError), IO[bytes, OSError])
assert_type(from_async(fetch, "x", catch=(OSError, KeyError, ValueError)), IO[bytes, OSError | KeyError | ValueError])
assert_type(sleep(1), IO[None])


def register(resume: Callable[[IO[int, OSError]], None]) -> IO[None]:
    resume(failing)
    return unit


assert_type(from_callback(register), IO[int, OSError])

# -- Choice
assert_type(if_(True, pure(1), pure("a")), IO[int | str])
assert_type(if_(truth, failing, pure("a")), IO[int | str, KeyError | OSError])
assert_type(if_(pure(True), pure(1), pure("a")), IO[int | str])
assert_type(when(True, failing), IO[int | None, OSError])
assert_type(when(truth, failing), IO[int | None, KeyError | OSError])
assert_type(memoize(failing), IO[IO[int, OSError]])

# -- Scopes
assert_type(bracket(failing, lambda n: pure(str(n)), lambda n: unit), IO[str, OSError])
assert_type(bracket(pure(1), lambda n: pure(str(n)), lambda n: unit), IO[str])
assert_type(bracket(pure(1), lambda n: failing, lambda n: truth), IO[int, OSError | KeyError])
assert_type(shield(lambda restore: restore(failing)), IO[int, OSError])


def scoped(scope: CancelScope) -> IO[int, OSError]:
    assert_type(scope.cancel("why"), IO[None])
    assert_type(scope.set_deadline(1), IO[None])
    assert_type(scope.deadline, float | None)
    assert_type(scope.cancel_called, bool)
    return failing


assert_type(cancel_scope(scoped, deadline=1), IO[int | None, OSError])


def service(started: Callable[[str], IO[None]]) -> IO[object, KeyError]:
    return started("ready").then(never)


def body(group: TaskGroup) -> IO[str, KeyError]:
    assert_type(group.fork(failing, name="one"), IO[Fiber[int, OSError]])
    assert_type(group.cancel(), IO[None])
    assert_type(group.start(service), IO[str, KeyError])
    return group.start(service)


def fibers(fiber: Fiber[int, OSError]) -> None:
    assert_type(fiber.join(), IO[int, OSError])
    assert_type(fiber.exit(), IO[Exit[int, OSError]])
    assert_type(fiber.cancel(), IO[Exit[int, OSError]])
    assert_type(fiber.cancel_soon("why"), IO[None])
    assert_type(fiber.name, str)


assert_type(task_group(body), IO[str, KeyError])

# -- Running
assert_type(run(failing), int)
assert_type(run_total(pure(1)), int)
assert_type(run_exit(failing), Exit[int, OSError])

"""Resources: acquired, used, released, alone and together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from returns.result import Failure, Success

from effio import (
    IO,
    CancelScope,
    Exit,
    Resource,
    VirtualClock,
    cancel_scope,
    delay,
    fail,
    never,
    now,
    par_zip,
    pure,
    run,
    run_exit,
    sleep,
    task_group,
    unit,
)
from effio.cause import Both, Cancelled, Cause, Die, Fail, Then
from tests.unit.concurrent.sweep import cancelled_everywhere

Log = list[str]


def noted(log: Log, name: str, *, takes: float = 1, closing: IO[Any, Any] = unit) -> Resource[str, Any]:
    """A resource that notes what happens to it; opening and closing take a while."""

    def release(value: str, exit: Exit[Any, Any]) -> IO[Any, Any]:
        return sleep(takes).then(delay(log.append, f"close {name}: {type(exit).__name__}")).then(closing)

    return Resource.make(sleep(takes).then(delay(log.append, f"open {name}")).as_value(name), release)


def outcome(program: IO[Any, Any]) -> Any:
    return run(program, clock=VirtualClock())


def cause_of(program: IO[Any, Any]) -> Cause[Any]:
    exit: Exit[Any, Any] = run_exit(program, clock=VirtualClock())
    assert isinstance(exit, Failure)
    return exit.failure()


# -- One -----------------------------------------------------------------------------------------------------


def test_each_use_acquires_and_releases() -> None:
    """A recipe can be used any number of times."""
    log: Log = []
    use = noted(log, "a").use(pure)
    assert outcome(use.zip(use)) == ("a", "a")
    assert log == ["open a", "close a: Success"] * 2


def test_release_is_given_the_exit() -> None:
    """It sees the value, the failure or the cancel that the use ended with."""
    exits: list[Exit[Any, Any]] = []
    watched = Resource.make(unit, lambda value, exit: delay(exits.append, exit))
    outcome(watched.use(lambda value: pure("value")))
    outcome(watched.use(lambda value: fail("error")).either())
    outcome(watched.use(lambda value: never).move_on_after(1))
    success, failure, cancel = exits
    assert success == Success("value")
    assert failure == Failure(Fail("error"))
    assert isinstance(cancel.failure(), Cancelled)


def test_release_with_one_parameter_is_given_the_value() -> None:
    """Also if it has more parameters with a default, or is no Python function."""
    log: list[Any] = []

    def with_default(value: str, force: bool = False) -> IO[None]:
        return delay(log.append, (value, force))

    outcome(Resource.make(pure("x"), with_default).use(pure))
    outcome(Resource.make(pure("y"), lambda value: delay(log.append, value)).use(pure))
    assert log == [("x", False), "y"]


def test_failing_release_follows_the_failure_of_the_use() -> None:
    """The causes are one after the other; after a success the release fails the program."""
    broken = Resource.make(unit, lambda value: fail("release"))
    assert cause_of(broken.use(lambda value: fail("use"))) == Then((Fail("use"), Fail("release")))
    assert cause_of(broken.use(lambda value: pure(1))) == Fail("release")


def test_what_use_raises_is_released_after() -> None:
    """A function that raises instead of making a program is a defect of the use."""
    log: Log = []

    def use(value: str) -> IO[None]:
        raise ZeroDivisionError

    assert isinstance(cause_of(noted(log, "a").use(use)), Die)
    assert log == ["open a", "close a: Failure"]


def test_many_fibers_use_one_recipe() -> None:
    """Each has its own; the cancel of one use does not touch the others."""
    log: Log = []
    recipe = noted(log, "a")
    program = par_zip(recipe.use(lambda value: never).move_on_after(2), recipe.use(lambda value: sleep(3).then(now)))
    assert outcome(program) == (None, 4)
    assert log == ["open a", "open a", "close a: Failure", "close a: Success"]


def test_forked_user_inside_the_use_ends_before_the_release() -> None:
    """A group in the use is complete before the value is released."""
    log: Log = []

    def use(value: str) -> IO[None]:
        return task_group(lambda group: group.fork(sleep(5).then(delay(log.append, f"used {value}"))).then(unit))

    outcome(noted(log, "a").use(use))
    assert log == ["open a", "used a", "close a: Success"]


# -- Several -------------------------------------------------------------------------------------------------


def test_released_in_the_opposite_order() -> None:
    """What was acquired last is released first."""
    log: Log = []
    three = noted(log, "a").flat_map(lambda a: noted(log, a + "b")).zip(noted(log, "c"))
    assert outcome(three.use(pure)) == ("ab", "c")
    opened, closed = log[:3], log[3:]
    assert opened == ["open a", "open ab", "open c"]
    assert closed == ["close c: Success", "close ab: Success", "close a: Success"]


def test_map_changes_the_value_that_is_used() -> None:
    """The release is given the value as it was."""
    log: list[object] = []
    mapped = Resource.make(pure(1), lambda value: delay(log.append, value)).map(str)
    assert outcome(mapped.use(pure)) == "1"
    assert log == [1]


def test_failure_to_acquire_releases_what_came_before() -> None:
    """The second is not there, the first is released."""
    log: Log = []
    pair = noted(log, "a").zip(Resource.from_io(fail("no b")))
    assert cause_of(pair.use(pure)) == Fail("no b")
    assert log == ["open a", "close a: Failure"]


def test_par_zip_opens_and_closes_at_once() -> None:
    """Two that take a second each take a second together, both ways."""
    log: Log = []
    pair = noted(log, "a").par_zip(noted(log, "b"))
    assert outcome(pair.use(lambda both: now.map(lambda moment: (*both, moment))).zip(now)) == (("a", "b", 1), 2)
    assert log == ["open a", "open b", "close a: Success", "close b: Success"]


def test_par_zip_that_cannot_have_one_gives_the_other_back() -> None:
    """Whether the other one is open by then or not."""
    for takes in (1, 5):
        log: Log = []
        failing: Resource[str, str] = Resource.from_io(sleep(3).then(fail("no b")))
        cause = cause_of(noted(log, "a", takes=takes).par_zip(failing).use(pure))
        assert cause == Both((Fail("no b"),), "par_zip")
        assert log == ["open a", "close a: Failure"]


def test_failures_of_par_zip_follow_the_one_of_the_use() -> None:
    """The failure of the use stands alone, those of the releases side by side after it."""
    log: Log = []
    pair = noted(log, "a", closing=fail("ra")).par_zip(noted(log, "b", closing=fail("rb")))
    releases: Cause[Any] = Both((Fail("ra"), Fail("rb")), "par_zip")
    assert cause_of(pair.use(lambda both: fail("use"))) == Then((Fail("use"), releases))
    assert cause_of(pair.use(pure)) == releases


def test_failing_release_of_what_is_acquired_too_late_is_told_at_its_place() -> None:
    """A timeout comes while one is being acquired; that its release fails is told where it was wanted, once."""
    pair = noted([], "a", closing=fail("ra")).par_zip(noted([], "b", takes=0))
    exit = outcome(pair.use(lambda both: never).move_on_after(0.5).exit())
    assert exit.failure().failures() == ("ra",)


def test_par_zip_of_a_cancelled_use_releases_both_before_it_ends() -> None:
    """The timeout waits for both releases."""
    log: Log = []
    pair = noted(log, "a").par_zip(noted(log, "b"))
    assert outcome(pair.use(lambda both: never).move_on_after(5).zip(now)) == (None, 6)
    assert log[2:] == ["close a: Failure", "close b: Failure"]


def test_held_resources_outlive_the_finalizers_of_their_user_when_the_run_is_cancelled() -> None:
    """Also Ctrl-C, which reaches all fibers at once, releases nothing before its user has ended."""
    log: Log = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    using = never.ensuring(sleep(5).then(delay(log.append, "user ended")))
    pair = noted(log, "a").par_zip(noted(log, "b")).use(lambda both: using)
    with pytest.raises(KeyboardInterrupt):
        outcome(par_zip(pair, sleep(2).then(delay(interrupt))))
    assert log[2:] == ["user ended", "close a: Failure", "close b: Failure"]


def test_finalizers_can_acquire_when_the_run_is_cancelled() -> None:
    """Ctrl-C does not keep a finalizer from opening what it needs, also at once."""
    log: Log = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    needed = noted(log, "a").par_zip(noted(log, "b")).use(lambda both: delay(log.append, "used"))
    with pytest.raises(KeyboardInterrupt):
        outcome(par_zip(never.ensuring(needed), sleep(2).then(delay(interrupt))))
    assert log == ["open a", "open b", "used", "close a: Success", "close b: Success"]


@pytest.mark.parametrize("combine", [Resource[str, Any].zip, Resource[str, Any].par_zip], ids=["zip", "par_zip"])
def test_a_cancel_anywhere_leaves_nothing_open(combine: Callable[..., Resource[Any, Any]]) -> None:
    """Whichever action is cancelled, what was opened is closed, once, before the program ends."""

    def program() -> IO[Log]:
        log: Log = []
        used = combine(noted(log, "a"), noted(log, "b", takes=2)).use(lambda both: sleep(1))
        return par_zip(used.exit(), sleep(9).exit()).exit().map(lambda exit: log)

    def check(log: Log) -> None:
        for name in ("a", "b"):
            closed = [entry for entry in log if entry.startswith(f"close {name}")]
            assert len(closed) == log.count(f"open {name}") <= 1

    assert cancelled_everywhere(program, check, victims=["par_zip[0]"]) > 20


@pytest.mark.slow
def test_many_resources_need_no_deep_stack() -> None:
    """Ten thousand, one inside the other, are acquired and released."""
    chain: Resource[int] = Resource.pure(0)
    for _ in range(10_000):
        chain = chain.flat_map(lambda number: Resource.make(pure(number + 1), lambda value: unit))
    assert outcome(chain.map(lambda number: number).use(pure)) == 10_000


# -- Context managers ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def manager(log: Log) -> Iterator[str]:
    log.append("enter")
    try:
        yield "value"
    except BaseException as error:
        log.append(f"saw {type(error).__name__}")
        raise
    finally:
        log.append("leave")


@contextlib.asynccontextmanager
async def async_manager(log: Log, leaving: Exception | None = None) -> AsyncIterator[str]:
    task = asyncio.current_task()
    await asyncio.sleep(0)
    log.append("enter")
    try:
        yield "value"
    except BaseException as error:
        log.append(f"saw {type(error).__name__}")
        raise
    finally:
        await asyncio.sleep(0)
        log.append("leave" if task is asyncio.current_task() else "leave in another task")
        if leaving is not None:
            raise leaving


def test_context_manager_is_entered_and_left() -> None:
    """It sees the exception of a failed use, which goes on as it was."""
    log: Log = []
    recipe = Resource.from_cm(lambda: manager(log))
    assert outcome(recipe.use(pure)) == "value"
    assert cause_of(recipe.use(lambda value: fail(KeyError("x")))).failures()[0].args == ("x",)
    assert log == ["enter", "leave", "enter", "saw KeyError", "leave"]


def test_context_manager_itself_can_be_given() -> None:
    """One that may be entered often need not be made anew."""
    value = contextlib.nullcontext("value")
    assert outcome(Resource.from_cm(value).use(pure)) == "value"
    assert run(Resource.from_async_cm(value).use(pure)) == "value"


def test_context_manager_cannot_swallow_a_failure() -> None:
    """The failure of the use goes on."""
    recipe = Resource.from_cm(lambda: contextlib.suppress(KeyError))
    assert isinstance(cause_of(recipe.use(lambda value: fail(KeyError("x")))), Fail)


def test_what_a_context_manager_raises_is_a_typed_failure() -> None:
    """Where it is made, entered and left."""
    made = Resource.from_cm(lambda: TemporaryDirectory(dir="/nonexistent"))
    left = Resource.from_async_cm(lambda: async_manager([], OSError("leaving")))
    assert isinstance(cause_of(made.use(pure)).failures()[0], FileNotFoundError)
    cause = run_exit(left.use(lambda value: fail(KeyError("use")))).failure()
    assert [str(error) for error in cause.failures()] == ["'use'", "leaving"]


def test_async_context_manager_is_left_in_the_task_that_entered_it() -> None:
    """Alone, in another one and in parallel, whether the use succeeds, fails or is cancelled."""
    log: Log = []
    alone = Resource.from_async_cm(lambda: async_manager(log))
    for recipe in (alone.map(str), alone.zip(alone).map(str), alone.par_zip(alone).map(str)):
        run_exit(recipe.use(lambda value: sleep(0.001)))
        run_exit(recipe.use(lambda value: fail(KeyError())))
        run_exit(cancel_scope(cancelled_use(recipe)))
    assert log.count("enter") == log.count("leave") == 5 * 3


def cancelled_use(recipe: Resource[Any, Any]) -> Callable[[CancelScope], IO[Any, Any]]:
    return lambda scope: recipe.use(lambda value: scope.cancel().then(never))


def test_entering_can_be_cancelled() -> None:
    """A connection that is never made does not hold up a timeout, and is not left."""
    log: Log = []

    class Hanging:
        async def __aenter__(self) -> None:
            await asyncio.sleep(60)

        async def __aexit__(self, *told: object) -> None:
            log.append("left")

    assert run(Resource.from_async_cm(Hanging).use(lambda value: never).move_on_after(0.01)) is None
    assert log == []


async def session() -> str:
    return "session"


NO_CONTEXT_MANAGERS: dict[str, tuple[Callable[[], Resource[Any, Any]], str]] = {
    "coroutine": (lambda: Resource.from_async_cm(session), "@asynccontextmanager"),  # type: ignore[arg-type]
    "async one for from_cm": (lambda: Resource.from_cm(lambda: async_manager([])), "from_async_cm"),  # type: ignore[arg-type, return-value]
    "sync one for from_async_cm": (lambda: Resource.from_async_cm(lambda: manager([])), "from_cm"),  # type: ignore[arg-type, return-value]
}


@pytest.mark.parametrize(("build", "way_out"), NO_CONTEXT_MANAGERS.values(), ids=NO_CONTEXT_MANAGERS)
def test_what_is_no_context_manager_is_a_defect(build: Callable[[], Resource[Any, Any]], way_out: str) -> None:
    """A function that makes something else is a bug, never a typed failure that a retry takes for bad luck."""
    (defect,) = run_exit(build().use(pure)).failure().defects()
    assert "needs a function that makes a context manager" in str(defect)
    assert way_out in defect.__notes__[0]


MISTAKES: dict[str, Callable[[], object]] = {
    "make of no program": lambda: Resource.make(1, lambda value: unit),  # type: ignore[call-overload]
    "release that is no function": lambda: Resource.make(unit, 3),  # type: ignore[call-overload]
    "from_cm of no context manager": lambda: Resource.from_cm(3),  # type: ignore[arg-type]
    "zip with a program": lambda: Resource.pure(1).zip(unit),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("build", MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_refused_when_built(build: Callable[[], object]) -> None:
    """A wrong argument raises where the resource is made."""
    with pytest.raises(TypeError):
        build()


def test_flat_map_to_no_resource_is_a_defect() -> None:
    """What the function gives is known only when it runs."""
    wrong: Any = pure
    assert "flat_map needs a resource" in str(cause_of(Resource.pure(1).flat_map(wrong).use(pure)).defects()[0])

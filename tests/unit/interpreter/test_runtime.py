"""Running programs: what `run` and its kin give and raise, and what they leave behind."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from effio import (
    IO,
    Failure,
    Recorder,
    Runtime,
    Success,
    VirtualClock,
    delay,
    die,
    fail,
    from_async,
    from_callback,
    never,
    now,
    par_zip,
    pure,
    run,
    run_async,
    run_exit,
    run_total,
    sleep,
    to_thread,
)


async def give(value: int) -> int:
    await asyncio.sleep(0)
    return value


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "observer": ({"observers": Recorder()}, "observers= needs a list, not <"),
    "class of observers": ({"observers": [Recorder]}, "observers= needs a list of observers, not <class "),
    "loop": ({"loop_factory": 3}, "loop_factory needs a function, not 3"),
    "backend": ({"backend": "uvloop"}, "backend must be one of ('asyncio', 'trio'), not 'uvloop'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused_before_the_run(case: str) -> None:
    """The error names the option and the value, the note what to give; the program does not begin."""
    options, message = WRONG[case]
    begun: list[str] = []
    with pytest.raises((TypeError, ValueError)) as refused:
        run(delay(begun.append, "begun"), **options)
    assert str(refused.value).startswith(message)
    assert refused.value.__notes__
    assert not begun


def test_program_that_never_waits_makes_no_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values, functions, children and handlers need no event loop."""

    def no_loop() -> asyncio.AbstractEventLoop:
        raise AssertionError("an event loop was made")

    program = par_zip(pure(1), delay(lambda: 2)).flat_map(lambda both: fail(sum(both))).catch_all(pure)

    assert run(program, loop_factory=no_loop) == 3


def test_runtime_runs_many_programs_on_one_loop() -> None:
    """The loop is made once, by the factory, and closed with the runtime."""
    made: list[asyncio.AbstractEventLoop] = []

    def factory() -> asyncio.AbstractEventLoop:
        made.append(asyncio.new_event_loop())
        return made[-1]

    with Runtime(loop_factory=factory) as runtime:
        values = [runtime.run(from_async(give, number)) for number in range(3)]

    assert values == [0, 1, 2]
    assert len(made) == 1
    assert made[0].is_closed()


def test_second_thread_is_refused_before_its_program_begins() -> None:
    """A runtime on which one thread runs a program refuses that of another thread, which says the way out."""
    began: list[str] = []

    def intrude(runtime: Runtime) -> None:
        with pytest.raises(RuntimeError, match="another thread") as caught:
            runtime.run(delay(began.append, "intruder").then(sleep(0.001)))
        assert "Portal.open()" in caught.value.__notes__[0]

    with Runtime() as runtime:
        runtime.run(to_thread(intrude, runtime))
        runtime.run(sleep(0.001).then(delay(began.append, "next")))
    assert began == ["next"]


def test_uvloop_is_a_loop_factory_away() -> None:
    """A program runs on uvloop if that makes the loop."""

    async def loop_module() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run(from_async(loop_module), loop_factory=uvloop.new_event_loop).startswith("uvloop")


def test_run_inside_a_running_loop_says_to_await() -> None:
    """`run` refuses to block a loop, in one sentence with the way out."""

    async def host() -> None:
        with pytest.raises(RuntimeError, match="running event loop") as caught:
            run(pure(1))
        assert "await" in caught.value.__notes__[0]
        assert await pure(1) == 1
        assert await run_async(sleep(0).as_value(2)) == 2

    asyncio.run(host())


def test_run_of_something_else_is_refused_by_name() -> None:
    """A function that was not called, say, is named, and the note tells what to do with it."""
    functions: list[tuple[Any, str]] = [(give, "run(from_async(main))"), (len, "call the function")]
    for main, way_out in functions:
        with pytest.raises(TypeError, match=f"cannot run <.*function {main.__name__}") as caught:
            run(main)
        assert way_out in caught.value.__notes__[0]


def test_error_that_is_raised_again_keeps_the_length_of_its_traceback() -> None:
    """Fifty runs of one failing program do not make the traceback of its error grow."""
    program = fail(ValueError("again"))
    lengths: list[int] = []
    for _ in range(50):
        with pytest.raises(ValueError, match="again") as caught:
            run(program)
        lengths.append(len(traceback.extract_tb(caught.value.__traceback__)))

    assert lengths[1:] == lengths[:-1]


def test_traceback_shows_no_frame_of_the_interpreter() -> None:
    """Between the caller of `run` and the user's function there is only `run` itself."""

    def broken() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        run(sleep(0).then(delay(broken)))

    files = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert not [file for file in files if "/effio/interpreter/" in file and not file.endswith("runtime.py")]
    assert files[-1] == __file__


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
def test_fatal_exception_is_raised_bare_with_the_rest_as_context(fatal: type[BaseException]) -> None:
    """However it came about, it is raised itself after all finalizers, and other failures are its context."""
    log: list[str] = []
    others = sleep(5).ensuring(delay(log.append, "closed").then(fail("on closing")))

    with pytest.raises(fatal) as caught:
        run_exit(par_zip(others, sleep(1).then(die(fatal()))), clock=VirtualClock())

    assert log == ["closed"]
    assert isinstance(caught.value.__context__, ExceptionGroup)


def test_first_fatal_exception_is_the_one_that_is_raised() -> None:
    """A second one, from a finalizer that the first one made run, is told of and changes nothing."""

    def stop(error: BaseException) -> None:
        raise error

    closing = never.ensuring(delay(stop, SystemExit("while closing")))
    with pytest.raises(KeyboardInterrupt, match="first") as caught:
        run_exit(par_zip(closing, sleep(1).then(delay(stop, KeyboardInterrupt("first")))), clock=VirtualClock())
    assert "while closing" in "".join(traceback.format_exception(caught.value))


def test_clock_of_a_runtime_goes_on() -> None:
    """A virtual clock that is given to a runtime is the same for all of its programs."""
    with Runtime(clock=VirtualClock(100)) as runtime:
        assert [runtime.run(sleep(5).then(now)) for _ in range(2)] == [105, 110]


def test_virtual_deadlock_is_a_defect_that_says_who_waits() -> None:
    """When nothing can ever happen, finalizers run and the exit tells which fiber waited for what."""
    log: list[str] = []

    exit = run_exit(never.named("stuck").ensuring(delay(log.append, "closed")), clock=VirtualClock())

    assert isinstance(exit, Failure)
    assert "deadlock" in exit.failure().render()
    assert "nothing, for ever" in exit.failure().render()
    assert log == ["closed"]


def test_callback_may_answer_before_anybody_waits() -> None:
    """An answer that comes while registering counts, and later ones are ignored."""

    def register(resume: Callable[[IO[int]], None]) -> None:
        resume(pure(1))
        resume(pure(2))

    assert run_exit(from_callback(register)) == Success(1)


def test_total_program_gives_its_value() -> None:
    """`run_total` runs a program whose type says that it cannot fail."""
    assert run_total(pure(1).map(str)) == "1"


def test_import_of_the_package_loads_no_event_loop() -> None:
    """Asyncio is imported by the first run that needs it."""
    import subprocess

    code = "import sys, effio; effio.run(effio.pure(1)); print('asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

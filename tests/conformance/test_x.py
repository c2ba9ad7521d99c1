"""Section X: what no other suite asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvloop

from effio import (
    IO,
    Do,
    Exit,
    Failure,
    Success,
    TaskGroup,
    VirtualClock,
    bracket,
    cancel_scope,
    collect,
    delay,
    do,
    explain,
    fail,
    first_completed,
    from_async,
    from_callback,
    memoize,
    never,
    par_collect,
    par_dict,
    par_settle,
    par_traverse,
    par_validate,
    par_zip,
    pure,
    race,
    race_staggered,
    run_async_exit,
    run_exit,
    run_traced,
    shield,
    suspend,
    task_group,
    unit,
)
from effio.interpreter.backends.simulated import simulate
from effio.observe.step import Step
from tests.conformance.support import (
    BACKENDS,
    TICK,
    Backend,
    Journal,
    cause_of,
    forever,
    nap,
    nothing_left,
    rest,
    value_of,
)

# -- X1, X2: the same again ----------------------------------------------------------------------------------


def busy(journal: Journal) -> IO[Any, Any]:
    """A program in which much happens at once: sleepers, a race, a timeout, a failure and what it cancels."""

    def worker(number: int) -> IO[None]:
        steps = [journal.note(f"{number}.{step}").then(rest(number % 3)) for step in range(3)]
        return collect(steps).then(unit).ensuring(journal.note(f"{number} closed"))

    contest = race(worker(10), worker(11), never.move_on_after(2 * TICK).then(fail("late")))
    failing = contest.then(rest(1)).then(fail("broken"))
    return par_zip(par_collect([worker(n) for n in range(6)]), failing, never)


def test_x1_same_seed_same_trace() -> None:
    """A seed gives one trace, every time; other seeds give other ones, and all of them the same exit."""

    def traced(seed: int | None) -> tuple[Exit[Any, Any], list[str]]:
        journal = Journal()
        return simulate(busy(journal), seed=seed), list(journal)

    seeds = [None, *range(12)]
    runs = {seed: traced(seed) for seed in seeds}

    assert all(traced(seed) == runs[seed] for seed in seeds)
    assert len({tuple(trace) for _, trace in runs.values()}) > 3
    assert len({repr(exit) for exit, _ in runs.values()}) == 1


def test_x1_virtual_time_gives_the_trace_of_the_simulation() -> None:
    """Without a seed the simulator, the run without a loop and a run on a loop take the same steps."""
    traces: list[list[str]] = []
    for backend in BACKENDS:
        if backend.exact:
            journal = Journal()
            backend.run(busy(journal))
            traces.append(list(journal))

    assert traces[0] == traces[1]


def test_x2_one_value_run_twice_gives_two_independent_runs(backend: Backend) -> None:
    """A program keeps no state between runs, nor between two uses of it in one run."""
    journal = Journal()
    program = busy(journal)

    first, trace = backend.run(program), list(journal)
    journal.clear()
    second = backend.run(program)

    assert first == second
    if backend.exact:
        assert journal == trace


def test_x2_one_value_used_twice_at_once(backend: Backend) -> None:
    """Two fibers of one program have state of their own; what is to be shared is memoised."""
    counter: list[int] = []

    def counted() -> int:
        counter.append(1)
        return len(counter)

    twice = memoize(delay(counted)).flat_map(lambda once: par_zip(once, once))
    plain = delay(counted)

    assert value_of(backend.run(par_zip(plain, plain).zip(par_zip(twice, twice)))) == (
        (1, 2),
        ((3, 3), (4, 4)),
    )


# -- X3: the tree before the run -----------------------------------------------------------------------------

RUNS: dict[str, dict[str, Any]] = {
    "virtual": {"clock": VirtualClock()},
    "asyncio": {},
    "uvloop": {"loop_factory": uvloop.new_event_loop},
}


@pytest.mark.parametrize("ways", RUNS.values(), ids=RUNS)
def test_x3_tree_before_the_run_is_the_tree_of_the_run(ways: dict[str, Any]) -> None:
    """Whatever has a name in the plan of a program is a span of its trace, in the same place, and nothing else is."""
    fetched = par_collect([rest(1).named("user"), rest(2).move_on_after(1).named("orders")]).named("fetch")
    stored = unit.ensuring(rest(1).named("close")).named("store")
    program = fetched.then(par_zip(stored, unit.named("log"))).named("whole")

    plan = explain(program)
    exit, trace = run_traced(program, **ways)

    steps = {step.number: step for step in plan.steps()}
    names = {step.name for step in steps.values() if step.kind == "named"}

    def named_around(step: Step | None) -> list[str]:
        path: list[str] = []
        while step is not None:
            path[:0] = [step.name] if step.kind == "named" else []
            step = None if step.parent is None else steps[step.parent]
        return path

    planned = sorted(named_around(step) for step in steps.values() if step.kind == "named")
    observed = sorted([name for name in span.path if name in names] for span in trace.spans if span.name in names)
    assert isinstance(exit, Success)
    assert observed == planned
    assert len(planned) == 7


# -- X4: size ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["left", "right", "map", "catch", "ensuring"])
def test_x4_a_hundred_thousand_deep(shape: str) -> None:
    """Programs that are nested 100 000 deep run, whatever they are nested with."""
    depth = 100_000

    def count_down(n: int) -> IO[int]:
        return pure(n - 1).flat_map(count_down) if n else pure(0)

    nest: dict[str, Callable[[IO[int, Any]], IO[int, Any]]] = {
        "left": lambda io: io.flat_map(pure),
        "map": lambda io: io.map(lambda n: n),
        "catch": lambda io: io.catch_all(lambda error: pure(1)),
        "ensuring": lambda io: io.ensuring(unit),
    }
    program: IO[int, Any] = count_down(depth) if shape == "right" else pure(0)
    for _ in range(0 if shape == "right" else depth):
        program = nest[shape](program)

    assert run_exit(program) == Success(0)


@pytest.mark.slow
def test_x4_a_hundred_thousand_children() -> None:
    """100 000 children start, wait and end."""
    program = par_traverse(range(100_000), lambda n: rest(0).as_value(n)).map(sum)

    assert value_of(simulate(program)) == sum(range(100_000))


def test_x4_five_thousand_nested_scopes() -> None:
    """5 000 scopes inside each other are entered and cancelled together."""
    program: IO[object] = never
    for _ in range(5_000):
        program = program.move_on_after(1000)

    assert simulate(program.move_on_after(1)) == Success(None)


# -- X5: nothing is lost -------------------------------------------------------------------------------------


class Injected(Exception):
    """The failure that a test puts into one step."""


class Injector:
    """Counts the steps of a run, and fails the one that is to fail."""

    def __init__(self, target: int | None) -> None:
        self.target = target
        self.steps = 0

    def step(self) -> IO[None, Injected]:
        return suspend(self.next_step)

    def next_step(self) -> IO[None, Injected]:
        self.steps += 1
        return fail(Injected(self.steps)) if self.steps - 1 == self.target else unit


def instrumented(step: Callable[[], IO[None, Injected]]) -> IO[Any, Any]:
    """A program of many constructs with a step in each of their places."""

    def service(started: Callable[[str], IO[None]]) -> IO[Any, Any]:
        return step().then(rest(1)).then(started("ready")).then(step()).ensuring(step())

    def body(group: TaskGroup) -> IO[Any, Any]:
        child = step().then(rest(1)).then(step()).ensuring(step())
        serving = group.start(service).then(step())
        return group.fork(child).then(serving).then(step())

    resource = bracket(step(), lambda _: step().then(rest(1)), lambda _: step())
    protected = shield(lambda restore: step().then(restore(rest(1))).then(step()))
    limited = step().then(rest(1)).then(step()).fail_after(50 * TICK)
    together = par_zip(step().ensuring(step()), rest(1).then(step()), par_collect([step(), step()]))
    scoped = cancel_scope(lambda scope: step().then(scope.cancel()).then(rest(1)).ensuring(step()))
    called: IO[Any, Any] = from_callback(lambda resume: resume(step()))
    parts = [resource, task_group(body), protected, limited, together, scoped, called]
    return collect(parts).ensuring(step())


def test_x5_failure_injected_at_every_step_is_in_the_cause(exact: Backend) -> None:
    """Whichever step fails, its error is in the final cause, once, and nothing else is."""
    counter = Injector(None)
    value_of(exact.run(instrumented(counter.step)))
    assert counter.steps > 20

    for target in range(counter.steps):
        cause = cause_of(exact.run(instrumented(Injector(target).step)))
        assert [error.args for error in cause.failures()] == [(target + 1,)], target
        assert not cause.has_defect, target


# -- X6: nothing is left -------------------------------------------------------------------------------------

Part = Callable[[], IO[Any, Any]]

COMBINATORS: dict[str, Callable[[Part, Part], IO[Any, Any]]] = {
    "par_zip": lambda a, b: par_zip(a(), b()),
    "par_collect": lambda a, b: par_collect([a(), b(), a()], limit=2),
    "par_traverse": lambda a, b: par_traverse([a, b], lambda part: part()),
    "par_dict": lambda a, b: par_dict({"a": a(), "b": b()}),
    "par_settle": lambda a, b: par_settle([a(), b()]),
    "par_validate": lambda a, b: par_validate([a(), b()]),
    "race": lambda a, b: race(a(), b()),
    "first_completed": lambda a, b: first_completed(a(), b()),
    "race_staggered": lambda a, b: race_staggered([a(), b()], TICK),
    "task_group": lambda a, b: task_group(lambda group: group.fork(a()).then(group.fork(b())).then(unit)),
    "start": lambda a, b: task_group(lambda group: group.start(lambda started: a().then(started(1)).then(b()))),
    "bracket": lambda a, b: bracket(a(), lambda _: b(), lambda _: rest(1)),
    "ensuring": lambda a, b: a().ensuring(rest(1)).then(b()),
    "shielded": lambda a, b: a().shielded().then(b()),
    "memoize": lambda a, b: memoize(a()).flat_map(lambda once: par_zip(once, once, b())),
    "retry": lambda a, b: a().retry(1, delay=TICK).then(b()),
    "abandon_after": lambda a, b: a().abandon_after(TICK).either().then(b()),
    "from_callback": lambda a, b: par_zip(a(), from_callback(lambda resume: resume(b()))),
}

ENDINGS: dict[str, tuple[Part, Part]] = {
    "success": (lambda: from_async(nap, 1), lambda: rest(1)),
    "failure": (lambda: from_async(nap, 1).then(fail("no")), lambda: rest(2)),
    "late failure": (lambda: rest(1), lambda: from_async(nap, 1).then(fail("no"))),
    "cancel": (lambda: from_async(nap, 8), lambda: never),
}


@pytest.mark.parametrize("ending", [*ENDINGS, "timeout"])
@pytest.mark.parametrize("name", COMBINATORS)
def test_x6_nothing_is_left_after_a_combinator(name: str, ending: str) -> None:
    """However it ended, the host's own task is the only one and no timer waits."""
    program = COMBINATORS[name](*ENDINGS["cancel" if ending == "timeout" else ending])
    if ending == "cancel":
        inner = program
        program = cancel_scope(lambda scope: par_zip(inner, rest(3).then(scope.cancel())))
    elif ending == "timeout":
        program = program.move_on_after(3 * TICK)

    async def host() -> Exit[Any, Any]:
        with nothing_left():
            return await run_async_exit(program)

    exit = asyncio.run(host())

    assert isinstance(exit, Success | Failure)


# -- X7: everywhere the same ---------------------------------------------------------------------------------


def sample() -> Iterator[IO[Any, Any]]:
    """Programs whose exit does not depend on how long things really take."""
    yield busy(Journal())
    yield instrumented(lambda: unit)
    yield par_settle([rest(2).as_value("a"), rest(1).then(fail("b")), never.fail_after(TICK)])
    yield par_validate([rest(1).then(fail("a")), fail("b"), pure("c")])
    yield task_group(lambda group: group.fork(never.ensuring(fail("closing"))).then(group.cancel()))
    yield race(rest(2).as_value("slow"), rest(1).as_value("quick"), fail("never mind"))
    yield never.fail_after(TICK).catch_all(lambda error: pure(str(error)))
    yield par_zip(rest(1).then(fail("first")), never.ensuring(rest(1).then(fail("second"))))
    yield cooperating()


@do
def cooperating() -> Do[list[str], str]:
    """Two fibers that wait for each other."""
    journal = Journal()
    ping = yield from memoize(rest(1).then(journal.note("ping")))
    yield from par_zip(ping.then(journal.note("pong")), ping.then(rest(1)).then(journal.note("ping again")))
    return list(journal)


@pytest.mark.parametrize("index", range(9))
def test_x7_identical_exits_on_every_backend(index: int) -> None:
    """Every backend gives the exit that the simulator gives."""
    exits = {backend.name: backend.run(list(sample())[index]) for backend in BACKENDS}

    assert {name: exit for name, exit in exits.items() if exit != exits["simulated"]} == {}


def test_x7_program_with_coroutines_is_the_same_on_every_host(foreign: Backend) -> None:
    """The same program, its waits being foreign coroutines, gives the same tree of errors."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        failing = from_async(nap, 1).then(fail("child"))
        closing = from_async(forever).ensuring(from_async(nap, 1).then(fail("closing")))
        return group.fork(failing, name="failing").then(group.fork(closing, name="closing")).then(never)

    exit = foreign.run(task_group(body, name="team"))

    assert str(cause_of(exit).to_exception()) == "team failed (2 sub-exceptions)"
    assert cause_of(exit).failures() == ("child", "closing")

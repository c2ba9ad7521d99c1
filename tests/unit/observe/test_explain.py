"""What `explain` sees in a program, and that seeing it does nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given

from effio import (
    IO,
    Do,
    Mutex,
    Pool,
    Resource,
    attempt,
    bracket,
    cancel_scope,
    collect,
    delay,
    do,
    explain,
    fail,
    if_,
    never,
    par_collect,
    par_dict,
    par_traverse,
    par_zip,
    pure,
    race,
    run,
    shield,
    sleep,
    suspend,
    task_group,
    traverse,
    unit,
    when,
)
from effio.algebra import derived, primitive
from effio.observe.reading import ANY, CHAINED, reading_of_class
from effio.observe.step import Step
from effio.testing import programs as p
from effio.testing.building import to_io
from effio.testing.observation import Log
from effio.testing.program_strategies import any_size, programs


def load(key: object) -> IO[Any]:
    return pure(key)


def recover(error: object) -> IO[str]:
    return pure("default")


def shown(program: IO[Any, Any], *, follow: bool = False) -> list[str]:
    """The steps as text, indented by depth, each with the role of its branch."""
    plan = explain(program, follow=follow)
    return list(lines(plan.steps()))


def lines(steps: tuple[Step, ...]) -> Iterator[str]:
    depths: dict[int | None, int] = {None: -1}
    for step in steps:
        depths[step.number] = depths[step.parent] + 1
        role = f"{step.role}: " if step.role else ""
        yield f"{'  ' * depths[step.number]}{role}{step}{' → ?' if step.opaque else ''}"


SHOWN: list[tuple[IO[Any, Any], list[str]]] = [
    (pure(1), ["pure(1)"]),
    (pure(load), ["pure(load)"]),
    (pure(pure(1)).flatten(), ["pure(<IO pure(1)>)", "flatten → ?"]),
    (sleep(1).map(str).flat_map(load), ["sleep(1)", "map(str)", "flat_map(load) → ?"]),
    (pure(1).then(pure(2).then(pure(3))), ["pure(1)", "pure(2)", "pure(3)"]),
    (pure(1).zip(pure(2)).as_value(3), ["pure(1)", "pure(2)", "as_value(3)"]),
    (pure(1).tap(load), ["pure(1)", "tap(load) → ?"]),
    (delay(print, "a", end=""), ["delay(print, 'a', end='')"]),
    (suspend(lambda: pure(1)), ["suspend(lambda) → ?"]),
    (sleep(1).named("nap").fail_after(2), ["fail_after(2)", "  'nap'", "    sleep(1)"]),
    (par_zip(sleep(1).then(unit), never), ["par_zip", "  sleep(1)", "  unit", "  never"]),
    (race(sleep(1), never), ["race", "  sleep(1)", "  never"]),
    (par_dict({"a": unit, "b": never}), ["par_dict", "  'a'", "    unit", "  'b'", "    never"]),
    (par_collect([unit, never], limit=1), ["par_collect(limit=1)", "  unit", "  never"]),
    (par_traverse([1, 2, 3], load, limit=2), ["par_traverse(3 items, limit=2)", "  each: load → ?"]),
    (traverse([1], load), ["traverse(1 items)", "  each: load → ?"]),
    (collect([unit, never]), ["collect", "  unit", "  never"]),
    (
        if_(unit.as_value(True), pure(1), never),
        ["if_", "  condition: unit", "  condition: as_value(True)", "  if true: pure(1)", "  if false: never"],
    ),
    (when(False, pure(1)), ["if_(False)", "  if true: pure(1)", "  if false: unit"]),
    (fail("x").catch_all(recover), ["catch_all", "  fail('x')", "  on error: recover → ?"]),
    (fail("x").or_else(unit), ["or_else", "  fail('x')", "  on error: unit"]),
    (fail("x").map_error(str), ["map_error", "  fail('x')", "  on error: str"]),
    (unit.fold(str, repr), ["fold", "  unit", "  on error: str", "  on success: repr"]),
    (unit.ensuring(never), ["ensuring", "  unit", "  finally: never"]),
    (unit.on_cancel(never), ["on_cancel", "  unit", "  if cancelled: never"]),
    (unit.on_exit(load), ["on_exit", "  unit", "  finally: load → ?"]),
    (bracket(unit, load, load), ["bracket", "  acquire: unit", "  use: load → ?", "  release: load → ?"]),
    (unit.timeout_to(1, never), ["timeout_to(1)", "  unit", "  on timeout: never"]),
    (unit.shielded(), ["shielded", "  unit"]),
    (cancel_scope(load, name="work"), ["cancel_scope 'work'", "  load → ?"]),
    (task_group(load, name="pool"), ["task_group 'pool'", "  load → ?"]),
]


@pytest.mark.parametrize(("program", "expected"), SHOWN, ids=[" ".join(expected) for _, expected in SHOWN])
def test_every_word_is_taken_apart(program: IO[Any, Any], expected: list[str]) -> None:
    """Each part of a word stands inside it with its role; what follows a program stands after it."""
    assert shown(program) == expected


def test_a_retry_runs_what_is_inside_again() -> None:
    """A retry is a step around the program that is run again."""
    step, inside = explain(fail("x").retry(2)).steps()
    assert (step.kind, step.on_error, inside.parent) == ("again", "retries", step.number)


def node_classes() -> list[Any]:
    """All classes of nodes that a program is made of; attrs makes each class twice, the second one counts."""
    members = [member for module in (primitive, derived) for member in vars(module).values()]
    return [kind for kind in members if isinstance(kind, type) and issubclass(kind, IO) and not kind.__subclasses__()]


def test_every_class_of_nodes_is_read() -> None:
    """Each class of nodes is in the table of readings, itself or its base, or is a link of a chain."""
    unread = [kind for kind in node_classes() if reading_of_class(kind) is ANY and kind not in CHAINED]
    assert [kind.__name__ for kind in unread if kind.__module__ != "effio.algebra.shape"] == []
    assert len(node_classes()) > 80


@pytest.mark.parametrize("release", [lambda value: unit, lambda value, exit: unit], ids=["without exit", "with exit"])
def test_a_resource_is_a_bracket(release: Callable[..., IO[None]]) -> None:
    """The use of a resource shows what acquires it, what uses it and what releases it."""
    resource: Resource[dict[Any, Any]] = Resource.make(delay(dict).named("open"), release)
    step, *inside = explain(resource.use(lambda value: unit)).steps()
    assert str(step) == "bracket"
    assert [part.role for part in inside if part.role] == ["acquire", "use", "release"]


def use(value: object) -> IO[None]:
    return unit


def opened(name: object) -> Resource[dict[Any, Any]]:
    made: IO[dict[Any, Any]] = delay(dict)
    return Resource.make(made.named(str(name)), load)


USED: list[tuple[Resource[Any, Any], list[str]]] = [
    (
        opened("a").map(len),
        [
            "bracket",
            "  acquire: 'a'",
            "    delay(dict)",
            "  use: map(len)",
            "  use: flat_map(use) → ?",
            "  release: load → ?",
        ],
    ),
    (
        opened("a").zip(Resource.from_io(unit)),
        ["bracket", "  acquire: 'a'", "    delay(dict)", "  use: unit", "  use: use → ?", "  release: load → ?"],
    ),
    (
        opened("a").flat_map(opened),
        [
            *("bracket", "  acquire: 'a'", "    delay(dict)", "  use: flat_map", "    opened → ?", "    use: use → ?"),
            "  release: load → ?",
        ],
    ),
    (
        opened("a").par_zip(Resource.from_io(unit)),
        [
            *("par_zip", "  bracket", "    acquire: 'a'", "      delay(dict)", "    use: held while it is used"),
            *("    release: load → ?", "  unit", "  held while it is used", "  use: use → ?"),
        ],
    ),
    (
        Pool.make(opened("a"), max=3),
        ["Pool", "  use: use → ?"],
    ),
    (
        Resource.from_cm(nullcontext),
        ["attempt(nullcontext)", "from_cm", "  use: use → ?"],
    ),
]


@pytest.mark.parametrize(("resource", "expected"), USED, ids=[" ".join(expected) for _, expected in USED])
def test_resources_put_together_are_what_they_are_made_of(resource: Resource[Any, Any], expected: list[str]) -> None:
    """A plan shows the brackets and the user's functions, not the functions of effio that put them together."""
    assert shown(resource.use(use)) == expected


def test_many_resources_in_a_row_are_shown() -> None:
    """Two thousand resources one inside the other need no deep stack."""
    resource: Resource[Any, Any] = opened("first")
    for _ in range(2_000):
        resource = resource.flat_map(opened).map(len)
    assert len(explain(resource.use(load)).steps()) > 2_000


def test_what_effio_does_by_itself_has_no_source_line() -> None:
    """The end of a lock is told by the name of the lock; the lines in a plan are the user's."""
    mutex = run(Mutex.make())
    plan = explain(mutex.with_lock(unit))
    assert shown(mutex.with_lock(unit))[-3:] == ["on_exit", "  unit", "  finally: Mutex"]
    assert [step.origin for step in plan.steps()] == [None] * 4


def test_following_sees_the_use_of_resources_put_together() -> None:
    """The function that uses a pair of resources is called with a placeholder, like any other."""
    program = opened("a").zip(opened("b")).use(lambda pair: pure(pair[0]).then(unit))
    seen = shown(program, follow=True)
    inside = seen.index("    use: lambda")
    assert seen[inside + 1 : inside + 3] == ["      pure(‹value›)", "      unit"]


def test_a_continuation_knows_its_line() -> None:
    """The step of a function has its name, and the file and line where it was written."""
    _, step = explain(unit.flat_map(load)).steps()
    assert step.name == "load"
    assert step.origin is not None
    assert (step.origin.file, step.origin.line) == (__file__, load.__code__.co_firstlineno)


def test_a_timeout_knows_the_line_that_built_it() -> None:
    """A node that remembers where it was built says so."""
    here = test_a_timeout_knows_the_line_that_built_it.__code__.co_firstlineno
    step = explain(unit.fail_after(1)).steps()[0]
    assert step.origin is not None
    assert step.origin.line == here + 3


def test_only_a_program_can_be_explained() -> None:
    """What is no program is refused, with a way out."""
    with pytest.raises(TypeError, match="explain needs a program, not <function load"):
        explain(load)  # type: ignore[arg-type]


# -- Every generated program ----------------------------------------------------------------------------------


def count(node: p.Program) -> int:
    """How many steps a plan of the node has: the node, what is seen inside, and one for each function."""
    match node:
        case p.Steps(parts):
            return sum(map(count, parts))
        case p.CatchAll(source) | p.OnExit(source):
            return count(source) + 2
        case p.Bracket(acquire):
            return count(acquire) + 3
        case p.Shield() | p.Scope():
            return 2
        case p.Group(_, on_failure):
            return 3 if on_failure == "ignore" else 2
        case p.Together(_, parts):
            return sum(map(count, parts)) + 1
        case p.Ensuring(source, after) | p.OnCancel(source, after):
            return count(source) + count(after) + 1
        case p.TimeoutTo(source, _, fallback):
            return count(source) + count(fallback) + 1
        case p.Repeat(source) | p.Retry(source) | p.ToExit(source) | p.Named(source):
            return count(source) + 1
        case p.Restore(source) | p.FailAfter(source) | p.MoveOnAfter(source):
            return count(source) + 1
        case _:
            return 1


@any_size
@given(programs)
def test_a_plan_has_a_step_for_each_part(program: p.Program) -> None:
    """The steps of any program are as many as its nodes and functions, numbered from 1."""
    steps = explain(to_io(program, Log(time.monotonic))).steps()
    assert len(steps) == count(program)
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))


@any_size
@given(programs)
def test_explaining_does_nothing(program: p.Program) -> None:
    """Neither explaining nor following the functions runs an action, and drawing the plan always works."""
    log = Log(time.monotonic)
    plan = explain(to_io(program, log), follow=True)
    assert log.entries == []
    assert len(plan.to_text().splitlines()) >= 1


# -- Following ------------------------------------------------------------------------------------------------


def test_following_shows_what_a_function_makes() -> None:
    """A function that only passes its value on is seen through."""
    program = sleep(1).map(str).flat_map(lambda value: attempt(int, value).named("parse"))
    assert shown(program, follow=True)[2:] == ["flat_map(lambda)", "  'parse'", "    attempt(int, ‹value›)"]


def test_following_keeps_known_values() -> None:
    """The value of `pure` and the pair of `par_zip` are known before the run."""
    pair = par_zip(pure("a"), sleep(1)).flat_map(lambda both: pure(both[0]).zip(sleep(2)))
    assert shown(pair, follow=True)[-3:] == ["flat_map(lambda)", "  pure('a')", "  sleep(2)"]


def choose(value: Any) -> IO[Any]:
    return pure(1) if value > 2 else never


def test_a_function_that_looks_at_its_value_stays_opaque() -> None:
    """What depends on a value that is not known is not guessed."""
    assert shown(sleep(1).flat_map(choose), follow=True) == ["sleep(1)", "flat_map(choose) → ?"]


@do
def body(limit: int) -> Do[int]:
    yield from sleep(1)
    found = yield from load("x")
    if limit:
        yield from never
    return len(found)


@do
def deciding() -> Do[None]:
    found = yield from sleep(1).map(str)
    if found:
        yield from never


@do
def counting(limit: int) -> Do[None]:
    for _ in range(limit):
        yield from sleep(1)


def test_following_a_loop_in_a_do_body_ends() -> None:
    """A short loop is followed to its end, of a long one some turns are shown."""
    assert shown(counting(3), follow=True) == ["counting(3)", *["  sleep(1)"] * 3]
    assert shown(counting(1_000_000), follow=True) == ["counting(1000000) → ?", *["  sleep(1)"] * 10]


def test_following_goes_through_a_do_body() -> None:
    """The programs that a body yields stand inside it, up to where it looks at a value."""
    assert shown(body(0), follow=True) == ["body(0)", "  sleep(1)", "  pure('x')"]
    assert shown(deciding(), follow=True) == ["deciding() → ?", "  sleep(1)", "  map(str)"]


def test_following_sees_forks_and_shields() -> None:
    """The body of a group is called with a group, that of a shield with a restore."""
    program = task_group(lambda group: group.fork(sleep(1), name="a").then(unit))
    assert shown(program, follow=True) == ["task_group", "  lambda", "    fork 'a'", "      sleep(1)", "    unit"]
    assert shown(shield(lambda restore: restore(unit)), follow=True) == [
        "shield",
        "  lambda",
        "    restore",
        "      unit",
    ]


def test_following_makes_a_program_of_each_item() -> None:
    """The function of `par_traverse` is called with the items, which are known."""
    assert shown(par_traverse([1, 2], sleep), follow=True) == ["par_traverse(2 items)", "  sleep(1)", "  sleep(2)"]


def forever(value: object) -> IO[Any]:
    return unit.flat_map(forever)


def test_following_a_loop_ends() -> None:
    """A program that continues with itself is followed some times only."""
    assert 20 < len(explain(unit.flat_map(forever), follow=True).steps()) < 100


# -- Large programs -------------------------------------------------------------------------------------------


def deep(count: int) -> IO[Any, Any]:
    program: IO[Any, Any] = unit
    for _ in range(count):
        program = program.fail_after(1)
    return program


def long(count: int) -> IO[Any, Any]:
    program: IO[Any, Any] = unit
    for _ in range(count):
        program = program.map(str)
    return program


def right(count: int) -> IO[Any, Any]:
    program: IO[Any, Any] = unit
    for _ in range(count):
        program = unit.then(program)
    return program


def wide(count: int) -> IO[Any, Any]:
    return par_collect([sleep(1).named(str(number)) for number in range(count)])


@pytest.mark.parametrize("build", [deep, long, right])
def test_a_large_program_is_explained_and_folded(build: Callable[[int], IO[Any, Any]]) -> None:
    """A program of 10 000 nodes, however it hangs together, has a plan, and a drawing of some lines."""
    plan = explain(build(10_000))
    assert len(plan.steps()) == 10_001
    assert len(str(plan).splitlines()) < 100
    assert plan.parallel_width() == 1


def test_a_wide_program_is_explained_and_folded() -> None:
    """A program of 10 000 branches has a plan with all of them, and a drawing that counts most."""
    plan = explain(wide(10_000))
    assert plan.parallel_width() == 10_000
    assert len(plan.parallel_with("0")) == 9_999
    assert "… 19 952 more in 9976 branches" in str(plan)


def test_a_program_that_shares_its_parts_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small value that stands for 2^60 steps is cut instead of filling the memory."""
    monkeypatch.setattr(sys.modules[explain.__module__], "MOST_STEPS", 10_000)
    program: IO[Any, Any] = unit
    for _ in range(60):
        program = par_zip(program, program)
    plan = explain(program)
    assert plan.cut
    assert str(plan).splitlines()[-1].endswith("… more")


def test_the_cost_is_linear() -> None:
    """Ten times the steps take less than twenty times as long."""

    def cost(count: int) -> float:
        program = deep(count)
        start = time.thread_time()
        explain(program).to_text()
        return time.thread_time() - start

    assert min(cost(10_000) for _ in range(3)) < 20 * min(cost(1_000) for _ in range(3))

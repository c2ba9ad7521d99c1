"""What ran is what was written: the static part of a trace is the plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import effio as e
from effio import IO, Plan, Schedule, Trace, VirtualClock, explain, run_traced, sleep
from effio.algebra import derived, primitive
from effio.algebra.field import fields
from effio.observe.step import Step

Skeleton: TypeAlias = "list[tuple[str, Skeleton]]"
Programs: TypeAlias = st.SearchStrategy[IO[Any, Any]]
Grown: TypeAlias = Callable[[Programs], Programs]

CONSTRUCTS: Final = ("parallel", "race", "timeout", "scope", "group")
IDLE: Final = ("on error", "on failure", "if failed", "if cancelled", "on timeout", "if false", "on a child's failure")
"""The roles of what does not run where nothing fails."""

names = st.sampled_from("abcdefg")
naps: Programs = st.integers(1, 3).map(sleep)


async def answered() -> int:
    return 1


LEAVES: Final[list[IO[Any, Any]]] = [
    e.pure(1),
    e.unit,
    e.delay(int),
    e.attempt(int),
    e.from_async(answered),
    e.from_callback(lambda resume: resume(e.unit)),
    e.now,
    e.yield_now,
    e.sleep_until(1),
    e.effective_deadline,
    e.show_fibers,
    e.dump_fibers,
    e.pure(e.Success(1)).absolve(),
]
leaves: Programs = st.one_of(naps, st.sampled_from(LEAVES), st.builds(lambda nap, name: nap.named(name), naps, names))


# -- Words ---------------------------------------------------------------------------------------------------


def one(change: Callable[[IO[Any, Any]], IO[Any, Any]]) -> Grown:
    return lambda inner: inner.map(change)


def two(join: Callable[[IO[Any, Any], IO[Any, Any]], IO[Any, Any]]) -> Grown:
    return lambda inner: st.builds(join, inner, inner)


def some(join: Callable[[list[IO[Any, Any]]], IO[Any, Any]]) -> Grown:
    return lambda inner: st.lists(inner, min_size=2, max_size=3).map(join)


def contest(join: Callable[[list[IO[Any, Any]]], IO[Any, Any]]) -> Grown:
    """Of contestants all must begin, and may be cut anywhere: so they are one step each."""
    runners = st.builds(lambda nap, name: nap.named(name), naps, names)
    return lambda inner: st.lists(runners, min_size=2, max_size=3).map(join)


def body(io: IO[Any, Any]) -> IO[Any, Any]:
    @e.do
    def both() -> e.Do[Any, Any]:
        yield io
        return (yield sleep(1).named("last"))

    return both()


def child(io: IO[Any, Any]) -> IO[Any, Any]:
    return e.task_group(lambda group: group.fork(io.named("child")).then(sleep(1)))


WORDS: Final[dict[str, Grown]] = {
    # Sequences
    "named": lambda inner: st.builds(lambda io, name: io.named(name), inner, names),
    "map": one(lambda io: io.map(str)),
    "flat_map": two(lambda first, second: first.flat_map(lambda value: second)),
    "then": two(lambda first, second: first.then(second)),
    "tap": two(lambda first, second: first.tap(lambda value: second)),
    "zip": two(lambda first, second: first.zip(second)),
    "as_value": one(lambda io: io.as_value(1)),
    "suspend": one(lambda io: e.suspend(lambda: io)),
    "do": one(body),
    "if_": two(lambda first, second: e.if_(first.as_value(True), second, e.unit)),
    "when": one(lambda io: e.when(True, io)),
    "collect": some(e.collect),
    "zip_all": some(lambda ios: e.zip_all(*ios)),
    "traverse": one(lambda io: e.traverse([1], lambda item: io)),
    # Again
    "retry": one(lambda io: io.retry(2)),
    "retry_or_else": one(lambda io: io.retry_or_else(Schedule.recurs(1), lambda error, told: e.unit)),
    "retrying": one(lambda io: e.retrying(lambda attempt: io, 2)),
    "repeat": one(lambda io: io.repeat(0)),
    "scheduled": one(lambda io: io.scheduled(Schedule.recurs(0))),
    "supervise": one(lambda io: e.supervise(io, 2)),
    "with_progress": one(lambda io: io.with_progress("done")),
    # Failures
    "fold": one(lambda io: io.fold(str, str)),
    "fold_cause": one(lambda io: io.fold_cause(lambda cause: e.unit, lambda value: sleep(1).named("folded"))),
    "catch_all": one(lambda io: io.catch_all(lambda error: e.unit)),
    "catch_some": one(lambda io: io.catch_some(lambda error: e.unit)),
    "or_else": two(lambda first, second: first.or_else(second)),
    "or_else_succeed": one(lambda io: io.or_else_succeed(1)),
    "either": one(lambda io: io.either()),
    "exit": one(lambda io: io.exit()),
    "map_error": one(lambda io: io.map_error(str)),
    "or_die": one(lambda io: io.or_die()),
    "refine": one(lambda io: io.refine(ValueError)),
    "squashed": one(lambda io: io.squashed()),
    "tap_error": two(lambda first, second: first.tap_error(lambda error: second)),
    "catch": one(lambda io: io | e.catch(ValueError, lambda error: e.unit)),
    # Finalizers and scopes
    "ensuring": two(lambda first, second: first.ensuring(second)),
    "on_exit": two(lambda first, second: first.on_exit(lambda exit: second)),
    "on_cancel": two(lambda first, second: first.on_cancel(second)),
    "on_error": two(lambda first, second: first.on_error(lambda cause: second)),
    "bracket": two(lambda first, second: e.bracket(first, lambda value: second, lambda value: sleep(1).named("end"))),
    "resource": two(lambda first, second: e.Resource.make(first, lambda value: e.unit).use(lambda value: second)),
    "shielded": one(lambda io: io.shielded()),
    "shield": one(lambda io: e.shield(lambda restore: restore(io))),
    "cancel_scope": one(lambda io: e.cancel_scope(lambda scope: io)),
    "fail_after": one(lambda io: io.fail_after(1_000)),
    "move_on_after": one(lambda io: io.move_on_after(1_000)),
    "timeout_to": two(lambda first, second: first.timeout_to(1_000, second)),
    # Together
    "par_zip": some(lambda ios: e.par_zip(*ios)),
    "par_map": some(lambda ios: e.par_map(lambda *values: values, *ios)),
    "par_collect": some(lambda ios: e.par_collect(ios, limit=2)),
    "par_traverse": one(lambda io: e.par_traverse([1, 2], lambda item: io)),
    "par_dict": some(lambda ios: e.par_dict({number: io.then(sleep(1)) for number, io in enumerate(ios)})),
    "par_settle": some(e.par_settle),
    "par_validate": some(e.par_validate),
    "race": contest(lambda ios: e.race(*ios)),
    "race_all": contest(e.race_all),
    "first_completed": contest(lambda ios: e.first_completed(*ios)),
    "task_group": one(child),
}
"""How a program is made of others so that every part of it runs, whatever the times are."""


def grown(inner: Programs) -> Programs:
    """Any of the words. Composite, since the text of any other strategy contains that of all that it was made of."""
    either = st.one_of(*(word(inner) for word in WORDS.values()))

    @st.composite
    def layer(draw: st.DrawFn) -> IO[Any, Any]:
        program: IO[Any, Any] = draw(either)
        return program

    return layer()


programs = st.recursive(leaves, grown, max_leaves=8)


# -- What is compared ----------------------------------------------------------------------------------------


def planned(plan: Plan) -> Skeleton:
    """The named parts and the constructs of a plan in each other, without what handles failures."""

    def shown(step: Step) -> Skeleton:
        below = [entry for inside in plan.inside(step) if inside.role not in IDLE for entry in shown(inside)]
        name = step.name if step.is_named else step.word if step.kind in CONSTRUCTS else None
        return below if name is None else [(name, below)]

    return [entry for step in plan.inside() for entry in shown(step)]


def happened(trace: Trace, *, is_named: bool) -> Skeleton:
    """The same of a trace: named fibers and parts, and constructs; the first fiber is always called something."""

    def inside(identity: int) -> Skeleton:
        found: Skeleton = []
        for span in trace.spans:
            if span.parent == identity:
                below = inside(span.id)
                shown = span.kind in ("named", *CONSTRUCTS) or (span.kind == "fiber" and "[" not in span.name)
                found += [(span.name, below)] if shown else below
        return found

    whole = inside(trace.root.id)
    return [(trace.root.name, whole)] if is_named else whole


def check(program: IO[Any, Any]) -> None:
    exit, trace = run_traced(program, clock=VirtualClock())
    assert isinstance(exit, e.Success)
    assert happened(trace, is_named=isinstance(program, primitive.Named)) == planned(explain(program, follow=True))


@given(programs)
def test_static_part_of_the_trace_is_the_plan(program: IO[Any, Any]) -> None:
    """Where every part of a program runs, named parts and constructs are in each other as `explain` says."""
    check(program)


@pytest.mark.parametrize("word", WORDS)
@settings(max_examples=10)
@given(st.data())
def test_each_word_is_in_the_trace_as_in_the_plan(word: str, data: st.DataObject) -> None:
    """The same for each word around every kind of leaf and around one word more."""
    check(data.draw(WORDS[word](st.one_of(leaves, grown(leaves)))))


@given(programs)
def test_plan_knows_how_many_run_at_once(program: IO[Any, Any]) -> None:
    """No more fibers wait for time at once than the plan's `parallel_width`."""
    _, trace = run_traced(program, clock=VirtualClock())
    sleeping = [(wait.start, wait.end or 0.0) for span in trace.spans for wait in span.waits if wait.on == "time"]
    widths = [sum(start <= now < end for start, end in sleeping) for now, _ in sleeping]
    assert max(widths, default=0) <= explain(program, follow=True).parallel_width()


# -- Nothing is forgotten ------------------------------------------------------------------------------------

ELSEWHERE: Final = {
    # Does not succeed, or never ends
    *(derived.Flip, derived.Never, primitive.Fail, primitive.Halt),
    # Is only what others mean
    *(
        primitive.Ask,
        primitive.Fold,
        primitive.Group,
        primitive.Operation,
        primitive.Parallel,
        primitive.Scoped,
        derived.StartService,
    ),
    # Has its own program as a value, its own scopes, or fibers behind
    *(derived.AbandonAfter, derived.Flatten, derived.Hedge, derived.Memoize, derived.SuperviseAll),
    # Is made of a value that only a run has
    *(primitive.Fork, primitive.Park, primitive.Restore, primitive.Watch),
}
"""The nodes that the words above do not make."""


def nodes_in(program: object) -> set[type[Any]]:
    """The classes of the nodes of a program, functions apart."""
    found: set[type[Any]] = set()
    pending = [program]
    while pending:
        node = pending.pop()
        if isinstance(node, IO):
            found.add(type(node))
            pending += (value for _, value in fields(node))
        elif isinstance(node, tuple):
            pending += node
    return found


def test_nearly_every_node_is_compared() -> None:
    """The words make every class of nodes but those that are listed with a reason."""
    members = [member for module in (primitive, derived) for member in vars(module).values()]
    nodes = {each for each in members if isinstance(each, type) and issubclass(each, IO) and not each.__subclasses__()}
    first = settings(phases=[Phase.generate])
    made = [find(word(st.just(sleep(1))), lambda program: True, settings=first) for word in WORDS.values()]
    compared = set().union(*map(nodes_in, (*made, *LEAVES)))
    assert nodes - compared == ELSEWHERE
    assert len(compared) > 0.75 * len(nodes)

"""Hypothesis for users: programs, causes, the orders, faults and cancels to run programs under, and `given_sim`.

Where effio is installed, `from_type(IO[int, str])` and `from_type(Cause[str])` know them without an import of this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, Signature, signature, unwrap
from operator import itemgetter
from typing import Any, Final, Never, TypeAlias, TypeVar, final, get_args

import attrs
from hypothesis import given
from hypothesis import strategies as st

from effio.algebra.arity import par_zip
from effio.algebra.create import bracket, delay, die, fail, pure, sleep, task_group, yield_now
from effio.algebra.do_notation import Do, do
from effio.algebra.handle import TaskGroup
from effio.algebra.io import IO, is_function
from effio.algebra.shape import program as checked
from effio.data.cause import Both, Cancelled, Cause, Die, Fail, then
from effio.testing.exploration.simulation import Simulation
from effio.testing.exploration.steps.timing import TimeMode
from effio.testing.exploration.steps.ways import Models
from effio.testing.order import NOTHING, Order

Program: TypeAlias = IO[Any, Any]

Value = TypeVar("Value")
Error = TypeVar("Error")

Strategy = st.SearchStrategy

SECONDS: Final = st.sampled_from([0.0, 1.0, 2.0, 3.0])
NAMES: Final = st.sampled_from(["red", "green", "blue"])
DEFECTS: Final = st.builds(RuntimeError, st.sampled_from(["bug", "other bug"]))


# -- Programs ------------------------------------------------------------------------------------------------


def ios(
    values: Strategy[Value],
    *,
    errors: Strategy[Error] | None = None,
    defects: bool = False,
    max_leaves: int = 10,
) -> Strategy[IO[Value, Error]]:
    """Generate programs that give one of `values`, or fail with one of `errors`; with `defects` also with a bug.

    They sleep, yield, clean up, handle errors, run things at once, race, time out and cancel, but always end, and touch
    nothing outside of themselves. They shrink to `pure`.
    """
    return st.recursive(leaf_ios(values, errors, defects), lambda inner: larger(inner, values), max_leaves=max_leaves)


def leaf_ios(values: Strategy[Any], errors: Strategy[Any] | None, defects: bool) -> Strategy[Program]:
    """Generate programs of one action."""
    leaves: list[Strategy[Program]] = [
        values.map(pure),
        st.builds(computed, values),
        st.builds(yield_now.as_value, values),
        st.builds(slept, SECONDS, values),
    ]
    if errors is not None:
        leaves.append(errors.map(fail))
    if defects:
        leaves.append(DEFECTS.map(die))
    return st.one_of(leaves)


def larger(inner: Strategy[Program], values: Strategy[Any]) -> Strategy[Program]:
    """Generate programs of which `inner` are parts."""
    return st.one_of(
        st.builds(Program.then, inner, inner),
        st.builds(chained, inner, inner),
        st.builds(mapped, inner, values),
        st.builds(Program.named, inner, NAMES),
        st.builds(handled, inner, inner),
        st.builds(Program.or_else, inner, inner),
        st.builds(Program.ensuring, inner, inner),
        st.builds(bracketed, inner, inner, inner),
        st.builds(Program.shielded, inner),
        st.builds(Program.timeout_to, inner, SECONDS, inner),
        st.builds(Program.race, inner, inner),
        st.builds(left_of_both, inner, inner),
        st.builds(beside_child, inner, inner, st.booleans()),
    )


@final
class Always:
    """A function that gives the same whatever it is called with, and says so in its name."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.__name__ = self.__qualname__ = f"always({value!r:.40})"

    def __call__(self, *args: object) -> Any:
        return self.value

    def __repr__(self) -> str:
        return self.__name__


def computed(value: Any) -> Program:
    """An action that gives the value."""
    return delay(Always(value))


def slept(seconds: float, value: Any) -> Program:
    """The value, later."""
    return sleep(seconds).as_value(value)


def chained(first: Program, second: Program) -> Program:
    """One program, then one that a function makes."""
    return first.flat_map(Always(second))


def mapped(source: Program, value: Any) -> Program:
    """A program and another value."""
    return source.map(Always(value))


def handled(source: Program, handler: Program) -> Program:
    """A program with a handler for its typed errors."""
    return source.catch_all(Always(handler))


def bracketed(acquire: Program, use: Program, release: Program) -> Program:
    """A program between an acquire and its release."""
    return bracket(acquire, Always(use), Always(release))


def left_of_both(left: Program, right: Program) -> Program:
    """Two programs at once, the value of the left one."""
    return par_zip(left, right).map(itemgetter(0))


def beside_child(body: Program, child: Program, cancelled: bool) -> Program:
    """A program beside a child, which it then cancels or waits for."""

    @do
    def run(group: TaskGroup) -> Do[Any, Any]:
        fiber = yield from group.fork(child, name="child")
        value = yield from body
        yield from fiber.cancel() if cancelled else fiber.exit()
        return value

    return task_group(run, name="beside_child")


# -- Causes --------------------------------------------------------------------------------------------------


def causes(errors: Strategy[Error] | None = None, *, max_leaves: int = 6) -> Strategy[Cause[Error]]:
    """Generate error trees of every shape; without `errors` none has a typed failure."""
    leaves: list[Strategy[Cause[Any]]] = [] if errors is None else [errors.map(Fail)]
    leaves += [DEFECTS.map(Die), st.builds(Cancelled, st.none() | NAMES, st.none() | st.just("a reason"))]
    return st.recursive(st.one_of(leaves), grouped_causes, max_leaves=max_leaves)


def grouped_causes(inner: Strategy[Cause[Any]]) -> Strategy[Cause[Any]]:
    """Generate causes of several."""
    return st.one_of(
        st.builds(then, inner, inner), st.builds(then, inner, inner, inner), st.lists(inner, min_size=1).map(at_once)
    )


def at_once(causes: list[Cause[Any]]) -> Cause[Any]:
    """The cause of a construct in which these came at the same time."""
    return Both(tuple(causes))


# -- Runs ----------------------------------------------------------------------------------------------------


def schedules(*, choices: int = 40, max_deviations: int = 8) -> Strategy[Order]:
    """Generate orders to simulate a program in, which differ at few of its first `choices` from the usual one.

    They shrink to few preemptions, early ones: `schedules().map(lambda order: order.simulate(program))`.
    """
    deviation = st.tuples(early(choices), st.integers(0, 7))
    several = st.lists(deviation, max_size=max_deviations, unique_by=choice_of)
    return several.map(lambda deviations: Order(tuple(sorted(deviations))))


def early(count: int) -> Strategy[int]:
    """Generate numbers below `count`, small ones more often, since there is little to choose in most programs."""
    return st.one_of([st.integers(0, min(most, count) - 1) for most in (4, 10, count)])


def choice_of(deviation: tuple[int, int]) -> int:
    """Where an order deviates."""
    return deviation[0]


def faults(
    exceptions: Strategy[BaseException] | None = None, *, actions: int = 40, max_faults: int = 2
) -> Strategy[dict[int, BaseException]]:
    """Generate which of the first `actions` of a run fail, and with what, by default with a `RuntimeError`.

    For `Order.simulate`. They shrink to no fault.
    """
    what: Strategy[BaseException] = DEFECTS if exceptions is None else exceptions
    return st.dictionaries(early(actions), what, max_size=max_faults)


def cancels(*, steps: int = 40, max_cancels: int = 1) -> Strategy[dict[int, int]]:
    """Generate before which of the first `steps` of a run a fiber is cancelled, and which one.

    For `Order.simulate`. They shrink to no cancel.
    """
    return st.dictionaries(early(steps), st.integers(0, 7), max_size=max_cancels)


def given_sim(
    *,
    program: Program | Strategy[Program] | Callable[..., Program],
    schedule: Strategy[Order] | None = None,
    faults: Strategy[dict[int, BaseException]] | Mapping[Any, Any] = NOTHING,
    cancels: Strategy[dict[int, int]] | Mapping[int, int] = NOTHING,
    time: TimeMode = "idle",
    models: Models | None = None,
    max_steps: int = 10_000,
    **data: Strategy[Any],
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Run a program once for each example of Hypothesis, and let the test judge the run: a `Simulation`.

    The run is the last argument of the test. What is given as a strategy is drawn: the `program`, the `schedule` (by
    default any of `schedules()`), `faults` and `cancels`, which are as in `Order.simulate`, and other `data`, which
    `program` takes if it is a function. A test that has arguments of these names is given what was drawn. All of it
    shrinks together, the schedule to few preemptions; a failure shows the run and its token. `@settings` and
    `@example` work as with `@given`.

    >>> from effio import par_collect
    >>> @given_sim(program=lambda fibers: par_collect([delay(int)] * fibers), fibers=st.integers(1, 3))
    ... def test_all_give_zero(fibers, run):
    ...     assert run.outcome.unwrap() == [0] * fibers
    >>> test_all_give_zero()
    """
    parts: dict[str, Any] = {"program": program, "schedule": schedules() if schedule is None else schedule}
    parts |= {"faults": faults, "cancels": cancels}
    strategies: dict[str, Any] = {name: part for name, part in parts.items() if isinstance(part, Strategy)}
    strategies |= data
    scene = Scene(parts, {"time": time, "models": models, "max_steps": max_steps}, tuple(data))

    def decorate(test: Callable[..., Any]) -> Callable[..., None]:
        others, last = parameters_of(test)
        added = [Parameter(name, Parameter.KEYWORD_ONLY) for name in strategies]
        taken = Signature([*(other for other in others if other.name not in parts | data), *added])

        @wraps(test)
        def judged(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            drawn = taken.bind(*args, **kwargs).arguments
            drawn |= scene.parts(drawn)
            run = scene.run(drawn)
            try:
                return test(**{other.name: drawn[other.name] for other in others if other.name in drawn}, **{last: run})
            except BaseException as problem:
                problem.add_note(str(run))
                raise

        judged.__dict__.update(__signature__=taken, judges_a_run=True)
        told_as(judged, test)
        return given(**strategies)(judged)

    return decorate


@final
@attrs.frozen
class Scene:
    """What `given_sim` was told: `fixed` is used where nothing is drawn, `data` are the names for the program."""

    fixed: Mapping[str, Any]
    options: Mapping[str, Any]
    data: tuple[str, ...]

    def parts(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """What there is to run, and how."""
        __tracebackhide__ = True
        parts = {name: drawn.get(name, value) for name, value in self.fixed.items()}
        if is_function(parts["program"]):
            parts["program"] = parts["program"](**{name: drawn[name] for name in self.data})
        return parts

    def run(self, drawn: Mapping[str, Any]) -> Simulation:
        """Run it."""
        order: Order = drawn["schedule"]
        io = checked("given_sim", drawn["program"])
        return order.simulate(io, faults=drawn["faults"], cancels=drawn["cancels"], **self.options)


def parameters_of(test: Callable[..., Any]) -> tuple[list[Parameter], str]:
    """The parameters of a test that are not the run, and the name of the one that is."""
    parameters = [*signature(test).parameters.values()]
    if not parameters or parameters[-1].kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
        raise TypeError(f"{test.__name__} must take the run as its last argument")
    return parameters[:-1], parameters[-1].name


def told_as(function: Any, test: Any) -> None:
    """Let tracebacks show the test where they would show a function that calls it."""
    code = getattr(unwrap(test), "__code__", None)
    if code is not None:
        function.__code__ = function.__code__.replace(co_filename=code.co_filename, co_firstlineno=code.co_firstlineno)


# -- By type -------------------------------------------------------------------------------------------------


def ios_of_type(thing: Any) -> Strategy[IO[Any, Any]]:
    """Generate programs for `IO[...]` in a type hint."""
    value, error, *_ = (*get_args(thing), Never, Never) if get_args(thing) else (object, Never)
    return ios(of_type(value), errors=errors_of_type(error))


def causes_of_type(thing: Any) -> Strategy[Cause[Any]]:
    """Generate causes for `Cause[...]` in a type hint."""
    error, *_ = (*get_args(thing), Never)
    return causes(errors_of_type(error))


def of_type(given: Any) -> Strategy[Any]:
    """Generate values of a type; for a type variable and for Any, whole numbers and None."""
    if given is object or given is Any or isinstance(given, TypeVar):
        return st.none() | st.integers()
    return st.from_type(given)


def errors_of_type(given: Any) -> Strategy[Any] | None:
    """Generate errors of a type, if there are any."""
    return None if given is Never else of_type(given)


st.register_type_strategy(IO, ios_of_type)
st.register_type_strategy(Cause, causes_of_type)

"""Whether one program can stand for another: whatever it does, the other might have done."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias, final

import attrs
from returns.result import Success

from effio.algebra.arity import par_zip
from effio.algebra.call import pure
from effio.algebra.do_notation import do
from effio.algebra.io import IO
from effio.algebra.shape import program
from effio.data.cause import Cancelled, Die, Fail
from effio.data.errors import Deadlock
from effio.data.exit import Exit
from effio.testing.exploration.outcomes import Ways, hashable, ways_of
from effio.testing.exploration.steps.stepping import Stepped
from effio.testing.exploration.steps.timing import TimeMode, is_racy
from effio.testing.exploration.steps.ways import Models

Part: TypeAlias = IO[Any, Any] | Callable[[Any], IO[Any, Any]]
"""A program, or what makes one of the state that all parts share."""


@final
@attrs.frozen
class Refinement:
    """What the implementation can do that the specification cannot, each with the token of a run: none, if it holds.

    It is a proof if `exhaustive`: every schedule of both was run. `specified` are the ways in which the specification
    can end. As a truth value, whether nothing was found.
    """

    surplus: dict[Any, str]
    specified: frozenset[Any]
    exhaustive: bool

    def __bool__(self) -> bool:
        return not self.surplus

    def assert_ok(self) -> Refinement:
        """Raise an AssertionError that tells what the implementation does and must not, if there is anything."""
        if self.surplus:
            raise AssertionError(str(self))
        return self

    def __str__(self) -> str:
        scope = "all schedules" if self.exhaustive else "not all schedules"
        if not self.surplus:
            return f"the implementation does nothing that the specification does not ({scope})"
        lines = [f"the implementation can end in {len(self.surplus)} ways that the specification cannot ({scope})"]
        lines += [f"{way!r}, token: {token}" for way, token in self.surplus.items()]
        return "\n".join([*lines, f"specified: {', '.join(sorted(map(repr, self.specified)))}"])


def refines(
    implementation: Part,
    specification: Part,
    /,
    *,
    setup: IO[Any, Any] | None = None,
    interfere: Part | None = None,
    observe: Callable[[Any], IO[Any, Any]] | None = None,
    max_schedules: int = 10_000,
    time: TimeMode = "idle",
    models: Models | None = None,
) -> Refinement:
    """Run both under every schedule, and look whether the first can end in a way in which the second cannot.

    With `setup` there is something shared: the programs are made of what it gives, anew in each run, and `observe`
    tells what is to be seen of it in the end. `interfere` runs beside them, as a user would who notices more than
    how they end (dejafu's signatures). What is compared: the value that each of them gives, a failure by its errors,
    a deadlock as such.

    >>> from effio import Ref
    >>> def twice(ref):
    ...     return ref.update(lambda n: n + 1).then(ref.update(lambda n: n + 1))
    >>> def at_once(ref):
    ...     return ref.update(lambda n: n + 2)
    >>> alone = refines(twice, at_once, setup=Ref.make(0), observe=lambda ref: ref.get())
    >>> watched = refines(twice, at_once, setup=Ref.make(0), interfere=lambda ref: ref.get())
    >>> bool(alone), bool(watched), [*watched.surplus]
    (True, False, [(None, 1)])
    """

    def ways(side: Part) -> Ways:
        io = scene(setup, side, interfere, observe)
        return ways_of(Stepped(io, models, racy=is_racy(time)), way_of, max_schedules)

    real, ideal = ways(implementation), ways(specification)
    surplus = {way: token for way, (_, token) in real.found.items() if way not in ideal.found}
    return Refinement(surplus, frozenset(ideal.found), real.exhaustive and ideal.exhaustive)


@do
def scene(setup: Part | None, side: Part, interfere: Part | None, observe: Part | None) -> Generator[Any, Any, Any]:
    """Run one side beside who interferes, and give all that is to be seen."""
    state = yield from made(pure(None) if setup is None else setup, None)
    if interfere is None:
        value = yield from made(side, state)
    else:
        value = yield from par_zip(made(side, state), made(interfere, state))
    return value if observe is None else (value, (yield from made(observe, state)))


def made(part: Part, state: Any) -> IO[Any, Any]:
    """A part of the scene, which may depend on what is shared."""
    made_of: Any = part
    io: Any = made_of(state) if callable(part) else part
    return program("refines", io)


def way_of(outcome: Exit[Any, Any] | None) -> Any:
    """What is to be seen of an exit, equal for two programs that end alike."""
    if outcome is None:
        return "cut"
    if isinstance(outcome, Success):
        return hashable(outcome.unwrap())
    leaves = tuple(leaf_text(leaf) for leaf in outcome.failure().leaves())
    return leaves[0] if len(leaves) == 1 else leaves


def leaf_text(leaf: Fail[Any] | Die | Cancelled) -> str:
    """A part of a failure, without where it came from."""
    if isinstance(leaf, Cancelled):
        return "cancelled"
    problem = leaf.exception if isinstance(leaf, Die) else leaf.error
    if isinstance(problem, Deadlock):
        return "deadlock"
    return f"{'fails with' if isinstance(leaf, Fail) else 'dies of'} {problem!r}"

"""What calls touch that do not say so: declared for them, assumed to be everything, or refused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from effio import IO, Ref, Success, attempt, delay, do, effect, from_async, par_collect, pure, suspend, unit
from effio.testing import Exploration, NotResumable, explore
from effio.testing.exploration.outcomes import name_of, ways_of
from effio.testing.exploration.steps.opaque import WORLD, Opaque
from effio.testing.exploration.steps.stepping import Stepped

Names = Any


def deposit(log: list[str], entry: str) -> None:
    log.append(entry)


def note(entry: str) -> None:
    """What nobody else looks at."""


def look(log: list[str]) -> int:
    return len(log)


def noting(fibers: int, times: int) -> IO[Any, Any]:
    """Fibers that each call something several times."""
    one: IO[Any, Any] = unit
    for time in range(times):
        one = one.then(delay(note, str(time)))
    return par_collect([one] * fibers)


def count(io: IO[Any, Any], **options: Any) -> int:
    """How many schedules there are."""
    found = explore(io, sampling=0, **options).assert_ok()
    assert found.exhaustive
    return found.schedules


# -- What is said --------------------------------------------------------------------------------------------


def test_calls_that_touch_nothing_commute() -> None:
    """Two fibers with three calls each have 20 orders, and one if the calls touch nothing that others do."""
    assert count(noting(2, 3)) == 20
    assert count(noting(2, 3), touches={note: ()}) == 1
    assert count(noting(2, 3), touches={note: "notes"}) == 20
    assert count(noting(2, 3), touches={note: {"notes": "read"}}) == 1


@pytest.mark.parametrize(
    ("left", "right", "schedules"),
    [
        ((), (), 1),
        ("a", "a", 2),
        ("a", "b", 1),
        (["a", "b"], ["b", "c"], 2),
        ({"a": "read"}, "a", 2),
        ({"a": "read"}, {"a": "read"}, 1),
        ({"a": "read", "b": "write"}, {"a": "read", "b": "read"}, 2),
        (None, "a", 2),
        (None, {"a": "read"}, 2),
        (None, (), 1),
        (None, None, 2),
    ],
)
def test_calls_conflict_where_they_share_a_name(left: Names, right: Names, schedules: int) -> None:
    """Two calls are run in both orders if one writes what both name, or if nothing is said of one (None)."""
    said = {print: left, repr: right}
    touches = {function: names for function, names in said.items() if names is not None}
    assert count(par_collect([delay(print, end=""), delay(repr, 1)]), touches=touches) == schedules


def test_what_is_touched_may_depend_on_the_arguments() -> None:
    """Deposits into two accounts commute, into the same one they do not."""

    def touched(log: list[str], entry: str) -> str:
        return entry

    def deposits(*entries: str) -> IO[Any, Any]:
        log: list[str] = []
        return par_collect([delay(deposit, log, entry) for entry in entries])

    assert count(deposits("ann", "bob"), touches={deposit: touched}) == 1
    assert count(deposits("ann", "ann"), touches={deposit: touched}) == 2
    assert count(deposits("ann", "bob", "ann"), touches={deposit: touched}) == 2


def test_every_kind_of_call_can_be_declared() -> None:
    """`attempt`, functions with `@effect` and modelled coroutines are known by their functions."""

    @effect
    def write(entry: str) -> None: ...

    async def fetch(url: str) -> None:
        raise AssertionError

    for io, function in ((attempt(note, "x"), note), (write("x"), write), (from_async(fetch, "x"), fetch)):
        options: dict[str, Any] = {"models": {fetch: pure}}
        assert count(par_collect([io, io]), **options) == 2
        assert count(par_collect([io, io]), touches={function: ()}, **options) == 1


def test_declared_things_are_named_in_the_stats() -> None:
    """What fibers race for is called by the name that the user gave it."""
    stats = explore(noting(2, 1), touches={note: "the log"}).stats
    assert [(spot.what, spot.opaque) for spot in stats.hottest] == [("the log", False)]


# -- What stays sound ----------------------------------------------------------------------------------------


@do
def mixed(shape: tuple[Callable[[list[str]], IO[Any, Any]], ...]) -> Any:
    """Fibers of one call each on the same list, and what is in it in the end."""
    log: list[str] = []
    counter = yield from Ref.make(0)
    values = yield from par_collect([make(log).tap(lambda _: counter.update(lambda n: n + 1)) for make in shape])
    return tuple(values), tuple(log), (yield from counter.get())


PARTS: tuple[Callable[[list[str]], IO[Any, Any]], ...] = (
    lambda log: delay(deposit, log, "a"),
    lambda log: delay(look, log),
    lambda log: delay(log.append, "c"),
)


@pytest.mark.parametrize("shape", [*product(PARTS, repeat=3)])
def test_what_is_said_truly_hides_no_outcome(shape: tuple[Callable[[list[str]], IO[Any, Any]], ...]) -> None:
    """With true declarations of some calls, and none of others, a program ends in the same ways as without."""
    opaque = Opaque(touches={deposit: "log", look: {"log": "read"}})

    def ways(said: Opaque) -> set[object]:
        return set(ways_of(Stepped(suspend(lambda: mixed(shape)), opaque=said), name_of, 10_000).found)

    assert ways(opaque) == ways(WORLD)


# -- What is refused -----------------------------------------------------------------------------------------


def refusal(io: IO[Any, Any], **options: Any) -> BaseException:
    """Why a program is not explored."""
    with pytest.raises(ValueError, match="does not say what it touches") as raised:
        explore(io, opaque="refuse", **options)
    return raised.value


def test_first_call_of_which_nothing_is_said_is_refused() -> None:
    """With `opaque="refuse"` the first such call is named, and what to say of it."""
    both = delay(note, "x").then(delay(look, []))
    problem = refusal(both)
    assert str(problem) == "cannot explore the call 'note' with opaque='refuse': it does not say what it touches"
    assert problem.__notes__ == ["say so with touches={note: 'a name of its own'}, with () if nobody else touches that"]
    assert "'look'" in str(refusal(both, touches={note: ()}))
    assert count(both, touches={note: (), look: ()}, opaque="refuse") == 1


def test_primitives_are_not_refused() -> None:
    """Actions of effio's primitives say what they touch."""
    io = Ref.make(0).flat_map(lambda ref: par_collect([ref.update(lambda n: n + 1)] * 2))
    assert count(io, opaque="refuse") == 2


# -- Mistakes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [3, [3], {"a": "delete"}, None])
def test_touches_must_be_names(names: Any) -> None:
    """Something else is an error when the exploration begins."""
    with pytest.raises(TypeError, match="touches of 'note' must be names, each read or written"):
        explore(unit, touches={note: names})


def test_mode_must_be_one() -> None:
    """Another mode is an error when the exploration begins."""
    with pytest.raises(ValueError, match="opaque of explore must be one of world, refuse, not 'nothing'"):
        explore(unit, opaque="nothing")  # type: ignore[arg-type]  # the mistake that is tested


def test_other_declarations_cannot_be_resumed(tmp_path: Path) -> None:
    """An exploration is not gone on with when something else is said of calls, since that hides other schedules."""

    def begun(touches: Any, **options: Any) -> Exploration:
        return explore(noting(2, 2), max_schedules=3, sampling=0, touches={note: touches}, **options)

    begun("notes").save(tmp_path / "state")
    assert begun("notes", resume=tmp_path / "state").exhaustive
    for other in ((), lambda entry: "notes"):
        with pytest.raises(NotResumable, match="opaque="):
            begun(other, resume=tmp_path / "state")
    begun(lambda entry: "notes").save(tmp_path / "state")
    assert begun(lambda entry: "notes", resume=tmp_path / "state").exhaustive


def test_lost_update_behind_a_declaration_is_found() -> None:
    """A race in calls that name what they share is found as without."""
    cell = [0]

    def read() -> int:
        return cell[0]

    def write(value: int) -> None:
        cell[0] = value

    increment = delay(read).flat_map(lambda value: delay(write, value + 1))
    both = delay(write, 0).then(par_collect([increment, increment])).then(delay(read))
    touches: dict[Any, Any] = {read: {"cell": "read"}, write: "cell"}
    found = explore(both, lambda exit: exit == Success(2), touches=touches)
    assert found.failures[0].run.preemptions == 1

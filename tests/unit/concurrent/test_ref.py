"""`Ref`: a shared value, changed one step at a time."""

from __future__ import annotations

from typing import Any

import pytest

from effio import IO, Do, Ref, do, par_collect, par_settle, par_zip, run_exit, sleep, yield_now
from effio.concurrent.ref import RefStats
from effio.interpreter.backends.simulated import simulate
from tests.unit.concurrent.sweep import cancelled_everywhere, defect_of, go, value_of


def test_operations_read_and_change_the_value() -> None:
    """Each operation gives what its name says and leaves the value that its name says."""

    @do
    def program() -> Do[list[Any]]:
        ref = yield from Ref.make(1)
        return [
            (yield from ref.get()),
            (yield from ref.set(2).then(ref.get())),
            (yield from ref.update(lambda value: value + 1).then(ref.get())),
            (yield from ref.modify(lambda value: (f"was {value}", value * 10))),
            (yield from ref.get_and_set(5)),
            (yield from ref.get_and_update(lambda value: value + 1)),
            (yield from ref.update_and_get(lambda value: value + 1)),
            (yield from ref.compare_and_set(7, 8)),
            (yield from ref.compare_and_set(7, 9)),
            (yield from ref.get()),
        ]

    assert go(program()) == [1, 2, 3, "was 3", 30, 5, 7, True, False, 8]


def value_alone(value: int) -> Any:
    return value + 1


def test_modify_without_a_pair_says_what_it_wants() -> None:
    """A function of `modify` that gives the new value alone is a defect with the way out, and the value stays."""

    @do
    def program() -> Do[Any]:
        ref = yield from Ref.make(1)
        return defect_of((yield from ref.modify(value_alone).exit())), (yield from ref.get())

    defect, value = go(program())
    assert "must return a pair for modify, not 2" in str(defect)
    assert "(answer, new value)" in defect.__notes__[0]
    assert value == 1


def test_making_is_an_effect() -> None:
    """The same program makes another `Ref` each time it runs."""

    @do
    def program() -> Do[tuple[int, int]]:
        making = Ref.make(0)
        first = yield from making
        second = yield from making
        yield from first.set(1)
        return (yield from first.get()), (yield from second.get())

    assert go(program()) == (1, 0)


@pytest.mark.parametrize("seed", range(20))
def test_updates_are_not_lost(seed: int) -> None:
    """In any order of the fibers each update sees the one before."""

    @do
    def program() -> Do[int]:
        ref = yield from Ref.make(0)
        increment = ref.update(lambda value: value + 1)
        yield from par_collect([increment.then(yield_now()).then(increment) for _ in range(10)])
        return (yield from ref.get())

    assert value_of(simulate(program(), seed=seed)) == 20


def test_function_that_raises_changes_nothing() -> None:
    """What a function raises is a defect of who gave it, and the value stays."""

    @do
    def program() -> Do[tuple[object, int, int]]:
        ref = yield from Ref.make(1)
        waiting = ref.wait_until(lambda value: value > 1).move_on_after(1)
        exit, _ = yield from par_zip(ref.update(lambda value: value // 0).exit(), waiting)
        return defect_of(exit), (yield from ref.get()), (yield from ref.stats()).waiting

    error, value, waiting = go(program())
    assert (type(error), value, waiting) == (ZeroDivisionError, 1, 0)


# -- Waiting -------------------------------------------------------------------------------------------------


def test_wait_until_gives_the_value_that_was_wanted() -> None:
    """A value that was right only for a moment is given, and waiters are woken in the order they came."""
    woken: list[tuple[str, int]] = []

    @do
    def program() -> Do[int]:
        ref = yield from Ref.make(0)

        def waiter(name: str, wanted: int) -> IO[Any]:
            return ref.wait_until(lambda value: value >= wanted).map(lambda value: woken.append((name, value)))

        changes = sleep(1).then(ref.set(2)).then(ref.set(0)).then(sleep(1)).then(ref.set(5))
        yield from par_collect([waiter("two", 2), waiter("one", 1), waiter("five", 5), changes])
        return (yield from ref.stats()).waiting

    assert go(program()) == 0
    assert woken == [("two", 2), ("one", 2), ("five", 5)]


def test_wait_until_does_not_wait_for_what_is_so() -> None:
    """If the value is right already it is given at once."""
    assert go(Ref.make(3).flat_map(lambda ref: ref.wait_until(lambda value: value == 3))) == 3


def test_predicate_that_raises_hurts_only_its_waiter() -> None:
    """A predicate that raises, now or at a later change, is a defect of who waits; the change itself goes on."""

    @do
    def program() -> Do[tuple[Any, list[Any], int]]:
        ref = yield from Ref.make(1)
        broken = ref.wait_until(lambda value: 1 // value > 5).exit()
        patient = ref.wait_until(lambda value: value == 0)
        exit, *rest = yield from par_collect([broken, patient, sleep(1).then(ref.set(0)).as_value(7)])
        return exit, rest, (yield from ref.get())

    exit, rest, value = go(program())
    assert type(defect_of(exit)) is ZeroDivisionError
    assert (rest, value) == ([0, 7], 0)


def test_cancelled_waiter_leaves_no_trace() -> None:
    """A cancel at any action of one who waits keeps nobody else waiting and leaves nobody in the queue."""

    @do
    def program() -> Do[tuple[int, RefStats]]:
        ref = yield from Ref.make(0)
        waiters = [ref.wait_until(lambda value: value >= 2) for _ in range(2)]
        increment: IO[Any] = ref.update(lambda value: value + 1)
        yield from par_settle([*waiters, yield_now().then(increment), increment])
        return (yield from ref.get()), (yield from ref.stats())

    def check(value: tuple[int, RefStats]) -> None:
        assert value == (2, RefStats(waiting=0))

    assert cancelled_everywhere(program, check, victims=["par_settle[0]", "par_settle[1]"]) > 40


# -- For people ----------------------------------------------------------------------------------------------


def test_repr_is_bounded() -> None:
    """It shows the name and the beginning of the value."""
    ref = go(Ref.make("x" * 10_000, name="text"))
    assert repr(ref).startswith("<Ref 'text': 'xxx")
    assert len(repr(ref)) < 300


def test_ref_that_holds_itself_has_a_repr() -> None:
    """A value that contains the `Ref` does not make its repr endless."""

    @do
    def program() -> Do[str]:
        ref: Ref[Any] = yield from Ref.make(None)
        yield from ref.set([ref])
        return repr(ref)

    assert len(go(program())) < 10_000


def test_bad_arguments_are_refused_when_the_program_is_built() -> None:
    """Something that cannot be called is refused by the method itself."""
    ref: Any = go(Ref.make(0))
    for word in ("update", "modify", "get_and_update", "update_and_get", "wait_until"):
        with pytest.raises(TypeError, match=f"{word} needs a function, not 5"):
            getattr(ref, word)(5)


def test_interrupt_in_a_predicate_stops_the_run() -> None:
    """A KeyboardInterrupt that a predicate raises is no defect of the fiber that made the change."""

    def interrupt(value: int) -> bool:
        if value:
            raise KeyboardInterrupt
        return False

    changed: list[int] = []

    @do
    def program() -> Do[None]:
        ref = yield from Ref.make(0)
        change = yield_now().then(ref.set(1)).map(lambda nothing: changed.append(1))
        yield from par_zip(ref.wait_until(interrupt), change)

    with pytest.raises(KeyboardInterrupt):
        run_exit(program())
    assert changed == [1]

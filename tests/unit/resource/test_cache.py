"""Caches: one load for all who wait, values that count for a while, and who is cancelled when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from returns.result import Failure

from effio import (
    IO,
    Cache,
    CacheStats,
    Do,
    Exit,
    TaskGroup,
    VirtualClock,
    collect,
    delay,
    die,
    do,
    fail,
    memo,
    never,
    now,
    par_collect,
    par_settle,
    par_zip,
    pure,
    run,
    run_exit,
    sleep,
    suspend,
    task_group,
    unit,
)
from effio.cause import Cause, Fail
from tests.unit.concurrent.sweep import cancelled_everywhere


def outcome(program: IO[Any, Any]) -> Any:
    return run(program, clock=VirtualClock())


def cause_of(program: IO[Any, Any]) -> Cause[Any]:
    exit: Exit[Any, Any] = run_exit(program, clock=VirtualClock())
    assert isinstance(exit, Failure)
    return exit.failure()


class Source:
    """Loads the value 10 * key in a second, and notes what it does."""

    def __init__(self, seconds: float = 1) -> None:
        self.seconds = seconds
        self.log: list[object] = []

    def load(self, key: int) -> IO[int]:
        loading = sleep(self.seconds).as_value(10 * key).on_cancel(delay(self.log.append, "cancelled"))
        return delay(self.log.append, key).then(loading)

    def cache(self, use: Callable[[Cache[int, int]], IO[Any, Any]], **options: Any) -> IO[Any, Any]:
        return Cache.make(self.load, **{"capacity": 10, **options}).flat_map(use)


class Needing:
    """A cache whose loads ask for other keys first: the programs that `needs` makes of the cache."""

    def __init__(self, needs: dict[str, Callable[[Cache[str, str]], IO[Any, Any]]]) -> None:
        self.needs = needs
        self.made: list[Cache[str, str]] = []

    def load(self, key: str) -> IO[str]:
        return sleep(1).then(suspend(lambda: self.needs[key](self.made[0]))).as_value(key.upper())

    def cache(self, use: Callable[[Cache[str, str]], IO[Any, Any]]) -> IO[Any, Any]:
        keep = self.made.append
        return Cache.make(self.load, capacity=10, name="words").tap(lambda made: delay(keep, made)).flat_map(use)


# -- What is kept --------------------------------------------------------------------------------------------


def test_loads_each_key_once() -> None:
    """The second time the value is there at once."""
    source = Source()
    program = source.cache(lambda cache: collect([cache.get(1), cache.get(1), cache.get(2)]).zip(now))
    assert outcome(program) == ([10, 10, 20], 2)
    assert source.log == [1, 2]


def test_a_value_counts_for_its_time() -> None:
    """Until the time is over, counted from the end of the load, to the instant."""
    source = Source()

    @do
    def using(cache: Cache[int, int]) -> Do[list[object]]:
        yield from cache.get(1)
        yield from sleep(4.999)
        yield from cache.get(1)
        before = list(source.log)
        yield from sleep(0.001)
        yield from cache.get(1)
        return [before, source.log]

    assert outcome(source.cache(using, ttl=5)) == [[1], [1, 1]]


def test_the_one_used_longest_ago_goes_first() -> None:
    """A get is a use."""
    source = Source()
    keys = [1, 2, 1, 3, 1, 2]
    outcome(source.cache(lambda cache: collect([cache.get(key) for key in keys]), capacity=2))
    assert source.log == [1, 2, 3, 2]


def test_invalidate_clear_and_set() -> None:
    """What was forgotten is loaded again; what was set is not loaded."""
    source = Source()

    @do
    def using(cache: Cache[int, int]) -> Do[list[int]]:
        yield from cache.get(1)
        yield from cache.invalidate(1)
        yield from cache.get(1)
        yield from cache.clear()
        yield from cache.get(1)
        yield from cache.set(2, 7)
        return [(yield from cache.get(2))]

    assert outcome(source.cache(using)) == [7]
    assert source.log == [1, 1, 1]


def test_a_load_that_was_overtaken_is_not_kept() -> None:
    """A value that was set or invalidated while it was being loaded is not replaced by the older one."""
    source = Source()

    def using(cache: Cache[int, int]) -> IO[Any]:
        setting = sleep(0.5).then(cache.set(1, 7)).then(cache.invalidate(2))
        return par_zip(cache.get(1), cache.get(2), setting).then(cache.get(1).zip(cache.get(2)))

    assert outcome(source.cache(using)) == (7, 20)
    assert source.log == [1, 2, 2]


# -- Failures ------------------------------------------------------------------------------------------------


def failing_once(error: IO[Any, Any]) -> Callable[[int], IO[int, Any]]:
    runs = iter([error])
    return lambda key: suspend(lambda: next(runs, pure(key)))


def test_a_failure_goes_to_all_who_wait_and_is_not_kept() -> None:
    """The next one tries again."""

    def using(cache: Cache[int, int, str]) -> IO[Any, str]:
        return par_settle([cache.get(1), cache.get(1)]).zip(cache.get(1))

    exits, value = outcome(Cache.make(failing_once(sleep(1).then(fail("down"))), capacity=1).flat_map(using))
    assert [exit.failure() for exit in exits] == [Fail("down"), Fail("down")]
    assert value == 1


def test_a_failure_is_kept_if_asked_for() -> None:
    """For its own time."""

    def using(cache: Cache[int, int, str]) -> IO[Any, Any]:
        first, second = cache.get(1).flip(), sleep(2).then(cache.get(1).flip())
        return first.zip(second).zip(sleep(1).then(cache.get(1)))

    making = Cache.make(failing_once(fail("down")), capacity=1, error_ttl=3)
    assert outcome(making.flat_map(using)) == (("down", "down"), 1)


def test_a_bug_in_the_load_goes_to_all_who_wait() -> None:
    """Also one in the function that makes the load."""

    def broken(key: int) -> IO[int]:
        raise ZeroDivisionError

    for load in (broken, lambda key: die(ZeroDivisionError())):
        program = Cache.make(load, capacity=1).flat_map(lambda cache: par_settle([cache.get(1), cache.get(1)]))
        assert [type(exit.failure().defects()[0]) for exit in outcome(program)] == [ZeroDivisionError] * 2


# -- One load for all ----------------------------------------------------------------------------------------


def test_a_thousand_who_want_one_key_load_it_once() -> None:
    """No stampede: one load, and each gets its value when it ends."""
    source = Source()
    program = source.cache(lambda cache: par_collect([cache.get(1)] * 1000).zip(cache.stats()))
    values, stats = outcome(program)
    assert values == [10] * 1000
    assert stats == CacheStats(1, 0, hits=0, joins=999, misses=1, failures=0, evictions=0)
    assert source.log == [1]


def test_the_load_goes_on_while_one_waits() -> None:
    """The cancel of the one who began it does not touch the others."""
    source = Source(5)
    program = source.cache(lambda cache: par_zip(cache.get(1).move_on_after(1), sleep(0.5).then(cache.get(1))).zip(now))
    assert outcome(program) == ((None, 10), 5)
    assert source.log == [1]


def test_the_load_is_cancelled_when_the_last_one_leaves() -> None:
    """It is awaited by that one, and nothing is kept; who comes later loads anew."""
    source = Source(5)

    def using(cache: Cache[int, int]) -> IO[Any]:
        leaving = par_zip(cache.get(1).move_on_after(1), cache.get(1).move_on_after(2))
        return leaving.zip(now).zip(cache.get(1))

    assert outcome(source.cache(using)) == (((None, None), 2), 10)
    assert source.log == [1, "cancelled", 1]


def test_a_load_that_nobody_wants_any_more_does_not_begin() -> None:
    """Whoever began it and was cancelled before its first step."""
    seen: list[tuple[int, int]] = []

    def program() -> IO[Any]:
        source = Source()

        def using(cache: Cache[int, int]) -> IO[tuple[int, int]]:
            waiting = par_settle([cache.get(1)])
            return waiting.then(cache.stats()).map(lambda stats: (stats.misses, len(source.log)))

        return source.cache(using)

    cancelled_everywhere(program, seen.append, victims=["par_settle[0]"])
    assert set(seen) == {(0, 0), (1, 0), (1, 1), (1, 2)}


def test_a_load_is_not_cut_by_the_deadline_of_the_first() -> None:
    """It runs in a fiber of its own, outside of the scopes of whoever began it."""
    source = Source(5)
    program = source.cache(lambda cache: par_zip(cache.get(1).fail_after(1).either(), cache.get(1).fail_after(9)))
    assert outcome(program)[1] == 10


def test_a_cancel_anywhere_leaves_the_cache_whole() -> None:
    """Whoever is cancelled, at whatever action, the others get the value and nothing is left on its way.

    Single flight with a cancelled leader.
    """
    source = Source(2)

    @do
    def program() -> Do[tuple[list[Exit[int, Any]], CacheStats], Any]:
        cache: Cache[int, int] = yield from Cache.make(source.load, capacity=1, ttl=60)
        exits = yield from par_settle([cache.get(1), sleep(1).then(cache.get(1)), sleep(2).then(cache.get(1))])
        yield from cache.get(1).fail_after(60)
        return exits, (yield from cache.stats())

    def check(seen: tuple[list[Exit[int, Any]], CacheStats]) -> None:
        exits, stats = seen
        assert sum(isinstance(exit, Failure) for exit in exits) <= 1
        assert (stats.size, stats.loading) == (1, 0)

    victims = [f"par_settle[{n}]" for n in range(3)]
    assert cancelled_everywhere(program, check, victims=victims, seeds=(None, 1, 2)) > 100


def test_a_load_goes_on_for_a_finalizer_when_the_run_is_cancelled() -> None:
    """Ctrl-C cancels who waits, and the load only if all of them leave; afterwards the cache is as before."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    for waiting, log in ((cache_get, [1, "cancelled"]), (cache_get_shielded, [1])):
        source = Source(5)
        cache: Cache[int, int] = outcome(Cache.make(source.load, capacity=1))
        with pytest.raises(KeyboardInterrupt):
            outcome(par_zip(waiting(cache), sleep(1).then(delay(interrupt))))
        assert source.log == log
        assert outcome(cache.stats()).loading == 0


def cache_get(cache: Cache[int, int]) -> IO[int]:
    return cache.get(1)


def cache_get_shielded(cache: Cache[int, int]) -> IO[int]:
    return cache.get(1).shielded()


# -- Memo ----------------------------------------------------------------------------------------------------


def test_memo_runs_again_after_its_time() -> None:
    """Who wants the value meanwhile has the same one; who waits for it waits for the same run."""
    runs: list[float] = []
    io = now.tap(lambda moment: delay(runs.append, moment)).tap(lambda moment: sleep(1))

    @do
    def program() -> Do[list[float]]:
        latest = yield from memo(io, ttl=3)
        yield from par_zip(latest, latest)
        yield from sleep(2.5)
        yield from latest
        yield from sleep(1)
        yield from latest
        return runs

    assert outcome(program()) == [0, 4.5]


def test_memo_keeps_no_failure() -> None:
    """A failing run is followed by another one."""
    runs = iter([fail("down"), pure(1)])
    io: IO[int, str] = suspend(lambda: next(runs))
    assert outcome(memo(io, ttl=9).flat_map(lambda latest: latest.either().zip(latest).zip(latest)))[1] == 1


MISTAKES: dict[str, tuple[type[Exception], Callable[[], object]]] = {
    "capacity 0": (ValueError, lambda: Cache.make(pure, capacity=0)),
    "no function": (TypeError, lambda: Cache.make(unit.then(unit), capacity=1)),  # type: ignore[arg-type]
    "memo of no program": (TypeError, lambda: memo(1, ttl=1)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("error", "build"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_refused_when_built(error: type[Exception], build: Callable[[], object]) -> None:
    """A wrong argument raises where the program is made."""
    with pytest.raises(error):
        build()


def test_who_waits_for_a_load_is_told_of_which() -> None:
    """A deadlock names the key and the cache; one without a name is called by the line that made it."""

    def load(key: str) -> IO[str]:
        return never

    for make, text in [
        (Cache.make(load, capacity=1, name="users"), "waits for the value of 'ann', which Cache 'users' is loading"),
        (Cache.make(load, capacity=1), "the value of 'ann', which Cache made at tests/unit/resource/test_cache.py:"),
    ]:
        stuck = make.flat_map(lambda cache: cache.get("ann"))
        assert text in repr(run_exit(stuck, clock=VirtualClock()))


SELF_MADE: dict[str, dict[str, Callable[[Cache[str, str]], IO[Any, Any]]]] = {
    "itself": {"a": lambda cache: cache.get("a")},
    "a child": {"a": lambda cache: par_zip(sleep(2), cache.get("a").fail_after(9))},
    "two keys": {"a": lambda cache: cache.get("b"), "b": lambda cache: cache.get("a")},
    "a row": {"a": lambda cache: cache.get("b"), "b": lambda cache: cache.get("c"), "c": lambda cache: cache.get("a")},
}


@pytest.mark.parametrize("case", SELF_MADE)
def test_load_that_waits_for_itself_is_a_defect(case: str) -> None:
    """Whoever waits gets an error that names the key, instead of waiting for ever; then nothing is loading."""
    program = Needing(SELF_MADE[case]).cache(lambda cache: cache.get("a").exit().zip(cache.stats()))
    exit, stats = outcome(program)
    (problem,) = exit.failure().defects()
    assert str(problem) == "the load of 'a' in Cache 'words' would wait for itself"
    assert stats.loading == 0


def test_loads_that_begin_apart_and_wait_for_each_other_are_a_defect() -> None:
    """Whichever of the two asks last, both fail."""
    program = Needing(SELF_MADE["two keys"]).cache(lambda cache: par_settle([cache.get("a"), cache.get("b")]))
    first, second = outcome(program)
    assert first.failure().defects() == second.failure().defects() != ()


def test_loads_may_need_others_and_be_needed_by_many() -> None:
    """A diamond of keys is no circle."""
    needs: dict[str, Callable[[Cache[str, str]], IO[Any, Any]]] = {
        "a": lambda cache: par_zip(cache.get("b"), cache.get("c")),
        "b": lambda cache: cache.get("d"),
        "c": lambda cache: cache.get("d"),
        "d": lambda cache: unit(),
    }
    program = Needing(needs).cache(lambda cache: par_zip(cache.get("a"), cache.get("d")))
    assert outcome(program) == ("A", "D")


def test_what_a_load_starts_elsewhere_may_ask_for_its_key() -> None:
    """The load does not wait for a fiber that it forks into a group around it."""

    def body(group: TaskGroup) -> IO[Any, Any]:
        needing = Needing({"a": lambda cache: group.fork(cache.get("a")).then(sleep(1))})
        return needing.cache(lambda cache: cache.get("a").then(cache.stats()))

    assert outcome(task_group(body)).joins == 1


def test_repr_tells_how_it_stands() -> None:
    """The name and the counts."""

    def load(key: int) -> IO[int]:
        return pure(key)

    cache = run(Cache.make(load, capacity=2, name="squares").tap(lambda cache: cache.get(1)))
    assert repr(cache) == "<Cache 'squares': 1 of 2 kept, 0 loading>"


def test_load_that_makes_no_program_is_named() -> None:
    """The mistake is told with the name of the function, without the key that it was given."""

    def number_of(key: str) -> Any:
        return 7

    loading = Cache.make(number_of, capacity=1).flat_map(lambda cache: cache.get("key"))
    (problem,) = run_exit(loading).failure().defects()
    assert str(problem).endswith("number_of must return a program, not 7")

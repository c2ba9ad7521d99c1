"""`Semaphore` and `CapacityLimiter`: so many at a time."""

from __future__ import annotations

import threading
from math import inf
from typing import Any

import pytest

from effio import (
    IO,
    CapacityLimiter,
    Do,
    Semaphore,
    VirtualClock,
    delay,
    do,
    dump_fibers,
    from_callback,
    now,
    par_collect,
    par_settle,
    par_zip,
    pure,
    run,
    run_exit,
    sleep,
    yield_now,
)
from effio.concurrent.capacity_limiter import CapacityLimiterStats
from effio.concurrent.semaphore import SemaphoreStats
from effio.interpreter.backends.simulated import simulate
from tests.unit.concurrent.room import Room
from tests.unit.concurrent.sweep import cancelled_everywhere, defect_of, go, value_of

# -- Semaphore -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_never_more_than_there_are_permits(seed: int) -> None:
    """In any order of the fibers at most two are inside, all get there, and all permits are back in the end."""
    room = Room()

    @do
    def program() -> Do[SemaphoreStats]:
        semaphore = yield from Semaphore.make(2)
        yield from par_collect([semaphore.with_permit(room.visit()) for _ in range(9)])
        return (yield from semaphore.stats())

    assert value_of(simulate(program(), seed=seed)) == SemaphoreStats(available=2, waiting=0, holders=())
    assert (room.most, room.visits) == (2, 9)


def test_a_cancel_anywhere_loses_no_permit() -> None:
    """Whoever is cancelled, at whatever action, wanting few or many, all permits are back in the end."""

    @do
    def program() -> Do[SemaphoreStats]:
        semaphore = yield from Semaphore.make(3)
        users = [semaphore.with_permits(count)(yield_now().then(yield_now())) for count in (2, 3, 1, 1)]
        yield from par_settle(users)
        yield from semaphore.acquire(3)
        yield from semaphore.release(3)
        return (yield from semaphore.stats())

    def check(stats: SemaphoreStats) -> None:
        assert stats == SemaphoreStats(available=3, waiting=0, holders=())

    assert cancelled_everywhere(program, check, victims=[f"par_settle[{n}]" for n in range(4)]) > 300


def test_who_wants_few_does_not_overtake_who_wants_many() -> None:
    """Permits are handed out strictly in the order they were asked for."""
    order: list[str] = []

    @do
    def program() -> Do[None]:
        semaphore = yield from Semaphore.make(2)

        def user(name: str, permits: int) -> IO[None]:
            return semaphore.with_permits(permits)(delay(order.append, name).then(sleep(1)))

        yield from par_collect([user("one", 1), user("two", 2), user("small", 1)])

    go(program())
    assert order == ["one", "two", "small"]


def test_cancelled_giant_lets_the_others_pass() -> None:
    """When the one that wanted more than there is gives up, those behind it get theirs at once."""

    @do
    def program() -> Do[list[Any]]:
        semaphore = yield from Semaphore.make(2)
        giant = semaphore.acquire(5).move_on_after(3)
        small = yield_now().then(semaphore.with_permit(now()))
        _, *times = yield from par_collect([giant, small, small])
        return times

    assert go(program()) == [3.0, 3.0]


def test_release_by_anybody_adds_a_permit() -> None:
    """Permits may be released by who never took one; whoever waits longest gets them."""

    @do
    def program() -> Do[tuple[list[Any], SemaphoreStats]]:
        semaphore = yield from Semaphore.make(0)
        signal = sleep(1).then(semaphore.release(3))
        values = yield from par_collect([semaphore.acquire(2).then(now()), semaphore.acquire().then(now()), signal])
        return values, (yield from semaphore.stats())

    values, stats = go(program())
    assert values == [1.0, 1.0, None]
    assert (stats.available, stats.waiting) == (0, 0)


def test_try_acquire_takes_only_what_nobody_waits_for() -> None:
    """It takes permits that are there, and leaves them if somebody waits for more."""

    @do
    def program() -> Do[list[Any]]:
        semaphore = yield from Semaphore.make(2)
        first = yield from semaphore.try_acquire()
        waiting = semaphore.acquire(2).move_on_after(1)
        _, second = yield from par_zip(waiting, yield_now().then(semaphore.try_acquire()))
        return [first, second, (yield from semaphore.try_acquire(2)), (yield from semaphore.try_acquire())]

    assert go(program()) == [True, False, False, True]


def test_holders_are_known() -> None:
    """Statistics and dumps name the fibers that hold permits."""

    @do
    def program() -> Do[Any]:
        semaphore = yield from Semaphore.make(2, name="disk")
        reader = semaphore.with_permit(sleep(2)).named("reader")
        writer = semaphore.with_permit(sleep(2)).named("writer")
        third = semaphore.with_permit(now())
        look = sleep(1).then(semaphore.stats().zip(dump_fibers()))
        *_, seen = yield from par_collect([reader, writer, third, look])
        return seen

    stats, dump = go(program())
    assert stats == SemaphoreStats(available=0, waiting=1, holders=("reader", "writer"))
    assert "waits for a permit of Semaphore 'disk', held by 'reader', 'writer'" in str(dump)


@pytest.mark.parametrize("word", ["acquire", "try_acquire", "release", "with_permits"])
def test_number_of_permits_is_checked_when_the_program_is_built(word: str) -> None:
    """Less than one permit, or no whole number, is refused by the method itself."""
    semaphore: Any = go(Semaphore.make(1))
    with pytest.raises(ValueError, match=f"permits of {word} must be at least 1, not 0"):
        getattr(semaphore, word)(0)
    with pytest.raises(TypeError, match=f"permits of {word} must be a whole number, not 1.5"):
        getattr(semaphore, word)(1.5)
    with pytest.raises(ValueError, match="permits of Semaphore must be at least 0, not -1"):
        Semaphore.make(-1)


@pytest.mark.parametrize("word", ["with_permit", "with_permits"])
def test_what_is_no_program_is_refused_by_the_word_that_was_used(word: str) -> None:
    """A function where the program belongs is refused when it is built, under the name that was written."""
    semaphore = run(Semaphore.make(1))
    given: Any = {"with_permit": semaphore.with_permit, "with_permits": semaphore.with_permits(1)}[word]
    with pytest.raises(TypeError, match=f"^{word} needs a program"):
        given(lambda: sleep(1))


# -- CapacityLimiter -----------------------------------------------------------------------------------------

EMPTY = CapacityLimiterStats(total=2, borrowed=0, waiting=0, borrowers=())


@pytest.mark.parametrize("seed", range(10))
def test_never_more_than_there_are_tokens(seed: int) -> None:
    """In any order of the fibers at most two are inside, and all tokens are back in the end."""
    room = Room()

    @do
    def program() -> Do[CapacityLimiterStats]:
        limiter = yield from CapacityLimiter.make(2)
        yield from par_collect([limiter.with_token(room.visit()) for _ in range(7)])
        return (yield from limiter.stats())

    assert value_of(simulate(program(), seed=seed)) == EMPTY
    assert (room.most, room.visits) == (2, 7)


def test_a_cancel_anywhere_loses_no_token() -> None:
    """Whoever is cancelled, at whatever action, all tokens are back in the end."""

    @do
    def program() -> Do[CapacityLimiterStats]:
        limiter = yield from CapacityLimiter.make(2)
        yield from par_settle([limiter.with_token(yield_now()) for _ in range(4)])
        return (yield from limiter.stats())

    def check(stats: CapacityLimiterStats) -> None:
        assert stats == EMPTY

    assert cancelled_everywhere(program, check, victims=["par_settle[0]", "par_settle[3]"]) > 100


def test_growing_wakes_and_shrinking_takes_nothing_away() -> None:
    """More tokens go to who waits at once; with fewer, whoever holds one keeps it and newcomers wait longer."""

    @do
    def program() -> Do[list[Any]]:
        limiter = yield from CapacityLimiter.make(1)
        users = [limiter.with_token(now().tap(lambda time: sleep(10))) for _ in range(4)]
        *times, _ = yield from par_collect([*users, sleep(1).then(limiter.resize(3)).then(limiter.resize(1))])
        return times

    assert go(program()) == [0.0, 1.0, 1.0, 20.0 + 1.0 - 10.0]


def test_infinitely_many_tokens() -> None:
    """`math.inf` limits nobody."""

    @do
    def program() -> Do[list[float]]:
        limiter = yield from CapacityLimiter.make(inf)
        return (yield from par_collect([limiter.with_token(sleep(1).then(now())) for _ in range(100)]))

    assert set(go(program())) == {1.0}


def test_second_token_for_the_same_fiber_is_an_error() -> None:
    """Who would wait for itself gets a defect that names it."""

    @do
    def program() -> Do[Any]:
        limiter = yield from CapacityLimiter.make(1, name="slots")
        return (yield from limiter.with_token(limiter.with_token(sleep(1))).exit())

    defect = defect_of(go(program()))
    assert str(defect) == "'program' cannot borrow a second token of CapacityLimiter 'slots'"


def test_second_wait_in_the_same_name_is_an_error() -> None:
    """A name that waits for a token already cannot wait for another one."""

    @do
    def program() -> Do[Any]:
        limiter = yield from CapacityLimiter.make(0, name="slots")
        waiting = limiter.acquire(borrower="job")
        _, exit = yield from par_zip(waiting.move_on_after(1), yield_now().then(waiting).exit())
        return exit

    assert str(defect_of(go(program()))) == "\"'job'\" cannot borrow a second token of CapacityLimiter 'slots'"


def test_giving_back_what_was_not_borrowed_is_an_error() -> None:
    """The error names who has none."""

    @do
    def program() -> Do[Any]:
        limiter = yield from CapacityLimiter.make(1, name="slots")
        return (yield from limiter.release().exit())

    assert str(defect_of(go(program()))) == "'program' has no token of CapacityLimiter 'slots' to give back"


def test_tokens_in_the_name_of_somebody_else() -> None:
    """A token that was borrowed in some name is given back in that name, by whoever likes."""

    @do
    def program() -> Do[tuple[tuple[str, ...], int]]:
        limiter = yield from CapacityLimiter.make(2)
        yield from limiter.acquire(borrower="job 1")
        borrowers = (yield from limiter.stats()).borrowers
        yield from par_collect([limiter.release(borrower="job 1")])
        return borrowers, (yield from limiter.stats()).borrowed

    assert go(program()) == (("'job 1'",), 0)


@pytest.mark.parametrize(("total", "error"), [(-1, ValueError), (1.5, TypeError), (float("nan"), TypeError)])
def test_number_of_tokens_is_checked_when_the_program_is_built(total: float, error: type[Exception]) -> None:
    """What is no number of tokens is refused by the function itself."""
    with pytest.raises(error, match="number of tokens of CapacityLimiter must be"):
        CapacityLimiter.make(total)


def test_token_is_shared_with_a_thread() -> None:
    """A thread holds a token that a fiber waits for; the fiber goes on when the thread is through with it."""
    order: list[str] = []
    holding = threading.Event()
    leaving = threading.Event()

    def in_thread(limiter: CapacityLimiter) -> None:
        with limiter.held_by_thread():
            order.append("thread")
            holding.set()
            leaving.wait(10)

    def started(thread: threading.Thread) -> IO[None]:
        def register(resume: Any) -> None:
            thread.start()
            threading.Thread(target=lambda: (holding.wait(10), resume(pure(None)))).start()

        return from_callback(register)

    @do
    def program() -> Do[tuple[int, int]]:
        limiter = yield from CapacityLimiter.make(1)
        thread = threading.Thread(target=in_thread, args=(limiter,), name="worker")
        yield from started(thread)
        assert (yield from limiter.stats()).borrowers == ("worker",)
        waiting = limiter.with_token(delay(order.append, "fiber"))
        yield from par_zip(waiting, yield_now().then(delay(leaving.set)))
        yield from delay(thread.join, 10)
        stats = yield from limiter.stats()
        return stats.borrowed, stats.waiting

    assert run(program()) == (0, 0)
    assert order == ["thread", "fiber"]


def test_thread_waits_for_a_fiber() -> None:
    """A thread that asks while a fiber holds the last token is blocked until the fiber gives it back."""
    order: list[str] = []

    def in_thread(limiter: CapacityLimiter) -> None:
        with limiter.held_by_thread():
            order.append("thread")

    @do
    def program() -> Do[None]:
        limiter = yield from CapacityLimiter.make(1)
        thread = threading.Thread(target=in_thread, args=(limiter,))

        @do
        def holding() -> Do[None]:
            yield from delay(thread.start)
            while (yield from limiter.stats()).waiting == 0:
                yield from sleep(0.001)
            yield from delay(order.append, "fiber")

        yield from limiter.with_token(holding())
        yield from delay(thread.join, 10)

    run(program())
    assert order == ["fiber", "thread"]


def test_token_that_a_thread_gave_to_a_cancelled_fiber_goes_on() -> None:
    """A token on its way from another thread to a fiber that is cancelled meanwhile is not lost."""

    @do
    def program() -> Do[tuple[int, int]]:
        limiter = yield from CapacityLimiter.make(1)

        def give_back_elsewhere() -> None:
            thread = threading.Thread(target=limiter.give_back, args=("job",))
            thread.start()
            thread.join(10)

        yield from limiter.acquire(borrower="job")
        waiting = limiter.with_token(sleep(5)).fail_after(0.01).exit()
        # The thread gives the token away while this fiber keeps the loop busy until the other's deadline has passed.
        yield from par_zip(waiting, delay(give_back_elsewhere).then(delay(busy, 0.03)))
        stats = yield from limiter.stats()
        return stats.borrowed, stats.waiting

    def busy(seconds: float) -> None:
        threading.Event().wait(seconds)

    assert run(program()) == (0, 0)


def test_deadlock_names_the_borrower() -> None:
    """When nothing can go on any more, who waits and who borrowed are told."""

    @do
    def program() -> Do[None]:
        limiter = yield from CapacityLimiter.make(1, name="slots")
        yield from limiter.acquire(borrower="somebody")
        yield from limiter.acquire()

    (defect,) = run_exit(program(), clock=VirtualClock()).failure().defects()
    assert "a token of CapacityLimiter 'slots', borrowed by" in "\n".join(defect.__notes__)
    assert "somebody" in "\n".join(defect.__notes__)

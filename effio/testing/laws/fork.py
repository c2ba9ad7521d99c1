"""Fibers that are forked into a group, joined and cancelled."""

from __future__ import annotations

from effio.algebra.create import fail, never, pure, shield, sleep, task_group
from effio.algebra.io import IO
from effio.data.exit import Exit
from effio.testing.laws.equation import AnyIO, Equation
from effio.testing.laws.view import leaves, nameless, nameless_leaves


def is_cancelled(exit: Exit[object, object]) -> bool:
    """Whether a cancel was all that went wrong."""
    return exit.failure().is_cancelled_only


def join_of_fork(peaceful: AnyIO) -> Equation:
    """Forking and joining is running."""
    left = task_group(lambda group: group.fork(peaceful).flat_map(lambda fiber: fiber.join()))
    return Equation(left, peaceful)


def join_of_a_failure(error: object) -> Equation:
    """Joining what has failed fails as it failed, and the failure is told once."""
    left = task_group(lambda group: group.fork(fail(error)).flat_map(lambda fiber: fiber.join()), on_failure="collect")
    return Equation(left, fail(error), leaves)


def exit_of_a_fork(fa: AnyIO) -> Equation:
    """The exit of a fiber is the exit of its program; where both are cut from outside, the group is around the rest."""
    left = task_group(lambda group: group.fork(fa.exit()).flat_map(lambda fiber: fiber.join()))
    return Equation(left, fa.exit(), nameless_leaves)


def cancelling_what_waits() -> Equation:
    """A fiber that waits for ever and is cancelled has that as its exit."""
    left = task_group(lambda group: group.fork(never).flat_map(lambda fiber: fiber.cancel())).map(is_cancelled)
    return Equation(left, pure(True))


def cancelling_waits_for_finalizers(fin: AnyIO) -> Equation:
    """Who cancels sees the fiber ended, its finalizers included."""
    left = task_group(
        lambda group: group.fork(never.ensuring(fin.exit())).flat_map(lambda fiber: sleep(0).then(fiber.cancel()))
    )
    return Equation(left.then(sleep(1)), fin.exit().then(sleep(1)), nameless)


def a_fork_is_nothing_until_the_end(peaceful: AnyIO) -> Equation:
    """A fiber that waits for ever keeps its group open, and nothing else."""
    left = task_group(
        lambda group: group.fork(never).flat_map(lambda fiber: peaceful.tap(lambda value: fiber.cancel_soon()))
    )
    return Equation(left, peaceful)


def a_fork_from_inside_a_shield() -> Equation:
    """A fiber does not inherit the shield that it was forked in."""
    left = task_group(lambda group: shield(lambda restore: group.fork(never)).flat_map(lambda fiber: fiber.cancel()))
    return Equation(left.map(is_cancelled), pure(True))


def nothing_comes_after_never(fa: AnyIO) -> Equation:
    """Nothing comes after what never ends."""
    return Equation(never.then(fa).move_on_after(1), never.move_on_after(1))


def cancelling_what_has_ended(fa: AnyIO) -> Equation:
    """A fiber that has ended keeps its exit."""

    def body(cancel: bool) -> AnyIO:
        return task_group(
            lambda group: group.fork(fa).flat_map(
                lambda fiber: fiber.exit().flat_map(lambda exit: fiber.cancel() if cancel else pure(exit))
            ),
            on_failure="collect",
        )

    return Equation(body(True), body(False))


def cancelling_twice(fin: AnyIO) -> Equation:
    """The second cancel gives the same exit."""

    def body(times: int) -> IO[object, object]:
        return task_group(
            lambda group: group.fork(never.ensuring(fin)).flat_map(
                lambda fiber: fiber.cancel("first").repeat(times).as_value(None)
            ),
            on_failure="collect",
        )

    return Equation(body(1), body(0))


def an_empty_group(still: AnyIO) -> Equation:
    """A group without children is its body."""
    return Equation(task_group(lambda group: still), still)


def a_cancelled_join_leaves_the_fiber(peaceful: AnyIO) -> Equation:
    """Who stops waiting for a fiber does not stop the fiber."""
    left = task_group(
        lambda group: group.fork(sleep(2).then(peaceful)).flat_map(
            lambda fiber: fiber.join().move_on_after(1).then(fiber.join())
        )
    )
    return Equation(left, sleep(2).then(peaceful))

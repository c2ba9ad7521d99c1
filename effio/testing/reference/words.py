"""What the words of one fiber mean: steps, handlers, finalizers, shields, scopes and time."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from effio.data.cause import Cancelled, Die, Fail, then
from effio.data.errors import TimedOut
from effio.testing import programs as p
from effio.testing.reference.run import (
    DEADLINE,
    RESULT,
    YIELD,
    Done,
    Failed,
    Outcome,
    Place,
    Region,
    Run,
    Shielding,
    Wait,
    Walk,
    action,
    at_once,
    cancelling,
    caused_by,
    cut_at,
    in_sight,
    is_typed,
    leaf_of,
    outwards,
    waiting,
)

# -- Leaves --------------------------------------------------------------------------------------------------


def pure(run: Run, here: Place, node: p.Pure) -> Walk:
    """No action."""
    return at_once(Done(node.value))


def fail(run: Run, here: Place, node: p.Fail) -> Walk:
    """No action."""
    return at_once(Failed(Fail(node.error)))


def die(run: Run, here: Place, node: p.Die) -> Walk:
    """No action."""
    return at_once(Failed(Die(p.Bug(node.message))))


def note(run: Run, here: Place, node: p.Note) -> Walk:
    """An action that takes no time."""
    return action(here, lambda: run.log.append((run.now, node.text, None)))


def sleep(run: Run, here: Place, node: p.Sleep) -> Walk:
    """Wait for a timer, or go to the end of the queue and look for a cancel again."""
    if node.seconds == 0:
        cut = cut_at(here.regions)
        if cut is None:
            yield YIELD
            cut = cut_at(here.regions)
        return cut or Done()
    wait = Wait(here.regions, bare=here.bare)
    fiber = here.fiber
    run.at(node.seconds, RESULT, lambda: run.wake(fiber, wait, Done()), lambda: fiber.wait is wait)
    return (yield from waiting(here, wait))


def never(run: Run, here: Place, node: p.Never) -> Walk:
    """Wait for nothing."""
    return (yield from waiting(here, Wait(here.regions, bare=here.bare)))


def busy(here: Place) -> Place:
    """The same place with something around it that is told of a cancel."""
    return attrs.evolve(here, bare=False)


# -- One after another ---------------------------------------------------------------------------------------


def steps(run: Run, here: Place, node: p.Steps) -> Walk:
    """The first failure ends them."""
    outcome: Outcome = Done()
    for part in node.parts:
        outcome = yield from run.walk(here, part)
        if isinstance(outcome, Failed):
            break
    return outcome


def catch_all(run: Run, here: Place, node: p.CatchAll) -> Walk:
    """A handler sees typed errors alone, and nothing of what unwinds."""
    outcome = yield from run.walk(here, node.source)
    if isinstance(outcome, Failed) and not outcome.unwinding and is_typed(outcome.cause):
        outcome = yield from run.walk(here, node.handler)
    return outcome


def to_exit(run: Run, here: Place, node: p.ToExit) -> Walk:
    """Everything is a value, but what unwinds."""
    outcome = yield from run.walk(here, node.source)
    if isinstance(outcome, Failed) and outcome.unwinding:
        return outcome
    return Done(outcome.exit)


def named(run: Run, here: Place, node: p.Named) -> Walk:
    """A name shows in the names of fibers only, and is left again."""
    return run.walk(busy(here), node.source)


# -- Again and again -----------------------------------------------------------------------------------------


def repeat(run: Run, here: Place, node: p.Repeat) -> Walk:
    """The first failure ends it, also that of the wait before the next run."""
    here = busy(here)
    outcome = yield from run.walk(here, node.source)
    for _ in range(node.times):
        if isinstance(outcome, Done):
            outcome = yield from pause(run, here, node.seconds)
        if isinstance(outcome, Done):
            outcome = yield from run.walk(here, node.source)
    return outcome


def retry(run: Run, here: Place, node: p.Retry) -> Walk:
    """A value ends it, and what unwinds; otherwise the last failure tells of those before it."""
    here = busy(here)
    outcome = yield from run.walk(here, node.source)
    for _ in range(node.times):
        if isinstance(outcome, Done) or outcome.unwinding or not is_typed(outcome.cause):
            break
        waited = yield from pause(run, here, node.seconds)
        if isinstance(waited, Failed):
            return waited
        earlier = outcome.cause
        outcome = yield from run.walk(here, node.source)
        if isinstance(outcome, Failed) and not outcome.unwinding:
            outcome = Failed(then(earlier, outcome.cause))
    return outcome


def pause(run: Run, here: Place, seconds: int) -> Walk:
    """No wait at all between two runs is no action."""
    return sleep(run, here, p.Sleep(seconds)) if seconds else at_once(Done())


# -- Finalizers and shields ----------------------------------------------------------------------------------


def shielded(here: Place) -> Place:
    """The same place, protected from all regions around it."""
    return here.inside(Shielding())


def finalized(run: Run, here: Place, source: p.Program, finalizer: Callable[[Place, Outcome], Walk]) -> Walk:
    """Whatever the source ended with, run the finalizer shielded; what it fails with follows."""
    outcome = yield from run.walk(busy(here), source)
    after = yield from finalizer(shielded(here), outcome)
    if isinstance(after, Done):
        return outcome
    if isinstance(outcome, Done):
        return after
    return attrs.evolve(outcome, cause=then(outcome.cause, after.cause))


def ensuring(run: Run, here: Place, node: p.Ensuring) -> Walk:
    """The same finalizer for every exit."""
    return finalized(run, here, node.source, lambda inner, outcome: run.walk(inner, node.finalizer))


def on_exit(run: Run, here: Place, node: p.OnExit) -> Walk:
    """The exit is noted first; nothing in a finalizer can be cut from outside."""

    def finalizer(inner: Place, outcome: Outcome) -> Walk:
        run.log.append((run.now, "exit", outcome.exit))
        return run.walk(inner, node.finalizer)

    return finalized(run, here, node.source, finalizer)


def on_cancel(run: Run, here: Place, node: p.OnCancel) -> Walk:
    """A finalizer for causes with a cancellation in them."""

    def finalizer(inner: Place, outcome: Outcome) -> Walk:
        cancelled = isinstance(outcome, Failed) and outcome.cause.has_cancelled
        return run.walk(inner, node.finalizer if cancelled else p.Pure())

    return finalized(run, here, node.source, finalizer)


def bracket(run: Run, here: Place, node: p.Bracket) -> Walk:
    """Acquire shielded; the use has a finalizer from the moment that there is something to release."""
    acquired = yield from run.walk(shielded(here), node.acquire)
    if isinstance(acquired, Failed):
        return acquired
    return (yield from ensuring(run, here, p.Ensuring(node.use, node.release)))


def shield(run: Run, here: Place, node: p.Shield) -> Walk:
    """A region that hides those outside."""
    shielding = Shielding()
    return run.walk(attrs.evolve(here.inside(shielding), shields=(*here.shields, shielding)), node.source)


def restore(run: Run, here: Place, node: p.Restore) -> Walk:
    """The same place without one enclosing shield."""
    lifted = outwards(here.shields, node.shield)
    regions = tuple(region for region in here.regions if region is not lifted)
    return run.walk(attrs.evolve(here, regions=regions, bare=here.bare and lifted is None), node.source)


# -- Scopes and time -----------------------------------------------------------------------------------------


def scope(run: Run, here: Place, node: p.Scope) -> Walk:
    """A region that programs inside can refer to."""
    region = Region(here.fiber)
    inner = attrs.evolve(here.inside(region), scopes=(*here.scopes, region))
    return in_scope(run, here, run.walk(inner, node.source), region, node.seconds, p.Pure())


def fail_after(run: Run, here: Place, node: p.FailAfter) -> Walk:
    """A timeout that goes on with a failure."""
    name = node.source.name if isinstance(node.source, p.Named) else None
    timed_out = p.Fail(TimedOut(node.seconds, name))
    return timeout_to(run, here, p.TimeoutTo(node.source, node.seconds, timed_out))


def move_on_after(run: Run, here: Place, node: p.MoveOnAfter) -> Walk:
    """A timeout that goes on with None."""
    return timeout_to(run, here, p.TimeoutTo(node.source, node.seconds, p.Pure()))


def timeout_to(run: Run, here: Place, node: p.TimeoutTo) -> Walk:
    """A scope with a deadline."""
    region = Region(here.fiber)
    source = run.walk(here.inside(region), node.source)
    return in_scope(run, here, source, region, node.seconds, node.fallback)


def in_scope(run: Run, here: Place, source: Walk, region: Region, seconds: int | None, fallback: p.Program) -> Walk:
    """Run `source` in `region`, which stops its own cancel unless one from outside is on its way too."""
    request = Cancelled(source="deadline")
    if seconds == 0:
        run.cancel(region, request)
    elif seconds is not None:
        run.at(
            seconds, DEADLINE, lambda: run.cancel(region, request), lambda: not region.over and region.request is None
        )
    outcome = yield from source
    region.over = True
    if isinstance(outcome, Done) or region.request is None:
        return outcome
    rest = outcome.cause.without(caused_by(region))
    if rest is outcome.cause:
        return outcome
    outer = in_sight(here.regions)
    if outcome.unwinding and outer is not None:
        return Failed(then(leaf_of(outer), rest), unwinding=True)
    if rest is None:
        return (yield from run.walk(here, fallback))
    return Failed(then(Fail(fallback.error), rest) if isinstance(fallback, p.Fail) else rest)


def cancel_scope(run: Run, here: Place, node: p.CancelScope) -> Walk:
    """Ask a scope to stop."""
    return cancelling(run, here, outwards(here.scopes, node.scope))

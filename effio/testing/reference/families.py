"""What words for several fibers mean: parallel words and task groups."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, Final, final

import attrs
from returns.result import Success

from effio.data.cause import Both, Cancelled, Cause, Die, Fail, then
from effio.data.errors import CancelSource
from effio.data.exit import Exit
from effio.testing import programs as p
from effio.testing.reference.run import (
    YIELD,
    Done,
    Failed,
    Fiber,
    Outcome,
    Place,
    Region,
    Regions,
    Run,
    Wait,
    Walk,
    action,
    cancelling,
    caused_by,
    cut_at,
    in_sight,
    is_typed,
    leaf_of,
    outcome_of,
    outwards,
    waiting,
)

# -- Families ------------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class Family(Region):
    """The children of a construct, inside of `regions`; `cut` is a cancel from outside that hit one of them."""

    name: str = attrs.field(kw_only=True)
    regions: Regions = attrs.field(kw_only=True)
    children: list[Fiber] = attrs.field(factory=list[Fiber])
    failures: dict[int, Cause[Any]] = attrs.field(factory=dict[int, Any])
    cut: Cancelled | None = None
    wait: Wait | None = None

    def start(self, run: Run, here: Place, index: int, program: p.Program) -> Fiber:
        """Add a child of a program that stands `here`; it runs when its turn comes."""
        name = f"{self.name}[{index}]"
        if isinstance(program, p.Named):
            name, program = program.name, program.source
        child = Fiber(name=name, index=index, family=self)
        place = attrs.evolve(here, fiber=child, regions=(*self.regions, self, child), bare=True)
        self.children.append(child)
        run.start(child, self.child(run, place, program))
        return child

    def child(self, run: Run, place: Place, program: p.Program) -> Walk:
        """What a child does."""
        return run.walk(place, program)

    def child_ended(self, run: Run, child: Fiber, exit: Exit[Any, Any]) -> None:
        self.children.remove(child)
        own = None if isinstance(exit, Success) else self.own(child, exit.failure())
        self.take(run, child.index, child.name, exit, own)
        self.go_on(run)

    def go_on(self, run: Run) -> None:
        """After a child has ended: wake the owner if it was the last."""
        if self.wait is not None and not self.children:
            run.wake(self.owner, self.wait, None)

    def take(self, run: Run, index: int, name: str, exit: Exit[Any, Any], own: Cause[Any] | None) -> None:
        """Note how a child ended; `own` is its failure apart from cancels."""
        raise NotImplementedError

    def own(self, member: Fiber, cause: Cause[Any]) -> Cause[Any] | None:
        """What a member failed with itself: the cancels asked of the family, of all around, and of itself left out."""
        from_outside = caused_by(*self.regions)
        self.cut = next(filter(from_outside, cause.cancellations()), None) if self.cut is None else self.cut
        return cause.without(caused_by(*self.regions, self, member))

    def all_ended(self, run: Run) -> Generator[Wait, Any, None]:
        """Wait for the children, and those that come meanwhile; no cancel cuts that short, since it goes to them."""
        while self.children:
            self.wait = Wait(self.regions, can_be_cut=False)
            yield self.wait
        self.over = True
        self.owner.families.remove(self)

    def conclude(self, value: Outcome, failures: dict[int, Cause[Any]]) -> Outcome:
        """End with `failures` side by side, each leaf once, after the cancel from outside if there is one."""
        parts: list[Cause[Any]] = []
        for index in sorted(failures):
            new = unseen(failures[index], parts)
            parts += [] if new is None else [new]
        cause = Both(tuple(parts), self.name) if parts else None
        if self.cut is not None:
            target = in_sight(self.regions)
            leaf = self.cut if target is None else leaf_of(target)
            return Failed(then(leaf, cause), unwinding=True)
        return value if cause is None else Failed(cause)


def unseen(cause: Cause[Any], others: Iterable[Cause[Any]]) -> Cause[Any] | None:
    """The leaves of a cause that are in no other one."""
    seen = {id(leaf) for other in others for leaf in other.leaves()}
    return cause.keep(lambda leaf: id(leaf) not in seen)


# -- Parallel ------------------------------------------------------------------------------------------------

CONTESTS: Final = ("race_all", "first_completed")


@final
@attrs.define(eq=False)
class Parallel(Family):
    """The parts of one parallel word; once `decided`, no more of them are started."""

    node: p.Together = attrs.field(kw_only=True)
    place: Place = attrs.field(kw_only=True)
    exits: dict[int, Exit[Any, Any]] = attrs.field(factory=dict[int, Any])
    started: int = 0
    decided: bool = False
    winner: Outcome | None = None

    def start_more(self, run: Run) -> None:
        """Start in order what may run; a part that is a value already needs no fiber."""
        parts = self.node.parts
        limit = self.node.limit if self.node.word in p.WITH_LIMIT else None
        while self.started < len(parts) and not self.decided and len(self.children) < (limit or len(parts)):
            index = self.started
            self.started += 1
            part = parts[index]
            if isinstance(part, p.Pure):
                self.take(run, index, f"{self.name}[{index}]", Success(part.value), None)
            else:
                self.start(run, self.place, index, part)

    def go_on(self, run: Run) -> None:
        self.start_more(run)
        super().go_on(run)

    def take(self, run: Run, index: int, name: str, exit: Exit[Any, Any], own: Cause[Any] | None) -> None:
        self.exits[index] = exit
        source: CancelSource | None = None
        if isinstance(exit, Success):
            if self.node.word in CONTESTS and not self.decided:
                self.winner, source = Done(exit.unwrap()), "race"
        elif own is None:
            self.decided = self.decided or self.node.word not in CONTESTS
        else:
            self.failures[index] = own
            source = "sibling" if self.decides(index) else None
        if source is not None:
            self.decided = True
            run.cancel(self, Cancelled(name, source=source))

    def decides(self, index: int) -> bool:
        """Whether the failure of this part is the failure of the whole."""
        word = self.node.word
        if word == "race_all":
            return not self.is_plain(index)
        if word == "first_completed":
            return not self.decided or not self.is_plain(index)
        return word in ("par_zip", "par_collect")

    def is_plain(self, index: int) -> bool:
        """Whether a part failed with nothing that the success of another could not make good."""
        own = self.failures[index]
        return own is self.exits[index].failure() and not own.has_defect

    def outcome(self) -> Outcome:
        word = self.node.word
        ordered = [self.exits[index] for index in sorted(self.exits)]
        if self.winner is not None:
            counting = {index: own for index, own in self.failures.items() if not self.is_plain(index)}
            self.cut = self.cut if counting else None
            return self.conclude(self.winner, counting)
        if word == "par_settle" and self.cut is None:
            return Done(ordered)
        if word == "par_validate" and self.cut is None and self.failures and all(map(is_typed, self.failures.values())):
            return Failed(Fail(self.all_errors()))
        values = [exit.unwrap() for exit in ordered if isinstance(exit, Success)]
        return self.conclude(Done(tuple(values) if word == "par_zip" else values), self.failures)

    def all_errors(self) -> tuple[object, ...]:
        return tuple(error for index in sorted(self.failures) for error in self.failures[index].failures())


def together(run: Run, here: Place, node: p.Together) -> Walk:
    """Starting children is an action; the whole ends when all of them have ended."""
    cut = cut_at(here.regions)
    if cut is not None:
        return cut
    family = Parallel(here.fiber, name=node.word, regions=here.regions, node=node, place=here)
    here.fiber.families.append(family)
    family.start_more(run)
    yield from family.all_ended(run)
    return family.outcome()


# -- Task groups ---------------------------------------------------------------------------------------------


@final
@attrs.define(eq=False)
class Grouped(Family):
    """The children of a task group."""

    on_failure: p.OnFailure = attrs.field(kw_only=True)
    fibers: list[Fiber] = attrs.field(factory=list[Fiber])
    handled: set[int] = attrs.field(factory=set[int])
    ran: bool = False

    def take(self, run: Run, index: int, name: str, exit: Exit[Any, Any], own: Cause[Any] | None) -> None:
        if own is not None and index not in self.handled:
            self.failures[index] = own
            if self.on_failure == "cancel":
                run.cancel(self, Cancelled(name, source="sibling"))

    def child(self, run: Run, place: Place, program: p.Program) -> Walk:
        outcome = yield from run.walk(place, program)
        if self.on_failure != "ignore" or isinstance(outcome, Done) or outcome.unwinding:
            return outcome
        cause = outcome.cause
        handled = yield from action(place, lambda: run.log.append((run.now, "ignored", cause)))
        if isinstance(handled, Failed):
            return Failed(then(cause, handled.cause), unwinding=handled.unwinding)
        self.handled.add(place.fiber.index)
        return outcome

    def start_child(self, run: Run, here: Place, program: p.Program) -> Fiber:
        """Add a child; one that is a value already has ended."""
        if not isinstance(program, p.Pure):
            self.ran = True
            return self.start(run, here, len(self.fibers), program)
        return Fiber(name="", index=len(self.fibers), family=self, exit=Success(program.value))


BODY: Final = -1


def group(run: Run, here: Place, node: p.Group) -> Walk:
    """A body that fails stops the children; the group ends when all of them have ended."""
    family = Grouped(here.fiber, name="task_group", regions=here.regions, on_failure=node.on_failure)
    here.fiber.families.append(family)
    inner = attrs.evolve(here.inside(family), groups=(*here.groups, family))
    body = yield from run.walk(inner, node.body)
    if isinstance(body, Failed):
        first = next(iter(body.cause.cancellations()), None)
        cancelled = first is not None and body.cause.is_cancelled_only
        run.cancel(family, first if first is not None and cancelled else Cancelled("the body", source="sibling"))
    if not family.ran:
        yield YIELD
    yield from family.all_ended(run)
    if isinstance(body, Done):
        return family.conclude(body, family.failures)
    own = family.own(here.fiber, body.cause)
    own = None if own is None else unseen(own, family.failures.values())
    failures = family.failures if own is None else {**family.failures, BODY: own}
    return family.conclude(Done(), failures)


def fork(run: Run, here: Place, node: p.Fork) -> Walk:
    """Starting a child is an action; the child has not run yet."""
    family: Grouped | None = outwards(here.groups, node.group)

    def start() -> None:
        if family is not None:
            family.fibers.append(family.start_child(run, here, node.source))

    return action(here, start)


def watch(run: Run, here: Place, node: p.Watch) -> Walk:
    """Waiting for an end is an action; a cancel is asked for first, and may hit the one who asks."""
    family: Grouped | None = outwards(here.groups, node.group)
    if family is None or not family.fibers:
        return (yield from action(here, lambda: None))
    target = family.fibers[node.fiber % len(family.fibers)]
    if node.how in ("cancel", "cancel_soon"):
        asked = yield from cancelling(run, here, target)
        if isinstance(asked, Failed) or node.how == "cancel_soon":
            return asked
    if target is here.fiber:
        return cut_at(here.regions) or Failed(Die(RuntimeError(f"fiber {target.name!r} cannot wait for its own end")))
    if target.exit is None:
        wait = Wait(here.regions, bare=here.bare)
        target.watchers.append((here.fiber, wait))
        ended = yield from waiting(here, wait)
    else:
        ended = cut_at(here.regions) or Done(target.exit)
    if isinstance(ended, Failed) or node.how != "join":
        return ended
    return outcome_of(ended.value)


def cancel_group(run: Run, here: Place, node: p.CancelGroup) -> Walk:
    """Ask a group to stop."""
    return cancelling(run, here, outwards(here.groups, node.group))

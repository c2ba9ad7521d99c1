"""What happened in one run, turn by turn, for people and for running it again."""

# The explorer reads the slots of nodes, which have no public side.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import PurePath
from typing import Any, Final, TypeAlias, cast, final
from zlib import crc32

import attrs

from effio.algebra.primitive import Ask, Call, Fork, Invoked, Operation, Parallel, Park, Sleep, Watch
from effio.concurrent.ref import Ref
from effio.data.call_site import CallSite
from effio.data.cause_text import short_repr
from effio.data.touch import Touch, Touches
from effio.interpreter.fiber import DONE, Fiber
from effio.interpreter.group import TaskGroupFamily
from effio.interpreter.scheduler import Scheduler
from effio.interpreter.scope import SHIELD, Region, visible_cancel
from effio.testing.exploration.schedules.system import CANCELLER, CLOCK
from effio.testing.exploration.steps.footprints import told
from effio.testing.exploration.steps.leaks import primitive_of

Naming: TypeAlias = Callable[[Any], str]

NOBODY: Final = -1
"""Instead of a thread: what happened is not what any thread could do."""

VERBS: Final = {"take": "take", "give": "give", "await": "await"}


@final
@attrs.define
class Event:
    """One action of one fiber, or what was done to it from outside.

    `shown` is the value that it gave, or that a function made of a shared one, as it was then. `turn` counts all turns
    of the run, those between actions too; `stopped` names the fiber that could have gone on instead, if there was one.
    `place` is where the fiber stood in the tree of all fibers. What a primitive does in a finalizer cannot fail, any
    other action may.
    """

    turn: int
    fiber: str
    text: str
    time: float = attrs.field(kw_only=True)
    stopped: str | None = attrs.field(default=None, kw_only=True)
    shown: str = attrs.field(default="", kw_only=True)
    place: int = attrs.field(default=0, kw_only=True, repr=False)
    can_fail: bool = attrs.field(default=False, kw_only=True, repr=False)

    def __str__(self) -> str:
        return f"{self.text} -> {self.shown}" if self.shown else self.text


@final
class Journal:
    """Writes down the turns of a run: `choices` are those that differ from what would happen by itself.

    By itself whoever was woken comes to its next action, then the fiber that acted last goes on, else the first in
    the queue; those that are `spinning` let others go first. A choice is its turn, what was done ("run", "cancel",
    "fail", "time", "choose") and the place of the fiber, in the queue or in the tree of all fibers, or the number of
    the way. `census` holds, for each turn, the places of the fibers that a program could cancel. `moves` has for each
    event who acted and the number of the way, or None and the thread of who acted from outside, if it has one; `nodes`
    are the actions, `things` the shared objects that they were about, in the order in which they came up.
    """

    def __init__(self) -> None:
        self.turns = 0
        self.last: Fiber | None = None
        self.choices: list[tuple[int, str, int]] = []
        self.events: list[Event] = []
        self.sums: list[int] = []
        self.sum = 0
        self.census: list[tuple[int, ...]] = []
        self.primitives: dict[int, Any] = {}
        self.spinning: set[Fiber] = set()
        self.namesakes: dict[str, list[Any]] = {}
        self.moves: list[tuple[Fiber | None, int]] = []
        self.way = 0
        self.nodes: list[Any] = []
        self.things: dict[int, tuple[int, Any]] = {}

    def turn(self, scheduler: Scheduler, held: dict[Fiber, Any], fiber: Fiber, node: Any) -> None:
        """A fiber is about to run; `node` is the action that it stopped before."""
        ready = scheduler.ready
        alive = [*scheduler.fibers()]
        self.census.append(cancellable(alive))
        index = ready.index(fiber)
        usual = self.usual(ready, held if node is None else {**held, fiber: node})
        if index != usual:
            self.choices.append((self.turns, "run", index))
        text = "" if node is None else describe(node, self.name)
        if node is not None:
            stopped = None if self.last is None or self.last is fiber or self.last not in ready else self.last.name
            if visible_cancel(fiber.region) is not None:
                text = f"{text} (cancelled)"
            event = Event(
                self.turns,
                fiber.name,
                text,
                time=scheduler.now(),
                stopped=stopped,
                place=alive.index(fiber),
                can_fail=getattr(node, "_touches", None) is None or not is_shielded(fiber),
            )
            self.events.append(event)
            self.moved(fiber, self.way, node)
            self.way = 0
            primitive = primitive_of(node)
            if primitive is not None:
                self.primitives[id(primitive)] = primitive
            fiber.node = recording(node, event, self.name)
            self.last = fiber
        self.count(f"{fiber.name} {'' if node is None else self.kind(node)}")

    def usual(self, ready: Any, held: Any) -> int:
        """The place in the queue of the fiber that would run by itself."""
        found = -1
        for index, fiber in enumerate(ready):
            if fiber not in held:
                return index
            if fiber not in self.spinning and (found < 0 or fiber is self.last):
                found = index
        return max(found, 0)

    def cancel(self, scheduler: Scheduler, fiber: Fiber) -> None:
        """A fiber is about to be cancelled from outside: that of one that is over changes nothing."""
        if fiber.state != DONE:
            self.outside(scheduler, fiber, "cancel", "is cancelled from outside")

    def choose(self, scheduler: Scheduler, number: int) -> None:
        """The next turn goes a way that is not the usual one."""
        self.census.append(cancellable([*scheduler.fibers()]))
        self.choices.append((self.turns, "choose", number))
        self.way = number
        self.count(f"choose {number}")

    def hurry(self, scheduler: Scheduler) -> None:
        """Time is about to pass although somebody could run."""
        ready = scheduler.ready
        if not ready:
            return
        stopped = self.last.name if self.last is not None and self.last in ready else None
        self.census.append(cancellable([*scheduler.fibers()]))
        self.choices.append((self.turns, "time", 0))
        self.events.append(Event(self.turns, "clock", "the next timer fires", time=scheduler.now(), stopped=stopped))
        self.moved(None, CLOCK)
        self.count("clock")

    def fail(self, scheduler: Scheduler, fiber: Fiber, node: Any) -> None:
        """A fiber is about to fail instead of performing its action."""
        self.outside(scheduler, fiber, "fail", f"{describe(node, self.name)} fails")

    def outside(self, scheduler: Scheduler, fiber: Fiber, what: str, text: str) -> None:
        alive = [*scheduler.fibers()]
        index = alive.index(fiber)
        self.census.append(cancellable(alive))
        self.choices.append((self.turns, what, index))
        self.events.append(Event(self.turns, fiber.name, text, time=scheduler.now()))
        self.moved(None, CANCELLER if what == "cancel" else NOBODY)
        self.count(f"{fiber.name} {what}")

    def moved(self, fiber: Fiber | None, number: int, node: Any = None) -> None:
        """Note who did what was written down last, going which way, by which action."""
        self.moves.append((fiber, number))
        self.nodes.append(node)

    def kind(self, node: Any) -> str:
        """What an action is and which shared object it is about, by nothing that may differ in another run."""
        kind, touched = kind_of(node), touched_by(node)
        if not touched:
            return kind
        thing: Any = touched[0].object
        number, _ = self.things.setdefault(id(thing), (len(self.things), thing))
        return f"{kind} {thing if isinstance(thing, str) else number}"

    def count(self, text: str) -> None:
        self.turns += 1
        self.sum = crc32(text.encode(), self.sum)
        self.sums.append(self.sum & 0xFF)

    def name(self, thing: Any) -> str:
        """A shared object as no other one of the run is called: `counter`, `Ref bank.py:36`, `Ref bank.py:36 #2`."""
        text = thing_text(thing)
        namesakes = self.namesakes.setdefault(text, [])
        number = next((index for index, other in enumerate(namesakes) if other is thing), len(namesakes))
        if number == len(namesakes):
            namesakes.append(thing)
        return f"{text} #{number + 1}" if number else text


def recording(node: Any, event: Event, name: Naming) -> Any:
    """The same action, its value put into `event`."""
    if not isinstance(node, (Call, Operation)):
        return node
    record = Recording(node._function, event, name, makes=isinstance(node, Operation))
    return Call(record, node._args, node._kwargs, node._catches)


@final
@attrs.frozen
class Recording:
    """A function that is called once, its value written down; if it `makes` something shared, that."""

    function: Callable[..., Any]
    event: Event
    name: Naming
    makes: bool = attrs.field(kw_only=True)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        value = self.function(*args, **kwargs)
        owner = getattr(self.function, "__self__", None)
        if self.makes and owner is None and type(value).__module__.startswith("effio.concurrent."):
            shared = getattr(value, "_shared", None)
            if shared is not None and getattr(shared, "name", None) is None:
                self.event.text = f"make {self.name(shared)}"
                return value
            self.event.text = f"make {type(value).__name__}"
        if value is not None:
            self.event.shown = short_repr(value)
        elif isinstance(owner, Ref) and any(map(callable, args)):
            self.event.shown = short_repr(cast("Any", owner)._value)
        return value


def cancellable(alive: Sequence[Fiber]) -> tuple[int, ...]:
    """The places of those fibers that a program can cancel by themselves: the main one, and those in task groups."""
    return tuple(place for place, fiber in enumerate(alive) if is_cancellable(fiber))


def is_cancellable(fiber: Fiber) -> bool:
    """Whether somebody can have a handle of the fiber."""
    return fiber.family is None or isinstance(fiber.family, TaskGroupFamily)


def is_shielded(fiber: Fiber) -> bool:
    """Whether the fiber is in a shield, as every finalizer is."""
    region: Region | None = fiber.region
    while region is not None and region is not fiber:
        if region.kind == SHIELD:
            return True
        region = region.outer
    return False


# -- Actions in words ----------------------------------------------------------------------------------------


def describe(node: Any, name: Naming) -> str:
    """An action in a few words, shared objects called as `name` says."""
    match node:
        case Operation():
            return operation_text(node, name)
        case Invoked():
            return f"{name_of(node._function)}{arguments(node._args)}"
        case Park():
            return wait_text(node, name)
        case Sleep():
            return "yield" if node._seconds <= 0 else f"sleep({node._seconds:g})"
        case Watch():
            return f"{node._how} {node._fiber.name}"
        case Fork():
            return f"fork {node._name or 'a child'} into {node._group.name}"
        case Parallel():
            return f"{node._name} of {len(node._items)}"
        case Ask():
            return " ".join([name_of(node._question), *things_of(node, name)])
        case _:
            return type(node).__name__.lower()


def prospect(node: Any) -> str:
    """An action in a few words, with the value that it is about to find if that is in a `Ref`."""
    owner = getattr(getattr(node, "_function", None), "__self__", None)
    words = describe(node, thing_text)
    return f"{words} at {short_repr(cast('Any', owner)._value)}" if isinstance(owner, Ref) else words


def kind_of(node: Any) -> str:
    """What an action is, without anything that may differ between two runs of the same program."""
    function = getattr(node, "_function", None) or getattr(node, "_question", None)
    return type(node).__name__ if function is None else name_of(function)


def operation_text(node: Operation, name: Naming) -> str:
    """What is done to which shared object: `set counter(1)`."""
    function = node._function
    if isinstance(function, type):
        return f"make {function.__name__}"
    return " ".join([name_of(function), *things_of(node, name)]) + arguments(node._args)


def wait_text(node: Park, name: Naming) -> str:
    """What is waited for: the shared object if it is known, what a dump would say if not."""
    touched = touched_by(node)
    if touched:
        return f"{VERBS.get(touched[0].mode, 'wait for')} {name(touched[0].object)}"
    return "wait" if callable(node._reason) else f"wait for {node._reason}"


def things_of(node: Any, name: Naming) -> list[str]:
    """The shared object that an action is about, if it tells."""
    return [name(touch.object) for touch in touched_by(node)[:1]]


def touched_by(node: Any) -> tuple[Touch, ...]:
    """What an action says that it touches."""
    touches: Touches | None = getattr(node, "_touches", None)
    return told(touches or ())


def thing_text(thing: Any) -> str:
    """A shared object by its name, or by its kind and the line that made it: `Ref bank.py:36`."""
    name, kind, site = (getattr(thing, field, None) for field in ("name", "kind", "site"))
    if name is not None:
        return str(name)
    if kind is None:
        return short_repr(thing)
    return made(str(kind), site) if isinstance(site, CallSite) else str(kind)


@lru_cache(maxsize=1_000)
def made(kind: str, site: CallSite) -> str:
    """What has no name, by the line that made it."""
    origin = site.origin()
    return f"{kind} {PurePath(origin.file).name}:{origin.line}"


def name_of(function: Any) -> str:
    """What a function is called, for people."""
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__name__", None) or type(function).__name__
    return str(name).strip("_")


def arguments(args: tuple[Any, ...]) -> str:
    """Arguments in brackets, or nothing."""
    shown = [name_of(argument) if callable(argument) else short_repr(argument) for argument in args]
    return f"({', '.join(shown)})" if args else ""

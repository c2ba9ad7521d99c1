"""The error tree: everything that went wrong in a program, in the shape of the program.

Trees may be 100 000 deep: whatever visits more than one node goes through `effio.data.tree`.
"""

from __future__ import annotations

import itertools
import operator
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, Never, TypeVar, cast, final, overload

import attrs

from effio.data import cause_exception, cause_json, cause_report, cause_text, tree
from effio.data.cause_equivalence import Flat, Numbering
from effio.data.cause_text import Outline, short_repr
from effio.data.error_equality import ErrorKey
from effio.data.errors import CancelSource, Failed, ProgramCancelled, cancelled_text, fatal_of
from effio.data.location import ChildReport, Location

Error = TypeVar("Error", covariant=True)
OtherError = TypeVar("OtherError")
Result = TypeVar("Result")

FAILS: Final = 1
DIES: Final = 2
CANCELLED: Final = 4
UNPLACED: Final = 8


class Cause(tree.Tree, Generic[Error]):
    """Why a program did not succeed: one of `Fail`, `Die`, `Cancelled`, `Then`, `Both`.

    Causes are equal if they have the same shape and equal leaves; where something happened does not count.
    `_kinds` has a bit for each kind of leaf in it, and one more in a tree with a leaf that knows no place.
    """

    __slots__ = ()
    _kinds: int

    @property
    def parts(self) -> tuple[Cause[Error], ...]:
        """The causes directly inside this one; a leaf has none."""
        return ()

    # -- What is in it ----

    def leaves(self) -> Iterator[Fail[Error] | Die | Cancelled]:
        """Yield every `Fail`, `Die` and `Cancelled`, from left to right."""
        return cast("Iterator[Fail[Error] | Die | Cancelled]", tree.leaves(self, _parts))

    def failures(self) -> tuple[Error, ...]:
        """List the typed errors."""
        return tuple(leaf.error for leaf in self.leaves() if isinstance(leaf, Fail))

    def defects(self) -> tuple[BaseException, ...]:
        """List the exceptions that were bugs."""
        return tuple(leaf.exception for leaf in self.leaves() if isinstance(leaf, Die))

    def cancellations(self) -> tuple[Cancelled, ...]:
        """List the cancellations."""
        return tuple(leaf for leaf in self.leaves() if isinstance(leaf, Cancelled))

    def first_fail(self) -> Fail[Error] | None:
        """Find the primary typed error; None if there is no typed error."""
        return next((leaf for leaf in self.leaves() if isinstance(leaf, Fail)), None)

    def fatal(self) -> BaseException | None:
        """Find the first `KeyboardInterrupt` or `SystemExit`."""
        for leaf in self.leaves():
            found = leaf.exception if isinstance(leaf, Die) else getattr(leaf, "error", None)
            fatal = fatal_of(found)
            if fatal is not None:
                return fatal
        return None

    @property
    def has_defect(self) -> bool:
        """Whether one of the leaves is a bug."""
        return bool(self._kinds & DIES)

    @property
    def has_cancelled(self) -> bool:
        """Whether one of the leaves is a cancellation."""
        return bool(self._kinds & CANCELLED)

    @property
    def is_cancelled_only(self) -> bool:
        """Whether nothing happened but cancellations."""
        return self._kinds & ~UNPLACED == CANCELLED

    def equivalent(self, other: Cause[object], /) -> bool:
        """Compare with nesting flattened, order inside `Both` ignored, a `Both` of one part as that part."""
        numbering = Numbering()

        def flatten(node: Cause[object], below: tuple[Flat, ...]) -> Flat:
            if isinstance(node, (Then, Both)):
                return numbering.joined("then" if isinstance(node, Then) else "both", below)
            return numbering.leaf(node)

        mine, theirs = (numbering.number(tree.fold(cause, _parts, flatten)) for cause in (self, other))
        return mine == theirs

    # -- What can be made of it ----

    def fold(
        self,
        *,
        on_fail: Callable[[Error], Result],
        on_die: Callable[[BaseException], Result],
        on_cancelled: Callable[[Cancelled], Result],
        on_then: Callable[[tuple[Result, ...]], Result],
        on_both: Callable[[tuple[Result, ...]], Result],
    ) -> Result:
        """Combine the tree into one value, the leaves first."""

        def combine(node: Cause[Error], below: tuple[Result, ...]) -> Result:
            if isinstance(node, Fail):
                return on_fail(node.error)
            if isinstance(node, Die):
                return on_die(node.exception)
            if isinstance(node, Cancelled):
                return on_cancelled(node)
            return on_then(below) if isinstance(node, Then) else on_both(below)

        return tree.fold(self, _parts, combine)

    def map(self, function: Callable[[Error], OtherError], /) -> Cause[OtherError]:
        """Replace every typed error by what the function makes of it."""

        def combine(node: Cause[Error], below: tuple[Cause[OtherError], ...]) -> Cause[OtherError]:
            if isinstance(node, Fail):
                return Fail(function(node.error), node.at)
            return node._around(below)

        return tree.fold(self, _parts, combine)

    def without(self, drop: Callable[[Cancelled], bool], /) -> Cause[Error] | None:
        """Leave out the cancellations that `drop` chooses; None if nothing is left.

        What held only such leaves goes too; a `Both` of which one part is left stays a `Both`.
        """
        return self.keep(lambda leaf: not (isinstance(leaf, Cancelled) and drop(leaf)))

    def keep(self, wanted: Callable[[Fail[Error] | Die | Cancelled], bool], /) -> Cause[Error] | None:
        """Leave out every leaf that is not `wanted`; None if nothing is left."""

        def combine(node: Cause[Error], below: tuple[Cause[Error] | None, ...]) -> Cause[Error] | None:
            if isinstance(node, (Fail, Die, Cancelled)):
                return node if wanted(node) else None
            kept = tuple(part for part in below if part is not None)
            if not kept:
                return None
            return kept[0] if isinstance(node, Then) and len(kept) == 1 else node._around(kept)

        return tree.fold(self, _parts, combine)

    def placed(self, at: Location, /) -> Cause[Error]:
        """Give the leaves that know no place this one."""

        def combine(node: Cause[Error], below: tuple[Cause[Error], ...]) -> Cause[Error]:
            if isinstance(node, (Fail, Die, Cancelled)):
                return node if node.at is not None else attrs.evolve(node, at=at)
            return node._around(below)

        if self.parts and not self._kinds & UNPLACED:
            return self
        return tree.fold(self, _parts, combine)

    def squashed(self) -> Fail[Error] | Die | Cancelled:
        """Keep the primary leaf only, the others as notes on it.

        Defects go before typed errors, so that nobody handles a bug by accident; cancellations go last.
        """
        leaves = list(self.leaves())
        primary = min(leaves, key=lambda leaf: (isinstance(leaf, Cancelled), isinstance(leaf, Fail)))
        others = [leaf._outlined().text for leaf in leaves if leaf is not primary]
        at = primary.at or Location()
        noted = attrs.evolve(at, notes=(*at.notes, *cause_text.notes_on(others)))
        return attrs.evolve(primary, at=noted) if others else primary

    # -- Exceptions and text ----

    def to_exception(self) -> BaseException:
        """Make what to raise: a leaf is its own exception, a `Both` a group, a `Then` its last, chained.

        Raise it outside of any `except` block: inside, Python replaces its context.
        Cancellations among other failures become notes and do not come back from `from_exception`.
        """
        failures = self.without(lambda cancelled: True)
        exception: BaseException = tree.fold(failures or self, _parts, lambda node, below: node._exception(below))
        if failures is not None and failures is not self:
            dropped = [leaf._outlined().text for leaf in self.cancellations()]
            cause_exception.add_notes(exception, cause_text.notes_on(dropped))
        if isinstance(self, Both) and self.children:
            cause_exception.add_notes(exception, cause_text.picture_on(self._outlined()))
        return exception

    @staticmethod
    def from_exception(exception: BaseException) -> Cause[Any]:
        """Read back what `to_exception` made, also after `split`, `except*` and pickling.

        Of other exceptions an `Exception` is a `Fail`, also if it is a group, and anything else a `Die`.
        """
        return tree.fold(exception, cause_exception.parts_of, _read_exception)

    def render(self) -> str:
        """Draw the tree for people, and below it each error with its path, notes and the user's source lines.

        `EFFIO_FULL_TRACEBACK=1` in the environment shows the lines of effio itself too.
        """
        return cause_report.render(self._outlined())

    def to_json(self) -> str:
        """Write the same for programs: the tree with kinds, errors, paths, source lines, children."""
        return cause_json.text_of(self, _parts, lambda node: node._record())

    def _outlined(self) -> Outline:
        outline: Outline = tree.fold(self, _parts, lambda node, below: node._outline(below))
        return outline

    def __str__(self) -> str:
        return cause_text.draw(self._outlined()) if self.parts else repr(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return cause_report.mimebundle(self.render())

    # -- What each kind of node says for itself ----

    @abstractmethod
    def _exception(self, below: tuple[BaseException, ...]) -> BaseException:
        """Make this node's exception from those of its parts."""

    @abstractmethod
    def _outline(self, below: tuple[Outline, ...]) -> Outline:
        """Describe this node for people, its parts being described already."""

    @abstractmethod
    def _record(self) -> cause_json.Record:
        """Describe this node for programs, its parts left out."""

    @staticmethod
    def _kinds_of(causes: Sequence[Cause[Any]]) -> int:
        """The kinds of leaves below, as bits."""
        kinds = 0
        for part in causes:
            kinds |= part._kinds
            if isinstance(part, (Fail, Die, Cancelled)) and part.at is None:
                kinds |= UNPLACED
        return kinds

    def _around(self, parts: tuple[Cause[OtherError], ...]) -> Cause[OtherError]:
        """Return the same node around other parts; itself if they are the ones it has."""
        unchanged = len(parts) == len(self.parts) and all(map(operator.is_, parts, self.parts))
        same = cast("Cause[OtherError]", self)
        return same if unchanged else attrs.evolve(cast("Then[OtherError]", same), causes=parts)


# -- Leaves ----


@final
@attrs.frozen(eq=False, repr=False, str=False)
class Fail(Cause[Error]):
    """An expected, typed error."""

    _kinds = FAILS

    error: Error
    at: Location | None = None

    def _key(self) -> object:
        return ErrorKey(self.error)

    def _name(self) -> str:
        return f"Fail({short_repr(self.error)})"

    def _exception(self, below: tuple[BaseException, ...]) -> BaseException:
        if isinstance(self.error, BaseException):
            return cause_exception.marked(self.error, "fail", self.at)
        return cause_exception.marked(Failed(self.error), "value", self.at)

    def _outline(self, below: tuple[Outline, ...]) -> Outline:
        return cause_text.outline_error("", self.error, self.at)

    def _record(self) -> cause_json.Record:
        return cause_json.error_record("fail", self.error, self.at)


@final
@attrs.frozen(eq=False, repr=False, str=False)
class Die(Cause[Never]):
    """A bug: an exception that nobody declared."""

    _kinds = DIES

    exception: BaseException
    at: Location | None = None

    def _key(self) -> object:
        return ErrorKey(self.exception)

    def _name(self) -> str:
        return f"Die({short_repr(self.exception)})"

    def _exception(self, below: tuple[BaseException, ...]) -> BaseException:
        return cause_exception.marked(self.exception, "die", self.at)

    def _outline(self, below: tuple[Outline, ...]) -> Outline:
        return cause_text.outline_error("defect ", self.exception, self.at)

    def _record(self) -> cause_json.Record:
        return cause_json.error_record("die", self.exception, self.at)


@final
@attrs.frozen(eq=False, repr=False, str=False)
class Cancelled(Cause[Never]):
    """A request to stop: who asked, why, and what made them ask.

    `scope` is the identity of the region that was cancelled; it does not count for equality.
    """

    _kinds = CANCELLED

    by: str | None = None
    reason: object = None
    source: CancelSource = attrs.field(default="explicit", kw_only=True)
    at: Location | None = attrs.field(default=None, kw_only=True)
    scope: int | None = attrs.field(default=None, kw_only=True)

    def text(self) -> str:
        """Say in one sentence who cancelled and why."""
        return cancelled_text(self.source, self.reason, self.by)

    def _key(self) -> object:
        return (self.by, ErrorKey(self.reason), self.source)

    def _name(self) -> str:
        known = [
            f"{name}={short_repr(value)}"
            for name, value in (("by", self.by), ("reason", self.reason))
            if value is not None
        ]
        return f"Cancelled({', '.join([self.source, *known])})"

    def _exception(self, below: tuple[BaseException, ...]) -> BaseException:
        return cause_exception.marked(ProgramCancelled(self.reason, self.source, self.by), "cancelled", self.at)

    def _outline(self, below: tuple[Outline, ...]) -> Outline:
        return cause_text.outline_cancelled(self.text(), self.at)

    def _record(self) -> cause_json.Record:
        return cause_json.cancelled_record(self.source, self.reason, self.by, self.at)


# -- Nodes ----


@final
@attrs.frozen(eq=False, repr=False, str=False)
class Then(Cause[Error]):
    """One failure after another, as they happened: a program's own, then those of its finalizers.

    Two parts or more; a `Then` inside a `Then` dissolves. `when` says in a picture when the later parts happened; it
    does not count for equality.
    """

    causes: tuple[Cause[Error], ...]
    when: str = attrs.field(default="while closing", kw_only=True)
    _kinds: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        if any(isinstance(part, Then) for part in self.causes):
            nested = (part.causes if isinstance(part, Then) else (part,) for part in self.causes)
            object.__setattr__(self, "causes", tuple(itertools.chain.from_iterable(nested)))
        tree.check_parts(self, at_least=2)
        object.__setattr__(self, "_kinds", Cause._kinds_of(self.causes))

    def followed_by(self, last: Cause[OtherError], /) -> Then[Error | OtherError]:
        """Return the same with one part more, without a look at the others: thousands may fail in a row."""
        longer = cast("Then[Error | OtherError]", object.__new__(Then))
        object.__setattr__(longer, "causes", (*self.causes, last))
        object.__setattr__(longer, "when", self.when)
        object.__setattr__(longer, "_kinds", self._kinds_of((self, last)))
        return longer

    @property
    def parts(self) -> tuple[Cause[Error], ...]:
        return self.causes

    def _exception(self, below: tuple[BaseException, ...]) -> BaseException:
        return cause_exception.chained(below)

    def _outline(self, below: tuple[Outline, ...]) -> Outline:
        return cause_text.outline_sequence(below, self.when)

    def _record(self) -> cause_json.Record:
        return {"kind": "then", "when": self.when}


@final
@attrs.frozen(eq=False, repr=False, str=False)
class Both(Cause[Error]):
    """Failures at the same time, in argument or fork order, under the construct that ran them side by side.

    One part or more. `children` tells how every sibling ended; like `at` it does not count for equality.
    """

    causes: tuple[Cause[Error], ...]
    construct: str = "par"
    at: Location | None = attrs.field(default=None, kw_only=True)
    children: tuple[ChildReport, ...] = attrs.field(default=(), kw_only=True)
    _kinds: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        tree.check_parts(self, at_least=1)
        object.__setattr__(self, "_kinds", Cause._kinds_of(self.causes))

    @property
    def parts(self) -> tuple[Cause[Error], ...]:
        return self.causes

    def _key(self) -> object:
        return self.construct

    def _name(self) -> str:
        return f"Both[{self.construct}]"

    def _exception(self, below: tuple[BaseException, ...]) -> BaseException:
        group = cause_exception.group_of(self.construct, below, self.children)
        return cause_exception.marked(group, "both", self.at)

    def _outline(self, below: tuple[Outline, ...]) -> Outline:
        return cause_text.outline_parallel(self.construct, self.at, self.children, below)

    def _record(self) -> cause_json.Record:
        return cause_json.both_record(self.construct, self.at, self.children)


# -- Putting causes together ----


@overload
def then(first: Cause[OtherError], /, *rest: Cause[OtherError] | None) -> Cause[OtherError]: ...
@overload
def then(*causes: Cause[OtherError] | None) -> Cause[OtherError] | None: ...
def then(*causes: Cause[OtherError] | None) -> Cause[OtherError] | None:
    """Put failures one after another; None stands for none."""
    parts = tuple(cause for cause in causes if cause is not None)
    if len(parts) == 2 and isinstance(parts[0], Then) and not isinstance(parts[1], Then):
        return parts[0].followed_by(parts[1])
    return Then(parts) if len(parts) > 1 else parts[0] if parts else None


def both(
    *causes: Cause[OtherError] | None,
    construct: str = "par",
    at: Location | None = None,
    children: tuple[ChildReport, ...] = (),
) -> Both[OtherError] | None:
    """Put failures side by side; None stands for none, and one alone stays a `Both`."""
    parts = tuple(cause for cause in causes if cause is not None)
    return Both(parts, construct, at=at, children=children) if parts else None


# -- Helpers ----


def _parts(node: Cause[OtherError]) -> tuple[Cause[OtherError], ...]:
    return node.parts


def _read_exception(exception: BaseException, below: tuple[Cause[Any], ...]) -> Cause[Any]:
    role, at, before = cause_exception.reading_of(exception)
    group = cause_exception.as_structure(exception)
    last: Cause[Any]
    if group is not None:
        last = Both(below[before:], group.construct, at=at, children=group.children)
    elif isinstance(exception, Failed) and role == "value":
        last = Fail(exception.error, at)
    elif isinstance(exception, ProgramCancelled) and role == "cancelled":
        last = Cancelled(exception.by, exception.reason, source=exception.source, at=at)
    else:
        last = Fail(exception, at) if role == "fail" else Die(exception, at)
    return Then((*below[:before], last)) if before else last

"""How an error tree becomes exceptions, and what of it can be read back from them.

Exceptions are marked with what their type cannot say: a tree survives `raise`, `split`, `except*`, pickling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar, cast, final

import attrs

from effio.data.cause_text import error_text
from effio.data.errors import Failed, ProgramCancelled
from effio.data.location import ChildReport, Location

Member = TypeVar("Member", bound=BaseException, covariant=True)

Role: TypeAlias = Literal["fail", "value", "die", "cancelled", "both"]

MARK: Final = "__effio_mark__"
PLACES_NOTED: Final = 16
"""An exception that is raised again and again in ever new places has notes of so many of them, the last ones."""


@final
@attrs.frozen
class Mark:
    """What an exception is in its error tree, the failures that came before it, and the notes of its places."""

    role: Role
    at: Location | None
    earlier: tuple[BaseException, ...] = attrs.field(default=(), kw_only=True)
    noted: tuple[str, ...] = attrs.field(default=(), kw_only=True, eq=False)


# -- Groups ----


class BaseProgramErrors(BaseExceptionGroup[Member], Generic[Member]):
    """Parts of a program failed side by side, one of them with more than an `Exception`."""

    construct: str
    children: tuple[ChildReport, ...]

    def __new__(
        cls, construct: str, exceptions: Sequence[Member], children: tuple[ChildReport, ...] = ()
    ) -> BaseProgramErrors[Member]:
        group = super().__new__(cls, f"{construct} failed", exceptions)
        group.construct = construct
        group.children = children
        return group

    def __init__(self, construct: str, exceptions: Sequence[Member], children: tuple[ChildReport, ...] = ()) -> None:
        super().__init__(self.message, exceptions)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, {len(self.exceptions)} inside)"

    def derive(self, excs: Sequence[Any], /) -> Any:
        """Make a group of some of the exceptions that keeps what is known about the whole."""
        derived = group_of(self.construct, excs, self.children)
        vars(derived).update({MARK: vars(self)[MARK]} if MARK in vars(self) else {})
        return derived

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.construct, list(self.exceptions), self.children), vars(self))


class ProgramErrors(BaseProgramErrors[Exception], ExceptionGroup[Exception]):
    """Parts of a program failed side by side."""


def group_of(
    construct: str, exceptions: Sequence[BaseException], children: tuple[ChildReport, ...]
) -> BaseProgramErrors[Any]:
    """Group exceptions that were raised side by side, as narrowly typed as they allow."""
    if all(isinstance(exception, Exception) for exception in exceptions):
        return ProgramErrors(construct, cast("Sequence[Exception]", exceptions), children)
    return BaseProgramErrors(construct, exceptions, children)


# -- Marks, notes and chains ----


def mark_of(exception: BaseException) -> Mark | None:
    """Read what an exception is in its error tree; None if it never was in one."""
    return vars(exception).get(MARK)


def marked(exception: BaseException, role: Role, at: Location | None) -> BaseException:
    """Return the same exception, now saying what it is in its error tree and where it happened."""
    known = mark_of(exception)
    noted = () if known is None else known.noted
    if at is not None:
        shown = str(at)
        noted = (*noted, *add_notes(exception, [f"in {shown}" if shown else "", *at.notes]))
        drop_notes(exception, noted[:-PLACES_NOTED])
    vars(exception)[MARK] = Mark(role, at, noted=noted[-PLACES_NOTED:])
    return exception


def reading_of(exception: BaseException) -> tuple[Role, Location | None, int]:
    """Tell an exception's role and place, and how many of its parts came before it."""
    known = mark_of(exception)
    if known is not None:
        return known.role, known.at, len(known.earlier)
    if isinstance(exception, Failed):
        return "value", None, 0
    if isinstance(exception, ProgramCancelled):
        return "cancelled", None, 0
    return "fail" if isinstance(exception, Exception) else "die", None, 0


def add_notes(exception: BaseException, notes: Iterable[str]) -> list[str]:
    """Add the notes that are not there yet, and list them."""
    # Not `add_note`: an exception class that forbids assignment must not hide its own failure.
    present: list[str] = list(getattr(exception, "__notes__", ()))
    missing = [note for note in dict.fromkeys(notes) if note and note not in present]
    if missing:
        vars(exception)["__notes__"] = [*present, *missing]
    return missing


def drop_notes(exception: BaseException, notes: Sequence[str]) -> None:
    """Take the notes off."""
    if notes:
        present: list[str] = vars(exception).get("__notes__", [])
        vars(exception)["__notes__"] = [note for note in present if note not in notes]


def chained(exceptions: Sequence[BaseException]) -> BaseException:
    """Return the last exception, the ones before it in its `__context__` and in its mark."""
    *earlier, last = exceptions
    later = last
    for exception in reversed(earlier):
        _attach(later, exception)
        later = exception
    known = mark_of(last) or Mark("both", None)
    before = tuple(exception for exception in earlier if exception is not last)
    vars(last)[MARK] = attrs.evolve(known, earlier=before)
    return last


def parts_of(exception: BaseException) -> tuple[BaseException, ...]:
    """List what an exception stands for: what came before it, then what a group of effio holds."""
    known = mark_of(exception)
    earlier = () if known is None else known.earlier
    group = as_structure(exception)
    return earlier if group is None else (*earlier, *group.exceptions)


def as_structure(exception: BaseException) -> BaseProgramErrors[BaseException] | None:
    """Return a group that effio made; None for anything else, also for what a user raised again."""
    known = mark_of(exception)
    if isinstance(exception, BaseProgramErrors) and (known is None or known.role == "both"):
        return cast("BaseProgramErrors[BaseException]", exception)
    return None


def _attach(later: BaseException, earlier: BaseException) -> None:
    """Put one exception at the end of the other's context; a chain never becomes a ring."""
    links = list(_contexts(later))
    known = {id(link) for link in links}
    if any(id(link) in known for link in _contexts(earlier)):
        return
    links[-1].__context__ = earlier
    if any(link.__suppress_context__ for link in links):
        add_notes(later, [f"after {error_text(earlier)}"])


def _contexts(exception: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = exception
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__context__

"""How an error tree looks to a person: entries under entries, folded where there are too many or too deep."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Sequence
from functools import partial
from typing import Final, Literal, TypeAlias, final

import attrs

from effio.data.errors import members_of
from effio.data.location import ChildReport, Location
from effio.data.tree import post_order

Mark: TypeAlias = Literal["✗", "○", "✓", "▶", "…"]
FAILED: Final = "✗"
CANCELLED: Final = "○"
SUCCEEDED: Final = "✓"
RUNNING: Final = "▶"
OMITTED: Final = "…"

WIDEST = 50
DEEPEST = 20
LONGEST = 1_000
LABEL_WIDTH = 40
REPR_LENGTH = 200
EXTRA_LINES = 10
OTHERS_NOTED = 20
SHORTEST_SHOWN = 0.01
SUCCESSES_SHOWN = 4


@final
@attrs.frozen(eq=False, repr=False)
class ErrorEntry:
    """One error of a tree: its first line, and all that is known of it."""

    headline: str
    error: object
    at: Location | None


@final
@attrs.frozen(eq=False, repr=False)
class Outline:
    """One entry of a drawn tree: what it says, the lines under it, the entries inside it, the errors it tells of.

    `brief` are the lines that stay under it where the errors are told of below the tree.
    """

    text: str
    mark: Mark = FAILED
    label: str = attrs.field(default="", kw_only=True)
    details: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    brief: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    entries: tuple[Outline, ...] = attrs.field(default=(), kw_only=True)
    failed: tuple[ErrorEntry, ...] = attrs.field(default=(), kw_only=True)


# -- What the entries say ----


def outline_error(kind: str, error: object, at: Location | None) -> Outline:
    """Describe one error: its type and message, where it happened, its cause and notes."""
    headline, *more = error_text(error).splitlines() or [""]
    reason = error.__cause__ if isinstance(error, BaseException) else None
    reasons = [] if reason is None else [f"caused by {first_line(reason)}"]
    details = (*location_lines(at), *said(error, at, more, reasons))
    failed = ErrorEntry(kind + headline, error, at)
    return Outline(kind + headline, label=_label(at), details=details, failed=(failed,))


def outline_cancelled(text: str, at: Location | None) -> Outline:
    """Describe one cancellation."""
    return Outline(text, CANCELLED, label=_label(at), details=tuple(location_lines(at)))


def outline_sequence(parts: Sequence[Outline], when: str) -> Outline:
    """Put what failed later under what failed first."""
    first = parts[0]
    details, brief = list(first.details), list(first.brief)
    entries, failed = list(first.entries), list(first.failed)
    for later in parts[1:]:
        text = f"then, {when}: {later.text}"
        if later.entries:
            entries.append(attrs.evolve(later, text=text))
        else:
            details += [text, *(f"  {line}" for line in later.details)]
            brief.append(text)
            failed += [attrs.evolve(error, headline=f"then, {when}: {error.headline}") for error in later.failed]
    mark: Mark = FAILED if any(part.mark == FAILED for part in parts) else CANCELLED
    return Outline(
        first.text,
        mark,
        label=first.label,
        details=tuple(details),
        brief=tuple(brief),
        entries=tuple(entries),
        failed=tuple(failed),
    )


def outline_parallel(
    construct: str, at: Location | None, children: Sequence[ChildReport], parts: Sequence[Outline]
) -> Outline:
    """Show every child that ran side by side: how it ended, and what went wrong in it."""
    failed = any(part.mark == FAILED for part in parts)
    return Outline(
        f"{construct} {'failed' if failed else 'cancelled'}",
        FAILED if failed else CANCELLED,
        label=_label(at),
        details=(place := tuple(location_lines(at))),
        brief=place,
        entries=tuple(_match_children(children, parts)),
    )


def error_text(error: object) -> str:
    """Name an error's type and message as a traceback does; never raises.

    >>> error_text(ValueError("no such user")), error_text("not found")
    ('ValueError: no such user', "failed with 'not found'")
    """
    if not isinstance(error, BaseException):
        return f"failed with {short_repr(error)}"
    name = type(error).__qualname__
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be shown)"
    return f"{name}: {message}" if message else name


def name_of(function: object) -> str:
    """What a function is called, a partial after what it calls; or a short text for what has no name."""
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__qualname__", None) or short_repr(function)


def short_repr(value: object) -> str:
    """Show a value in at most `REPR_LENGTH` characters; never raises."""
    try:
        shown = repr(value)
    except Exception:
        shown = f"<{type(value).__qualname__} whose repr raises>"
    return shown if len(shown) <= REPR_LENGTH else f"{shown[:REPR_LENGTH]}…"


def notes_on(drawn: Sequence[str]) -> tuple[str, ...]:
    """Say in a note each what else went wrong, by the first line of its drawing; at most `OTHERS_NOTED`."""
    omitted = len(drawn) - OTHERS_NOTED
    more = (f"… and {grouped(omitted)} more",) if omitted > 0 else ()
    return (*("also " + other.partition("\n")[0] for other in drawn[:OTHERS_NOTED]), *more)


def picture_on(outline: Outline) -> tuple[str, ...]:
    """Draw in a note what ran side by side; nothing where that was one program, or none."""
    drawn = draw(attrs.evolve(outline, brief=()), brief=True).partition("\n")[2]
    return (drawn,) if len(outline.entries) > 1 else ()


def _label(at: Location | None) -> str:
    return "" if at is None or at.path is None else at.path.label


def location_lines(at: Location | None) -> list[str]:
    """Say where something happened, and what was noted there."""
    if at is None:
        return []
    shown = str(at)
    return [shown, *at.notes] if shown else list(at.notes)


def said(error: object, at: Location | None, more: Sequence[str], reasons: Sequence[str]) -> list[str]:
    """What an error says beside its headline and its place: more lines, members, `reasons`, notes."""
    lines = list(more[:EXTRA_LINES])
    if isinstance(error, BaseException):
        known = (f"in {at}", *lines, *location_lines(at))
        notes = [line for note in getattr(error, "__notes__", ()) for line in str(note).splitlines()]
        lines += [line for line in (*_members(error), *reasons, *notes[:EXTRA_LINES]) if line not in known]
    return lines


def _members(error: BaseException) -> list[str]:
    """Say in a line each what a group holds."""
    members = members_of(error)
    lines = [f"holds {first_line(member)}" for member in members[:EXTRA_LINES]]
    more = len(members) - EXTRA_LINES
    return [*lines, f"… and {grouped(more)} more"] if more > 0 else lines


def first_line(error: BaseException) -> str:
    """Name an error in one line."""
    return error_text(error).partition("\n")[0]


def grouped(count: int) -> str:
    """Show a count with a space between thousands."""
    return f"{count:,}".replace(",", " ")


# -- Children and their failures ----


def _match_children(children: Sequence[ChildReport], parts: Sequence[Outline]) -> list[Outline]:
    """Give each child the part it is responsible for; parts that belong to no child come last."""
    of_outcome = {"failed": FAILED, "cancelled": CANCELLED}
    counts = Counter(of_outcome.get(child.outcome) for child in children)
    marks = Counter(part.mark for part in parts)
    own = {mark: deque(part for part in parts if part.mark == mark) for mark in marks if marks[mark] == counts[mark]}
    blamed = next((child.label for child in children if child.outcome == "failed"), None)
    cancelled = [child for child in children if child.outcome == "cancelled" and CANCELLED not in own]
    entries: list[Outline] = []
    for outcome, run in itertools.groupby(children, key=lambda child: child.outcome):
        alike = list(run)
        if outcome == "succeeded":
            entries += _succeeded(alike)
            continue
        for child in alike:
            mark = of_outcome.get(child.outcome)
            if mark in own:
                part = own[mark].popleft()
                entries.append(attrs.evolve(part, label=child.label, text=f"{part.text}{_after(child)}"))
            elif child.outcome != "cancelled":
                entries.append(Outline(f"failed{_after(child)}", label=child.label))
            elif child is cancelled[0]:
                entries.append(_cancelled_together(cancelled, blamed))
    return entries + [part for part in parts if part.mark not in own]


def _succeeded(children: Sequence[ChildReport]) -> list[Outline]:
    """A line for each child that succeeded, or one for all of them where there are many in a row."""
    if len(children) <= SUCCESSES_SHOWN:
        return [Outline(_after(child).removeprefix(", after "), SUCCEEDED, label=child.label) for child in children]
    slowest = max(children, key=lambda child: child.seconds or 0.0)
    label = f"{children[0].label} and {grouped(len(children) - 1)} more"
    return [Outline(_after(slowest).replace(", after", "up to"), SUCCEEDED, label=label)]


def _cancelled_together(children: Sequence[ChildReport], blamed: str | None) -> Outline:
    """One line for all children that were cancelled for the same reason."""
    first, *others = children
    why = "cancelled" if blamed is None else f"cancelled, because {blamed!r} failed"
    if others:
        return Outline(why, CANCELLED, label=f"{first.label} and {grouped(len(others))} more")
    return Outline(f"{why}{_after(first)}", CANCELLED, label=first.label)


def _after(child: ChildReport) -> str:
    """After how long it ended, if that was long enough to matter."""
    return "" if child.seconds is None or child.seconds < SHORTEST_SHOWN else f", after {child.seconds:.2f} s"


# -- Drawing ----


def draw(root: Outline, *, brief: bool = False) -> str:
    """Draw the tree with box characters, at most `LONGEST` entries of it, with their details unless `brief`."""
    lines = [root.text, *(f"  {line}" for line in (root.brief if brief else root.details))]
    pending = _branches(root, "", 1)
    drawn = 1
    while pending:
        entry, prefix, depth, width, last = pending.pop()
        if drawn == LONGEST:
            lines.append(f"… and {grouped(_size(root) - drawn)} more")
            break
        drawn += 1
        below = prefix + ("   " if last else "│  ")
        lines.append(f"{prefix}{'└─' if last else '├─'} {_headline(entry, width)}".rstrip())
        rail = "│  " if entry.entries else "   "
        lines += [f"{below}{rail}{line}" for line in (entry.brief if brief else entry.details)]
        pending += _branches(entry, below, depth + 1)
    return "\n".join(lines)


Branch: TypeAlias = tuple[Outline, str, int, int, bool]


def _branches(parent: Outline, prefix: str, depth: int) -> list[Branch]:
    """Lay out the entries of one parent, the first of them last: they are taken from the end."""
    shown, rest = _folded(parent, depth)
    width = min(LABEL_WIDTH, max((len(entry.label) for entry in shown), default=0))
    branches = [(entry, prefix, depth, width, False) for entry in shown]
    if rest:
        branches.append((Outline(rest, OMITTED), prefix, depth, 0, False))
    if branches:
        branches[-1] = (*branches[-1][:4], True)
    return branches[::-1]


def _folded(parent: Outline, depth: int) -> tuple[Sequence[Outline], str]:
    """Choose the entries to show, failed ones before others, and say how many are left out."""
    entries = parent.entries
    if depth > DEEPEST:
        return (), f"and {grouped(_size(parent) - 1)} more inside" if entries else ""
    if len(entries) <= WIDEST:
        return entries, ""
    ranks = {FAILED: 0, RUNNING: 1, CANCELLED: 2, SUCCEEDED: 3, OMITTED: 4}
    by_rank = sorted(range(len(entries)), key=lambda index: ranks[entries[index].mark])
    shown = [entries[index] for index in sorted(by_rank[:WIDEST])]
    hidden = Counter(entries[index].mark for index in by_rank[WIDEST:])
    kinds = ", ".join(f"{grouped(count)} {mark}" for mark, count in hidden.items())
    return shown, f"and {grouped(len(entries) - WIDEST)} more ({kinds})"


def _size(outline: Outline) -> int:
    return len(post_order(outline, lambda entry: entry.entries))


def _headline(entry: Outline, width: int) -> str:
    label = f"{entry.label:{width}}  " if width else ""
    return f"{entry.mark} {label}{entry.text}"

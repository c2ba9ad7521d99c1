"""When a cron expression comes next, in a time zone, daylight saving time included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeAlias, final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from effio.schedule.rule import Moment, Rule, Step

Field: TypeAlias = frozenset[int]

FIELDS: Final = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
)
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
NAMES: Final = {
    "month": {name: number for number, name in enumerate(MONTHS, 1)},
    "day of week": {name: number for number, name in enumerate(WEEKDAYS)},
}
LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAYS_TO_LOOK: Final = 366 * 9
"""From one 29th of February to the next are eight years at most."""
LONGEST_FOLD: Final = 3
"""Hours that a clock is set back at most."""
DAY: Final = 86400


@final
@attrs.frozen
class Cron(Rule):
    """Wait for the next minute that `expression` names, in the time zone `zone`; those that a run missed are left out.

    A time of day that the clock skips in spring comes as much later as the clock was moved. One that comes twice in
    autumn counts once, unless the expression names every hour.
    """

    expression: str
    zone: str
    minutes: Field = attrs.field(repr=False, eq=False)
    hours: Field = attrs.field(repr=False, eq=False)
    days: Field = attrs.field(repr=False, eq=False)
    months: Field = attrs.field(repr=False, eq=False)
    weekdays: Field = attrs.field(repr=False, eq=False)
    timed = True

    def start(self, moment: Moment) -> float:
        return moment.wall

    def step(self, state: float, given: Any, moment: Moment) -> Step[datetime]:
        # Who wakes a little early, by the clock on the wall, must not run twice for one minute.
        instant = self.next_after(max(moment.wall, state) if moment.waited else moment.wall)
        when = datetime.fromtimestamp(instant, ZoneInfo(self.zone))
        return Step(when, max(0.0, instant - moment.wall), instant)

    def next_after(self, wall: float) -> float:
        """The first instant after `wall`, both in seconds since 1970."""
        zone = ZoneInfo(self.zone)
        # Where the clock is moved, a time of day may come later than it is on the clock, perhaps on the next day.
        earliest = min(on_clock(wall + near, zone) - timedelta(seconds=near) for near in (-DAY, 0, DAY))
        days = (earliest.date() + timedelta(days=offset) for offset in range(DAYS_TO_LOOK))
        instants = (self.first_of_day(day, earliest, wall, zone) for day in days if self.names_day(day))
        return next(instant for instant in instants if instant is not None)

    def first_of_day(self, day: date, earliest: datetime, wall: float, zone: ZoneInfo) -> float | None:
        """The first instant of `day` after `wall`, which has no time of day before `earliest`."""
        found: list[float] = []
        last_hour = 23
        for hour in sorted(self.hours):
            if datetime.combine(day, time(hour, 59, 59)) < earliest:
                continue
            if hour > last_hour:
                break
            found += [instant for instant in self.instants(day, hour, zone) if instant > wall]
            if found:
                last_hour = min(last_hour, hour + LONGEST_FOLD)
        return min(found, default=None)

    def names_day(self, day: date) -> bool:
        """Whether it may run on `day`: if days of both kinds are limited, one of the two is enough."""
        if day.month not in self.months:
            return False
        of_month = day.day in self.days
        of_week = day.isoweekday() % 7 in self.weekdays
        both_limited = len(self.days) < 31 and len(self.weekdays) < 7
        return (of_month or of_week) if both_limited else (of_month and of_week)

    def instants(self, day: date, hour: int, zone: ZoneInfo) -> Iterator[float]:
        """The instants of one hour: one for each minute, or two if it comes twice and every hour is named."""
        for minute in sorted(self.minutes):
            first = datetime.combine(day, time(hour, minute), zone)
            yield first.timestamp()
            again = first.replace(fold=1).timestamp()
            if len(self.hours) == 24 and again > first.timestamp():
                yield again

    def __str__(self) -> str:
        zone = "" if self.zone == "UTC" else f", {self.zone!r}"
        return f"Schedule.cron({self.expression!r}{zone})"


def on_clock(wall: float, zone: ZoneInfo) -> datetime:
    """What a clock in the zone shows."""
    return datetime.fromtimestamp(wall, zone).replace(tzinfo=None, fold=0)


# -- Reading an expression -----------------------------------------------------------------------------------


def parsed(expression: str, zone: str) -> Cron:
    """Read the five fields; refuse what is none and what never comes."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as unknown:
        problem = ValueError(f"cron knows no time zone {zone!r}")
        problem.add_note("give an IANA name such as 'Europe/Berlin'; on Windows install tzdata")
        raise problem from unknown
    texts = expression.lower().split()
    if len(texts) != len(FIELDS):
        raise refused(expression, f"it has {len(texts)} fields instead of 5")
    minutes, hours, days, months, weekdays = (
        numbers(text, *field, expression) for text, field in zip(texts, FIELDS, strict=True)
    )
    weekdays = frozenset(number % 7 for number in weekdays)
    longest = max(LONGEST_MONTHS[month - 1] for month in months)
    if len(weekdays) == 7 and min(days) > longest:
        raise refused(expression, "such a day never comes")
    return Cron(" ".join(texts), zone, minutes, hours, days, months, weekdays)


def numbers(text: str, name: str, low: int, high: int, expression: str) -> Field:
    """What one field names: a list of `*`, numbers, names and ranges, each perhaps with a step."""
    found: set[int] = set()
    for part in text.split(","):
        extent, slash, step = part.partition("/")
        if slash and not (step.isdecimal() and int(step) > 0):
            raise refused(expression, f"{name} has the step {step!r}")
        first, last = bounds(extent, name, low, high, expression)
        if slash and "-" not in extent and extent != "*":
            last = high
        found.update(range(first, last + 1, int(step) if slash else 1))
    return frozenset(found)


def bounds(extent: str, name: str, low: int, high: int, expression: str) -> tuple[int, int]:
    """The first and the last number of `*`, of a number or of a range."""
    if extent == "*":
        return low, high
    ends = [NAMES.get(name, {}).get(end, int(end) if end.isdecimal() else -1) for end in extent.split("-")]
    if name == "day of week" and len(ends) == 2 and ends[1] == 0 < ends[0]:
        ends[1] = 7  # A week may end with its Sunday.
    if len(ends) > 2 or not low <= ends[0] <= ends[-1] <= high:
        raise refused(expression, f"{name} is {extent!r}, which is not in {low}-{high}")
    return ends[0], ends[-1]


def refused(expression: str, why: str) -> ValueError:
    """The error for an expression that cannot be read."""
    problem = ValueError(f"cron cannot read {expression!r}: {why}")
    problem.add_note("give five fields: minute, hour, day of month, month, day of week, for example '30 4 * * mon-fri'")
    return problem

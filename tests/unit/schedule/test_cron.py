"""Cron expressions: what they name, and what daylight saving time makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio.schedule.rule import Moment
from effio.schedule.schedule import Schedule

BERLIN = ZoneInfo("Europe/Berlin")


def times(expression: str, start: datetime, count: int, zone: str = "UTC") -> list[datetime]:
    """The next times, in UTC."""
    moment = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
    found: list[datetime] = []
    for delay in Schedule.cron(expression, zone).preview(count, start=moment):
        moment += timedelta(seconds=delay)
        found.append(moment)
    return found


def local(expression: str, start: datetime, count: int) -> list[str]:
    """The next times in Berlin, with their distance from UTC."""
    found = times(expression, start.replace(tzinfo=BERLIN), count, "Europe/Berlin")
    return [f"{moment.astimezone(BERLIN):%d. %H:%M%z}" for moment in found]


@pytest.mark.parametrize(
    ("expression", "following"),
    [
        ("* * * * *", ["11-21 17:05", "11-21 17:06"]),
        ("*/20 * * * *", ["11-21 17:20", "11-21 17:40"]),
        ("5-59/25 * * * *", ["11-21 17:05", "11-21 17:30"]),
        ("7/20 * * * *", ["11-21 17:07", "11-21 17:27"]),
        ("0 9,18 * * *", ["11-21 18:00", "11-22 09:00"]),
        ("30 4 * * mon-fri", ["11-23 04:30", "11-24 04:30"]),
        ("30 4 * * FRI-SUN", ["11-22 04:30", "11-27 04:30"]),
        ("0 0 1 jan,dec *", ["12-01 00:00", "01-01 00:00"]),
        ("0 0 13 * 5", ["11-27 00:00", "12-04 00:00"]),
        ("0 0 * * 7", ["11-22 00:00", "11-29 00:00"]),
        ("0 0 29 2 *", ["02-29 00:00", "02-29 00:00"]),
    ],
)
def test_next_times(expression: str, following: list[str]) -> None:
    """After a Saturday evening the next two times are the expected ones."""
    found = times(expression, datetime(2026, 11, 21, 17, 4, 30), 2)
    assert [f"{moment:%m-%d %H:%M}" for moment in found] == following


def test_a_time_that_the_clock_skips_comes_later() -> None:
    """At 2:30 on the night when 2:00 becomes 3:00 it runs at 3:30, once."""
    found = local("30 2 * * *", datetime(2026, 3, 28, 12), 2)
    assert found == ["29. 03:30+0200", "30. 02:30+0200"]


def test_what_the_clock_skips_at_the_end_of_a_day_comes_on_the_next() -> None:
    """Where 23:00 becomes 0:00, all that was to run in the hour between runs in the first hour of the next day."""
    zone = ZoneInfo("America/Scoresbysund")
    found = times("*/20 23 * * *", datetime(2025, 3, 29, 22, tzinfo=zone), 4, "America/Scoresbysund")
    assert [f"{moment.astimezone(zone):%d. %H:%M}" for moment in found] == [
        "30. 00:00",
        "30. 00:20",
        "30. 00:40",
        "30. 23:00",
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    """At 2:30 on the night when 3:00 becomes 2:00 it runs the first time only."""
    found = local("30 2 * * *", datetime(2026, 10, 24, 12), 2)
    assert found == ["25. 02:30+0200", "26. 02:30+0100"]


def test_every_hour_is_every_hour_of_the_clock() -> None:
    """An expression for every hour runs in the hour that comes twice both times, and skips none that exists."""
    autumn = local("30 * * * *", datetime(2026, 10, 25, 1), 4)
    assert autumn == ["25. 01:30+0200", "25. 02:30+0200", "25. 02:30+0100", "25. 03:30+0100"]
    spring = local("30 * * * *", datetime(2026, 3, 29, 0, 45), 3)
    assert spring == ["29. 01:30+0100", "29. 03:30+0200", "29. 04:30+0200"]


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))
def test_quarter_hours_are_a_quarter_of_an_hour_apart(start: datetime) -> None:
    """Whatever the zone does, what runs every 15 minutes does so."""
    found = times("*/15 * * * *", start, 12, "Europe/Berlin")
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=15)}


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))
def test_half_hour_shifts_lose_no_minute(start: datetime) -> None:
    """Also where the clock is moved by half an hour, what runs every 10 minutes does so."""
    found = times("*/10 * * * *", start, 12, "Australia/Lord_Howe")
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=10)}


def test_waking_early_does_not_run_twice() -> None:
    """A run that begins a little before its minute, as clocks go, is not followed by another one for that minute."""
    schedule = Schedule.cron("* * * * *")
    step = schedule.step(schedule.start(Moment(0, 0.0)), None, Moment(0, 1.0))
    assert step.delay == 59.0
    assert schedule.step(step.state, None, Moment(0, 59.9)).delay == pytest.approx(60.1)


def test_what_a_run_missed_is_left_out() -> None:
    """After a run of two and a half minutes the next one is at the next full minute."""
    schedule = Schedule.cron("* * * * *")
    step = schedule.step(schedule.start(Moment(0, 0.0)), None, Moment(0, 150.0))
    assert step.delay == 30.0
    assert step.output == datetime(1970, 1, 1, 0, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "said"),
    [
        ("* * * *", "UTC", "it has 4 fields instead of 5"),
        ("60 * * * *", "UTC", "minute is '60', which is not in 0-59"),
        ("* 5-2 * * *", "UTC", "hour is '5-2'"),
        ("*/0 * * * *", "UTC", "minute has the step '0'"),
        ("* * * foo *", "UTC", "month is 'foo'"),
        ("0 0 30 2 *", "UTC", "such a day never comes"),
        ("* * * * *", "Mars/Olympus", "no time zone 'Mars/Olympus'"),
    ],
)
def test_wrong_expression_is_refused(expression: str, zone: str, said: str) -> None:
    """What cannot be read, or never comes, raises when the schedule is made, and says why."""
    with pytest.raises(ValueError, match=said):
        Schedule.cron(expression, zone)

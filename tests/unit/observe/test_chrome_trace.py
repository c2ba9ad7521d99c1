"""A trace as Perfetto, chrome://tracing and speedscope read it: by the rules of the Trace Event Format."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio import IO, Trace, VirtualClock, fail, never, par_zip, run_traced, sleep
from effio.observe.trace import Span, Wait
from effio.testing.building import to_io
from effio.testing.observation import Log
from effio.testing.program_strategies import programs
from effio.testing.programs import Program

Event: TypeAlias = dict[str, Any]

METADATA: Final = {"process_name", "thread_name"}
COLOURS: Final = {"good", "bad", "terrible", "grey", "black", "white", "thread_state_running"}
"""Of the names that the viewers know, those that may be used here."""

PAGE = par_zip(
    sleep(1).as_value("profile").named("profile"),
    sleep(2).then(fail(ValueError("no such user"))).named("orders"),
    never.named("basket"),
)


def events_of(program: IO[Any, Any], **options: Any) -> list[Event]:
    return read(run_traced(program, clock=VirtualClock(), **options)[1])


def read(trace: Trace) -> list[Event]:
    whole = json.loads(trace.to_chrome_trace())
    assert whole["displayTimeUnit"] in {"ms", "ns"}
    events: list[Event] = whole["traceEvents"]
    return events


# -- The rules -----------------------------------------------------------------------------------------------


def check(events: list[Event]) -> None:
    """Raise unless the events are as the format and the two viewers want them."""
    assert Counter(event["name"] for event in events if event["name"] == "process_name") == {"process_name": 1}
    for event in events:
        check_event(event)
    named = Counter(event["tid"] for event in events if event["name"] == "thread_name")
    tracks = {event["tid"] for event in events if event["ph"] != "M"}
    assert set(named.values()) <= {1}
    for track in tracks:
        check_nesting([event for event in events if event["ph"] == "X" and event["tid"] == track])
    check_arrows(events)


def check_event(event: Event) -> None:
    """Each has a phase, a process, a thread and a name, and what its phase asks for."""
    assert isinstance(event["name"], str)
    assert type(event["pid"]) is type(event["tid"]) is int
    if event["ph"] == "M":
        assert event["name"] in METADATA
        assert isinstance(event["args"]["name"], str)
        return
    assert event["ts"] >= 0
    match event["ph"]:
        case "X":
            assert event["dur"] >= 0
            assert event.get("cname", "good") in COLOURS
        case "i":
            assert event["s"] in {"g", "p", "t"}
        case other:
            assert other in {"s", "f"}


def check_nesting(slices: list[Event]) -> None:
    """On one track a slice is inside another or beside it; of two equal ones the later in the file is inside."""
    open_until: list[float] = []
    for event in sorted(slices, key=lambda event: (event["ts"], -event["dur"])):
        start, end = event["ts"], round(event["ts"] + event["dur"], 3)
        while open_until and (open_until[-1] < start or open_until[-1] == start < end):
            open_until.pop()
        assert not open_until or end <= open_until[-1]
        open_until.append(end)


def check_arrows(events: list[Event]) -> None:
    """Each arrow has one start and one end, in this order, and both are inside a slice of their track."""
    slices = [event for event in events if event["ph"] == "X"]
    starts = {event["id"]: event for event in events if event["ph"] == "s"}
    ends = {event["id"]: event for event in events if event["ph"] == "f"}
    assert starts.keys() == ends.keys()
    assert len(starts) + len(ends) == sum(event["ph"] in {"s", "f"} for event in events)
    for identity, start in starts.items():
        end = ends[identity]
        assert (start["cat"], start["name"]) == (end["cat"], end["name"])
        assert start["ts"] <= end["ts"]
        assert all(any(is_around(each, arrow) for each in slices) for arrow in (start, end))


def is_around(one: Event, arrow: Event) -> bool:
    return bool(one["tid"] == arrow["tid"] and one["ts"] <= arrow["ts"] <= round(one["ts"] + one["dur"], 3))


# -- They are kept -------------------------------------------------------------------------------------------


def slower(trace: Trace, factor: float) -> Trace:
    """The same trace, every time in it multiplied."""

    def wait(one: Wait) -> Wait:
        return attrs.evolve(one, start=one.start * factor, end=None if one.end is None else one.end * factor)

    def span(one: Span) -> Span:
        end = None if one.end is None else one.end * factor
        waits = tuple(map(wait, one.waits))
        cancel = one.cancel and attrs.evolve(one.cancel, at=one.cancel.at * factor)
        return attrs.evolve(one, start=one.start * factor, end=end, waits=waits, cancel=cancel)

    return attrs.evolve(trace, spans=tuple(map(span, trace.spans)), seconds=trace.seconds * factor)


@given(programs, st.floats(1e-6, 1e3), st.sampled_from([100_000, 5]), st.sampled_from([1.0, 0.5]))
def test_any_trace_is_in_the_format(program: Program, factor: float, limit: int, sample: float) -> None:
    """Whatever ran, and whatever was let go of it, the events keep the rules, also if times have to be rounded."""
    _, trace = run_traced(to_io(program, Log(float)), clock=VirtualClock(), limit=limit, sample=sample)
    check(read(slower(trace, factor)))


def test_rounding_keeps_the_nesting() -> None:
    """What ends together does so in the file, also where times fall between two nanoseconds, the finest written."""
    _, trace = run_traced(sleep(1).then(sleep(1).named("inner")), clock=VirtualClock())
    events = read(slower(trace, 1.5e-9))
    check(events)
    (inner,) = (event for event in events if event["name"] == "inner")
    assert (inner["ts"], inner["dur"]) == (0.002, 0.001)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ph": "X", "ts": 500_000, "dur": 1e6, "tid": 1, "pid": 1, "name": "crosses the end of another"},
        {"ph": "X", "ts": 0, "dur": -1, "tid": 1, "pid": 1, "name": "ends before it begins"},
        {"ph": "s", "ts": 0, "tid": 1, "pid": 1, "name": "leads nowhere", "id": 99, "cat": "fork"},
        {"ph": "X", "ts": 0, "tid": "1", "pid": 1, "name": "is on no track"},
        {"ph": "M", "tid": 1, "pid": 1, "name": "thread_name", "args": {"name": "again"}},
    ],
    ids=lambda wrong: str(wrong["name"]),
)
def test_rules_find_what_is_wrong(wrong: Event) -> None:
    """Of a good file with one bad event the rules say no."""
    events = events_of(par_zip(sleep(1)))
    check(events)
    with pytest.raises((AssertionError, KeyError)):
        check([*events, wrong])


# -- What is in it -------------------------------------------------------------------------------------------


def test_chrome_trace_has_a_track_for_each_fiber() -> None:
    """The events name the tracks, and every span and wait is a complete event in microseconds on its fiber's track."""
    events = events_of(PAGE)
    tracks = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert sorted(tracks.values()) == ["basket", "main", "orders", "profile"]
    complete = [
        (tracks[event["tid"]], event["name"], event["ts"], event["dur"]) for event in events if event["ph"] == "X"
    ]
    assert ("profile", "profile", 0, 1e6) in complete
    assert ("profile", "waits for sleep(1)", 0, 1e6) in complete
    assert ("main", "par_zip", 0, 2e6) in complete
    arrows = [event["ph"] for event in events if event.get("cat") == "fork"]
    assert arrows == ["s", "f"] * 3

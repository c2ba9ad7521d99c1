"""What a trace holds of a run, and what can be made of it."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effio import (
    IO,
    Recorder,
    Success,
    Trace,
    VirtualClock,
    cancel_scope,
    delay,
    dump_fibers,
    fail,
    from_async,
    never,
    par_traverse,
    par_zip,
    pure,
    race,
    run,
    run_exit,
    run_traced,
    run_traced_async,
    shield,
    sleep,
    task_group,
    unit,
    yield_now,
)
from effio.observe.trace import Cancel, Span, Wait
from effio.testing.building import to_io
from effio.testing.observation import Log, comparable
from effio.testing.program_strategies import programs
from effio.testing.programs import Program


def traced(program: IO[Any, Any], **options: Any) -> Trace:
    return run_traced(program, clock=VirtualClock(), **options)[1]


def spans_of(program: IO[Any, Any], **options: Any) -> dict[str, Span]:
    return {span.name: span for span in traced(program, **options).spans}


def built(program: Program) -> IO[Any, Any]:
    return to_io(program, Log(float))


PAGE = par_zip(
    sleep(1).as_value("profile").named("profile"),
    sleep(2).then(fail(ValueError("no such user"))).named("orders"),
    never.named("basket"),
)


# -- What is recorded ----------------------------------------------------------------------------------------


def test_exit_is_that_of_the_program() -> None:
    """`run_traced` gives the exit of `run_exit`, beside the trace."""
    exit, trace = run_traced(PAGE, clock=VirtualClock())
    assert exit.failure().failures()[0].args == ("no such user",)
    assert trace.root.state == "failed"


def test_fibers_have_their_times_and_outcomes() -> None:
    """Each fiber is a span with its start, its end and how it ended."""
    spans = spans_of(PAGE)
    assert {name: (span.start, span.end, span.state) for name, span in spans.items()} == {
        "main": (0, 2, "failed"),
        "par_zip": (0, 2, "failed"),
        "profile": (0, 1, "succeeded"),
        "orders": (0, 2, "failed"),
        "basket": (0, 2, "cancelled"),
    }


def test_failed_spans_say_the_error_and_cancelled_ones_by_whom() -> None:
    """An error in one line on what failed; who cancelled, why and when on what was cancelled."""
    spans = spans_of(PAGE)
    assert spans["orders"].error == spans["main"].error == "ValueError: no such user"
    cancel = spans["basket"].cancel
    assert cancel == Cancel("sibling", "orders", reason=None, at=2.0)
    assert cancel is not None
    assert cancel.text() == "cancelled, because 'orders' failed"


def test_waits_say_for_what_and_who_ended_them() -> None:
    """Sleeping is a wait for time, waiting for children one for fibers, ended by the last of them."""
    spans = spans_of(par_zip(sleep(1).named("a"), sleep(3).named("b")))
    assert spans["a"].waits == (Wait("sleep(1)", 0, end=1, on="time"),)
    assert spans["main"].waits == (
        Wait("the end of par_zip ('a' and 1 more)", 0, end=3, on="fibers", woken_by=spans["b"].id),
    )


def test_wait_for_a_coroutine_is_one_for_the_outside() -> None:
    """A foreign coroutine that is awaited is a wait with its name."""

    async def fetch() -> None:
        await asyncio.sleep(0.01)

    _, trace = run_traced(from_async(fetch).then(from_async(fetch)))
    *_, wait = trace.root.waits
    assert "fetch" in wait.reason
    assert wait.on == "outside"


def test_regions_are_spans_inside_their_fiber() -> None:
    """Named parts, timeouts, shields, groups and races are spans below the one that they ran in."""
    contest = race(sleep(1).fail_after(5).named("part"), never)
    trace = traced(shield(lambda restore: contest).then(task_group(lambda group: group.fork(unit_named))))
    below = {span.name: (span.kind, [child.name for child in trace.children(span)]) for span in trace.spans}
    assert below["main"] == ("fiber", ["shield", "task_group"])
    assert below["shield"] == ("shield", ["race"])
    assert below["race"] == ("race", ["part", "race[1]"])
    assert below["part"] == ("fiber", ["fail_after"])
    assert below["fail_after"] == ("scope", [])
    assert below["task_group"] == ("group", ["work"])


unit_named = pure(None).named("outer").named("work")


def test_finalizers_are_spans() -> None:
    """What runs at the end of a program has a span of its own."""
    trace = traced(sleep(1).ensuring(sleep(2)))
    (finalizer,) = trace.named("finalizer")
    assert (finalizer.kind, finalizer.start, finalizer.end) == ("finalizer", 1, 3)


def test_deadline_that_cuts_is_on_its_scope() -> None:
    """A scope that timed out says that its deadline cancelled it."""
    scope = spans_of(sleep(9).move_on_after(2))["move_on_after"]
    assert scope.cancel is not None
    assert (scope.cancel.source, scope.cancel.at, scope.state) == ("deadline", 2.0, "cancelled")


def test_value_after_the_deadline_is_late() -> None:
    """A shielded step that outlives its deadline gives its value, and its scope says how late; others are not late."""
    exit, trace = run_traced(sleep(3).as_value("done").shielded().fail_after(1), clock=VirtualClock())
    assert exit == Success("done")
    assert {span.name: span.late for span in trace.spans} == {"main": 0, "fail_after": 2, "shield": 0}
    assert "fail_after  3 s · late by 2 s" in trace.tree()
    _, punctual = run_traced(sleep(1).fail_after(1), clock=VirtualClock())
    assert {span.late for span in punctual.spans} == {0}


def test_reason_of_a_cancel_is_kept() -> None:
    """A cancel by hand tells its reason on what it cancelled."""
    program = cancel_scope(lambda scope: scope.cancel("enough").then(never), name="work")
    assert spans_of(program)["work"].cancel == Cancel("explicit", "main", reason="'enough'", at=0.0)


def test_path_and_source_of_a_fiber_are_known() -> None:
    """A span knows the names around it, and the line of its function."""
    spans = spans_of(par_zip(pure(1).flat_map(continued).named("part")).named("page"))
    assert spans["part"].path == ("page", "par_zip", "part")
    assert spans["part"].origin is not None
    assert spans["part"].origin.endswith("in continued")


def continued(number: int) -> IO[int]:
    return sleep(1).as_value(number)


def test_trace_of_a_run_under_way_says_what_still_runs() -> None:
    """A recorder gives a trace at any time; what has not ended is running, and waits without an end."""
    recorder = Recorder()
    early: list[Trace] = []
    look = sleep(1).then(delay(lambda: early.append(recorder.trace())))
    run(par_zip(sleep(5).named("slow"), look), clock=VirtualClock(), observers=[recorder])
    (slow,) = early[0].named("slow")
    assert (slow.state, slow.end, early[0].length(slow)) == ("running", None, 1.0)
    assert slow.waits == (Wait("sleep(5)", 0, on="time"),)
    assert "▶ slow" in early[0].tree()


def test_trace_inside_an_event_loop() -> None:
    """`run_traced_async` does the same on a running loop."""
    exit, trace = asyncio.run(run_traced_async(par_zip(sleep(0.001).named("a"), pure(1))))
    assert exit.unwrap() == (None, 1)
    assert [span.name for span in trace.spans] == ["main", "par_zip", "a"]


def test_recorder_without_a_run_has_no_trace() -> None:
    """A trace is asked of a recorder that was not used: an error that says so."""
    with pytest.raises(RuntimeError, match="nothing was run"):
        Recorder().trace()


# -- Bounds --------------------------------------------------------------------------------------------------


def test_limit_keeps_the_latest_spans() -> None:
    """Of ten thousand children the latest are kept, and the trace says how many are not."""
    trace = traced(par_traverse(range(10_000), sleep), limit=100)
    assert len(trace.spans) <= 102
    assert trace.dropped >= 9_900
    assert trace.root.state == "succeeded"
    assert trace.spans[-1].name == "par_traverse[9999]"


def test_recorder_lets_go_of_ended_fibers() -> None:
    """What a recorder holds does not grow with the number of fibers that have ended."""
    recorder = Recorder(limit=10)
    run(par_zip(yield_now, yield_now).repeat(500), clock=VirtualClock(), observers=[recorder])
    held = (recorder.open, recorder.regions, recorder.cancels)
    assert [len(each) for each in held] == [0, 0, 0]
    assert len(recorder.finished) <= 10


def test_paths_of_a_deep_program_are_bounded() -> None:
    """Of a long path the first and the last eight names are kept, and how many are between."""
    program: IO[Any] = unit
    for depth in range(3_000, 0, -1):
        program = program.named(f"n{depth}")
    deepest = traced(sleep(1).then(program).named("root")).spans[-1].path
    assert deepest[:3] == ("root", "n1", "n2")
    assert deepest[8] == "… 2985 more …"
    assert deepest[-2:] == ("n2999", "n3000")
    assert len(deepest) == 17


def test_waits_of_one_fiber_are_bounded() -> None:
    """A fiber that sleeps ten thousand times keeps its last thousand waits."""
    trace = traced(sleep(1).repeat(10_000))
    assert len(trace.root.waits) == 1_000
    assert trace.root.waits[-1].end == trace.seconds


@pytest.mark.parametrize(("sample", "kept"), [(0, 0), (0.1, 10), (0.5, 50), (1, 100)])
def test_sample_records_a_part_of_the_children_evenly(sample: float, kept: int) -> None:
    """With a sample of a tenth every tenth child is recorded, with all that is inside it."""
    trace = traced(par_traverse(range(100), lambda number: sleep(1).named("inner").then(pure(1))), sample=sample)
    assert len(trace.named("inner")) == kept
    assert trace.root.end == 1


@pytest.mark.parametrize("options", [{"limit": 0}, {"sample": 1.5}, {"sample": -1}])
def test_senseless_bounds_are_refused(options: dict[str, Any]) -> None:
    """A limit below one and a sample that is no part of one are errors that show the value."""
    with pytest.raises(ValueError, match="must be"):
        Recorder(**options)


# -- Critical path -------------------------------------------------------------------------------------------


def test_critical_path_follows_who_was_waited_for() -> None:
    """The steps without which the program would have been faster, from start to end without a gap."""
    slow = sleep(2).then(race(sleep(3).named("mirror"), sleep(9).named("origin"))).named("slow")
    path = traced(sleep(1).then(par_zip(sleep(4).named("quick"), slow)).then(sleep(1))).critical_path()
    assert [(step.name, step.seconds, step.reason) for step in path] == [
        ("main", 1.0, "sleep(1)"),
        ("slow", 2.0, "sleep(2)"),
        ("mirror", 3.0, "sleep(3)"),
        ("main", 1.0, "sleep(1)"),
    ]


def test_critical_path_goes_through_siblings_that_made_room() -> None:
    """With a limit, a child that could not start earlier waited for the one whose place it took."""
    path = traced(
        par_traverse([3, 1, 2], lambda seconds: sleep(seconds).named(f"job {seconds}"), limit=1)
    ).critical_path()
    assert [step.name for step in path] == ["job 3", "job 1", "job 2"]


def test_critical_path_says_its_steps_in_words() -> None:
    """A step can be printed."""
    assert [str(step) for step in traced(sleep(2)).critical_path()] == ["main waited for sleep(2) for 2.000 s"]


@given(programs)
def test_critical_path_of_any_program_has_no_gap(program: Program) -> None:
    """Whatever ran, the path begins with the trace, ends with its root, and each step begins where one ended."""
    trace = traced(built(program))
    path = trace.critical_path()
    ends = [0.0, *(step.end for step in path)]
    assert [step.start for step in path] == ends[:-1]
    assert ends[-1] == (trace.root.end if trace.root.end is not None else trace.seconds)


# -- Any program ---------------------------------------------------------------------------------------------


@given(programs)
def test_trace_of_any_program_is_a_tree_of_intervals(program: Program) -> None:
    """Each span has a parent that was there when it began, and waits in order inside its own time."""
    trace = traced(built(program))
    for span in trace.spans[1:]:
        parent = trace.span(span.parent or 0)
        assert parent is not None
        assert parent.start <= span.start
        times = [span.start, *(time for wait in span.waits for time in (wait.start, wait.end)), span.end]
        known = [time for time in times if time is not None]
        assert known == sorted(known)


@given(programs)
def test_program_does_not_notice_that_it_is_traced(program: Program) -> None:
    """The exit with a recorder is the exit without."""
    exit, trace = run_traced(built(program), clock=VirtualClock())
    assert comparable(exit) == comparable(run_exit(built(program), clock=VirtualClock()))
    if trace.root.end is not None:
        assert (trace.root.state == "succeeded") is isinstance(exit, Success)


# -- For other programs --------------------------------------------------------------------------------------


def test_json_is_read_back() -> None:
    """`Trace.from_json` gives the trace that was written, equal in every field, as pickling does."""
    trace = traced(PAGE)
    assert Trace.from_json(trace.to_json()) == trace
    assert pickle.loads(pickle.dumps(trace)) == trace


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": "other"}', '{"format": "effio.trace", "version": 2}'])
def test_other_json_is_refused(text: str) -> None:
    """What is no trace is a ValueError."""
    with pytest.raises(ValueError, match=r"effio\.trace"):
        Trace.from_json(text)


def test_page_holds_every_fiber() -> None:
    """The page of a trace is one document with the names of its fibers."""
    page = traced(PAGE).to_html()
    assert all(name in page for name in ("profile", "orders", "basket"))
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_notebook_is_given_text_and_page() -> None:
    """A notebook shows the page, a terminal the timeline."""
    trace = traced(PAGE)
    bundle = trace._repr_mimebundle_()
    assert bundle["text/plain"] == trace.timeline() == str(trace)
    assert "basket" in bundle["text/html"]


def test_dump_is_unchanged_by_a_recorder() -> None:
    """Being traced adds no fiber to the run."""
    program = par_zip(sleep(2).named("a"), sleep(1).then(dump_fibers).named("b"))
    (_, dump), _ = (lambda pair: (pair[0].unwrap(), pair[1]))(run_traced(program, clock=VirtualClock()))
    assert [fiber.name for fiber in dump.fibers] == ["main", "a", "b"]


# -- Pictures ------------------------------------------------------------------------------------------------


def test_tree_shows_what_ran_in_what() -> None:
    """The tree has a mark, a time, and what went wrong for each span."""
    assert traced(PAGE).tree() == (
        "✗ main  2 s · ValueError: no such user\n"
        "└─ ✗ par_zip  2 s · ValueError: no such user\n"
        "   ├─ ✓ profile  1 s\n"
        "   ├─ ✗ orders   2 s · ValueError: no such user\n"
        "   └─ ○ basket   2 s · cancelled, because 'orders' failed"
    )


def test_timeline_is_drawn_along_the_time() -> None:
    """Bars begin and end where their spans do, with a sign for what took the time."""
    program = par_zip(sleep(1).named("a"), sleep(1).then(sleep(1)).named("b"))
    assert traced(program).timeline(width=78).splitlines() == [
        "            0                    2 s",
        "main        ────────────────────────  ✓ 2 s",
        "└─ par_zip  ────────────────────────  ✓ 2 s",
        "   ├─ a     ▒▒▒▒▒▒▒▒▒▒▒▒              ✓ 1 s",
        "   └─ b     ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  ✓ 2 s",
        "█ ran  ▒ waited for time or the outside  ─ waited for another fiber",
    ]


def test_picture_is_well_formed_and_has_a_bar_for_each_span() -> None:
    """The SVG is XML, with a title and a bar for every span."""
    trace = traced(PAGE.named("<page> & more"))
    root = ElementTree.fromstring(trace.timeline_svg())
    space = "{http://www.w3.org/2000/svg}"
    bars = [
        rect.get("class")
        for rect in root.iter(f"{space}rect")
        if rect.get("class") in ("succeeded", "failed", "cancelled")
    ]
    assert sorted(map(str, bars)) == ["cancelled", "failed", "failed", "failed", "succeeded"]
    assert "timeline of <page> & more" in [title.text for title in root.iter(f"{space}title")]


@pytest.mark.slow
def test_wide_and_deep_traces_are_folded() -> None:
    """A timeline of ten thousand children shows fifty and counts the rest; one that failed is always shown."""
    work = par_traverse(range(10_000), lambda number: fail("no") if number == 7_000 else sleep(1)).named("all")
    trace = traced(work)
    lines = trace.timeline().splitlines()
    assert len(lines) < 60
    assert any("par_traverse[7000]" in line and "✗" in line for line in lines)
    deep: IO[Any, Any] = sleep(1)
    for _ in range(300):
        deep = deep.named("level")
    assert any("more inside" in line for line in traced(deep).timeline().splitlines())


@given(st.integers(0, 30), st.integers(0, 30))
def test_drawing_fits_any_width(children: int, width: int) -> None:
    """Whatever the width, each bar is as long as the others and inside the chart."""
    trace = traced(par_traverse(range(children), sleep))
    bars = [line for line in trace.timeline(width=width).splitlines()[1:-1] if "✓" in line]
    assert len({line.index("✓") for line in bars}) == 1

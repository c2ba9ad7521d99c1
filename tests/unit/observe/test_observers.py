"""What the observers of the library tell: the log, OpenTelemetry, steps that hold the loop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import warnings
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from effio import (
    IO,
    Observer,
    VirtualClock,
    delay,
    fail,
    from_async,
    never,
    par_zip,
    pure,
    race,
    run,
    run_exit,
    sleep,
    task_group,
    to_thread,
)
from effio.observe.logging_adapter import FiberNameFilter, LoggingObserver
from effio.observe.opentelemetry import OpenTelemetryObserver
from effio.observe.slow_steps import SlowStep, SlowSteps

# -- Log -----------------------------------------------------------------------------------------------------


def logged(program: IO[Any, Any], caplog: pytest.LogCaptureFixture, **options: Any) -> list[str]:
    with caplog.at_level(logging.DEBUG, "effio"):
        run_exit(program, clock=VirtualClock(), observers=[LoggingObserver(**options)])
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records if record.name == "effio"]


def test_log_tells_starts_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    """Every fiber is logged when it starts and when it ends, with its time and outcome."""
    program = race(sleep(1).named("fast"), never.named("slow"))
    assert logged(program, caplog) == [
        "DEBUG fiber 'main' started",
        "DEBUG fiber 'fast' started",
        "DEBUG fiber 'slow' started",
        "DEBUG fiber 'fast' succeeded after 1.000 s",
        "DEBUG fiber 'slow' was cancelled, because 'fast' won the race after 1.000 s",
        "DEBUG fiber 'main' succeeded after 1.000 s",
    ]


def test_log_tells_failures_louder_and_with_their_report(caplog: pytest.LogCaptureFixture) -> None:
    """A failed fiber is a warning that holds its whole report."""
    *_, last = logged(fail(ValueError("no")).named("page"), caplog, level=logging.INFO)
    assert last.startswith("WARNING fiber 'page' failed after 0.000 s: ValueError: no\n  page · ")


def test_cancel_of_a_fiber_is_logged_when_it_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    """A fiber that is told to stop is logged before it has ended."""
    program = task_group(lambda group: group.fork(never, name="poller").flat_map(lambda fiber: fiber.cancel("enough")))
    assert "DEBUG fiber 'poller' is cancelled by 'main': enough" in logged(program, caplog)


def test_every_record_knows_its_fiber(caplog: pytest.LogCaptureFixture) -> None:
    """What user code logs has the name of the fiber, also in a coroutine and in a thread; outside it is "-"."""
    caplog.handler.addFilter(FiberNameFilter())
    logger = logging.Logger("shop")  # Of its own: a library that configures logging turns the known ones off.
    logger.addHandler(caplog.handler)
    say = logger.warning

    async def fetch() -> None:
        await asyncio.sleep(0)
        say("coroutine")

    say("outside")
    program = par_zip(
        delay(say, "step").named("a"), from_async(fetch).named("b"), to_thread(say, "thread").named("c")
    ).named("page")
    run(program, observers=[LoggingObserver()])
    found = {record.getMessage(): record.fiber for record in caplog.records if record.name == "shop"}  # type: ignore[attr-defined]
    assert found == {"outside": "-", "step": "a", "coroutine": "b", "thread": "c"}


# -- OpenTelemetry -------------------------------------------------------------------------------------------


class Telemetry:
    """A tracer of the SDK, and what it exports."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = provider.get_tracer("test")

    def run(self, program: IO[Any, Any], *, clock: VirtualClock | None = None) -> dict[str, ReadableSpan]:
        run_exit(program, observers=[OpenTelemetryObserver(self.tracer)], clock=clock)
        return {span.name: span for span in self.exporter.get_finished_spans()}


def parents(spans: dict[str, ReadableSpan]) -> dict[str, str | None]:
    names = {span.context.span_id: name for name, span in spans.items() if span.context}
    return {name: None if span.parent is None else names[span.parent.span_id] for name, span in spans.items()}


def test_named_parts_are_spans_below_what_they_ran_in() -> None:
    """The run, named children and named parts become spans; parents are right across forks."""
    inner = par_zip(sleep(0).named("left"), sleep(0).named("part").then(pure(1)).named("right"))
    spans = Telemetry().run(sleep(0).then(inner.named("both").then(sleep(0))).named("page"))
    assert parents(spans) == {"page": None, "both": "page", "left": "both", "right": "both", "part": "right"}


def test_spans_of_others_are_below_those_of_the_program() -> None:
    """What other instrumentation makes, in a step or a coroutine, is below the part that it ran in."""
    telemetry = Telemetry()

    async def fetch() -> None:
        with telemetry.tracer.start_as_current_span("http"):
            await asyncio.sleep(0)

    def query() -> None:
        with telemetry.tracer.start_as_current_span("sql"):
            pass

    steps = delay(query).named("database").then(from_async(fetch).named("server")).then(delay(query))
    with telemetry.tracer.start_as_current_span("request"):
        telemetry.run(par_zip(steps.named("work")).named("page"))
    found = parents({span.name: span for span in telemetry.exporter.get_finished_spans()})
    assert (found["http"], found["server"], found["work"], found["page"]) == ("server", "work", "page", "request")
    assert found["sql"] == "work"
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_outcomes_are_on_the_spans() -> None:
    """Failed spans have the status ERROR and the exception, cancelled ones say why, the others succeeded."""
    failing = sleep(0.001).then(fail(ValueError("no")))
    spans = Telemetry().run(
        par_zip(pure(1).then(sleep(0)).named("a"), failing.named("b"), never.named("c")).named("page")
    )
    outcomes = {name: (span.attributes or {})["effio.outcome"] for name, span in spans.items()}
    assert outcomes == {"a": "succeeded", "b": "failed", "c": "cancelled", "page": "failed"}
    assert [name for name, span in spans.items() if span.status.status_code is StatusCode.ERROR] == ["b", "page"]
    assert [event.name for event in spans["b"].events] == ["exception"]
    assert (spans["c"].attributes or {})["effio.cancelled"] == "cancelled, because 'b' failed"


def test_cancelled_spans_are_no_errors() -> None:
    """The loser of a race and what a deadline cut keep an unset status; what failed with `TimedOut` is an error."""
    loser = race(sleep(1).named("quick"), sleep(2).named("slow"))
    program = loser.then(sleep(9).named("long").fail_after(1)).named("page")
    spans = Telemetry().run(program, clock=VirtualClock())
    status = {name: span.status.status_code for name, span in spans.items()}
    unset, error = StatusCode.UNSET, StatusCode.ERROR
    assert status == {"quick": unset, "slow": unset, "long": unset, "page": error}
    assert (spans["slow"].attributes or {})["effio.cancelled"] == "cancelled, because 'quick' won the race"
    assert (spans["page"].attributes or {})["error.type"] == "effio.data.errors.TimedOut"
    assert spans["slow"].events == ()


# -- Steps that hold the loop --------------------------------------------------------------------------------


watching: list[SlowSteps] = []


def crunch() -> None:
    """Hold the loop for a while, and on a busy machine until the watching thread has looked."""
    time.sleep(0.06)
    latest = time.monotonic() + 10
    while vars(watching[-1])["_busy"] is None and time.monotonic() < latest:
        time.sleep(0.005)


def warned(program: IO[Any, Any], seconds: float) -> list[SlowStep]:
    watching[:] = [SlowSteps(seconds)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(program, observers=watching)
    return [warning.message for warning in caught if isinstance(warning.message, SlowStep)]


def test_function_that_holds_the_loop_is_named() -> None:
    """A function that takes too long is named with its fiber and time, once for each place."""
    (warning,) = warned(delay(crunch).named("part").repeat(1).then(sleep(0)).named("page"), 0.02)
    assert (warning.function, warning.fiber) == ("crunch", "page")
    assert warning.seconds >= 0.06
    assert str(warning).startswith("crunch held the loop for 0.")


def test_mapped_function_is_named_too() -> None:
    """It does not matter how the program calls it."""
    (warning,) = warned(pure(1).map(lambda _: crunch()).then(sleep(0)), 0.02)
    assert "lambda" in warning.function


def test_quick_steps_and_waits_are_not_told_of() -> None:
    """Waiting is no holding."""
    assert warned(sleep(0.03).then(delay(int)), 0.02) == []


def test_watching_thread_ends_with_the_run() -> None:
    """Nothing is left of the observer."""
    warned(sleep(0.001), 0.004)
    assert not [thread for thread in threading.enumerate() if thread.name == "effio slow steps" and not gone(thread)]


def gone(thread: threading.Thread) -> bool:
    thread.join(5)
    return not thread.is_alive()


def test_senseless_bound_is_refused() -> None:
    """Zero seconds would warn of everything."""
    with pytest.raises(ValueError, match="positive"):
        SlowSteps(0)


# -- Several at once -----------------------------------------------------------------------------------------


class Broken(Observer):
    """Raises at the first end of a fiber."""

    def __init__(self) -> None:
        self.told = 0

    def on_end(self, fiber: Any) -> None:
        self.told += 1
        raise RuntimeError("no disk")


class Ends(Observer):
    """Notes the names of fibers that have ended."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_end(self, fiber: Any) -> None:
        self.names.append(fiber.name)


def test_observer_that_raises_is_told_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    """It is reported once with its traceback; the program and the other observers notice nothing."""
    broken, ends = Broken(), Ends()
    program = par_zip(sleep(1).named("a"), sleep(2).named("b"))
    assert run(program, clock=VirtualClock(), observers=[broken, ends]) == (None, None)
    assert ends.names == ["a", "b", "main"]
    assert broken.told == 1
    said = capsys.readouterr().err
    assert said.count("RuntimeError: no disk") == 1
    assert "is told no more" in said

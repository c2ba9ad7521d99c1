"""How plans are drawn and written: text, colours, flowcharts, data, pages, notebooks."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import Any

import jsonschema
import nbformat
import pytest
from hypothesis import given
from IPython.core.formatters import DisplayFormatter
from nbclient import NotebookClient
from rich.console import Console

from effio import (
    IO,
    Failure,
    bracket,
    delay,
    explain,
    fail,
    if_,
    par_collect,
    par_zip,
    pure,
    race,
    run_exit,
    sleep,
    unit,
)
from effio.cause import Both, Fail
from effio.observe import notebook
from effio.observe.plan import Plan
from effio.testing import programs as p
from effio.testing.building import to_io
from effio.testing.observation import Log
from effio.testing.program_strategies import any_size, programs
from tests.architecture.source import ROOT

SCHEMA = json.loads((ROOT / "docs" / "reference" / "plan.schema.json").read_text(encoding="utf-8"))


def load(key: object) -> IO[Any]:
    return pure(key)


SHOP: IO[Any, Any] = (
    race(sleep(1).named("quick"), if_(unit.as_value(True), sleep(2), fail("no")).named('"slow" <one>'))
    .fail_after(3)
    .retry(2)
    .catch_all(load)
    .ensuring(delay(print, "bye\n"))
    .then(bracket(unit, load, load))
    .timeout_to(1, unit)
)

DRAWN = """\
 1 timeout_to(1)
 2 ├─ ensuring
 3 │  ├─ catch_all
 4 │  │  ├─ retry
 5 │  │  │  └─ fail_after
 6 │  │  │     └─ race
 7 │  │  │        ╠═ 'quick'
 8 │  │  │        ║  └─ sleep(1)
 9 │  │  │        ╚═ '"slow" <one>'
10 │  │  │           └─ if_
11 │  │  │              ├─ condition: unit
12 │  │  │              │  as_value(True)
13 │  │  │              ├─ if true: sleep(2)
14 │  │  │              └─ if false: fail('no')
15 │  │  └─ on error: load → ?
16 │  └─ finally: delay(print, 'bye\\n')
17 │  bracket
18 │  ├─ acquire: unit
19 │  ├─ use: load → ?
20 │  └─ release: load → ?
21 └─ on timeout: unit"""


def without_places(text: str) -> str:
    """The drawing without what changes with this file: source lines, and the arguments of a retry and a timeout."""
    return re.sub(r"(?<=retry|after)\(.*\)", "", re.sub(r"  · \S+:\d+", "", text))


def generated(program: p.Program) -> Plan:
    return explain(to_io(program, Log(lambda: 0.0)), follow=True)


# -- Text -----------------------------------------------------------------------------------------------------


def test_text_shows_roles_branches_and_order() -> None:
    """Branches hang below their step, double lines for those at the same time, and steps in turn stand in line."""
    assert without_places(str(explain(SHOP))) == DRAWN


def test_text_says_where_functions_were_written() -> None:
    """The line of a continuation stands behind it."""
    line = load.__code__.co_firstlineno
    assert (
        str(explain(unit.flat_map(load))).splitlines()[1].endswith(f"flat_map(load) → ?  · {relative(__file__)}:{line}")
    )


def relative(file: str) -> str:
    return file.removeprefix(f"{ROOT}/")


def test_rich_draws_the_same_lines() -> None:
    """A rich console prints the text of the plan, in colours."""
    plan = explain(SHOP)
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=200, highlight=False)
    console.print(plan)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b[" in printed
    assert re.sub(r"\x1b\[[\d;]*m", "", printed).rstrip() == str(plan)


def test_rich_shows_a_plan_among_other_values() -> None:
    """Inside another value rich shows how large the plan is, in one line."""
    console = Console(file=io.StringIO(), width=100)
    console.print([explain(par_zip(unit, unit))])
    assert console.file.getvalue() == "[Plan(steps=3, parallel_width=2)]\n"  # type: ignore[attr-defined]


# -- Flowcharts -----------------------------------------------------------------------------------------------


def dot_reads(text: str) -> str:
    return subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz (dot)")
def test_graphviz_draws_every_step() -> None:
    """Graphviz reads the flowchart without a warning and draws a shape with the text of each step."""
    done = subprocess.run(["dot", "-Tsvg"], input=explain(SHOP).to_dot(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for text in ["quick", "&quot;slow&quot; &lt;one&gt;", "sleep(1)", "on error", "finally", "if false"]:
        assert text in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz (dot)")
def test_graphviz_reads_any_plan() -> None:
    """Graphviz reads the flowchart of a program of every kind, and of one that is folded."""
    for program in [SHOP, par_collect([SHOP] * 100), par_collect([unit] * 10_000)]:
        assert "</svg>" in dot_reads(explain(program).to_dot())


@any_size
@given(programs)
def test_flowcharts_are_well_formed(program: p.Program) -> None:
    """Every frame that is opened is closed, and every arrow leads from a box to a box."""
    text = generated(program).to_mermaid()
    lines = [line.strip() for line in text.splitlines()[1:]]
    boxes = {re.split(r"[\[({]", line)[0] for line in lines if re.match(r"(s|more)\d+[\[({]", line)}
    ends = {end for line in lines if "->" in line for end in (line.split()[0], line.split()[-1])}
    assert sum(line.startswith("subgraph") for line in lines) == lines.count("end")
    assert ends <= boxes


def test_an_arrow_goes_from_what_ends_to_what_begins() -> None:
    """Both branches lead to the step after them, the handler only perhaps."""
    text = explain(par_zip(unit, unit).then(unit.or_else(unit))).to_mermaid()
    arrows = [line.strip() for line in text.splitlines() if "->" in line]
    assert arrows == ["s1 --> s2", "s1 --> s3", "s2 --> s5", "s3 --> s5", 's5 -.->|"on error"| s6']


# -- Data -----------------------------------------------------------------------------------------------------


@any_size
@given(programs)
def test_json_is_as_documented(program: p.Program) -> None:
    """The JSON of any plan fits its schema and has all steps in order."""
    plan = generated(program)
    data = json.loads(plan.to_json())
    jsonschema.validate(data, SCHEMA)
    assert [step["text"] for step in data["steps"]] == [step.text for step in plan.steps()]


def test_json_of_a_deep_plan_is_flat() -> None:
    """Depth does not nest the JSON, so that any reader can read it."""
    program: IO[Any, Any] = unit
    for _ in range(5_000):
        program = program.named("x")
    assert len(json.loads(explain(program).to_json())["steps"]) == 5_001


# -- Pages ----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects the data of a page, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.data = ""
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._inside = given.get("id") == "data"
        self.loaded += [value for name, value in attrs if name in {"src", "href"} and value is not None]

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        self.data += data if self._inside else ""


def test_the_page_holds_all_steps_and_loads_nothing() -> None:
    """The page has a row for each step, and no link to anything outside."""
    page = Page(explain(SHOP).to_html())
    assert [row["label"] for row in json.loads(page.data)["rows"]] == [step.text for step in explain(SHOP).steps()]
    assert page.loaded == []


@any_size
@given(programs)
def test_text_of_the_program_cannot_leave_its_place(program: p.Program) -> None:
    """Whatever a program is called, the page has the data of its plan and no other script."""
    plan = explain(to_io(program, Log(lambda: 0.0)).named("</script><script>alert(1)</script>"))
    text = plan.to_html()
    assert text.count("<script") == 2
    assert json.loads(Page(text).data)["rows"][0]["label"] == repr("</script><script>alert(1)</script>")


# -- Notebooks ------------------------------------------------------------------------------------------------


class Shell:
    """As much of a notebook's shell as an extension sees."""

    def __init__(self) -> None:
        self.display_formatter = DisplayFormatter()

    def shows(self, value: object) -> dict[str, str]:
        shown: dict[str, str] = self.display_formatter.format(value)[0]  # type: ignore[no-untyped-call]
        return shown


def test_a_notebook_shows_the_page_of_a_plan() -> None:
    """In a notebook a plan is its page in a frame, in a terminal its text."""
    shown = Shell().shows(explain(SHOP))
    assert shown["text/plain"] == str(explain(SHOP))
    assert shown["text/html"].startswith("<iframe")
    assert "https://" not in shown["text/html"]


def test_a_notebook_shows_the_tree_of_a_cause() -> None:
    """A cause draws itself: as text, and in a page with the marks of its entries in colour and the rest escaped."""
    cause = run_exit(par_zip(fail("<a>"), unit)).failure()
    drawn = Shell().shows(cause)
    assert drawn["text/plain"] == cause.render()
    assert "&#x27;&lt;a&gt;&#x27;" in drawn["text/html"]
    assert drawn["text/html"].count("<b style") == 3


def test_a_notebook_with_the_extension_draws_failed_exits() -> None:
    """Loaded, the extension draws the tree of an exit with a cause, and nothing else; unloaded, it does not."""
    shell = Shell()
    exit = run_exit(par_zip(fail("<a>"), unit))
    notebook.load_ipython_extension(shell)
    assert shell.shows(exit) == shell.shows(exit.failure())
    assert shell.shows(Failure("other")) == {"text/plain": "<Failure: other>"}
    notebook.unload_ipython_extension(shell)
    assert shell.shows(exit)["text/plain"] == repr(exit)


CELLS = """
from effio import VirtualClock, explain, fail, par_zip, run_async_exit, run_traced_async, sleep
page = par_zip(sleep(1).named("a"), sleep(0.5).then(fail("no")).named("b"))
%%
explain(page)
%%
(exit, trace) = await run_traced_async(page, clock=VirtualClock()); trace
%%
exit.failure()
%%
exit
"""


@pytest.mark.slow
def test_a_kernel_shows_plans_traces_causes_and_exits() -> None:
    """In a real kernel each of them is the value of a cell, with a text and a page."""
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS.split("%%")]  # type: ignore[no-untyped-call]
    book = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    _, plan, trace, cause, exit = [cell.outputs[0].data if cell.outputs else {} for cell in book.cells]
    assert plan["text/plain"].startswith("1 par_zip")
    assert plan["text/html"].startswith("<iframe")
    assert trace["text/html"].startswith("<iframe")
    assert cause["text/plain"].startswith("par_zip failed")
    assert cause["text/html"].startswith("<pre")
    assert exit == cause


@pytest.mark.parametrize("depth", [1, 20_000])
def test_rich_shows_causes_of_any_depth(depth: int) -> None:
    """Rich prints a cause with its fields, the parts of the parts shortened."""
    cause: Any = Fail("no")
    for _ in range(depth):
        cause = Both((cause,), "par_zip")
    printed = io.StringIO()
    Console(file=printed, width=200).print(cause)
    first = "Fail(error='no')" if depth == 1 else "Both[par_zip]("
    assert printed.getvalue().removeprefix("Both(").strip().startswith(first)
    assert len(printed.getvalue().splitlines()) < 20

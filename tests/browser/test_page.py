"""The page of a plan or a trace in a real browser: opening, closing, searching, looking closer."""

from __future__ import annotations

import time
from typing import Any

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from effio import IO, delay, explain, if_, par_zip, race, sleep, unit
from effio.observe.render.html import trace_page
from effio.observe.trace import Cancel, Span, State, Trace, Wait
from tests.browser.browser import Browser

pytestmark = pytest.mark.slow

SHOP: IO[Any, Any] = (
    par_zip(sleep(1).named("basket"), race(sleep(2), unit).named("orders"))
    .then(if_(True, delay(print), unit).named("report"))
    .ensuring(delay(print, "bye"))
)


def fiber(number: int, name: str, state: State, **more: Any) -> Span:
    parent = None if number == 1 else 1
    return Span(
        id=number,
        parent=parent,
        name=name,
        kind="fiber",
        path=("main", name) if parent else (name,),
        fiber=number,
        state=state,
        **more,
    )


FAILED = Trace(
    (
        fiber(1, "main", "failed", start=0.0, end=2.0, error="ValueError: no such user"),
        fiber(
            2,
            "basket",
            "cancelled",
            start=0.1,
            end=1.5,
            cancel=Cancel("sibling", "orders", reason=None, at=1.2),
            waits=(Wait("the mutex 'db'", 0.2, end=1.2),),
        ),
        fiber(3, "orders", "failed", start=0.1, end=1.2, error="ValueError: no such user", origin="shop.py:4 in load"),
        fiber(4, "prices", "succeeded", start=0.1, end=0.7),
        fiber(5, "audit", "running", start=0.2),
    ),
    2.0,
)

SHAPES = """
const looks = [...document.querySelectorAll(".row:not(:first-child) .bar")].map((bar) => getComputedStyle(bar));
return looks.map((look) => [look.backgroundImage === "none", look.clipPath, look.borderRightStyle].join());
"""
PLACES = """
const places = [...document.querySelectorAll(".row .bar")].map((bar) => {
  const box = bar.getBoundingClientRect(), track = bar.parentElement.getBoundingClientRect();
  return [(box.left - track.left) / track.width, box.width / track.width];
});
"""


def crowd(count: int) -> Trace:
    """A trace of so many fibers side by side."""
    fibers = [fiber(n, f"worker {n}", "succeeded", start=n / count, end=n / count + 0.2) for n in range(2, count + 1)]
    return Trace((fiber(1, "main", "succeeded", start=0.0, end=1.2), *fibers), 1.2)


# -- Plans ----------------------------------------------------------------------------------------------------


def test_a_plan_has_a_row_for_each_step(browser: Browser) -> None:
    """Every step of the plan stands in the tree, and the browser has nothing to complain about."""
    browser.open(explain(SHOP).to_html())
    assert browser.labels() == [step.text for step in explain(SHOP).steps()]
    assert browser.complaints() == []


def test_a_click_closes_and_opens_a_step(browser: Browser) -> None:
    """A click on the triangle takes what is inside away and brings it back."""
    browser.open(explain(SHOP).to_html())
    before = browser.labels()
    browser.row("par_zip").find_element(By.CSS_SELECTOR, ".toggle").click()
    assert browser.labels() == before[: before.index("'basket'")] + before[before.index("'report'") :]
    browser.row("par_zip").find_element(By.CSS_SELECTOR, ".toggle").click()
    assert browser.labels() == before


def test_a_double_click_closes_a_step(browser: Browser) -> None:
    """A row under the pointer survives being chosen, so that a double click reaches it."""
    browser.open(explain(SHOP).to_html())
    ActionChains(browser.chrome).double_click(browser.row("par_zip")).perform()
    assert browser.row("par_zip").get_attribute("aria-expanded") == "false"


def test_buttons_close_and_open_everything(browser: Browser) -> None:
    """One button leaves the outermost steps only, the other one shows all of them."""
    browser.open(explain(SHOP).to_html())
    before = browser.labels()
    browser.one("[data-do=collapse]").click()
    browser.row("ensuring").find_element(By.CSS_SELECTOR, ".toggle").click()
    assert browser.labels() == ["ensuring"]
    browser.one("[data-do=expand]").click()
    assert browser.labels() == before


def test_keys_move_through_the_tree(browser: Browser) -> None:
    """Arrows choose the next row, close and open it, and lead to the row around it."""
    browser.open(explain(SHOP).to_html())
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert browser.one(".chosen .label").text == "par_zip"
    browser.press(Keys.ARROW_LEFT)
    assert browser.one(".chosen").get_attribute("aria-expanded") == "false"
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert browser.one(".chosen .label").text == "'basket'"
    browser.press(Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    assert browser.one(".chosen .label").text == "par_zip"
    browser.press(Keys.END)
    assert browser.one(".chosen .label").text == "delay(print, 'bye')"


def test_a_search_opens_what_it_finds(browser: Browser) -> None:
    """A step that was found is chosen, visible and marked, wherever it was; Enter leads to the next one."""
    browser.open(explain(SHOP).to_html())
    browser.one("[data-do=collapse]").click()
    browser.search("SLEEP")
    assert browser.one(".chosen .label").text == "sleep(1)"
    assert browser.one("#found").text == "1/2"
    browser.one("#search").send_keys(Keys.ENTER)
    assert browser.one(".chosen .label").text == "sleep(2)"
    assert {mark.text for mark in browser.all(".label mark")} == {"sleep"}
    browser.search("nothing like it")
    assert browser.one("#found").text == "none"


# -- Traces ---------------------------------------------------------------------------------------------------


def test_states_differ_without_colour(browser: Browser) -> None:
    """Each state has a sign of its own, and a bar of its own shape."""
    browser.open(trace_page(FAILED))
    signs = {label: row.find_element(By.CSS_SELECTOR, ".mark").text for label, row in browser.rows().items()}
    assert signs == {"main": "✗", "basket": "○", "orders": "✗", "prices": "✓", "audit": "▶"}
    assert len(set(browser.run(SHAPES))) == 4


def test_the_pointer_shows_what_is_known(browser: Browser) -> None:
    """Path, source line, error, what was waited for, and who cancelled, stand under the pointer."""
    browser.open(trace_page(FAILED))
    cancelled = browser.hover(browser.row("basket"))
    assert "the mutex 'db', 1 s" in cancelled
    assert "main > basket" in cancelled
    assert FAILED.spans[1].cancel is not None
    assert FAILED.spans[1].cancel.text() in cancelled
    failed = browser.hover(browser.row("orders"))
    assert "shop.py:4 in load" in failed
    assert "ValueError: no such user" in failed


def test_a_click_keeps_what_is_known_in_sight(browser: Browser) -> None:
    """What is known about the chosen row stays below the tree."""
    browser.open(trace_page(FAILED))
    browser.row("orders").click()
    assert "shop.py:4 in load" in browser.one("#details").text


def test_the_legend_leads_to_the_next_failure(browser: Browser) -> None:
    """A click on a state chooses the next row with it."""
    browser.open(trace_page(FAILED))
    for _ in range(2):
        browser.one("#legend button.failed").click()
    assert browser.one(".chosen .label").text == "orders"


def test_bars_stand_where_the_time_was(browser: Browser) -> None:
    """A bar begins and ends in proportion to its times, also after the time was zoomed."""
    browser.open(trace_page(FAILED))

    def place(label: str) -> tuple[float, float]:
        index = browser.labels().index(label)
        left, width = browser.run(f"{PLACES} return places[{index}]")
        return left, width

    assert place("basket") == pytest.approx((0.05, 0.7), abs=0.01)
    browser.press("+")
    assert place("basket") == pytest.approx((-0.4, 1.4), abs=0.01)


def test_ten_thousand_fibers_are_no_burden(browser: Browser) -> None:
    """A trace of 10 000 fibers has some rows in the document, and the last one at the end."""
    browser.open(trace_page(crowd(10_000)))
    assert len(browser.all(".row")) < 100
    browser.press(Keys.END)
    assert browser.labels()[-1] == "worker 10000"
    start = time.perf_counter()
    browser.search("worker 4321")
    assert browser.one(".chosen .label").text == "worker 4321"
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_scheme(browser: Browser, scheme: str) -> None:
    """The page is light or dark as the reader has it, and a picture of it shows its bars."""
    browser.open(trace_page(FAILED), scheme)
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 31)"}[scheme]
    assert len(browser.picture(f"{scheme}.png")) > 10_000

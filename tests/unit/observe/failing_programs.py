"""Typical failures, as users write them; what their reports look like is in `error_reports.md`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from effio import (
    IO,
    Do,
    Fiber,
    TaskGroup,
    VirtualClock,
    attempt,
    delay,
    do,
    fail,
    never,
    par_traverse,
    par_zip,
    pure,
    race,
    run_exit,
    sleep,
    task_group,
)


class NoSuchUser(Exception):
    """What a lookup fails with."""


def look_up(name: str) -> str:
    raise NoSuchUser(name)


def parse(text: str) -> int:
    return number_in(text)


def number_in(text: str) -> int:
    return int(text)


def save(order: str) -> None:
    try:
        raise ConnectionError("bank is down")
    except ConnectionError as error:
        error.add_note("the bank opens at nine")
        raise RuntimeError(f"cannot save {order}") from error


@do
def place_order(name: str) -> Do[str, NoSuchUser]:
    yield from sleep(0.2)
    return (yield from attempt(look_up, name))  # type: ignore[misc]


def fetch(number: int) -> IO[int, str]:
    return fail(f"page {number} is missing") if number == 70 else sleep(1).as_value(number)


@do
def cancelled_child(group: TaskGroup) -> Do[None]:
    poller: Fiber[None] = yield from group.fork(never, name="poller")
    yield from poller.cancel_soon("enough")
    yield from poller.join()


def programs() -> dict[str, IO[Any, Any]]:
    """Each failure under its name."""
    profile = sleep(0.1).as_value("profile").named("profile")
    basket = never.named("basket")
    orders = place_order("ada").named("orders")
    closing = orders.ensuring(sleep(0.1).then(fail(OSError("disk full"))))
    return {
        "a typed error": fail(NoSuchUser("ada")).named("lookup"),
        "an error that is a plain value": fail({"status": 404}).named("lookup"),
        "an exception in a function": delay(parse, "twelve").named("parse"),
        "an exception with a cause": attempt(save, "no 7"),
        "a function that is no step": pure("twelve").map(parse),
        "one of three": par_zip(profile, orders, basket),
        "two at once": par_zip(orders, sleep(0.2).then(fail(KeyError("price"))).named("price"), basket),
        "a failing finalizer": closing,
        "a failing finalizer in parallel": par_zip(profile, closing.named("orders"), basket),
        "a timeout": sleep(60).named("slow page").fail_after(2),
        "a race that everybody loses": race(
            fail("no route").named("ipv6"), sleep(1).then(fail("refused")).named("ipv4")
        ),
        "groups in groups": par_zip(race(fail(1).named("a"), fail(2).named("b")).named("either"), profile),
        "one of a hundred": par_traverse(range(100), fetch, limit=20).named("pages"),
        "cancelled by hand": task_group(cancelled_child, name="workers"),
        "several errors in one": attempt(raise_group),
        "only the first": par_zip(orders, basket, sleep(0.2).then(fail(KeyError("price")))).squashed(),
    }


def raise_group() -> None:
    raise ExceptionGroup("two shops", [ValueError("closed"), ValueError("burnt down")])


# -- Their reports -------------------------------------------------------------------------------------------

REPORTS = Path(__file__).with_name("error_reports.md")


def report_of(program: IO[Any, Any]) -> str:
    return run_exit(program, clock=VirtualClock()).failure().render()


def reports() -> dict[str, str]:
    """The reports that were looked at and found good, by name."""
    sections = REPORTS.read_text(encoding="utf-8").split("\n## ")[1:]
    return {section.partition("\n")[0]: section.partition("```text\n")[2].partition("\n```")[0] for section in sections}


def write_reports() -> None:
    """Write all reports anew, to be looked at."""
    written = (f"## {name}\n\n```text\n{report_of(program)}\n```\n" for name, program in programs().items())
    REPORTS.write_text("\n".join(["# What typical failures look like\n", *written]), encoding="utf-8")


if __name__ == "__main__":
    write_reports()

"""The demos on real sockets: happy eyeballs, a transaction with web services, a spider, a chat."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from effio import run, run_traced
from effio.demos import chat, crawl, happy_eyeballs, transaction
from effio.net import happy_eyeballs as library
from effio.net import resolver
from tests.unit.net.sockets import open_sockets

ATTEMPT = re.compile(r"(?P<address>\S+) +(?P<role>[a-z ]+?) +(?P<start>\d\.\d\d) - (?P<end>\d\.\d\d) s .* (?P<how>\w+)")
MISSING = ("missing", "Not Found")


@pytest.fixture(autouse=True)
def no_socket_left() -> Iterator[None]:
    """A demo leaves no socket open."""
    before = open_sockets()
    yield
    assert open_sockets() - before == set()


# -- Happy eyeballs ------------------------------------------------------------------------------------------


def test_happy_eyeballs_prints_every_attempt(capsys: pytest.CaptureFixture[str]) -> None:
    """The silent address is tried first, the refusing one is followed at once, the good one wins."""
    run(happy_eyeballs.main())
    lines = capsys.readouterr().out.splitlines()
    attempts = [found for line in lines if (found := ATTEMPT.fullmatch(line))]
    assert [(found["role"], found["how"]) for found in attempts] == [
        ("accepts nothing", "cancelled"),
        ("refuses", "ConnectionRefusedError"),
        ("is slow", "cancelled"),
        ("is good", "connected"),
    ]
    starts = [float(found["start"]) for found in attempts]
    assert starts[1] - starts[0] == pytest.approx(0.25, abs=0.1)
    assert starts[2] - starts[1] == pytest.approx(0, abs=0.1)
    assert starts[3] - starts[2] == pytest.approx(0.25, abs=0.1)
    assert lines[-2].startswith(f"the winner is {attempts[3]['address']} after 0.")
    assert lines[-1] == "it says 'hello'"


def test_happy_eyeballs_is_at_most_25_lines() -> None:
    """Name resolution, order of addresses, race and error report together are short."""
    functions = [library.connect, resolver.interleaved, inspect.unwrap(resolver.resolve)]
    assert sum(code_lines(inspect.getsource(function)) for function in functions) <= 25


def code_lines(source: str) -> int:
    """The lines of a function without decorator, signature and docstring, as it would be formatted anew."""
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    body = [node for node in function.body if not is_docstring(node)]
    return len(ast.unparse(ast.Module(body, [])).splitlines()) + 1


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


# -- Transaction ---------------------------------------------------------------------------------------------


def test_transaction_rolls_back_when_a_service_hangs(capsys: pytest.CaptureFixture[str]) -> None:
    """The order is rolled back, both services see their caller hang up, and one tree tells why."""
    run(transaction.main(0.2))
    out = capsys.readouterr().out
    head, tree = out.split("par_zip failed\n")
    lines = head.splitlines()
    database = [line for line in lines if line.startswith("database")]
    assert database == [
        "database: begin",
        "database: insert into orders values ('a book')",
        "database: rollback",
        "database: select count(*) from orders",
        "database: 0 orders",
    ]
    assert set(lines) - set(database) == {"stock: the caller hung up", "payment: the caller hung up"}
    assert "○ stock    cancelled, because 'payment' failed" in tree
    assert "✗ payment  TimedOut: timed out after 0.2 s" in tree


def test_transaction_leaves_no_task_in_its_loop(capsys: pytest.CaptureFixture[str]) -> None:
    """Inside somebody else's loop no task is left of client and servers."""

    async def host() -> int:
        await transaction.main(0.05)
        return len(asyncio.all_tasks())

    assert asyncio.run(host()) == 1
    assert "database: 0 orders" in capsys.readouterr().out


# -- Spider --------------------------------------------------------------------------------------------------


def test_spider_visits_every_page_once_and_few_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    """All pages of both sites are visited, also those that are busy at first, and the limits are kept and reached."""
    run(crawl.main(pages=8, seconds=0.02))
    *visits, pages, at_once = capsys.readouterr().out.splitlines()
    found = [tuple(visit.rpartition("/")[2].split(" ", 1)) for visit in visits]
    assert sorted(found) == sorted([("", "ok"), *((str(page), "ok") for page in range(1, 8)), MISSING] * 2)
    assert (pages, at_once) == ("16 pages, 2 broken links", "at most 3 at once, 2 of one site")


def test_spider_stops_at_ctrl_c_and_leaves_nothing_open() -> None:
    """Interrupted in the middle it says so; client and servers are closed, so that nothing complains about them."""
    command = [sys.executable, "-X", "dev", "-u", "-m", "effio", "demo", "crawl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as spider:
        assert spider.stdout is not None
        assert spider.stdout.readline().endswith("/ ok\n")
        spider.send_signal(signal.SIGINT)
        out, complaints = spider.communicate(timeout=20)
    assert "pages" not in out
    assert [line for line in complaints.splitlines() if not line.startswith("Executing ")] == ["interrupted"]
    assert spider.returncode == 130


# -- Chat ----------------------------------------------------------------------------------------------------


def test_chat_goes_on_when_a_handler_crashes(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the one whose line crashed her handler is cut off; the others hear of it, go on, and are told goodbye."""
    run(chat.main())
    crash, *heard = capsys.readouterr().out.splitlines()
    assert crash == "server: a handler crashed: not enough values to unpack (expected 2, got 1)"
    since_all_came = {line.split()[0]: line.partition("* 3 here, ")[2] for line in heard}
    rest = "ann: hello, * one left, ann: what was that?, * the chat is over"
    assert since_all_came == {"ann": rest, "bob": rest, "eve": "ann: hello"}


def test_chat_serves_each_connection_in_a_child_of_its_scope(capsys: pytest.CaptureFixture[str]) -> None:
    """The handlers of the three connections ran inside the serving group, and nothing else did."""
    _, trace = run_traced(chat.main())
    (conversations,) = (span for span in trace.named("conversations") if span.kind == "group")
    forked = [span.name.split()[0] for span in trace.children(conversations) if span.kind == "fiber"]
    assert forked == ["client"] * 3

"""Fixtures that return resources: acquired where the test runs, released when the fixture ends."""

from __future__ import annotations

import pytest

from tests.unit.testing.pytest_plugin.conftest import RunTests

FIXTURES = """
def noted(name):
    return Resource.make(delay(print, name, "opened").as_value(name), lambda value: delay(print, name, "closed"))

@pytest.fixture(scope="session")
def server():
    return noted("server")

@pytest.fixture
def client(server):
    return noted(f"client of {server}")
"""


def test_fixtures_live_as_long_as_their_scope(run_tests: RunTests) -> None:
    """A session resource is acquired once, a function resource for each test, each released in the opposite order."""
    result = run_tests(
        FIXTURES
        + """
def test_first(client):
    return delay(print, "first uses", client)

def test_second(client, server):
    return delay(print, "second uses", client, server)

def test_without_program(client):
    assert client == "client of server"
""",
        "-s",
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*server opened",
            "client of server opened",
            "first uses client of server",
            "*client of server closed",
            "*client of server opened",
            "second uses client of server server",
            "*client of server closed",
            "*server closed",
        ]
    )
    assert result.stdout.str().count("server opened") == 1 + 3
    assert result.stdout.str().count("\nclient of server opened") + result.stdout.str().count(".client") >= 2


def test_session_client_and_tests_share_an_event_loop(run_tests: RunTests) -> None:
    """An aiohttp server and client acquired for the session serve every test, and the server answers while one runs."""
    pytest.importorskip("aiohttp")
    result = run_tests("""
from aiohttp import ClientSession, web
from contextlib import asynccontextmanager

@asynccontextmanager
async def serving():
    application = web.Application()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()

async def answer(request):
    return web.Response(text="hello")

@pytest.fixture(scope="session")
def port():
    return Resource.from_async_cm(serving)

@pytest.fixture(scope="session")
def session():
    return Resource.from_async_cm(ClientSession)

@pytest.mark.parametrize("number", range(3))
def test_request(session, port, number):
    async def text():
        async with session.get(f"http://127.0.0.1:{port}/") as response:
            return await response.text()
    def check(found):
        assert found == "hello"
    return from_async(text).map(check)
""")
    result.assert_outcomes(passed=3)


def test_failing_acquire_is_an_error_of_the_setup(run_tests: RunTests) -> None:
    """A resource that cannot be had fails the setup of each test that needs it, and is tried once per scope."""
    result = run_tests(
        """
@pytest.fixture(scope="session")
def database():
    return Resource.make(delay(print, "trying").then(fail(OSError("no database"))), lambda value: unit)

def test_one(database):
    return unit

def test_two(database):
    return unit
""",
        "-s",
    )
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_one*", "*OSError: no database*"])
    assert result.stdout.str().count("trying\n") == 1


@pytest.mark.parametrize("scope", ["function", "session"])
def test_failing_release_is_an_error_of_the_teardown(run_tests: RunTests, scope: str) -> None:
    """A release that fails is reported at the teardown, the test itself passes."""
    result = run_tests(f"""
@pytest.fixture(scope={scope!r})
def database():
    return Resource.make(pure(1), lambda value: fail(OSError("cannot close")))

def test_it(database):
    return unit
""")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", "*OSError: cannot close*"])


def test_resource_is_released_after_a_failing_test(run_tests: RunTests) -> None:
    """The resource of a test that fails is released all the same."""
    result = run_tests(FIXTURES + "\ndef test_it(client):\n    return fail(KeyError(client))\n", "-s")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*client of server closed*", "*server closed*"])


@pytest.mark.parametrize("marker", ["backend='trio'", "seed=1", "explore=True", "cancel_sweep=True"])
def test_test_elsewhere_acquires_by_itself(run_tests: RunTests, marker: str) -> None:
    """On trio and in simulation a function resource is acquired and released within each run of the test."""
    result = run_tests(
        f"""
log = []

@pytest.fixture
def number():
    return Resource.make(delay(log.append, "+").as_value(5), lambda value: delay(log.append, "-"))

@pytest.mark.effio({marker})
@do
def test_it(number):
    yield from sleep(0)
    assert number + 1 == 6

def test_balance():
    assert log and log.count("+") == log.count("-")
"""
    )
    result.assert_outcomes(passed=2)


def test_fixture_of_another_loop_is_refused(run_tests: RunTests) -> None:
    """A session resource that lives in the asyncio loop cannot be used on trio; the error says what to do."""
    result = run_tests(FIXTURES + "\n@pytest.mark.effio(backend='trio')\ndef test_it(server):\n    return unit\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*fixture 'server' lives in the asyncio loop, but test_it runs on trio*"])


def test_session_resource_needs_a_loop_to_live_in(run_tests: RunTests) -> None:
    """Where nothing runs between tests, a session resource is refused when it is set up."""
    result = run_tests(FIXTURES + "\ndef test_it(server):\n    return unit\n", "-o", "effio_backend=trio")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'server' of scope session cannot be held open between tests on trio*"])


def test_what_a_resource_runs_in_the_background_goes_on(run_tests: RunTests) -> None:
    """What a session resource has started works while tests run, and ends with it."""
    result = run_tests(
        """
import asyncio
from contextlib import asynccontextmanager

@asynccontextmanager
async def counting():
    count = []

    async def tick():
        while True:
            count.append(1)
            await asyncio.sleep(0.001)

    task = asyncio.create_task(tick())
    yield count
    print("cancelled", task.cancel())

@pytest.fixture(scope="session")
def count():
    return Resource.from_async_cm(counting)

@do
def test_goes_on(count):
    before = len(count)
    yield from sleep(0.05)
    assert len(count) > before
""",
        "-s",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*cancelled True*"])

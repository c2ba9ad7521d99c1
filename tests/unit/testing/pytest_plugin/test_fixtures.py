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
    """On another backend and in simulation a function resource is acquired and released within each run of the test."""
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


def test_session_resource_lives_on_trio(run_tests: RunTests) -> None:
    """With trio for all tests, fixtures of any scope that depend on one another and the tests share one trio run."""
    pytest.importorskip("trio")
    result = run_tests(
        """
import trio
from contextlib import asynccontextmanager

@asynccontextmanager
async def serving():
    async with trio.open_nursery() as nursery:
        send, receive = trio.open_memory_channel(0)
        nursery.start_soon(echo, receive)
        yield send
        nursery.cancel_scope.cancel()
    print("served")

async def echo(receive):
    async for text, answer in receive:
        await answer.send(text.upper())

@pytest.fixture(scope="session")
def server():
    return Resource.from_async_cm(serving)

@pytest.fixture
def ask(server):
    async def ask(text):
        send, receive = trio.open_memory_channel(0)
        await server.send((text, send))
        return await receive.receive()
    return Resource.make(delay(print, "asking").as_value(ask), lambda ask: from_async(trio.sleep, 0))

@pytest.mark.parametrize("text", ["a", "b"])
@do
def test_it(ask, text):
    assert (yield from from_async(ask, text)) == text.upper()

@pytest.mark.effio(clock="virtual")
def test_virtual(ask):
    return sleep(86_400)
""",
        "-s",
        "-o",
        "effio_backend=trio",
    )
    result.assert_outcomes(passed=3)
    assert result.stdout.str().count("asking") == 3
    assert result.stdout.str().count("served") == 1


def test_interrupt_on_trio_releases_what_is_held(run_tests: RunTests) -> None:
    """Ctrl-C in a program on trio runs its finalizers, releases the session resource and ends the session."""
    pytest.importorskip("trio")
    result = run_tests(
        FIXTURES
        + """
import signal

@do
def test_it(server):
    press = delay(signal.raise_signal, signal.SIGINT)
    yield from press.then(never).ensuring(sleep(0.01).then(delay(print, "finalized")))

def test_next():
    print("went on")
""",
        "-s",
        "-o",
        "effio_backend=trio",
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*finalized", "*server closed*"])
    assert "went on" not in result.stdout.str()


@pytest.mark.parametrize("backend", ["asyncio", "simulated"])
@pytest.mark.parametrize("marker", ["seed=1", "explore=True", "cancel_sweep=True"])
def test_simulated_run_makes_its_fixtures(run_tests: RunTests, marker: str, backend: str) -> None:
    """Each simulated run has its own fixtures of any scope, those that depend on others and generators too."""
    result = run_tests(
        f"""
log = []

@pytest.fixture(scope="session")
def store():
    return Resource.make(Ref.make(0), lambda store: delay(log.append, "store closed"))

@pytest.fixture(scope="module")
def start(store):
    yield store.get()
    log.append("start over")

@pytest.fixture
def writer(store, start):
    def write(value):
        return store.update(lambda now: now + value)
    return Resource.make(start.then(pure(write)), lambda write: delay(log.append, "writer closed"))

@pytest.mark.effio({marker})
@do
def test_it(store, writer):
    yield from par_zip(writer(1), writer(2))
    assert (yield from store.get()) == 3

def test_order():
    assert log[:3] == ["writer closed", "start over", "store closed"]
    assert len(log) % 3 == 0
""",
        "-o",
        f"effio_backend={backend}",
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("order", [("simulated", "asyncio"), ("asyncio", "simulated")])
def test_session_resource_of_tests_of_both_kinds(run_tests: RunTests, order: tuple[str, str]) -> None:
    """A simulated test never sees the resource that is held open for others, whichever comes first."""
    tests = "".join(
        f"""
@pytest.mark.effio(backend={backend!r})
def test_{backend}(number, client):
    return delay(print, {backend!r}, number, client)
"""
        for backend in order
    )
    result = run_tests(
        f"""
made = []

@pytest.fixture(scope="session")
def number():
    return Resource.make(delay(lambda: made.append(1) or len(made)), lambda number: delay(print, "closed", number))

@pytest.fixture(scope="session")
def client(number):
    return f"client of {{number}}"
{tests}
def test_last(number, client):
    print("last", number, client)
""",
        "-s",
    )
    result.assert_outcomes(passed=3)
    first, second = order
    text = result.stdout.str()
    assert f"{first} 1 client of 1" in text
    assert f"{second} 2 client of 2" in text
    shared = 2 if first == "simulated" else 1
    assert f"last {shared} client of {shared}" in text
    assert text.count("closed") == 2


def test_simulated_test_has_the_fixtures_it_does_not_name(run_tests: RunTests) -> None:
    """A resource that is only used, or used by all, is acquired in simulation too."""
    result = run_tests(
        """
@pytest.fixture(autouse=True)
def everywhere():
    return Resource.make(delay(print, "everywhere"), lambda value: unit)

@pytest.fixture
def asked_for():
    return Resource.make(delay(print, "asked for"), lambda value: unit)

@pytest.mark.usefixtures("asked_for")
@pytest.mark.effio(seed=1)
def test_it():
    return delay(print, "used")
""",
        "-s",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*everywhere", "asked for", "used"])


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

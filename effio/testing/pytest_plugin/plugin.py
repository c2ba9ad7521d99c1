"""The hooks: what pytest calls."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial, wraps
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any, Final, TypeAlias, final

import pytest
from typing_extensions import TypeIs

from effio.algebra.shape import is_io
from effio.resource.resource import Resource
from effio.testing.pytest_plugin.host import Host
from effio.testing.pytest_plugin.mode import BACKENDS, HOSTS, Mode
from effio.testing.pytest_plugin.trial import SECTIONS, Trial

MARKER: Final = (
    'effio(clock="real", backend="asyncio", seed=None, explore=False, cancel_sweep=False, fault_sweep=False, '
    "max_schedules=None, timeout=None): how to run a test that returns a program"
)
STATE: Final = pytest.StashKey["Session"]()
MODE: Final = pytest.StashKey[Mode]()

Fixture: TypeAlias = pytest.FixtureDef[Any]


@final
class Session:
    """What lives as long as the test session: an event loop for each backend, and who is held open in which."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.hosts: dict[str, Host] = {}
        self.held: dict[Fixture, str] = {}
        self.backend = str(config.getini("effio_backend"))
        if self.backend not in BACKENDS:
            raise pytest.UsageError(f"effio_backend must be one of {', '.join(BACKENDS)}, not {self.backend!r}")

    def host(self, backend: str) -> Host:
        """The event loop of a backend."""
        if backend not in self.hosts:
            self.hosts[backend] = Host(backend)
        return self.hosts[backend]

    def mode_of(self, item: pytest.Item) -> Mode:
        """How a test is to be run; a marker that does not say so properly fails it."""
        mode = item.stash.get(MODE, None) or self.told(item)
        if isinstance(mode, str):
            pytest.fail(mode, pytrace=False)
        item.stash[MODE] = mode
        return mode

    def told(self, item: pytest.Item) -> Mode | str:
        """The mode that the markers and the command line tell, or what is wrong with them."""
        option = self.config.getoption
        asked = {"seed": "effio_seed", "max_schedules": "effio_schedules", "replay": "effio_replay"}
        given = {name: value for name, key in asked.items() if (value := option(key)) is not None}
        try:
            return Mode.of(item.iter_markers("effio"), given, {"backend": self.backend})
        except (TypeError, ValueError) as problem:
            return str(problem)

    def hold(self, fixture: Fixture, resource: Resource[Any, Any], request: pytest.FixtureRequest, backend: str) -> Any:
        """Acquire the resource of a fixture, to be released when the fixture ends."""
        value, release = self.host(backend).hold(resource)
        self.held[fixture] = backend
        request.addfinalizer(partial(self.held.pop, fixture))
        request.addfinalizer(release)
        return value

    def close(self) -> None:
        for host in self.hosts.values():
            host.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the command line and of the ini file."""
    group = parser.getgroup("effio")
    group.addoption("--effio-seed", type=int, metavar="N", help="run programs simulated, in the order that N chooses")
    group.addoption("--effio-schedules", type=int, metavar="N", help="explore at most N schedules of a test")
    group.addoption("--effio-replay", metavar="TOKEN", help="run programs again as in the run that TOKEN is of")
    parser.addini("effio_backend", "where programs run: asyncio, uvloop, trio or simulated", default="asyncio")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and the state of the session."""
    config.addinivalue_line("markers", MARKER)
    config.stash[STATE] = Session(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the event loops."""
    session = config.stash.get(STATE, None)
    if session is not None:
        session.close()


# -- Tests ---------------------------------------------------------------------------------------------------


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that says nothing sensible before anything is acquired."""
    if item.get_closest_marker("effio") is not None:
        item.config.stash[STATE].mode_of(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run the program that a test returns; a test of Hypothesis does so for each example."""
    __tracebackhide__ = True
    given = getattr(getattr(item, "obj", None), "hypothesis", None)
    place, name = (item, "obj") if given is None else (given, "inner_test")
    original = getattr(place, name, None)
    if not isinstance(item, pytest.Function) or original is None or is_asynchronous(original):
        return (yield)
    setattr(place, name, running(original, item))
    try:
        return (yield)
    finally:
        setattr(place, name, original)
        for title, text in item.stash.get(SECTIONS, dict[str, str]()).items():
            item.add_report_section("call", title, text)


def is_asynchronous(test: Callable[..., Any]) -> bool:
    """Whether the test is for the plugin of somebody else."""
    return iscoroutinefunction(test) or isasyncgenfunction(test)


def running(test: Callable[..., Any], item: pytest.Function) -> Callable[..., Any]:
    """The same test, but a program that it returns is run."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        trial = Trial(item, partial(test, *args), kwargs)
        result = None if trial.waiting else test(*args, **kwargs)
        if not (trial.waiting or is_io(result)):
            return checked(result, item)
        session = item.config.stash[STATE]
        mode = session.mode_of(item)
        refuse_fixtures_elsewhere(item, mode, session)
        trial.run(result, mode, session.host(mode.backend) if mode.hosted else None)
        return None

    return run


def checked(result: object, item: pytest.Function) -> object:
    """What a test returned that is no program, which is none of our business unless the test is marked."""
    __tracebackhide__ = True
    if item.get_closest_marker("effio") is None:
        return result
    pytest.fail(
        f"{item.name} is marked effio and must return a program, not {result!r:.100}\n"
        "return the program, or write the test with @do and `yield from`",
        pytrace=False,
    )


# -- Fixtures ------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Fixture, request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Acquire the resource that a fixture returns, and release it when the fixture ends.

    Where the test of a fixture runs elsewhere than in an event loop of the plugin, it acquires the resource itself.
    """
    value = yield
    if not is_resource(value):
        return value
    session = request.config.stash[STATE]
    mode = session.mode_of(request.node) if isinstance(request.node, pytest.Item) else None
    if mode is not None and not mode.hosted:
        return value
    backend = session.backend if mode is None else mode.backend
    assert fixturedef.cached_result is not None
    _, key, _ = fixturedef.cached_result
    try:
        if backend not in HOSTS:
            refuse_scope(fixturedef, backend)
        acquired = session.hold(fixturedef, value, request, backend)
    except BaseException as error:
        fixturedef.cached_result = (None, key, (error, error.__traceback__))
        raise
    fixturedef.cached_result = (acquired, key, None)
    return acquired


def is_resource(value: object) -> TypeIs[Resource[Any, Any]]:
    """Whether a fixture is something to acquire."""
    return isinstance(value, Resource)


def refuse_scope(fixture: Fixture, backend: str) -> None:
    """A resource that several tests share needs an event loop that several tests share."""
    problem = RuntimeError(
        f"fixture {fixture.argname!r} of scope {fixture.scope} cannot be held open between tests on {backend}"
    )
    problem.add_note("give it the scope function, or set effio_backend to asyncio or uvloop")
    raise problem


def refuse_fixtures_elsewhere(item: pytest.Function, mode: Mode, session: Session) -> None:
    """A value that was acquired in one event loop cannot be used in another; the simulated world has none."""
    if mode.simulated:
        return
    fixtures = item._fixtureinfo.name2fixturedefs  # pyright: ignore[reportPrivateUsage]  # pytest has no other way
    for name, definitions in fixtures.items():
        backend = session.held.get(definitions[-1], mode.backend)
        if backend != mode.backend:
            problem = RuntimeError(
                f"fixture {name!r} lives in the {backend} loop, but {item.name} runs on {mode.backend}"
            )
            problem.add_note(
                f"set effio_backend = {mode.backend} for all tests, or give the fixture the scope function"
            )
            raise problem

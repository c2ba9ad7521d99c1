"""The hooks: what pytest calls."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial, wraps
from typing import Any, Final, final

import pytest

from effio.algebra.shape import is_io
from effio.resource.resource import Resource
from effio.testing.pytest_plugin.host import Host
from effio.testing.pytest_plugin.mode import Mode
from effio.testing.pytest_plugin.trial import Trial

HELP: Final = (
    'effio(clock="virtual", backend="asyncio", seed=None, explore=False, cancel_sweep=False, fault_sweep=False, '
    "max_schedules=None, timeout=None): how to run a test that returns a program"
)
STATE: Final = pytest.StashKey["Session"]()


@final
class Session:
    """What lives as long as the test session: an event loop for each backend, and who holds what in which."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.hosts: dict[str, Host] = {}
        self.held: dict[Any, str] = {}

    def host(self, backend: str) -> Host:
        """The event loop of a backend."""
        if backend not in self.hosts:
            self.hosts[backend] = Host(backend)
        return self.hosts[backend]

    def default_backend(self) -> str:
        return str(self.config.getini("effio_backend"))

    def mode_of(self, node: pytest.Item) -> Mode:
        """How a test is to be run."""
        defaults: dict[str, Any] = {"backend": self.default_backend()}
        seed = self.config.getoption("effio_seed")
        if seed is not None:
            defaults["seed"] = seed
        schedules = self.config.getoption("effio_schedules")
        if schedules is not None:
            defaults["max_schedules"] = schedules
        return Mode.of((marker.kwargs for marker in node.iter_markers("effio")), defaults)

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
    """Make the markers known, and the state of the session."""
    config.addinivalue_line("markers", HELP)
    config.stash[STATE] = Session(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the event loops."""
    config.stash[STATE].close()


# -- Tests ---------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run the program that a test returns; a test of Hypothesis does so for each example."""
    __tracebackhide__ = True
    session = pyfuncitem.config.stash[STATE]
    given = getattr(pyfuncitem.obj, "hypothesis", None)
    if given is None:
        original = pyfuncitem.obj
        pyfuncitem.obj = running(original, pyfuncitem, session)
    else:
        original = given.inner_test
        given.inner_test = running(original, pyfuncitem, session)
    try:
        return (yield)
    finally:
        if given is None:
            pyfuncitem.obj = original
        else:
            given.inner_test = original


def running(test: Callable[..., Any], item: pytest.Function, session: Session) -> Callable[..., Any]:
    """The same test, but a program that it returns is run."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        result = test(*args, **kwargs)
        if not is_io(result):
            return refused(result, item)
        mode = session.mode_of(item)
        if mode.hosted:
            refuse_foreign_fixtures(item, mode, session)
        host = session.host(mode.backend) if mode.hosted else None
        Trial(item, mode, host, partial(test, *args), kwargs).run(result)
        return None

    return run


def refused(result: object, item: pytest.Function) -> object:
    """A test that is marked must return a program; any other is none of our business."""
    if result is None and item.get_closest_marker("effio") is not None and not is_wrapped(item.obj):
        problem = TypeError(f"{item.name} is marked effio and must return a program, but returned None")
        __tracebackhide__ = True
        problem.add_note("return the program, or write the test with @do and `yield from`")
        raise problem
    return result


def is_wrapped(test: Any) -> bool:
    """Whether another plugin runs the test, which returns nothing then."""
    return hasattr(test, "hypothesis")


# -- Fixtures ------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Acquire the resource that a fixture returns, and release it when the fixture ends.

    Where the loop of the fixtures is not the place where the test runs, the test acquires it itself.
    """
    value = yield
    if not isinstance(value, Resource):
        return value
    session = request.config.stash[STATE]
    backend = session.default_backend()
    if isinstance(request.node, pytest.Item):
        mode = session.mode_of(request.node)
        if not mode.hosted:
            return value
        backend = mode.backend
    result = fixturedef.cached_result
    fixturedef.cached_result = None
    acquired, release = session.host(backend).hold(value)
    request.addfinalizer(release)
    session.held[fixturedef] = backend
    assert result is not None
    fixturedef.cached_result = (acquired, result[1], None)
    return acquired


def refuse_foreign_fixtures(item: pytest.Function, mode: Mode, session: Session) -> None:
    """A value that was acquired in one event loop cannot be used in another."""
    for name, definitions in item._fixtureinfo.name2fixturedefs.items():
        backend = session.held.get(definitions[-1], mode.backend)
        if backend != mode.backend:
            problem = RuntimeError(
                f"fixture {name!r} lives in the {backend} loop, but {item.name} runs on {mode.backend}"
            )
            problem.add_note(f"set effio_backend = {mode.backend} for all tests, or make the fixture function-scoped")
            raise problem

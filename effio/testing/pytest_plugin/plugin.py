"""The hooks: what pytest calls once there may be programs to run; before that there is `entry`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial, wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgenerator
from typing import Any, Final, TypeAlias, final

import pytest

from effio.algebra.shape import is_io
from effio.resource.resource import Resource
from effio.testing.pytest_plugin import entry, summary
from effio.testing.pytest_plugin.host import Host, host_of
from effio.testing.pytest_plugin.mode import Mode
from effio.testing.pytest_plugin.postponed import Postponed, finish, is_resource
from effio.testing.pytest_plugin.trial import SECTIONS, Trial

STATE: Final = pytest.StashKey["Session"]()
MODE: Final = pytest.StashKey[Mode]()
PARAMETRIZED: Final = "get_direct_param_fixture_func"  # the function of what pytest makes of an argument of parametrize

Fixture: TypeAlias = pytest.FixtureDef[Any]


@final
class Session:
    """What lives as long as the test session: an event loop for each backend, and who is held open in which.

    `recipes` tell how to make, once more, those fixtures that are resources or are made from some.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.hosts: dict[str, Host] = {}
        self.held: dict[Fixture, str] = {}
        self.recipes: dict[Fixture, Postponed] = {}
        self.backend = str(config.getini("effio_backend"))

    def host(self, backend: str) -> Host:
        """The event loop of a backend."""
        if backend not in self.hosts:
            self.hosts[backend] = host_of(backend)
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
        given |= {"exhaustive": True} if option("effio_exhaustive") else {}
        try:
            return Mode.of(item.iter_markers("effio"), given, {"backend": self.backend})
        except (TypeError, ValueError) as problem:
            return str(problem)

    # -- Fixtures ----

    def hold(self, fixture: Fixture, resource: Resource[Any, Any], backend: str) -> Any:
        """Acquire the resource of a fixture, to be released when the fixture ends."""
        value, release = self.host(backend).hold(resource)
        self.held[fixture] = backend
        fixture.addfinalizer(partial(self.held.pop, fixture))
        fixture.addfinalizer(release)
        return value

    def remember(self, fixture: Fixture, recipe: Postponed) -> None:
        """Keep how to make a fixture as long as it lives."""
        self.recipes[fixture] = recipe
        fixture.addfinalizer(partial(self.recipes.pop, fixture, None))

    def settle(self, postponed: Postponed, backend: str) -> Any:
        """Make a fixture after all, which had been postponed for the simulated test that needed it first."""
        fixture = postponed.fixture
        assert fixture.cached_result is not None
        known, key, error = fixture.cached_result
        if known is not postponed or error is not None:
            return known
        arguments = {
            name: self.settle(value, backend) if isinstance(value, Postponed) else value
            for name, value in postponed.arguments.items()
        }
        value = postponed.function(**arguments)
        if isgenerator(value):
            fixture.addfinalizer(partial(finish, postponed.name, value))
            value = next(value)
        if is_resource(value):
            value = self.hold(fixture, value, backend)
        fixture.cached_result = (value, key, None)
        self.remember(fixture, postponed)
        return value

    def waiting(self, item: pytest.Function) -> dict[str, Postponed]:
        """The fixtures that each simulated run of a test makes anew."""
        definitions = item._fixtureinfo.name2fixturedefs  # pyright: ignore[reportPrivateUsage]  # pytest has no other way
        recipes = {name: self.recipes.get(definitions[name][-1]) for name in item.funcargs if name in definitions}
        found = {name: value for name, value in item.funcargs.items() if isinstance(value, Postponed)}
        return {name: recipe for name, recipe in recipes.items() if recipe is not None} | found

    def home(self, mode: Mode) -> str:
        """Where the fixtures live that several tests share."""
        return mode.backend if self.backend == "simulated" else self.backend

    def close(self) -> None:
        for host in self.hosts.values():
            host.close()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Have the options too if somebody loads the plugin by its name."""
    if not pluginmanager.is_registered(entry):
        name = "effio"  # as the entry point is called, which then is not loaded a second time
        taken = pluginmanager.is_blocked(name) or pluginmanager.has_plugin(name)
        pluginmanager.register(entry, entry.__name__ if taken else name)


def pytest_configure(config: pytest.Config) -> None:
    """Begin the state of the session."""
    config.stash[STATE] = Session(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the event loops."""
    config.stash[STATE].close()


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
    if not isinstance(item, pytest.Function) or original is None:
        return (yield)
    settle_all(item)
    if is_asynchronous(original):
        return (yield)
    setattr(place, name, running(original, item))
    try:
        return (yield)
    finally:
        setattr(place, name, original)
        for title, text in item.stash.get(SECTIONS, dict[str, str]()).items():
            item.add_report_section("call", title, text)
        if item.config.getoption("effio_stats"):
            summary.report(item)


def settle_all(item: pytest.Function) -> None:
    """Give a test that is not simulated the fixtures themselves."""
    session = item.config.stash[STATE]
    mode = session.mode_of(item)
    for name, value in item.funcargs.items():
        if mode.hosted and isinstance(value, Postponed):
            item.funcargs[name] = session.settle(value, session.home(mode))


def is_asynchronous(test: Callable[..., Any]) -> bool:
    """Whether the test is for the plugin of somebody else."""
    return iscoroutinefunction(test) or isasyncgenfunction(test)


def running(test: Callable[..., Any], item: pytest.Function) -> Callable[..., Any]:
    """The same test, but a program that it returns is run."""
    session = item.config.stash[STATE]

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        mode = session.mode_of(item)
        waiting = session.waiting(item) if mode.simulated else {}
        trial = Trial(item, partial(test, *args), kwargs, waiting)
        result = None if waiting else test(*args, **kwargs)
        if not (waiting or is_io(result)):
            return result if hasattr(test, "judges_a_run") else checked(result, item)
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


def refuse_fixtures_elsewhere(item: pytest.Function, mode: Mode, session: Session) -> None:
    """A value that was acquired in one event loop cannot be used in another; the simulated world has its own."""
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


# -- Fixtures ------------------------------------------------------------------------------------------------


@pytest.hookimpl(specname="pytest_fixture_setup", tryfirst=True)
def pytest_postpone_fixture(fixturedef: Fixture, request: pytest.FixtureRequest) -> object:
    """Leave a fixture to the simulated test if it is made from others that are left to it."""
    values = {name: request.getfixturevalue(name) for name in fixturedef.argnames}
    postponed = [value for value in values.values() if isinstance(value, Postponed)]
    if not postponed:
        return None
    session = request.config.stash[STATE]
    mode = session.mode_of(item_of(request))
    if mode.hosted:
        for value in postponed:
            session.settle(value, session.home(mode))
        return None
    recipe = Postponed(fixturedef, bound(fixturedef, request), values)
    key_of: Any = fixturedef.cache_key
    fixturedef.cached_result = (recipe, key_of(request), None)
    return recipe


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Fixture, request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Acquire the resource that a fixture returns, and release it when the fixture ends.

    A simulated test does so by itself, in each of its runs.
    """
    value = yield
    if fixturedef.func.__name__ == PARAMETRIZED:
        return value  # An argument of parametrize is no fixture, though it is set up like one.
    session = request.config.stash[STATE]
    recipe = None if isinstance(value, Postponed) else recipe_of(fixturedef, request, session, value)
    if recipe is None:
        return value
    assert fixturedef.cached_result is not None
    _, key, _ = fixturedef.cached_result
    mode = session.mode_of(item_of(request))
    made: object = recipe
    if mode.hosted:
        try:
            shared = not isinstance(request.node, pytest.Item)
            backend = session.home(mode) if shared else mode.backend
            made = session.hold(fixturedef, value, backend) if is_resource(value) else value
        except BaseException as error:
            fixturedef.cached_result = (None, key, (error, error.__traceback__))
            raise
        session.remember(fixturedef, recipe)
    fixturedef.cached_result = (made, key, None)
    return made


def recipe_of(fixturedef: Fixture, request: pytest.FixtureRequest, session: Session, value: object) -> Postponed | None:
    """How to make a fixture once more that is a resource, or is made from some; None if it is neither."""
    find = request._get_active_fixturedef  # pyright: ignore[reportPrivateUsage]  # pytest has no other way
    recipes = {name: session.recipes.get(find(name)) for name in fixturedef.argnames if name != "request"}
    if any(recipe is not None for recipe in recipes.values()):
        arguments = {name: recipes.get(name) or request.getfixturevalue(name) for name in fixturedef.argnames}
        return Postponed(fixturedef, bound(fixturedef, request), arguments)
    return Postponed(fixturedef, lambda: value) if is_resource(value) else None


def item_of(request: pytest.FixtureRequest) -> pytest.Item:
    """The test that needs a fixture."""
    item: pytest.Item = request._pyfuncitem  # pyright: ignore[reportPrivateUsage]  # pytest has no other way
    return item


def bound(fixturedef: Fixture, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """The function of a fixture; if it is a method, that of the instance that the test is called on."""
    function: Any = fixturedef.func
    owner = getattr(function, "__self__", None)
    if owner is not None and isinstance(request.instance, type(owner)):
        function = function.__func__.__get__(request.instance)
    found: Callable[..., Any] = function
    return found

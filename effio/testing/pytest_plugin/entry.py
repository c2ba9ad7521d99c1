"""The entry point of pytest: the options, and the plugin itself as soon as a test or a fixture may be a program."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Final

import pytest

PLUGIN: Final = "effio.testing.pytest_plugin.plugin"
BACKENDS: Final = ("asyncio", "uvloop", "trio", "simulated")
PROPERTY: Final = "effio"
"""The name of the properties of a test's report that tell of its searches: so a worker of xdist sends them home."""

MARKER: Final = (
    'effio(clock="real", backend="asyncio", seed=None, explore=False, cancel_sweep=False, fault_sweep=False, '
    'time="idle", models=None, faults=None, opaque="world", touches=None, symmetric=False, preemption_bound=None, '
    "max_schedules=None, max_seconds=None, exhaustive=False, first=(), timeout=None): "
    "how to run a test that returns a program"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the command line and of the ini file."""
    group = parser.getgroup("effio")
    group.addoption("--effio-seed", type=int, metavar="N", help="run programs simulated, in the order that N chooses")
    group.addoption("--effio-schedules", type=int, metavar="N", help="explore at most N schedules of a test")
    group.addoption("--effio-replay", metavar="TOKEN", help="run programs again as in the run that TOKEN is of")
    group.addoption("--effio-exhaustive", action="store_true", help="fail tests whose exploration left something out")
    group.addoption("--effio-stats", action="store_true", help="show at the end what each exploration did")
    parser.addini("effio_backend", f"where programs run: {', '.join(BACKENDS)}", default="asyncio")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)
    backend = config.getini("effio_backend")
    if backend not in BACKENDS:
        raise pytest.UsageError(f"effio_backend must be one of {', '.join(BACKENDS)}, not {backend!r}")
    token = config.getoption("effio_replay")
    if token is not None:
        refuse_no_token(token)


def refuse_no_token(text: str) -> None:
    """A token that was cut or mistyped fits no test, so that none needs to be run."""
    try:
        import_module("effio.testing.exploration.schedules.token").Token.parse(text)
    except ValueError as problem:
        raise pytest.UsageError(f"--effio-replay: {problem}") from None


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load the plugin if what was collected can make programs, or is marked."""
    if any(item.get_closest_marker("effio") is not None for item in session.items):
        load(session.config)
    load_if_needed(session.config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Load the plugin if an earlier test could make programs."""
    load_if_needed(item.config)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show what was explored if that is asked for; the tests may have run in the workers of xdist."""
    if not config.getoption("effio_stats"):
        return
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    told = [*lines(report for report in reports if isinstance(report, pytest.TestReport))]
    terminalreporter.section("effio stats")
    for line in told or ["no test was explored"]:
        terminalreporter.write_line(line)


def lines(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Yield what the tests have to say of their searches, after their names."""
    for report in reports:
        for name, text in report.user_properties:
            if name == PROPERTY and report.when == "call":
                yield f"{report.nodeid} {text}"


def load_if_needed(config: pytest.Config) -> None:
    """Without the class of programs there is none that the plugin could run."""
    if "effio.algebra.io" in sys.modules:
        load(config)


def load(config: pytest.Config) -> None:
    """Load the plugin, once."""
    plugin = import_module(PLUGIN)
    if not config.pluginmanager.is_registered(plugin):
        config.pluginmanager.register(plugin, PLUGIN)

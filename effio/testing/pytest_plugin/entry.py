"""The entry point of pytest: the options, and the plugin itself as soon as a test or a fixture may be a program."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

import pytest

PLUGIN: Final = "effio.testing.pytest_plugin.plugin"
BACKENDS: Final = ("asyncio", "uvloop", "trio", "simulated")
MARKER: Final = (
    'effio(clock="real", backend="asyncio", seed=None, explore=False, cancel_sweep=False, fault_sweep=False, '
    'time="idle", max_schedules=None, first=(), timeout=None): how to run a test that returns a program'
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the command line and of the ini file."""
    group = parser.getgroup("effio")
    group.addoption("--effio-seed", type=int, metavar="N", help="run programs simulated, in the order that N chooses")
    group.addoption("--effio-schedules", type=int, metavar="N", help="explore at most N schedules of a test")
    group.addoption("--effio-replay", metavar="TOKEN", help="run programs again as in the run that TOKEN is of")
    parser.addini("effio_backend", f"where programs run: {', '.join(BACKENDS)}", default="asyncio")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)
    backend = config.getini("effio_backend")
    if backend not in BACKENDS:
        raise pytest.UsageError(f"effio_backend must be one of {', '.join(BACKENDS)}, not {backend!r}")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load the plugin if what was collected can make programs, or is marked."""
    if any(item.get_closest_marker("effio") is not None for item in session.items):
        load(session.config)
    load_if_needed(session.config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Load the plugin if an earlier test could make programs."""
    load_if_needed(item.config)


def load_if_needed(config: pytest.Config) -> None:
    """Without the class of programs there is none that the plugin could run."""
    if "effio.algebra.io" in sys.modules:
        load(config)


def load(config: pytest.Config) -> None:
    """Load the plugin, once."""
    plugin = import_module(PLUGIN)
    if not config.pluginmanager.is_registered(plugin):
        config.pluginmanager.register(plugin, PLUGIN)

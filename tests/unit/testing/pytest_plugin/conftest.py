"""A folder with one test file, in which pytest runs with the plugin, whether effio is installed or not."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TypeAlias

import pytest

import effio
import effio.testing.pytest_plugin.plugin

PLUGIN = "effio.testing.pytest_plugin.entry"
INSTALLED = any(point.value == PLUGIN for point in entry_points(group="pytest11"))

HEAD = """
import pytest
from effio import *
from effio.testing import *
"""

RunTests: TypeAlias = Callable[..., pytest.RunResult]


@pytest.fixture
def run_tests(pytester: pytest.Pytester) -> RunTests:
    """Write the tests into a file and run them; without tests, run the file that is there again."""
    # What an inner run imports first is imported anew by the next, while `effio` would still know the old classes.
    for package in (effio, effio.testing):
        for name in package.__all__:
            getattr(package, name)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")

    def run(tests: str = "", *arguments: str) -> pytest.RunResult:
        if tests:
            (pytester.path / "test_it.py").write_text(HEAD + tests, encoding="utf-8")
        plugin = [] if INSTALLED else ["-p", PLUGIN, "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        return pytester.runpytest_inprocess(*plugin, "-p", "no:xdist", *arguments, no_reraise_ctrlc=True)

    return run

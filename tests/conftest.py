"""Settings for every test: how hard it looks, and that Ctrl-C is heard."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from functools import cache, partial
from importlib import import_module
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, max_examples=30, derandomize=True, print_blob=True)
settings.register_profile("smoke", settings.get_profile("ci"), max_examples=10)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
PROFILE = os.environ.get("EFFIO_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "default")
settings.load_profile(PROFILE)

# A shell has what it starts in the background ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


GROUPS: Final = {
    "tests/architecture/test_documents.py::test_examples_are_well_typed": "mypy",
    "tests/architecture/test_facade.py": "source",
    "tests/architecture/test_imports.py": "source",
    "tests/architecture/test_shape.py": "source",
    "tests/docs/test_notebooks.py::test_notebook_runs": "site",
    "tests/docs/test_site.py": "site",
    "tests/types/test_types.py::test_checker": "mypy",
}
"""The beginnings of the names of tests that share what takes long to make."""


HANDFUL: Final = 8
"""So many other tests are sent to a process at once: each alone would keep it waiting for the next."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Run the tests of a group in one process, whatever `--dist` says, the others by handfuls, where there is room."""
    config.option.loadscopereorder = False
    scheduler = import_module("xdist.scheduler").LoadScopeScheduling(config, log)
    scheduler._split_scope = cache(partial(unit_of, count()))
    return scheduler


def unit_of(numbers: Iterator[int], name: str) -> str:
    """What a test is sent to a process with: its group, or the next handful."""
    return group_of(name) or f"handful {next(numbers) // HANDFUL}"


def group_of(name: str) -> str | None:
    """The group of a test, if it shares something."""
    return next((group for beginning, group in GROUPS.items() if name.startswith(beginning)), None)


@pytest.fixture(scope="module", autouse=True)
def _less_to_collect() -> None:
    """Spare the garbage collector what is there by now, which it would look through at every collection."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the groups; leave out what takes minutes, unless everything is to be looked at thoroughly."""
    items.sort(key=lambda item: group_of(item.nodeid) is None)
    left_out = [] if PROFILE == "thorough" else [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]

"""Settings for every test: how hard it looks, and that Ctrl-C is heard."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True, print_blob=True)
settings.register_profile("smoke", settings.get_profile("ci"), max_examples=10)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
PROFILE = os.environ.get("EFFIO_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "default")
settings.load_profile(PROFILE)

# A shell has what it starts in the background ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, unless everything is to be looked at thoroughly."""
    left_out = [] if PROFILE == "thorough" else [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]

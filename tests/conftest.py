"""Settings for every test: how hard Hypothesis looks."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("EFFIO_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "default"))

"""Which build of the core runs: the compiled one, or its source, as EFFIO_PURE=1 asks.

The compiled modules lie beside their source, which Python would pass over. Development mode needs the source too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Literal


class SourceFinder:
    """Finds the modules of this package by their source alone."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None or not fullname.startswith("effio."):
            return None
        for entry in path:
            found = FileFinder(entry, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(fullname)
            if found is not None:
                return found
        return None


def wants_source() -> bool:
    """Whether the environment asks for the source."""
    pure, development = (os.environ.get(name, "") not in ("", "0") for name in ("EFFIO_PURE", "EFFIO_DEV"))
    return pure or development or sys.flags.dev_mode


def kind() -> Literal["compiled", "pure"]:
    """Tell which build runs."""
    file = str(import_module("effio.interpreter.step").__file__)
    return "pure" if file.endswith(tuple(SOURCE_SUFFIXES)) else "compiled"


if wants_source():
    sys.meta_path.insert(0, SourceFinder())

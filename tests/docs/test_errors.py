"""The index of errors is complete."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import pytest

import effio
import effio.testing
from tests.architecture.source import ROOT

INDEX = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")


def exceptions_of(module: ModuleType) -> set[type[BaseException]]:
    """The exceptions among what can be imported from it."""
    values = [getattr(module, name) for name in dir(module)]
    return {what for what in values if isinstance(what, type) and issubclass(what, BaseException)}


PUBLIC = {error for package in (effio, effio.testing) for error in exceptions_of(package)}
WARNINGS = {
    error
    for found in pkgutil.walk_packages(effio.__path__, "effio.")
    if found.name.startswith(("effio.data.", "effio.observe."))
    for error in exceptions_of(importlib.import_module(found.name))
    if issubclass(error, Warning) and error.__module__.startswith("effio.")
}


@pytest.mark.parametrize("error", sorted(PUBLIC | WARNINGS, key=str))
def test_error_is_in_the_index(error: type[BaseException]) -> None:
    """A row of the index begins with the name of each public exception and of each warning."""
    assert f"| `{error.__name__}" in INDEX

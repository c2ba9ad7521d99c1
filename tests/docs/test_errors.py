"""The index of errors is complete."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import effio
import effio.testing
from tests.architecture.source import ROOT

INDEX = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
PUBLIC = {
    what
    for package in (effio, effio.testing)
    for name in package.__all__
    if inspect.isclass(what := getattr(package, name)) and issubclass(what, BaseException)
}
WARNINGS = {
    what
    for found in pkgutil.walk_packages(effio.__path__, "effio.")
    if found.name.startswith(("effio.data.", "effio.observe."))
    for _, what in inspect.getmembers(importlib.import_module(found.name), inspect.isclass)
    if issubclass(what, Warning) and what.__module__.startswith("effio.")
}


@pytest.mark.parametrize("error", sorted(PUBLIC | WARNINGS, key=lambda error: error.__name__))
def test_error_is_in_the_index(error: type[BaseException]) -> None:
    """A row of the index begins with the name of each public exception and of each warning."""
    assert f"| `{error.__name__}" in INDEX

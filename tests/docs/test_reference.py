"""The reference shows every public name once, with what its docstring says."""

from __future__ import annotations

import inspect
import re
from types import FunctionType

import pytest

import effio
from tests.architecture.source import ROOT

PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
SHOWN = [theme for page in PAGES for theme in re.findall(r"^```\{theme\} (.+)$", page.read_text(), re.MULTILINE)]
LISTED = inspect.getsource(effio).partition("__all__")[2]
PAGES_TEXT = "\n".join(page.read_text() for page in PAGES)
IMPORTED = {
    f"{module}.{name}"
    for page in (ROOT / "docs").rglob("*.md")
    if page.parent.name != "decisions"
    for module, names in re.findall(r"^from (effio\.[a-z_.]+) import (.+)$", page.read_text(), re.MULTILINE)
    for name in names.split(", ")
}
WITHOUT_REFERENCE = ("effio.demos.", "effio.cli.", "effio.algebra.")
"""What pages use to show how effio is made, or to have something to show."""
THEMES = re.findall(r"^    # (.+)$", LISTED, re.MULTILINE)
DOCUMENTED = [name for name in effio.__all__ if isinstance(getattr(effio, name), type | FunctionType)]


def test_every_theme_of_the_facade_is_on_one_page() -> None:
    """The themes that the pages show are those under which the facade lists its names."""
    assert sorted(SHOWN) == sorted(THEMES)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_public_name_has_a_sentence(name: str) -> None:
    """The docstring of each public class and function begins with a sentence."""
    assert (inspect.getdoc(getattr(effio, name)) or "").partition("\n")[0].endswith((".", "?"))


@pytest.mark.parametrize("name", sorted(name for name in IMPORTED if not name.startswith(WITHOUT_REFERENCE)))
def test_name_that_a_page_imports_is_in_the_reference(name: str) -> None:
    """What a page tells its readers to import has its docstring in the reference, alone or with its package."""
    module, _, member = name.rpartition(".")
    packages = re.findall(r"^```\{package\} (.+)$", PAGES_TEXT, re.MULTILINE)
    assert module in packages or f":: {name}\n" in PAGES_TEXT or f":: {module}\n" in PAGES_TEXT, member

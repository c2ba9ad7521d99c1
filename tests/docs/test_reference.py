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
THEMES = re.findall(r"^    # (.+)$", LISTED, re.MULTILINE)
DOCUMENTED = [name for name in effio.__all__ if isinstance(getattr(effio, name), type | FunctionType)]


def test_every_theme_of_the_facade_is_on_one_page() -> None:
    """The themes that the pages show are those under which the facade lists its names."""
    assert sorted(SHOWN) == sorted(THEMES)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_public_name_has_a_sentence(name: str) -> None:
    """The docstring of each public class and function begins with a sentence."""
    assert (inspect.getdoc(getattr(effio, name)) or "").partition("\n")[0].endswith((".", "?"))

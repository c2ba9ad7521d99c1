"""The names of `effio.testing`, which are loaded when they are first used."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from effio import testing


def test_every_name_has_its_home() -> None:
    """The imports that type checkers see, the homes and `__all__` say the same; each name can be had.

    What needs Hypothesis is not in `__all__`, or `import *` would need it too.
    """
    tree = ast.parse(Path(testing.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("effio.testing.")
        for alias in node.names
    }
    assert seen == testing.HOMES
    assert sorted([*testing.__all__, "given_sim"]) == sorted(testing.HOMES)
    assert all(hasattr(testing, name) for name in (*testing.HOMES, "strategies"))


def test_unknown_name_is_an_attribute_error() -> None:
    """What there is not is refused as any module does."""
    with pytest.raises(AttributeError, match=r"module 'effio\.testing' has no attribute 'nonsense'"):
        _ = testing.nonsense  # type: ignore[attr-defined]

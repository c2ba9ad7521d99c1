"""`import effio` gives exactly the documented names, quickly."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import effio
from tests.architecture.source import ROOT, modules
from tests.architecture.test_imports import OPTIONAL_DEPENDENCIES

DOCUMENTED = Path(__file__).with_name("public_names.txt")


def documented_names() -> list[str]:
    lines = DOCUMENTED.read_text(encoding="utf-8").splitlines()
    return [name for line in lines if not line.startswith("#") for name in line.split()]


def test_public_names_are_the_documented_ones() -> None:
    """`effio.__all__` holds each documented name once and no other."""
    assert sorted(effio.__all__) == sorted(documented_names())


def test_every_public_name_exists() -> None:
    """Each name in `effio.__all__` can be imported."""
    assert [name for name in effio.__all__ if not hasattr(effio, name)] == []


def test_facade_only_re_exports() -> None:
    """`effio/__init__.py` holds a docstring, imports and `__all__`, and decides nothing."""
    (facade,) = (module for module in modules() if module.name == "effio")
    others = [
        ast.unparse(node)
        for node in facade.tree.body[1:]
        if not isinstance(node, ast.Import | ast.ImportFrom)
        if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
    ]
    assert others == []


def test_import_loads_no_optional_dependency() -> None:
    """A program that only imports effio has loaded none of the packages that an extra brings."""
    source = "import sys, effio; print(*{name.partition('.')[0] for name in sys.modules})"
    finished = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True)
    assert OPTIONAL_DEPENDENCIES.intersection(finished.stdout.split()) == set()

"""The knot between programs and their nodes holds, whichever end is pulled first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import effio

PACKAGE = Path(effio.__file__).parent
ROOT = Path(__file__).parents[3]
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in (PACKAGE / "algebra").rglob("*.py")
)

WITHOUT_FACADE = """
import sys, types
package = types.ModuleType("effio")
package.__path__ = [{path!r}]
sys.modules["effio"] = package
import {module}
"""


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_module_can_be_imported_first(module: str) -> None:
    """A fresh interpreter imports the module as its first one of effio."""
    subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, check=True)


def test_io_comes_first_without_the_facade() -> None:
    """The module of the knot needs no other one to be imported before it."""
    source = WITHOUT_FACADE.format(path=str(PACKAGE), module="effio.algebra.io")
    subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=True)

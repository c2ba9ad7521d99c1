"""The knot between programs and their nodes holds, whichever end is pulled first."""

from __future__ import annotations

import os
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

EACH_ALONE = """
import os, sys
import asyncio, attrs, contextvars, heapq, returns.result, typing_extensions
import effio.data.exit, effio.data.fiber_dump, effio.schedule.schedule
for module in sys.argv[1:]:
    if not (child := os.fork()):
        __import__(module)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(module)
"""
"""Prints the modules that cannot be imported first."""

WITHOUT_FACADE = """
import sys, types
package = types.ModuleType("effio")
package.__path__ = [{path!r}]
sys.modules["effio"] = package
import {module}
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="interpreters that have loaded nothing of effio are forked")
def test_every_module_can_be_imported_first() -> None:
    """An interpreter that has loaded only what lies below imports each module as its first one of this floor."""
    command = [sys.executable, "-c", EACH_ALONE, *MODULES]
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert finished.stdout.split() == []


def test_io_comes_first_without_the_facade() -> None:
    """The module of the knot needs no other one to be imported before it."""
    source = WITHOUT_FACADE.format(path=str(PACKAGE), module="effio.algebra.io")
    subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=True)

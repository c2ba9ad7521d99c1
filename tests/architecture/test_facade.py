"""`import effio` gives exactly the documented names, quickly."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import effio
from effio.homes import HOMES
from tests.architecture.source import ROOT, imported_module, modules, type_checking_statements
from tests.architecture.test_imports import OPTIONAL_DEPENDENCIES

DOCUMENTED = Path(__file__).with_name("public_names.txt")
OUTER = ("effio.interop", "effio.observe", "effio.net", "effio.testing", "effio.concurrent", "effio.resource")


def documented_names() -> list[str]:
    lines = DOCUMENTED.read_text(encoding="utf-8").splitlines()
    return [name for line in lines if not line.startswith("#") for name in line.split()]


def test_public_names_are_the_documented_ones() -> None:
    """`effio.__all__` holds each documented name once and no other."""
    assert sorted(effio.__all__) == sorted(documented_names())


def test_every_public_name_exists() -> None:
    """Each name in `effio.__all__` can be imported."""
    assert [name for name in effio.__all__ if not hasattr(effio, name)] == []


def facade() -> ast.Module:
    (found,) = (module.tree for module in modules() if module.name == "effio")
    return found


def names_for_type_checkers() -> dict[str, str]:
    """The module of each name that is imported under `if TYPE_CHECKING:`."""
    imported = [node for node in type_checking_statements(facade()) if isinstance(node, ast.ImportFrom)]
    modules = [(alias.name, imported_module(str(node.module), alias.name)) for node in imported for alias in node.names]
    return dict(modules)


def test_facade_only_re_exports() -> None:
    """`effio/__init__.py` holds a docstring, imports and `__all__`, and two functions that find a name."""
    others = [node for node in facade().body[1:] if not isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node).partition("\n")[0] for node in others] == [
        "if TYPE_CHECKING:",
        "if not TYPE_CHECKING:",
        f"__all__ = {effio.__all__}",
    ]


def test_names_are_at_home_where_type_checkers_look_for_them() -> None:
    """What a name is at run time comes from the module that the facade names to type checkers."""
    assert dict(HOMES) == names_for_type_checkers()


def test_import_loads_nothing_that_a_name_did_not_ask_for() -> None:
    """`import effio` loads three modules of the library, the first name the core, and no event loop with it."""
    assert loaded("import effio") == {"effio", "effio.build", "effio.homes"}
    with_core = loaded("from effio import pure, run; run(pure(1))")
    assert {"effio.interpreter.scheduler", "effio.algebra.io"} <= with_core
    assert {"asyncio", *(name for name in with_core if name.startswith(OUTER))}.isdisjoint(with_core)


def loaded(program: str) -> set[str]:
    """The modules that a new process has loaded after `program`, of the library and `asyncio`."""
    source = f"import sys; {program}; print(*sys.modules)"
    finished = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in finished.stdout.split() if name.partition(".")[0] in {"effio", "asyncio"}}


def test_unknown_name_is_refused() -> None:
    """A name that is not public is an AttributeError, which lets Python suggest one that is."""
    with pytest.raises(AttributeError, match="module 'effio' has no attribute 'par_zp'") as caught:
        vars(effio)["__getattr__"]("par_zp")
    assert (caught.value.name, caught.value.obj) == ("par_zp", effio)


def test_names_are_listed_before_they_are_loaded() -> None:
    """`dir(effio)` has every public name."""
    assert set(effio.__all__) <= set(dir(effio))


def test_import_loads_no_optional_dependency() -> None:
    """A program that only imports effio has loaded none of the packages that an extra brings."""
    source = "import sys, effio; print(*{name.partition('.')[0] for name in sys.modules})"
    finished = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True)
    assert OPTIONAL_DEPENDENCIES.intersection(finished.stdout.split()) == set()

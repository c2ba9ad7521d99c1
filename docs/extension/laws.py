"""The directive `laws`: what must hold for all programs, read off the modules that the tests check."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from textwrap import dedent
from types import ModuleType

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from effio.testing import laws
from effio.testing.laws.equation import Law, laws_of

NO_LAWS = {"equation", "view"}


class Laws(SphinxDirective):
    """Shows a section for each module of laws, with an item for each law."""

    def run(self) -> list[nodes.Node]:
        modules = [import_module(f"{laws.__name__}.{found.name}") for found in iter_modules(laws.__path__)]
        lines = [line for module in modules if name_of(module) not in NO_LAWS for line in section(module)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def name_of(module: ModuleType) -> str:
    """Its last part."""
    return module.__name__.rpartition(".")[2]


def section(module: ModuleType) -> Iterator[str]:
    """The first sentence of a module as its heading, and its laws."""
    title = (inspect.getdoc(module) or "").partition(".")[0]
    yield from ("", f"## {title}", "")
    for law in laws_of(module):
        yield f"* {first_line(law)}{equation(law)}"


def first_line(law: Law) -> str:
    """What it says in words."""
    return (inspect.getdoc(law) or "").partition("\n")[0]


def equation(law: Law) -> str:
    """Both sides, if the law says no more than them."""
    function = ast.parse(dedent(inspect.getsource(law))).body[0]
    match function:
        case ast.FunctionDef(body=[_, ast.Return(value=ast.Call(args=[left, right, *_]))]):
            return f"\\\n  `{ast.unparse(left)}` = `{ast.unparse(right)}`"
    return ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("laws", Laws)
    return {"parallel_read_safe": True}

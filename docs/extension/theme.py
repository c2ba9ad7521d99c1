"""The directives `theme` and `package`: public names of a theme of the facade or of a package, with their docs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import FunctionType, ModuleType

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import effio


class Theme(SphinxDirective):
    """Shows the names that stand in `effio.__all__` under the comment that is its argument."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(documented(effio, dict(themes())[self.arguments[0]]))


class Package(SphinxDirective):
    """Shows the names of the package that is its argument."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        package = import_module(self.arguments[0])
        return self.parse_text_to_nodes(documented(package, package.__all__))


def documented(package: ModuleType, names: Iterable[str]) -> str:
    """Ask autodoc for each of the names that is no module."""
    found = {f"{package.__name__}.{name}": getattr(package, name) for name in names}
    shown = {name: what for name, what in found.items() if not isinstance(what, ModuleType)}
    blocks = "\n".join(f".. {directive(what)}:: {name}\n{options(what)}\n" for name, what in shown.items())
    return f"```{{eval-rst}}\n{blocks}\n```"


def themes() -> Iterator[tuple[str, list[str]]]:
    """The names of the facade under the comments that group them there."""
    source = inspect.getsource(effio)
    listed = source[source.index("__all__") :]
    for block in re.split(r"^    # ", listed, flags=re.MULTILINE)[1:]:
        yield block.splitlines()[0], re.findall(r'"(\w+)"', block)


def directive(what: object) -> str:
    """How autodoc calls it."""
    if isinstance(what, type):
        return "autoexception" if issubclass(what, BaseException) else "autoclass"
    return "autofunction" if isinstance(what, FunctionType) else "autodata"


def options(what: object) -> str:
    """Classes with all their members, data without its value."""
    return {
        "autoclass": "   :members:\n   :undoc-members:\n",
        "autoexception": "   :members:\n",
        "autodata": "   :no-value:\n",
    }.get(directive(what), "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("theme", Theme)
    app.add_directive("package", Package)
    return {"parallel_read_safe": True}

"""The directive `theme`: every public name of one theme of the facade, with its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
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
        names = [name for name in dict(themes())[self.arguments[0]] if not isinstance(getattr(effio, name), ModuleType)]
        blocks = "\n".join(f".. {directive(name)}:: effio.{name}\n{options(name)}\n" for name in names)
        return self.parse_text_to_nodes(f"```{{eval-rst}}\n{blocks}\n```")


def themes() -> Iterator[tuple[str, list[str]]]:
    """The names of the facade under the comments that group them there."""
    source = inspect.getsource(effio)
    listed = source[source.index("__all__") :]
    for block in re.split(r"^    # ", listed, flags=re.MULTILINE)[1:]:
        yield block.splitlines()[0], re.findall(r'"(\w+)"', block)


def directive(name: str) -> str:
    """How autodoc calls what the name means."""
    what = getattr(effio, name)
    if isinstance(what, type):
        return "autoexception" if issubclass(what, BaseException) else "autoclass"
    return "autofunction" if isinstance(what, FunctionType) else "autodata"


def options(name: str) -> str:
    """Classes with all their members, data without its value."""
    return {
        "autoclass": "   :members:\n   :undoc-members:\n",
        "autoexception": "   :members:\n",
        "autodata": "   :no-value:\n",
    }.get(directive(name), "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("theme", Theme)
    return {"parallel_read_safe": True}

"""The directive `fragments`: what has changed since the last release, made of the files in `changelog.d`."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

KINDS = {"added": "Added", "changed": "Changed", "fixed": "Fixed", "removed": "Removed"}


class Fragments(SphinxDirective):
    """Shows the fragments of each kind as a list."""

    def run(self) -> list[nodes.Node]:
        folder = Path(self.env.srcdir) / "changelog.d"
        self.env.note_reread()
        parts = [section(title, sorted(folder.glob(f"*.{kind}.md"))) for kind, title in KINDS.items()]
        return self.parse_text_to_nodes("\n".join(parts), allow_section_headings=True)


def section(title: str, files: list[Path]) -> str:
    """A heading and an item for each file; nothing if there are none."""
    if not files:
        return ""
    items = ["* " + file.read_text(encoding="utf-8").strip().replace("\n", "\n  ") for file in files]
    return "\n".join([f"## {title}", "", *items, ""])


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("fragments", Fragments)
    return {"parallel_read_safe": True}

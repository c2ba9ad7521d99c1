"""The file `llms.txt` of the site: every page with its title and first sentences, for machines that read."""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

SUMMARY = "Concurrent Python programs as values: structured concurrency, typed errors, whole error trees."
PARTS = {
    "Tutorial": "tutorial/",
    "How-to": "how-to/",
    "Explanation": "explanation/",
    "Reference": "reference/",
    "Notebooks": "notebooks/",
    "Decisions": "decisions/",
    "Project": "",
}


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the list beside the start page."""
    if error is not None or app.builder.format != "html":
        return
    left = sorted(app.env.found_docs, key=by_number)
    lines = [f"# {app.config.project}", "", f"> {SUMMARY}"]
    for part, folder in PARTS.items():
        pages = [page for page in left if page.startswith(folder)]
        left = [page for page in left if page not in pages]
        lines += ["", f"## {part}", "", *(entry(app, page) for page in pages)]
    (Path(app.outdir) / "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def by_number(page: str) -> tuple[str, int, str]:
    """Chapters in the order of their numbers."""
    folder, _, name = page.rpartition("/")
    number = re.match(r"\d+", name)
    return folder, int(number[0]) if number else 0, name


def entry(app: Sphinx, page: str) -> str:
    """One line for a page: where it is and how it begins."""
    title = app.env.titles[page].astext()
    begins = re.sub(r"\s+", " ", first_paragraph(app.env.get_doctree(page)))
    return f"- [{title}]({app.builder.get_target_uri(page)}): {begins}"


def first_paragraph(page: nodes.document) -> str:
    """The first text below the title that is not in a table or a list."""
    paragraphs = page.findall(nodes.paragraph)
    return next((text.astext() for text in paragraphs if isinstance(text.parent, nodes.section)), "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}

"""The file `llms.txt` of the site: what one must know, and every page with its title and first sentences."""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

SUMMARY = "Concurrent Python programs as values: structured concurrency, typed errors, whole error trees."
BASICS = """\
A program is an immutable value of type `IO[Value, Error]`; building one does nothing. All words are
imported from `effio`.

- Write it as a generator function: `@do`, `value = yield from program` for each step, never `await` or a bare `yield`;
  its type is `Do[Value, Error]`. Or chain methods: `program.map(f).flat_map(g).fail_after(2).retry(3, delay=1)`.
- Wrap what is outside: `delay(f, x)` for functions that cannot fail, `attempt(f, x)` for those that raise,
  `from_async(f, x)` for coroutine functions (give the function, do not call it), `to_thread(f, x)` for blocking ones.
- Run side by side: `par_zip(a, b)`, `par_traverse(items, f, limit=n)`, `race(a, b)`; start fibers only in
  `task_group(lambda group: group.fork(program))`.
- Handle failures on the program, not with `except` around `yield from`: `program | catch(KeyError, f)`,
  `or_else`, `either`.
- Clean up with `ensuring`, `bracket(acquire, use, release)`, `Resource.make(acquire, release).use(f)`.
- Run it with `run(program)` or `run_exit(program)`, in a coroutine with `await program`; in tests with
  `run(program, clock=VirtualClock())`, and under every order that matters with `effio.testing.explore(program)`."""
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
    lines = [f"# {app.config.project}", "", f"> {SUMMARY}", "", BASICS]
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
    """The first sentences below the title that are not in a table or a list; a date is none."""
    paragraphs = (text.astext() for text in page.findall(nodes.paragraph) if isinstance(text.parent, nodes.section))
    return next((text for text in paragraphs if " " in text), "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}

"""What the pages for people show is true."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
PROGRAM = "program.py"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_print_what_the_page_shows(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `python` blocks of a page, one below the other in a file, print what the `text` blocks after them show."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    blocks = [*BLOCK.finditer(page.read_text(encoding="utf-8")), None]
    source = ""
    for block, following in pairwise(blocks):
        if block is None or block["language"] != "python":
            continue
        lines_above = "\n" * source.count("\n")
        source += block["content"]
        monkeypatch.setitem(linecache.cache, PROGRAM, (len(source), None, source.splitlines(True), PROGRAM))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(lines_above + block["content"], PROGRAM, "exec"), namespace)
        shown = following["content"] if following is not None and following["language"] == "text" else ""
        assert printed.getvalue().rstrip() == shown.rstrip()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page names a file that exists."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_is_linked_from_the_index_of_its_folder(page: Path) -> None:
    """Each page below docs can be reached from the index of its folder, each index from the start page."""
    if page.name in {"index.md", "README.md"}:
        index, target = ROOT / "docs" / "index.md", page
    else:
        index, target = page.with_name("index.md"), page
        index = index if index.exists() else page.with_name("README.md")
    if page in {ROOT / "README.md", ROOT / "docs" / "index.md"}:
        return
    links = {(index.parent / link).resolve() for link in LINK.findall(index.read_text(encoding="utf-8"))}
    assert target in links

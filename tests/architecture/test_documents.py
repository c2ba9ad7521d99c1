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
from tests.types.checker import mypy

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(r"^```(?P<language>[^\n`]*)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
START = ROOT / "docs" / "index.md"
LISTED = [page for page in PAGES if page not in {ROOT / "README.md", START} and page.parent.name != "changelog.d"]
PROGRAM = "program.py"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[re.Match[str]]:
    return [*BLOCK.finditer(page.read_text(encoding="utf-8"))]


def links_of(page: Path) -> list[str]:
    """The relative links in the text, that is outside the blocks."""
    return LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_print_what_the_page_shows(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `python` blocks of a page, one below the other in a file, print what the `text` blocks after them show."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    source = ""
    for block, following in pairwise([*blocks_of(page), None]):
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


@pytest.mark.slow
def test_examples_are_well_typed(tmp_path: Path) -> None:
    """The `python` blocks of every page pass mypy in strict mode."""
    for page in PAGES:
        program = tmp_path / f"{re.sub(r'[^a-z0-9]+', '_', name_of(page).lower())}.py"
        program.write_text("".join(block["content"] for block in blocks_of(page) if block["language"] == "python"))
    finished = mypy(tmp_path.parent / "mypy", tmp_path)
    assert finished.returncode == 0, finished.stdout


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page names a file that exists."""
    assert [target for target in links_of(page) if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", LISTED, ids=name_of)
def test_page_is_linked_from_the_index_of_its_folder(page: Path) -> None:
    """Each page below docs can be reached from the index of its folder, each index from the start page."""
    index = page.with_name("README.md" if page.parent.name == "decisions" else "index.md")
    if page == index:
        index = START
    assert page in {(index.parent / target).resolve() for target in links_of(index)}

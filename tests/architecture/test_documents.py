"""What the pages for people show is true."""

from __future__ import annotations

import contextlib
import io
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
MEASURED_SECONDS = re.compile(r"\d+\.\d+ s\b")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_examples_print_what_the_page_shows(page: Path) -> None:
    """Each `python` block of a page runs after the ones above it and prints the `text` block that follows."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    text = page.read_text(encoding="utf-8")
    for block, following in pairwise([*BLOCK.finditer(text), None]):
        if block is None or block["language"] != "python":
            continue
        lines_above = "\n" * text.count("\n", 0, block.start("content"))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(lines_above + block["content"], name_of(page), "exec"), namespace)
        if following is not None and following["language"] == "text":
            assert without_measurements(printed.getvalue()) == without_measurements(following["content"])


def without_measurements(text: str) -> str:
    """`text` with measured seconds replaced: they differ from run to run."""
    return MEASURED_SECONDS.sub("# s", text).rstrip()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page names a file that exists."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []

"""The reference page lists every public name and says what its docstring says."""

from __future__ import annotations

import effio
from tests.docs import reference


def test_page_is_what_its_script_writes() -> None:
    """The page is up to date: `python -m tests.docs.reference` would change nothing."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()


def test_every_public_name_is_listed_with_a_sentence() -> None:
    """Each name of the facade has a theme, and each name on the page a sentence."""
    themed = [name for _, names in reference.themes() for name in names]
    assert sorted(themed) == sorted(effio.__all__)
    rows = [line for line in reference.page().splitlines() if line.startswith("| `")]
    assert [row for row in rows if not row.endswith(". |")] == []

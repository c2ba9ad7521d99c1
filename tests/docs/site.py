"""The site that is made of the pages, built as for readers but for its looks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attrs

from tests.architecture.source import ROOT


@attrs.frozen
class Site:
    """What Sphinx made in `folder`, and what it complained of."""

    folder: Path
    returncode: int
    complaints: str

    def executed(self, notebook: Path) -> Path:
        """The notebook with the outputs that its page shows."""
        return self.folder / "jupyter_execute" / "notebooks" / notebook.name


def build(folder: Path) -> Site:
    """Build the pages, with all that they link to, and execute the notebooks; a plain theme takes half the time."""
    command = [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q", "-E", "-d", str(folder / "cache")]
    command += ["-D", "html_theme=basic", str(ROOT / "docs"), str(folder / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return Site(folder, built.returncode, built.stderr)

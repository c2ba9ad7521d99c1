"""The pages become a site."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT


@pytest.mark.slow
def test_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """Sphinx finds every page, every link and every public name, and complains of nothing."""
    command = [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q", "-E", "-d", str(tmp_path / "cache")]
    command += [str(ROOT / "docs"), str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "index.html").exists()

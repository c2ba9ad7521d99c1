"""mypy as users run it on programs of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT


def mypy(cache: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Check the files in strict mode; what was found out about effio itself is kept in `cache`."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"]
    command += ["--explicit-package-bases", "--no-error-summary", f"--cache-dir={cache}", *map(str, paths)]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

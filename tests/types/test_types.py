"""What users see of the types: every case holds and every mistake is refused, by mypy and pyright alike.

The files in `cases` are read by the checkers, not run. A line that must be refused ends with `# error`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.types import generate_overloads
from tests.types.checker import mypy

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"
MARK = "# error"

Place = tuple[str, int]


def files() -> list[Path]:
    return sorted(CASES.glob("*.py"))


def marked() -> set[Place]:
    return {place for place, text in lines() if text.endswith(MARK)}


def lines() -> Iterator[tuple[Place, str]]:
    for path in files():
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield (path.name, number), text


def refused_by_mypy(directory: Path) -> dict[Place, str]:
    finished = mypy(directory.parent / "mypy", *files())
    assert finished.stderr == ""
    found = re.findall(r"^.*?(\w+\.py):(\d+): error: (.*)$", finished.stdout, re.MULTILINE)
    return {(name, int(number)): message for name, number, message in found}


def refused_by_pyright(directory: Path) -> dict[Place, str]:
    shutil.copytree(CASES, directory / "cases")
    settings = {"include": ["cases"], "strict": ["cases"], "extraPaths": [str(ROOT)]}
    (directory / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    finished = subprocess.run([*command, "--project", str(directory)], capture_output=True, text=True, check=False)
    return {
        (Path(found["file"]).name, found["range"]["start"]["line"] + 1): found["message"]
        for found in json.loads(finished.stdout)["generalDiagnostics"]
        if found["severity"] == "error"
    }


CHECKERS = {"mypy": refused_by_mypy, "pyright": refused_by_pyright}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_checker_refuses_exactly_the_marked_lines(checker: str, tmp_path: Path) -> None:
    """The checker refuses each marked mistake and nothing else, so each `assert_type` holds."""
    refused = CHECKERS[checker](tmp_path)
    accepted = marked() - refused.keys()
    unexpected = {place: message for place, message in refused.items() if place not in marked()}
    assert (accepted, unexpected) == (set(), {})


def test_there_are_enough_cases() -> None:
    """At least 70 types are asserted and at least 30 mistakes are marked."""
    asserted = [text for _, text in lines() if text.lstrip().startswith("assert_type(")]
    assert len(asserted) >= 70
    assert len(marked()) >= 30


def test_overloads_are_up_to_date() -> None:
    """The stub is what its script writes."""
    assert generate_overloads.STUB.read_text(encoding="utf-8") == generate_overloads.stub()

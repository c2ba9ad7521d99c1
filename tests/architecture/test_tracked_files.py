"""The repository holds what a reader needs and nothing of the machines it was written on."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.architecture.source import ROOT

# Written so that this file does not match itself.
FORBIDDEN = {
    "a path of somebody's machine": re.compile(r"/(?:root|home/[a-z]\w*|Users/[A-Za-z]\w*)/\w|[A-Z]:\\Users\\"),
    "a conflict marker": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
    "a reminder": re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b"),
}
LARGEST = 1_000_000


def tracked_files() -> dict[str, bytes]:
    """Each file under version control with its content."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = (name for name in listed.stdout.split("\0") if (ROOT / name).is_file())
    return {name: (ROOT / name).read_bytes() for name in names}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="an unpacked release has no list of tracked files")
@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str) -> None:
    """No file under version control contains a match of the pattern."""
    found = [
        f"{name}: {match[0]}"
        for name, content in tracked_files().items()
        if (match := FORBIDDEN[what].search(content.decode("utf-8", "replace")))
    ]
    assert found == []


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="an unpacked release has no list of tracked files")
def test_no_tracked_file_is_large() -> None:
    """No file under version control has more than a megabyte."""
    assert {name: len(content) for name, content in tracked_files().items() if len(content) > LARGEST} == {}

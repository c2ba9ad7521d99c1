"""The files that a program is made of: whether it is still the one that was explored in part."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path


def own_files() -> dict[str, Path]:
    """The file of every module that is loaded, by its name, but of those of Python and those that are installed."""
    files = {name: Path(getattr(module, "__file__", None) or "") for name, module in [*sys.modules.items()]}
    installed = (sys.prefix, sys.base_prefix)
    return {
        name: file for name, file in files.items() if file.is_file() and not any(map(file.is_relative_to, installed))
    }


def sources() -> dict[str, str]:
    """A fingerprint of each of these modules."""
    return {name: sha256(file.read_bytes()).hexdigest()[:16] for name, file in sorted(own_files().items())}


def edited(before: Mapping[str, str]) -> list[str]:
    """The modules that are loaded and were others `before`."""
    return [name for name, now in sources().items() if before.get(name, now) != now]


def is_edited_since(when: float) -> bool:
    """Whether one of these files is newer."""
    return any(file.stat().st_mtime > when for file in own_files().values())

"""The files that a program is made of: whether it is still the one that was explored in part."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from effio.testing.exploration.checkpoint import NotResumable, State, state_from


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


def with_sources(state: State) -> State:
    """How far a search came, and of which program that is."""
    return {**state, "sources": sources()}


def state_of(path: Path) -> State:
    """How far a search came, unless the program may have become another one since."""
    state = state_from(path)
    changed = edited(state.get("sources", {}))
    if changed:
        raise NotResumable(f"cannot resume: {' and '.join(changed)} changed since; explore it from the beginning")
    return state

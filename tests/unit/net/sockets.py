"""Which sockets this process has open, as the system sees it."""

from __future__ import annotations

import os
from pathlib import Path

DESCRIPTORS = Path("/proc/self/fd")


def open_sockets() -> set[str]:
    """The sockets of this process by their system-wide names; none where the system does not tell."""
    found: set[str] = set()
    for descriptor in DESCRIPTORS.iterdir() if DESCRIPTORS.exists() else ():
        try:
            found.add(os.readlink(descriptor))
        except FileNotFoundError:
            continue
    return {name for name in found if name.startswith("socket:")}

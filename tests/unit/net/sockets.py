"""On which event loops the tests run, and which sockets this process has open, as the system sees it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
import uvloop

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
every_loop = pytest.mark.parametrize("loop_factory", LOOPS.values(), ids=LOOPS)

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

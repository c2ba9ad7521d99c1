"""What `--effio-stats` shows of a test at the end of the session: a line for each kind of search that it made."""

from __future__ import annotations

from typing import Final, TypeAlias

import pytest

from effio.testing.exploration.finding import Exploration, Sweep
from effio.testing.pytest_plugin.entry import PROPERTY

Searches: TypeAlias = dict[str, list[Exploration | Sweep]]

SEARCHES: Final = pytest.StashKey[Searches]()


def remember(item: pytest.Item, name: str, found: Exploration | Sweep) -> None:
    """Keep what a search found for the end of the session."""
    item.stash.setdefault(SEARCHES, {}).setdefault(name, []).append(found)


def report(item: pytest.Item) -> None:
    """Add the lines of a test to its report."""
    searches = item.stash.get(SEARCHES, Searches())
    item.user_properties += [(PROPERTY, line_of(name, found)) for name, found in searches.items()]
    searches.clear()


def line_of(name: str, found: list[Exploration | Sweep]) -> str:
    """The largest of the searches of one kind, of which a test of Hypothesis makes one for each example."""
    largest = max(found, key=lambda search: search.schedules)
    many = f"the largest of {len(found)}: " if len(found) > 1 else ""
    if largest.failures or isinstance(largest, Sweep):
        return f"{name}: {many}{largest.headline()}"
    return f"{name}: {many}{'exhaustive' if largest.exhaustive else 'not exhaustive'}; {largest.stats}"

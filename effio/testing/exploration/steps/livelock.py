"""How a run ends that goes round and round."""

from __future__ import annotations

from typing import Final

ACTIONS_SHOWN: Final = 12


class Livelock(RuntimeError):
    """Fibers go round and round: after `cycle`, what they do in turn, everything is as it was before.

    Every fiber that can go on takes part, so nothing keeps them from doing so for ever.
    """

    def __init__(self, cycle: tuple[str, ...]) -> None:
        super().__init__(cycle)
        self.cycle = cycle
        for action in cycle[:ACTIONS_SHOWN]:
            self.add_note(action)
        if len(cycle) > ACTIONS_SHOWN:
            self.add_note(f"… and {len(cycle) - ACTIONS_SHOWN} more")

    def __str__(self) -> str:
        count = len(self.cycle)
        return f"livelock: {count} {'action' if count == 1 else 'actions'} again and again, and nothing changes"

"""A place of which it is known how many fibers are in it, and how many were at most."""

from __future__ import annotations

from effio import IO, delay, yield_now


class Room:
    """Counts who is inside."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.visits = 0

    def enter(self) -> None:
        self.inside += 1
        self.visits += 1
        self.most = max(self.most, self.inside)

    def leave(self) -> None:
        self.inside -= 1

    def visit(self) -> IO[None]:
        """Go in, stay for a while, and leave, even if cancelled."""
        return delay(self.enter).then(yield_now().then(yield_now()).ensuring(delay(self.leave)))

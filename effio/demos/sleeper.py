"""Three naps at once: the names in `[True]` show which fiber runs while a line is printed."""

from __future__ import annotations

from effio import Do, TaskGroup, delay, do, show_fibers, sleep, task_group

NAPS = {"A": 5, "B": 3, "C": 1}


@do
def Main() -> Do[None]:
    """Nap three times at once."""
    yield from task_group(start_naps)
    yield from report("Tasks complete")


@do
def start_naps(group: TaskGroup) -> Do[None]:
    """Fork the naps; none of them runs before this has to wait."""
    for name, seconds in NAPS.items():
        yield from group.fork(nap(name, seconds), name=name)
    yield from report("tasks created")


@do
def nap(name: str, seconds: int) -> Do[None]:
    """Say so, sleep, say so."""
    yield from report(f"{name} napping {seconds}s")
    yield from sleep(seconds)
    yield from report(f"{name} woken after {seconds}s")


@do
def report(text: str) -> Do[None]:
    """Print all fibers, then `text`, then a line."""
    fibers = yield from show_fibers
    yield from delay(print, fibers, text, "-" * 25, sep="\n")

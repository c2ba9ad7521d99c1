"""safestack of SCTBench: the bug that takes the most preemptions of all, eight at least in the smallest program."""

from __future__ import annotations

from functools import partial
from typing import Any

from effio import Ref, do
from tests.exploration.bugs.case import Bug, ensure, made, together

CELLS = 3

TOKEN = (
    "effio1:TgkOAAINAAAJAAAJAAABAAAGAAEEAAEEAAEPAACvAcAB1AE1TdUBJEZvmAGHAS7OAf0BpAHKAc0BjwGcAe0BngG5AZsB"
    "Mc0BcNUBsgECDEfTAQZEnAFB2AG5AfQB"
)
"""A failing run of the broken form with as few preemptions as there can be."""

PREEMPTIONS = 8


@do
def safestack(*rounds: int, mended: bool) -> Any:
    """Vyukov's stack of free cells, each locked by the link to the next one while somebody takes it.

    Every thread takes a cell, owns it, and gives it back, so many rounds. Mended, the stack is one value.
    """
    head, count = yield from made(Ref.make(0, name="head"), Ref.make(CELLS, name="count"))
    links: list[Any] = yield from made(
        *(Ref.make((cell + 2) % (CELLS + 1) - 1, name=f"link {cell}") for cell in range(CELLS))
    )
    owned: list[Any] = yield from made(*(Ref.make(False, name=f"owned {cell}") for cell in range(CELLS)))
    stack: Ref[tuple[int, ...]] = yield from Ref.make(tuple(range(CELLS)), name="stack")

    @do
    def pop() -> Any:
        if mended:
            return (yield from stack.modify(lambda cells: (cells[0], cells[1:])))
        while True:
            if (yield from count.get()) <= 1:
                continue
            top = yield from head.get()
            below = yield from links[top].get_and_set(-1)
            if below < 0:
                continue
            if (yield from head.compare_and_set(top, below)):
                yield from count.update(lambda n: n - 1)
                return top
            yield from links[top].set(below)

    @do
    def push(cell: int) -> Any:
        if mended:
            yield from stack.update(lambda cells: (cell, *cells))
            return
        swapped = False
        while not swapped:
            top = yield from head.get()
            yield from links[cell].set(top)
            swapped = yield from head.compare_and_set(top, cell)
        yield from count.update(lambda n: n + 1)

    @do
    def use(times: int) -> Any:
        for _ in range(times):
            cell = yield from pop()
            taken = yield from owned[cell].get_and_set(True)
            yield from ensure(not taken, "two own the same cell")
            yield from owned[cell].set(False)
            yield from push(cell)

    yield from together(*map(use, rounds))


BUG = Bug(
    "safestack(2)",
    broken=partial(safestack, 2, 2, 2, mended=False),
    mended=partial(safestack, 2, 2, 1, mended=True),
)

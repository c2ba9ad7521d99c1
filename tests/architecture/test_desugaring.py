"""Each derived word is said in primitive ones, in one table."""

from __future__ import annotations

from effio.algebra import derived
from effio.algebra.desugar import TABLE
from effio.algebra.io import IO


def derived_nodes() -> set[type]:
    return {
        value
        for value in vars(derived).values()
        if isinstance(value, type) and issubclass(value, IO) and value.__module__.startswith(derived.__name__)
    }


def test_every_derived_node_has_its_row() -> None:
    """The table's keys are exactly the node classes of `effio.algebra.derived`."""
    assert set(TABLE) == derived_nodes()


def test_every_row_is_a_function() -> None:
    """Each derived node's row can be called."""
    rows: dict[type, object] = dict(TABLE)
    assert [node for node, row in rows.items() if not callable(row)] == []

"""The number of each primitive node, by which the step loop tells them apart."""

from __future__ import annotations

from typing import Final

from effio.data.native import mypyc_attr

# The first five wait for the value of a source, and the first three ignore its failure; those after NAMED are actions.
FLAT_MAP: Final = 0
MAP: Final = 1
THEN: Final = 2
FOLD: Final = 3
ON_EXIT: Final = 4
PURE: Final = 5
CALL: Final = 6
GENERATE: Final = 7
SUSPEND: Final = 8
FAIL: Final = 9
HALT: Final = 10
DERIVED: Final = 11
SHIELD: Final = 12
RESTORE: Final = 13
SCOPED: Final = 14
GROUP: Final = 15
NAMED: Final = 16
LEAF: Final = 17
SLEEP: Final = 18
PARK: Final = 19
PARALLEL: Final = 20
FORK: Final = 21
WATCH: Final = 22
ASK: Final = 23
FRAME: Final = 30  # what is no node, but code of the interpreter that a fiber returns to


@mypyc_attr(allow_interpreted_subclasses=True)
class Tagged:
    """What may stand on a fiber's stack; a field of each object where the core is compiled, of its class elsewhere."""

    __slots__ = ()
    _tag: int = DERIVED

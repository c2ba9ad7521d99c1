"""Tells mypyc how to compile a class; without effect where the class runs from source.

With `free_list_len=1` the last instance that died lies ready for the next: what a loop makes and drops again and again
is then made without asking for memory. With `acyclic=True` the collector does not look at instances: they hold nothing
that could lead back to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import IdentityFunction

# mypyc knows the decorator by where it comes from, and only this form of import leaves it optional.
try:
    from mypy_extensions import mypyc_attr as mypyc_attr
except ImportError:

    def mypyc_attr(*attrs: str, **kwattrs: object) -> IdentityFunction:
        """Give the class as it is."""
        return lambda kind: kind

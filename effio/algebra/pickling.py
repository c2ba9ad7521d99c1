"""How programs pickle: by their fields, and by name a function that hides behind what `@do` or `@effect` made of it.

Python pickles a function as the name under which it is found. Under the name of a decorated function the
decorated one is found, so the function itself goes as "what is wrapped by that".
"""

from __future__ import annotations

import copyreg
import sys
from collections.abc import Callable
from typing import Any, final

import attrs

from effio.algebra.field import fields
from effio.algebra.io import IO
from effio.algebra.primitive import Call, Generate, Leaf, Operation
from effio.algebra.sealed import NODES
from effio.algebra.shape import rebuilt


@final
@attrs.frozen
class Wrapped:
    """Stands for the function that `decorated` wraps; becomes that function again when it is unpickled."""

    decorated: object

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self.decorated, "__wrapped__")


def portable(function: Callable[..., Any]) -> Any:
    """Give what to pickle for `function`: itself, or the way to it through its decorated name."""
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for name in getattr(function, "__qualname__", "").split("."):
        found = getattr(found, name, None)
    return Wrapped(found) if getattr(found, "__wrapped__", None) is function else function


def reduce_node(node: IO[Any, Any]) -> tuple[Any, ...]:
    """Take a primitive node apart."""
    return rebuilt, (type(node), dict(fields(node)))


def reduce_operation(node: Operation) -> tuple[Any, ...]:
    """Take an operation apart."""
    return Operation, (node.function, node.touches, node.args)


def reduce_call(node: Call | Leaf) -> tuple[Any, ...]:
    """Take a call or a leaf apart."""
    return type(node), (portable(node.function), node.args, node.kwargs, node.catches)


def reduce_generate(node: Generate) -> tuple[Any, ...]:
    """Take a do-notation program apart."""
    return Generate, (portable(node.function), node.args, node.kwargs)


for kind in NODES:
    copyreg.pickle(kind, reduce_node)
copyreg.pickle(Operation, reduce_operation)
copyreg.pickle(Call, reduce_call)
copyreg.pickle(Leaf, reduce_call)
copyreg.pickle(Generate, reduce_generate)

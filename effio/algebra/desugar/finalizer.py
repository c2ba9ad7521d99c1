"""What the words about finalizers mean: each is `OnExit` with a finalizer that looks at the exit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from returns.result import Failure

from effio.algebra import derived
from effio.algebra.desugar.sequence import UNIT
from effio.algebra.primitive import FlatMap, OnExit, Pure
from effio.algebra.shape import Program, is_io
from effio.data.exit import Exit


def ensuring(node: derived.Ensuring) -> Program:
    return OnExit(node.source, node.other)


def on_cancel(node: derived.OnCancel) -> Program:
    return OnExit(node.source, partial(finalizer_if, True, node.finalizer))


def on_error(node: derived.OnError) -> Program:
    return OnExit(node.source, partial(finalizer_if, False, node.finalizer))


def finalizer_if(cancelled: bool, finalizer: Program | Callable[..., Program], exit: Exit[Any, Any]) -> Program:
    """Choose the finalizer if the exit is a failure, with or without a cancellation as `cancelled` says."""
    if not isinstance(exit, Failure) or exit.failure().has_cancelled is not cancelled:
        return UNIT
    return finalizer if is_io(finalizer) else FlatMap(Pure(exit.failure()), finalizer)


ROWS: Final[dict[type, Callable[[Any], Program]]] = {
    derived.Ensuring: ensuring,
    derived.OnCancel: on_cancel,
    derived.OnError: on_error,
}

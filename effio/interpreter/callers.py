"""The frames that call failing user code: which of them are the library's own, and how a failure lets go of them."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import CO_GENERATOR
from types import FrameType
from typing import Any, Final

from effio.data.cause import Cause, Die

OWN_FLOORS: Final = ("interpreter", "algebra", "data", "schedule", "concurrent", "resource")
OWN_MODULES: Final = tuple(f"effio.{floor}." for floor in OWN_FLOORS)


def forget_callers(cause: Cause[Any]) -> None:
    """Drop what the frames of the interpreter that called failing user code still hold.

    A traceback keeps them alive, and through them the fiber and the failure itself: a cycle. What fibers of its own
    failed with was treated when they ended, so of a tree only what is near the top is looked at.
    """
    for leaf in near_leaves(cause):
        error = leaf.exception if isinstance(leaf, Die) else getattr(leaf, "error", None)
        if not isinstance(error, BaseException) or error.__traceback__ is None:
            continue
        frame = error.__traceback__.tb_frame.f_back
        # To clear a suspended generator would close it.
        while frame is not None and is_own(frame) and not frame.f_code.co_flags & CO_GENERATOR:
            try:
                frame.clear()
            except RuntimeError:
                break  # It still runs, as do all around it.
            frame = frame.f_back


def near_leaves(cause: Cause[Any]) -> Iterator[Cause[Any]]:
    """The leaves of a cause that is one, or is a row of others, or of what happened at once, or both."""
    for part in cause.parts or (cause,):
        for inner in part.parts or (part,):
            if not inner.parts:
                yield inner


def is_own(frame: FrameType) -> bool:
    """Whether a frame belongs to the library's core, so that nobody wants to see it in a traceback."""
    return str(frame.f_globals.get("__name__", "")).startswith(OWN_MODULES)

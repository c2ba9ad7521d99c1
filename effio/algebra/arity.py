"""What makes one program of those given as arguments; the stub beside this file has their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from effio.algebra import derived
from effio.algebra.io import IO


def zip_all(*ios: IO[Any, Any]) -> IO[tuple[Any, ...], Any]:
    """Run `ios` one after another and give the tuple of their values; the first failure ends it."""
    return derived.ZipAll(ios)


def par_zip(*ios: IO[Any, Any]) -> IO[tuple[Any, ...], Any]:
    """Run `ios` at once and give the tuple of their values, in argument order.

    The first failure cancels the others and awaits them; all real failures are in the error tree.
    """
    return derived.ParZip(ios)


def par_map(f: Callable[..., Any], /, *ios: IO[Any, Any]) -> IO[Any, Any]:
    """Run `ios` at once and give what `f` makes of their values; fails like `par_zip`."""
    return derived.ParMap(ios, f)


def race(*ios: IO[Any, Any], dispose: Callable[[Any], IO[object]] | None = None) -> IO[Any, Any]:
    """Run `ios` at once; the first success wins, the others are cancelled and awaited.

    If all fail, all failures are in the error tree. `dispose` is run with a value that was won but cannot be
    delivered: of a second winner, or because of a cancel from outside.
    """
    return derived.Race(ios, dispose)


def first_completed(*ios: IO[Any, Any], dispose: Callable[[Any], IO[object]] | None = None) -> IO[Any, Any]:
    """Run `ios` at once; the first exit wins, a failure too. Otherwise like `race`."""
    return derived.FirstCompleted(ios, dispose)

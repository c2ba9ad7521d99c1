"""What each derived word means: a table from its node to the function that says it in primitive words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from effio.algebra.desugar import again, error, finalizer, outside, progress, sequence, time, together
from effio.algebra.io import IO

TABLE: Final[Mapping[type, Callable[[Any], IO[Any, Any]]]] = {
    **sequence.ROWS,
    **again.ROWS,
    **error.ROWS,
    **finalizer.ROWS,
    **time.ROWS,
    **together.ROWS,
    **outside.ROWS,
    **progress.ROWS,
}

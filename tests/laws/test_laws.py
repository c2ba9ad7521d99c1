"""Every law of `effio.testing.laws`, over generated programs."""

from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effio.testing.laws import (
    callback,
    cancellation,
    errors,
    fork,
    monad,
    parallel,
    primitive,
    progress,
    race,
    resource,
    schedule,
    suspension,
    time,
)
from effio.testing.laws.equation import Law, arguments, check, laws_of
from effio.testing.observation import in_asyncio
from effio.testing.program_strategies import any_size

MODULES: tuple[ModuleType, ...] = (
    monad,
    errors,
    suspension,
    parallel,
    cancellation,
    fork,
    race,
    time,
    callback,
    schedule,
    progress,
    resource,
    primitive,
)

every_law = pytest.mark.parametrize(
    "law",
    [
        pytest.param(law, id=f"{module.__name__.rpartition('.')[2]}-{law.__name__}")
        for module in MODULES
        for law in laws_of(module)
    ],
)


@every_law
@any_size
@given(data=st.data())
def test_both_sides_of_a_law_look_the_same(law: Law, data: st.DataObject) -> None:
    """In simulation the two programs of a law have the same exit, log and time, and leave nothing."""
    check(law, data.draw(arguments(law), law.__name__))


@every_law
@settings(any_size, max_examples=3)
@given(data=st.data())
def test_both_sides_of_a_law_look_the_same_in_asyncio(law: Law, data: st.DataObject) -> None:
    """On an event loop the two programs of a law have the same exit, log and time, and leave no task."""
    check(law, data.draw(arguments(law), law.__name__), in_asyncio)

"""What every test of real sockets checks afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.net.sockets import open_sockets


@pytest.fixture(autouse=True)
def no_socket_left() -> Iterator[None]:
    """A test leaves no socket open."""
    before = open_sockets()
    yield
    assert open_sockets() - before == set()

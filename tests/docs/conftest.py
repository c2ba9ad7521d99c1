"""Builds the site once for all tests that look at it."""

from __future__ import annotations

import pytest

from tests.docs.site import Site, build


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The built site."""
    return build(tmp_path_factory.mktemp("site"))

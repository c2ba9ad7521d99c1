"""The pages become a site."""

from __future__ import annotations

import pytest

from tests.docs.site import Site


@pytest.mark.slow
def test_site_is_built_without_a_warning(site: Site) -> None:
    """Sphinx finds every page, every link and every public name, and complains of nothing."""
    assert site.returncode == 0, site.complaints
    assert (site.folder / "site" / "index.html").exists()

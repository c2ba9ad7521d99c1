"""How the pages become a site: `sphinx-build -n -W docs build/site`."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "extension")]
os.environ["PYTHONPATH"] = str(ROOT)  # for the kernels of the notebooks

project = "effio"
author = "effio contributors"
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx_copybutton", "theme", "laws", "fragments", "llms"]
exclude_patterns = ["changelog.d/*.*.md"]

# -- Pages ----

html_theme = "furo"
html_title = "effio"
html_show_sphinx = False
html_show_copyright = False
html_static_path = ["static"]
html_css_files = ["effio.css"]
pygments_style = "friendly"
pygments_dark_style = "monokai"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# -- Notebooks ----

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 60
nb_merge_streams = True

# -- Reference ----

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
add_module_names = False
nitpick_ignore = [("py:obj", "effio.algebra.io.T")]  # a type variable in an alias

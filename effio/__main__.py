"""`python -m effio` is the command `effio`."""

from __future__ import annotations

import sys

from effio.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

"""The demo of programs without an end, in real time."""

from __future__ import annotations

import time

import pytest

from effio import run
from effio.demos import timeout

EXPECTED = """\
sleep, fail_after(0.1): TimedOut(0.1 s)
sleep, move_on_after(0.1): None, and the program goes on
count, move_on_after(0.1): finished is False
the fiber beside it went on counting: True
"""


TRIES = 10
"""A busy machine may be late for two limits at once, which are 0.02 s apart."""


def test_each_program_ends_at_its_limit(capsys: pytest.CaptureFixture[str]) -> None:
    """A sleep and a busy loop are stopped at their limits, and others go on."""

    def printed() -> str:
        start = time.monotonic()
        run(timeout.main(0.1))
        assert time.monotonic() - start >= 0.3
        return capsys.readouterr().out

    assert EXPECTED in (printed() for _ in range(TRIES))

"""The demo of a dump: it names every worker that is blocked."""

from __future__ import annotations

import re

import pytest

from effio import run
from effio.demos import stuck

WAITS = {
    "worker 3": "nothing, for ever",
    "worker 4": "nothing, for ever",
    "worker 5": "a callback",
    "worker 6": "a callback",
    "worker 7": "coroutine Event.wait",
    "worker 8": "the end of fiber 'worker 7'",
    "worker 9": "the end of fiber 'worker 8'",
    "worker 10": "the end of fiber 'worker 9'",
}

LINE = re.compile(r"  (?P<name>worker \d+): waits for (?P<what>.*), for (?P<seconds>[\d.]+) s( · .*)?")


def test_dump_names_each_blocked_worker(capsys: pytest.CaptureFixture[str]) -> None:
    """Eight of ten workers wait for what the dump says, each a little less long than the one before."""
    run(stuck.main(0.2))
    root, *lines = capsys.readouterr().out.splitlines()
    assert root.startswith("main: running · effio/demos/stuck.py:")
    waits = {found["name"]: found for line in lines if (found := LINE.fullmatch(line))}
    assert len(lines) == 10
    assert {name: waits[name]["what"] for name in WAITS} == WAITS
    since = [float(waits[name]["seconds"]) for name in WAITS]
    assert since == sorted(since, reverse=True)
    assert 0.1 <= since[-1] < since[0] <= 0.4

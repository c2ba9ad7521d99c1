"""The demos that only sleep, in virtual time: what they print, to the byte where that is promised."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from effio import IO, VirtualClock, run, run_async, sleep
from effio.demos import gather, page, sleeper, sum
from effio.interpreter.backends.simulated import simulate

TRANSCRIPT = """\
Main[True] A[False] B[False] C[False]
tasks created
-------------------------
Main[False] A[True] B[False] C[False]
A napping 5s
-------------------------
Main[False] A[False] B[True] C[False]
B napping 3s
-------------------------
Main[False] A[False] B[False] C[True]
C napping 1s
-------------------------
Main[False] A[False] B[False] C[True]
C woken after 1s
-------------------------
Main[False] A[False] B[True]
B woken after 3s
-------------------------
Main[False] A[True]
A woken after 5s
-------------------------
Main[True]
Tasks complete
-------------------------
"""

PAGE = """\
 1 par_zip
 2 ╠═ 'articles'
 3 ║  └─ sleep(2)
 4 ║     pure('articles')
 5 ╚═ 'comments'
 6    └─ sleep(1)
 7       pure('comments')
 8 flat_map(work)  · effio/demos/page.py:15
 9 └─ par_zip
10    ╠═ 'process'
11    ║  └─ sleep(2)
12    ║     pure('processed articles')
13    ╚═ 'transform'
14       └─ sleep(1)
15          pure('transformed comments')
16 map(combine)  · effio/demos/page.py:36

at most 2 at once
process runs beside transform, after articles and comments
an error of process: par_zip cancels what runs beside it: transform; the program fails with it

processed articles and transformed comments, after 4 s
"""

GATHERED = """\
first begins
second begins
second ends after 1 s
first ends after 2 s
('first', 'second') after 2 s
"""


def in_virtual_time(program: IO[Any, Any]) -> None:
    run(program, clock=VirtualClock())


def in_somebody_elses_loop(program: IO[Any, Any]) -> None:
    async def host() -> None:
        await run_async(program, clock=VirtualClock())

    asyncio.run(host())


def in_uvloop(program: IO[Any, Any]) -> None:
    run(program, clock=VirtualClock(), loop_factory=uvloop.new_event_loop)


@pytest.mark.parametrize("backend", [in_virtual_time, simulate, in_somebody_elses_loop, in_uvloop])
def test_sleeper_prints_its_transcript(
    backend: Callable[[IO[Any, Any]], object], capsys: pytest.CaptureFixture[str]
) -> None:
    """Three naps print the same bytes on every backend."""
    backend(sleeper.Main())
    assert capsys.readouterr().out == TRANSCRIPT


def test_sleeper_prints_its_transcript_in_real_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Naps that really take their time, here a twentieth of it, print the same lines."""
    monkeypatch.setattr(sleeper, "sleep", lambda seconds: sleep(seconds / 20))
    run(sleeper.Main())
    assert capsys.readouterr().out == TRANSCRIPT


def test_gather_takes_as_long_as_the_longer_task(capsys: pytest.CaptureFixture[str]) -> None:
    """Results come in argument order; when the second task fails, the first prints nothing more."""
    in_virtual_time(gather.main())
    first, second = capsys.readouterr().out.split("\n\n")
    assert first + "\n" == GATHERED
    assert second.startswith("first begins\nsecond begins\nsecond ends after 1 s\npar_zip failed\n")
    assert "○ first   cancelled, because 'second' failed" in second
    assert "✗ second  ValueError: second broke" in second
    assert "first ends" not in second


def test_page_shows_its_tree_and_takes_two_steps(capsys: pytest.CaptureFixture[str]) -> None:
    """The plan of the page is printed and asked before it runs, and each of its two steps takes two seconds."""
    in_virtual_time(page.main())
    assert capsys.readouterr().out == PAGE


def test_sum_adds_what_its_children_return(capsys: pytest.CaptureFixture[str]) -> None:
    """The halves are 4950 and 14950."""
    in_virtual_time(sum.main())
    assert capsys.readouterr().out == "4950 + 14950 = 19900\n"

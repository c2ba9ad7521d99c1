"""Places in source code."""

from __future__ import annotations

import functools
import os
import pickle
from collections.abc import Iterator
from pathlib import Path as File

import pytest

from effio.data.call_site import CallSite, caller
from effio.data.origin import Origin, origin_of


def here() -> CallSite:
    return caller(1)


def test_call_site_knows_the_line_of_the_call() -> None:
    """The line is that of the call, not that of the function's beginning."""
    first = here().origin()
    second = here().origin()
    assert first.line == second.line - 1
    assert first.file == __file__
    assert first.function == "test_call_site_knows_the_line_of_the_call"


def test_caller_of_nobody_is_the_capturing_line() -> None:
    """A depth beyond the stack falls back instead of raising."""
    assert caller(1_000_000).origin().function == "test_caller_of_nobody_is_the_capturing_line"


def test_call_site_pickles_as_its_origin() -> None:
    """A code object does not travel, the place does."""
    site = here()
    assert pickle.loads(pickle.dumps(site)) == site.origin()
    assert str(site) == str(site.origin())


def test_call_sites_are_equal_per_instruction() -> None:
    """The same instruction gives the same site, another one does not."""
    one, again = [here() for _ in range(2)]
    assert (one, hash(one)) == (again, hash(again))
    assert one != here()


class Callable:
    def __call__(self) -> None: ...

    def method(self) -> None: ...


class Inherited(Callable): ...


@functools.wraps(here)
def wrapping() -> None: ...


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (here, "here"),
        (functools.partial(functools.partial(here)), "here"),
        (wrapping, "here"),
        (Callable(), "Callable.__call__"),
        (Inherited(), "Callable.__call__"),
        (Callable().method, "Callable.method"),
        (functools.partial(Callable().method), "Callable.method"),
    ],
)
def test_origin_of_sees_the_function_inside(function: object, name: str) -> None:
    """Partials, methods, wrappers and callable objects lead to the function a person wrote."""
    origin = origin_of(function)
    assert origin is not None
    assert (origin.function, origin.file) == (name, __file__)


def paused() -> Iterator[int]:
    yield 1
    yield 2


def test_origin_of_a_generator_is_where_it_stands() -> None:
    """The line of the `yield`; one that has ended stands nowhere."""
    generator = paused()
    assert [*generator, origin_of(generator)] == [1, 2, None]
    generator = paused()
    next(generator)
    assert origin_of(generator) == Origin(__file__, paused.__code__.co_firstlineno + 1, "paused")


@pytest.mark.parametrize("function", [len, functools.partial(len), int, 3, None])
def test_origin_of_what_is_not_python_is_none(function: object) -> None:
    """A builtin has no place in source code."""
    assert origin_of(function) is None


def test_file_below_the_working_directory_is_shown_relative(tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person sees the file as they would type it."""
    monkeypatch.chdir(tmp_path)
    assert str(Origin(str(tmp_path / "shop" / "app.py"), 41, "refresh")) == "shop/app.py:41 in refresh"
    assert str(Origin(os.path.join(os.sep, "other", "lib", "net.py"), 7, "send")) == "lib/net.py:7 in send"
    assert str(Origin(str(tmp_path / "app.py"), 1, "<module>")) == "app.py:1"


def test_file_is_shown_although_the_working_directory_is_gone(tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is relative to a deleted directory, and an error report still comes out."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert str(Origin(str(tmp_path / "shop" / "app.py"), 41, "refresh")) == "shop/app.py:41 in refresh"
    monkeypatch.chdir(tmp_path)

"""The plugin beside those of pytest-asyncio, anyio, xdist and Hypothesis."""

from __future__ import annotations

import pytest

from tests.architecture.source import ROOT
from tests.unit.testing.pytest_plugin.conftest import INSTALLED, PLUGIN, RunTests


def test_beside_the_plugins_of_asyncio_and_anyio(run_tests: RunTests) -> None:
    """Tests of all three kinds in one file pass, each run by its own plugin, in both modes of pytest-asyncio."""
    pytest.importorskip("pytest_asyncio")
    tests = """
import asyncio
import anyio

@pytest.fixture(scope="session")
def resource():
    return Resource.make(pure(3), lambda value: sleep(0))

def test_effio(resource):
    return from_async(asyncio.sleep, 0).then(pure(resource))

@pytest.mark.asyncio
async def test_asyncio(resource):
    await asyncio.sleep(0)
    assert await pure(resource) == 3

def test_effio_in_between(resource):
    return from_async(asyncio.sleep, 0)

@pytest.mark.anyio
async def test_anyio(anyio_backend):
    await anyio.sleep(0)
"""
    run_tests(tests, "-p", "no:cacheprovider").assert_outcomes(passed=5)
    run_tests(tests, "-p", "no:cacheprovider", "--asyncio-mode=auto", "-k", "not anyio").assert_outcomes(
        passed=3, deselected=2
    )


def test_with_hypothesis(run_tests: RunTests) -> None:
    """Each example is a run; a failing example is shrunk, and fixtures are there too."""
    result = run_tests("""
from hypothesis import given, settings, strategies as st

@pytest.fixture(scope="module")
def limit():
    return Resource.make(pure(10), lambda value: unit)

seen = []

@given(st.integers())
@settings(deadline=None)
def test_passes(limit, number):
    return delay(seen.append, number)

def test_seen():
    assert len(seen) > 5

@given(st.integers(min_value=0))
@settings(deadline=None, database=None)
@do
def test_shrinks(limit, number):
    found = yield from pure(number)
    assert found < limit

@pytest.mark.effio
@given(st.booleans())
@settings(database=None)
def test_forgot(flag):
    pure(flag)

class TestMethods:
    @given(st.booleans())
    @settings(deadline=None)
    def test_method(self, flag):
        return sleep(0)
""")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*assert 10 < 10*", "*number=10*", "*must return a program*"])


@pytest.mark.slow
def test_with_xdist(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers run programs and fixtures, each with a loop of its own, and failing tests keep their tokens."""
    pytest.importorskip("xdist")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile("""
import pytest
from effio import Ref, Resource, do, par_zip, pure, sleep, unit

@pytest.fixture(scope="session")
def resource():
    return Resource.make(sleep(0).as_value(3), lambda value: sleep(0))

@pytest.mark.parametrize("number", range(6))
def test_it(resource, number):
    return pure(resource)

@pytest.mark.effio(explore=True)
@pytest.mark.parametrize("number", range(4))
@do
def test_race(number):
    counter = yield from Ref.make(0)
    increment = counter.get().flat_map(lambda value: counter.set(value + 1))
    yield from par_zip(increment, increment)
    assert (yield from counter.get()) == 2
""")
    plugin = [] if INSTALLED else ["-p", PLUGIN]
    options = (*plugin, "-o", "asyncio_default_fixture_loop_scope=function")
    pytester.runpytest_subprocess(*options, "-n2").assert_outcomes(passed=6, failed=4)
    result = pytester.runpytest_inprocess(*options, "-p", "no:xdist")
    result.assert_outcomes(passed=6, failed=4)
    assert result.stdout.str().count("run it again") == 4
    assert "failing among" not in result.stdout.str()


def test_nothing_of_effio_is_loaded_for_others(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session in which nobody imports effio does not either, nor does importing Hypothesis."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile("""
import sys
from importlib.metadata import EntryPoint

def test_it(pytestconfig):
    EntryPoint("effio", "effio.testing.hypothesis_entry:register", "hypothesis").load()()
    assert pytestconfig.getini("effio_backend") == "asyncio"
    assert not {"effio.algebra.io", "effio.testing.exploration", "effio.testing.strategies"} & {*sys.modules}
""")
    pytester.runpytest_subprocess("-p", "no:effio", "-p", PLUGIN, "-p", "no:asyncio").assert_outcomes(passed=1)


def test_plugin_may_be_loaded_by_its_name(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-p` with the module of the hooks has the options and runs programs too."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile("from effio import fail\n\ndef test_it():\n    return fail(KeyError('k'))")
    options = ("-p", "no:effio", "-p", "effio.testing.pytest_plugin.plugin", "-p", "no:asyncio", "--effio-seed=1")
    pytester.runpytest_subprocess(*options).assert_outcomes(failed=1)

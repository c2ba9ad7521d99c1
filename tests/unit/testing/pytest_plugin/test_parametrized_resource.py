"""Resources that are arguments of parametrize."""

from __future__ import annotations

from tests.unit.testing.pytest_plugin.conftest import RunTests


def test_parametrized_resource_is_given_as_it_is(run_tests: RunTests) -> None:
    """It is the value that the test asks for, not a fixture to be acquired."""
    tests = """
@pytest.mark.parametrize("resource", [Resource.from_io(unit)])
def test_one(resource):
    assert isinstance(resource, Resource)
    return resource.use(lambda value: unit)
"""
    run_tests(tests).assert_outcomes(passed=1)

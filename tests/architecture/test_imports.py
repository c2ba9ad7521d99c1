"""The picture of the imports runs downhill."""

from __future__ import annotations

import graphlib
import sys

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.architecture.source import PACKAGE, ROOT, Import, Module, imports, modules

CORE_DEPENDENCIES = {"attr", "attrs", "returns", "typing_extensions"}
OPTIONAL_DEPENDENCIES = {"aiohttp", "anyio", "httpx", "hypothesis", "opentelemetry", "pytest", "rich", "trio", "uvloop"}
COMPILER_HINTS = {"effio.data.native": {"mypy_extensions", "_typeshed"}}
"""Read by the compiler where there is one; at run time the module does without."""
EDGES = (
    "effio.net",
    "effio.interop",
    "effio.cli",
    "effio.demos",
    "effio.testing",
    "effio.observe.render",
    "effio.observe.opentelemetry",
)
BACKENDS = "effio.interpreter.backends"
INTERPRETER = ("effio.interpreter",)
LIBRARY = ("effio.concurrent", "effio.resource", "effio.stream", "effio.stm", "effio.service")
FACADES = ("effio", "effio.cause")
USERS_OF_THE_FACADE = ("effio.cli", "effio.demos")

# Nodes are programs and the methods of a program build nodes: the one place where neither can come first.
KNOT = {"effio.algebra.io", "effio.algebra.primitive", "effio.algebra.derived"}

# Imports of the library's own modules inside a function, as `module:function`, each with its reason.
LATE_IMPORTS: dict[str, str] = {
    "effio.interop.portal:Background.__init__": "futures load logging, which nobody needs who has no threads",
    "effio.interop.portal:Portal._hand_in": "futures load logging, which nobody needs who has no threads",
    "effio.interop.processes:Child.__init__": "subprocess is loaded by the first call in a child process",
    "effio.schedule.schedule:Schedule.cron": "zones and their directories are loaded by the first cron expression",
    "effio.interpreter.runtime:Runtime._finish": "asyncio is loaded by the first run that needs an event loop",
    "effio.interpreter.runtime:run_async_exit": "asyncio is loaded by the first run that needs an event loop",
    "effio.resource.resource:Resource.open": "asyncio is loaded by the first run that needs an event loop",
    "effio.testing.pytest_plugin.host:host_of": "trio is loaded by the first fixture that lives in it",
}


def is_below(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def is_optional(statement: Import) -> bool:
    return top_level(statement) in OPTIONAL_DEPENDENCIES


def top_level(statement: Import) -> str:
    return statement.target.partition(".")[0]


def foreign(module: Module) -> set[str]:
    """The distributions that `module` needs besides Python's own library."""
    return {top_level(statement) for statement in imports(module)} - sys.stdlib_module_names - {PACKAGE}


def test_contracts_of_the_floors_hold() -> None:
    """Each contract in pyproject.toml is kept: a module imports from lower floors only."""
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == EXIT_STATUS_SUCCESS


def test_library_is_written_in_the_algebra() -> None:
    """The interpreter and the library beside it on the same floor do not import each other."""
    assert crossings(INTERPRETER, LIBRARY) + crossings(LIBRARY, INTERPRETER) == []


def crossings(importers: tuple[str, ...], imported: tuple[str, ...]) -> list[str]:
    return [
        f"{module.name} imports {statement.target}"
        for module in modules()
        if is_below(module.name, importers)
        for statement in imports(module)
        if is_below(statement.target, imported)
    ]


def test_no_import_cycle_but_the_knot() -> None:
    """Without the edges inside the knot of `io.py`, the modules load in one order, types apart."""
    names = {module.name for module in modules()}
    graph = {module.name: loaded_by(module) & names for module in modules()}
    for name in KNOT & names:
        graph[name] -= KNOT
    graphlib.TopologicalSorter(graph).prepare()


def loaded_by(module: Module) -> set[str]:
    return {statement.target for statement in imports(module) if not statement.only_for_types}


def test_library_does_not_import_its_own_facade() -> None:
    """Only the programs at the top, command line and demos, use the library as its users do."""
    uphill = [
        module.name
        for module in modules()
        if not is_below(module.name, USERS_OF_THE_FACADE) and module.name not in FACADES
        if any(statement.target in FACADES for statement in imports(module))
    ]
    assert uphill == []


def test_core_needs_three_distributions() -> None:
    """What every user installs imports attrs, returns, typing-extensions, and the backends their own host."""
    surplus = {
        module.name: unexpected
        for module in modules()
        if not is_below(module.name, EDGES)
        if (unexpected := foreign(module) - allowed(module))
    }
    assert surplus == {}


def allowed(module: Module) -> set[str]:
    host = module.name.removeprefix(f"{BACKENDS}.").partition("_")[0]
    hints = COMPILER_HINTS.get(module.name, set())
    return CORE_DEPENDENCIES | hints | ({host, "uvloop"} if is_below(module.name, (BACKENDS,)) else set())


def test_edges_need_only_declared_distributions() -> None:
    """No module imports a distribution that is neither a dependency nor in an extra."""
    surplus = {
        module.name: unexpected
        for module in modules()
        if (unexpected := foreign(module) - allowed(module) - OPTIONAL_DEPENDENCIES)
    }
    assert surplus == {}


def test_functions_import_only_optional_dependencies() -> None:
    """An import inside a function is for an optional dependency, or listed with its reason."""
    late = {
        f"{module.name}:{statement.inside}"
        for module in modules()
        for statement in imports(module)
        if statement.inside is not None and not is_optional(statement)
    }
    assert late == LATE_IMPORTS.keys()

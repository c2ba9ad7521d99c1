"""The library's modules as syntax trees, for the tests that hold the source to its rules."""

from __future__ import annotations

import ast
import functools
import gc
from collections.abc import Iterator
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]
PACKAGE = "effio"

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@attrs.frozen(kw_only=True, eq=False)
class Module:
    """One source file, parsed."""

    name: str
    is_package: bool
    lines: int
    tree: ast.Module


@attrs.frozen
class Import:
    """One imported module; `inside` names the function whose body imports it, None at module level."""

    target: str
    inside: str | None
    only_for_types: bool = attrs.field(kw_only=True)


@functools.cache
def modules() -> tuple[Module, ...]:
    """Every module of the library, sorted by path."""
    found = tuple(parse(path) for path in sorted((ROOT / PACKAGE).rglob("*.py")))
    if not found:
        raise FileNotFoundError(f"no module of '{PACKAGE}' below {ROOT}")
    gc.freeze()  # Half a million nodes, which every collection would look through.
    return found


@functools.cache
def names() -> frozenset[str]:
    """The names of all modules of the library."""
    return frozenset(module.name for module in modules())


def parse(path: Path) -> Module:
    """Read the module at `path`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    text = path.read_text(encoding="utf-8")
    return Module(
        name=".".join(parts[:-1] if is_package else parts),
        is_package=is_package,
        lines=len(text.splitlines()),
        tree=ast.parse(text, str(path)),
    )


@functools.cache
def imports(module: Module) -> tuple[Import, ...]:
    """Each module that `module` imports; `from package import module` counts as the module."""
    return tuple(imports_in(module))


def imports_in(module: Module) -> Iterator[Import]:
    unexecuted = set(type_checking_statements(module.tree))
    for node, scope in walk(module.tree):
        match node:
            case ast.Import():
                targets = [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(package)):
                targets = [imported_module(package, alias.name) for alias in node.names]
            case _:
                continue
        inside = ".".join(part.name for part in scope) if has_function(scope) else None
        for target in dict.fromkeys(targets):
            yield Import(target, inside, only_for_types=node in unexecuted)


def type_checking_statements(tree: ast.Module) -> Iterator[ast.AST]:
    """The statements under `if TYPE_CHECKING:`, which type checkers read and Python does not execute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.body


def imported_module(package: str, name: str) -> str:
    """`package.name` if the library has such a module, else `package`."""
    full = f"{package}.{name}"
    return full if full in names() else package


def functions(module: Module) -> Iterator[tuple[str, Function]]:
    """Each function of `module` as `module:Class.function`, nested ones included."""
    for node, scope in walk(module.tree):
        if isinstance(node, Function):
            yield f"{module.name}:{'.'.join(part.name for part in (*scope, node))}", node


def walk(node: ast.AST, scope: tuple[Definition, ...] = ()) -> Iterator[tuple[ast.AST, tuple[Definition, ...]]]:
    """Each node below `node` with the definitions around it, outermost first."""
    inner = (*scope, node) if isinstance(node, Definition) else scope
    for child in ast.iter_child_nodes(node):
        yield child, inner
        yield from walk(child, inner)


def has_function(scope: tuple[Definition, ...]) -> bool:
    """Whether one of the definitions is a function."""
    return any(isinstance(part, Function) for part in scope)

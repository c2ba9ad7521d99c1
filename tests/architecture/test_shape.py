"""Each module is small, says what it holds, and has a name that means one thing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import ROOT, Function, functions, modules, parse

LONGEST_MODULE = 500
LONG_MODULE = 400
LONGEST_FUNCTION = 40
DEEPEST_NESTING = 3

FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "misc", "base", "manager", "internal"}

# Each exception says why the rule would make the code worse; one that is no longer needed fails its test.
LONG_MODULES: dict[str, str] = {
    "effio.algebra.primitive": "the words of the interpreter belong together, and a hand-slotted class takes lines",
    "effio.data.cause": "the five kinds of cause and what one may do with any of them belong together",
}
LONG_FUNCTIONS: dict[str, str] = {
    "effio.interpreter.step:advance": "the step loop: a call per step would cost as much as the step",
    "effio.testing.exploration.explore:explore": "a line for each option in the signature, and one to hand it on",
}
DEEP_FUNCTIONS: dict[str, str] = {
    "effio.interpreter.step:advance": "the step loop: a call per step would cost as much as the step",
}

Block = ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match


def length(function: Function) -> int:
    """Lines from the signature to the end, without the docstring."""
    last = function.end_lineno or function.lineno
    lines = last - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def nesting(node: ast.AST) -> int:
    """How many compound statements stand inside each other below `node`; an inner function starts anew."""
    return max((depth(child) for child in inner_nodes(node)), default=0)


def depth(node: ast.AST) -> int:
    return nesting(node) + isinstance(node, Block)


def inner_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The children of `node`, an `elif` replaced by its own children since it stands beside its `if`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.Lambda):
            continue
        if isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]:
            yield from inner_nodes(child)
        else:
            yield child


def test_no_module_is_too_long() -> None:
    """No module has more than 500 lines."""
    assert {module.name: module.lines for module in modules() if module.lines > LONGEST_MODULE} == {}


def test_long_modules_are_listed_with_a_reason() -> None:
    """The modules of more than 400 lines are exactly the listed ones."""
    assert {module.name for module in modules() if module.lines > LONG_MODULE} == LONG_MODULES.keys()


def test_long_functions_are_listed_with_a_reason() -> None:
    """The functions of more than 40 lines, docstring apart, are exactly the listed ones."""
    long = {name for module in modules() for name, function in functions(module) if length(function) > LONGEST_FUNCTION}
    assert long == LONG_FUNCTIONS.keys()


def test_deep_functions_are_listed_with_a_reason() -> None:
    """The functions that nest more than three compound statements are exactly the listed ones."""
    deep = {name for module in modules() for name, function in functions(module) if nesting(function) > DEEPEST_NESTING}
    assert deep == DEEP_FUNCTIONS.keys()


def test_no_module_has_a_name_that_could_hold_anything() -> None:
    """No part of a module's name is one of the words that invite whatever has no home."""
    assert [module.name for module in modules() if FORBIDDEN_NAMES & set(module.name.split("."))] == []


def test_every_module_says_what_the_reader_finds() -> None:
    """Each module begins with a docstring whose first line is a whole sentence."""
    silent = [module.name for module in modules() if not first_line(module.tree).endswith((".", ":"))]
    assert silent == []


def test_every_test_says_what_would_be_false() -> None:
    """Each test function has a docstring."""
    silent = [
        name
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name, function in functions(parse(path))
        if function.name.startswith("test_") and ast.get_docstring(function) is None
    ]
    assert silent == []


def first_line(tree: ast.Module) -> str:
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def test_nesting_counts_blocks_inside_each_other() -> None:
    """An `elif` is as deep as its `if`, a block in a block is one deeper, an inner function starts anew."""
    chain = "if a:\n  pass\nelif b:\n  pass\nelif c:\n  pass"
    nested = "for a in b:\n  try:\n    c\n  except D:\n    with e:\n      f"
    function = "while a:\n  def f():\n    if b:\n      c"
    assert [nesting(ast.parse(text)) for text in (chain, nested, function)] == [1, 3, 1]

"""What `module:program` finds, and what it says when it finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from effio import IO, run
from effio.cli.target import NoProgram, load

SHOP = """
from effio import do, pure

page = pure(1)
number = 7


@do
def order():
    found = yield from pure(2)
    return found


def discount(percent):
    return pure(percent)


def nothing():
    return None


class Service:
    status = pure(3)
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that can be imported, and one that needs what is not there."""
    (tmp_path / "example_shop.py").write_text(SHOP, encoding="utf-8")
    (tmp_path / "example_broken.py").write_text("import not_there_at_all", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize(("name", "value"), [("page", 1), ("order", 2), ("Service.status", 3)])
def test_program_is_found_or_made(name: str, value: int) -> None:
    """A program is taken as it is, a function without arguments makes one, a dot goes deeper."""
    program = load(f"example_shop:{name}")
    assert isinstance(program, IO)
    assert run(program) == value


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("example_shop", "'example_shop' is not of the form module:program"),
        ("example_shop:", "'example_shop:' is not of the form module:program"),
        ("./src/shop.py", "'./src/shop.py' is a file: name its module and a program in it, as in src.shop:main"),
        ("shop.py:page", "'shop.py:page' is a file: name its module and a program in it, as in shop:page"),
        ("not_a_module:page", "there is no module 'not_a_module'"),
        ("example_shop.inner:page", "there is no module 'example_shop.inner'"),
        ("example_shop:missing", "module 'example_shop' has no 'missing'"),
        ("example_shop:number", "example_shop:number is no program (IO) but 7"),
        ("example_shop:nothing", "example_shop:nothing is no program (IO) but None"),
        ("example_shop:discount", "example_shop:discount needs arguments, so it cannot be run from here"),
    ],
)
def test_wrong_target_is_told_in_a_sentence(target: str, sentence: str) -> None:
    """Whatever is wrong is said with its name."""
    with pytest.raises(NoProgram) as caught:
        load(target)
    assert str(caught.value) == sentence


def test_module_that_misses_another_one_says_which() -> None:
    """What the user's module itself cannot import is its own error."""
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        load("example_broken:page")

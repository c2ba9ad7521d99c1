"""The entry point of Hypothesis: `from_type(IO[int, str])` works wherever effio has been imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final, final

PROGRAMS: Final = "effio.algebra.io"


def register() -> None:
    """Register the strategies, now or when the class of programs is imported."""
    if PROGRAMS in sys.modules:
        register_types()
    else:
        sys.meta_path.insert(0, Waiting())


def register_types() -> None:
    """Tell Hypothesis of the types; the strategies are imported when one of them is asked for."""
    strategies: Any = import_module("hypothesis.strategies")
    for module, name, maker in (
        (PROGRAMS, "IO", "ios_of_type"),
        ("effio.data.cause", "Cause", "causes_of_type"),
    ):
        strategies.register_type_strategy(getattr(import_module(module), name), made_by(maker))


def made_by(maker: str) -> Callable[[Any], Any]:
    """A function that imports the one that makes a strategy, and calls it."""

    def strategy_of(thing: Any) -> Any:
        return getattr(import_module("effio.testing.strategies"), maker)(thing)

    return strategy_of


@final
class Waiting:
    """Waits in `sys.meta_path` for the import of the class of programs, once."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Let others find the module; what it does is followed by the registration."""
        if name != PROGRAMS:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = Registering(spec.loader)
        return spec


@final
class Registering(Loader):
    """Loads a module as `loader` does, then registers the types."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module, if it is a compiled one."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the code of the module."""
        assert module.__spec__ is not None
        module.__loader__ = module.__spec__.loader = self.loader
        self.loader.exec_module(module)
        register_types()

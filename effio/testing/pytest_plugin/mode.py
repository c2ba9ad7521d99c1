"""How a test is run: what its `effio` markers say, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias, final

import attrs

BackendName: TypeAlias = Literal["asyncio", "uvloop", "trio", "simulated"]
BACKENDS: Final = ("asyncio", "uvloop", "trio", "simulated")
CLOCKS: Final = ("real", "virtual")


@final
@attrs.frozen(kw_only=True)
class Mode:
    """The options of the marker `effio`.

    `explore`, `cancel_sweep` and `fault_sweep` run a test many times; a `seed` runs it once, simulated.
    """

    clock: str = "real"
    backend: str = "asyncio"
    seed: int | None = None
    explore: bool = False
    cancel_sweep: bool = False
    fault_sweep: bool = False
    max_schedules: int | None = None
    timeout: float | None = None

    @classmethod
    def of(cls, markers: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any]) -> Mode:
        """Merge the options of several markers, the closest first."""
        options: dict[str, Any] = {}
        for given in (*markers, defaults):
            options = {**given, **options}
        known = [field.name for field in attrs.fields(cls)]
        for name in options:
            if name not in known:
                raise ValueError(f"the marker effio takes {', '.join(known)}, not {name!r}")
        mode = cls(**options)
        chosen(mode.backend, BACKENDS, "backend")
        chosen(mode.clock, CLOCKS, "clock")
        return mode

    @property
    def simulated(self) -> bool:
        """Whether the test runs in the simulated world, where nothing is foreign."""
        many = self.explore or self.cancel_sweep or self.fault_sweep
        return many or self.backend == "simulated" or self.seed is not None

    @property
    def hosted(self) -> bool:
        """Whether the test runs in the event loop that its fixtures live in."""
        return not self.simulated and self.backend != "trio"


def chosen(value: str, choices: tuple[str, ...], name: str) -> None:
    """Refuse what is not one of the choices."""
    if value not in choices:
        raise ValueError(f"{name}= of the marker effio must be one of {', '.join(choices)}, not {value!r}")

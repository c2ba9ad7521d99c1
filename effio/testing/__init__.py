"""Checking programs: every order in which they can run, failures at every action, and the laws that hold for all."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from effio.testing import strategies as strategies
    from effio.testing.exploration.checkpoint import NotResumable
    from effio.testing.exploration.explore import explore
    from effio.testing.exploration.finding import Exploration, Finding, Sweep
    from effio.testing.exploration.history import (
        Call,
        History,
        Model,
        NotLinearizable,
        assert_linearizable,
        linearizable,
    )
    from effio.testing.exploration.outcomes import assert_outcomes, outcomes
    from effio.testing.exploration.refine import Refinement, refines
    from effio.testing.exploration.schedules.search import Counts
    from effio.testing.exploration.schedules.token import NotRepeatable, TokenMismatch
    from effio.testing.exploration.simulation import InjectedFault, Simulation, replay, simulate
    from effio.testing.exploration.steps.assertion import PropertyViolated, always, eventually, leads_to, sometimes
    from effio.testing.exploration.steps.choice import buggify, choice
    from effio.testing.exploration.steps.faults import Fault, Faults
    from effio.testing.exploration.steps.livelock import Livelock
    from effio.testing.exploration.sweep import cancel_sweep, fault_sweep
    from effio.testing.quiet import wait_all_blocked
    from effio.testing.strategies import given_sim as given_sim
else:

    def __getattr__(name: str) -> object:
        """Load the module where `name` is at home."""
        if name == "strategies":
            return import_module("effio.testing.strategies")
        home = HOMES.get(name)
        if home is None:
            message = f"module 'effio.testing' has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=sys.modules[__name__])
        value = globals()[name] = getattr(import_module(home), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *HOMES, "strategies"})


NAMES: Final = {
    "effio.testing.exploration.steps.assertion": "PropertyViolated always eventually leads_to sometimes",
    "effio.testing.exploration.checkpoint": "NotResumable",
    "effio.testing.exploration.steps.choice": "buggify choice",
    "effio.testing.exploration.explore": "explore",
    "effio.testing.exploration.steps.faults": "Fault Faults",
    "effio.testing.exploration.finding": "Exploration Finding Sweep",
    "effio.testing.exploration.history": "Call History Model NotLinearizable assert_linearizable linearizable",
    "effio.testing.exploration.steps.livelock": "Livelock",
    "effio.testing.exploration.outcomes": "assert_outcomes outcomes",
    "effio.testing.exploration.refine": "Refinement refines",
    "effio.testing.exploration.schedules.search": "Counts",
    "effio.testing.exploration.simulation": "InjectedFault Simulation replay simulate",
    "effio.testing.exploration.sweep": "cancel_sweep fault_sweep",
    "effio.testing.exploration.schedules.token": "NotRepeatable TokenMismatch",
    "effio.testing.quiet": "wait_all_blocked",
    "effio.testing.strategies": "given_sim",
}
"""The public names of each module."""

HOMES: Final = {name: module for module, names in NAMES.items() for name in names.split()}
"""The module of each public name, which is loaded when the name is first used; `given_sim` needs Hypothesis."""

__all__ = [
    "Call",
    "Counts",
    "Exploration",
    "Fault",
    "Faults",
    "Finding",
    "History",
    "InjectedFault",
    "Livelock",
    "Model",
    "NotLinearizable",
    "NotRepeatable",
    "NotResumable",
    "PropertyViolated",
    "Refinement",
    "Simulation",
    "Sweep",
    "TokenMismatch",
    "always",
    "assert_linearizable",
    "assert_outcomes",
    "buggify",
    "cancel_sweep",
    "choice",
    "eventually",
    "explore",
    "fault_sweep",
    "leads_to",
    "linearizable",
    "outcomes",
    "refines",
    "replay",
    "simulate",
    "sometimes",
    "wait_all_blocked",
]

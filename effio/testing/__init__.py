"""Checking programs: every order in which they can run, failures at every action, and the laws that hold for all."""

from __future__ import annotations

from effio.testing.exploration.assertion import PropertyViolated, always, eventually, leads_to, sometimes
from effio.testing.exploration.checkpoint import NotResumable
from effio.testing.exploration.choice import buggify, choice
from effio.testing.exploration.explore import explore
from effio.testing.exploration.faults import Fault, Faults
from effio.testing.exploration.finding import Exploration, Finding
from effio.testing.exploration.history import (
    Call,
    History,
    Model,
    NotLinearizable,
    assert_linearizable,
    linearizable,
)
from effio.testing.exploration.lasso import Livelock
from effio.testing.exploration.outcomes import assert_outcomes, outcomes
from effio.testing.exploration.refine import Refinement, refines
from effio.testing.exploration.search import Counts
from effio.testing.exploration.simulation import InjectedFault, Simulation, replay, simulate
from effio.testing.exploration.sweep import Sweep, cancel_sweep, fault_sweep
from effio.testing.exploration.token import TokenMismatch
from effio.testing.quiet import wait_all_blocked

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

"""Hypothesis state machines whose rules are programs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from hypothesis.stateful import RuleBasedStateMachine

from effio.algebra.shape import is_io
from effio.interpreter.clock import VirtualClock
from effio.interpreter.runtime import Runtime

MARKERS: Final = (
    "hypothesis_stateful_rule",
    "hypothesis_stateful_initialize_rule",
    "hypothesis_stateful_invariant",
)


class ProgramStateMachine(RuleBasedStateMachine):
    """A `RuleBasedStateMachine` whose rules, initializers and invariants may be programs, most easily with `@do`.

    What a program gives is what the rule gives; what it fails with fails the example. All programs of one example run
    in one runtime, in virtual time that goes on from rule to rule. Other rules are as ever.
    """

    def __init_subclass__(cls) -> None:
        for value in vars(cls).values():
            for marker in MARKERS:
                part = getattr(value, marker, None)
                if part is not None:
                    object.__setattr__(part, "function", running(part.function))

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.runtime = Runtime(clock=self.clock)

    def teardown(self) -> None:
        """Close the runtime; one that overrides this calls it at its end."""
        self.runtime.close()


def running(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The same rule, but a program that it gives is run."""

    @wraps(rule)
    def run(machine: ProgramStateMachine, **given: Any) -> Any:
        result = rule(machine, **given)
        return machine.runtime.run(result) if is_io(result) else result

    return run

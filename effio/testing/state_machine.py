"""Hypothesis state machines whose rules are programs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from effio.algebra.io import IO
from effio.interpreter.clock import VirtualClock
from effio.interpreter.runtime import Runtime

Machine = TypeVar("Machine", bound="ProgramStateMachine")
Given = ParamSpec("Given")
Value = TypeVar("Value")


class ProgramStateMachine(RuleBasedStateMachine):
    """A `RuleBasedStateMachine` whose rules, initializers and invariants may be programs: decorate them with `step`.

    All programs of one example run in one runtime, in virtual time that goes on from rule to rule.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.runtime = Runtime(clock=self.clock)

    def teardown(self) -> None:
        """Close the runtime; one that overrides this calls it at its end."""
        self.runtime.close()


def step(method: Callable[Concatenate[Machine, Given], IO[Value, Any]]) -> Callable[Concatenate[Machine, Given], Value]:
    """Run the program that a method makes, and give its value; what it fails with fails the example.

    Stands between `@rule`, `@initialize` or `@invariant` and `@do`.
    """

    @wraps(method)
    def run(machine: Machine, /, *args: Given.args, **kwargs: Given.kwargs) -> Value:
        return machine.runtime.run(method(machine, *args, **kwargs))

    return run

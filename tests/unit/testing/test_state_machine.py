"""State machines whose rules are programs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, rule, run_state_machine_as_test

from effio import Channel, Do, do, now, sleep
from effio.testing.state_machine import ProgramStateMachine, step

quick = settings(max_examples=30, deadline=None, database=None, print_blob=False)


class Queue(ProgramStateMachine):
    """A channel against a list; an item is put once too often if `faulty`."""

    items: Bundle[int] = Bundle("items")
    faulty = False

    @initialize()
    @step
    @do
    def begin(self) -> Do[None]:
        self.channel = yield from Channel[int].make(100)
        self.expected: list[int] = []

    @rule(target=items, item=st.integers(0, 9))
    @step
    @do
    def put(self, item: int) -> Do[int, Any]:
        yield from self.channel.send(item)
        if self.faulty and item > 5:
            yield from self.channel.send(item)
        self.expected.append(item)
        return item

    @rule(item=items)
    def value_of_a_rule_is_that_of_its_program(self, item: int) -> None:
        assert isinstance(item, int)

    @rule()
    @step
    @do
    def take(self) -> Do[None, Any]:
        before = yield from now
        item = yield from self.channel.receive().move_on_after(1)
        assert item == (self.expected.pop(0) if self.expected else None)
        assert (item is None) == ((yield from now) == before + 1)

    @invariant()
    @step
    @do
    def time_goes_on(self) -> Do[None]:
        yield from sleep(1)
        assert (yield from now) == self.clock.now() > 0


class FaultyQueue(Queue):
    """The same with a bug."""

    faulty = True


TestQueue = Queue.TestCase
TestQueue.settings = quick


def test_failing_rule_shrinks_to_the_shortest_history() -> None:
    """The history that shows the bug is: put 6, take it, take it once more."""
    thorough = settings(quick, max_examples=500, stateful_step_count=10, phases=[Phase.generate, Phase.shrink])
    with pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(FaultyQueue, settings=thorough)
    history = "\n".join(caught.value.__notes__)
    assert history.count("state.put(") == 1
    assert "state.put(item=6)" in history
    assert history.count("state.take()") == 2

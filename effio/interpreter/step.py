"""The step loop: what makes a fiber run. The one long function of the library, so that a step costs no call.

The loop looks at one node at a time. A node that has a source is pushed and its source comes next; a value or a
cause goes back to the top of the stack, which says what comes then. Hot nodes are handled in line, the others by the
table of `action`; derived nodes are replaced by what they mean.
"""

# The interpreter reads the slots of nodes, whose public properties cost a call each.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from typing import Any, Final

from effio.algebra.argument import returned_no_program
from effio.algebra.desugar import TABLE
from effio.algebra.primitive import Halt, Pure
from effio.algebra.shape import is_io
from effio.algebra.tag import (
    CALL,
    DERIVED,
    FAIL,
    FLAT_MAP,
    FOLD,
    GENERATE,
    HALT,
    MAP,
    NAMED,
    ON_EXIT,
    PURE,
    SUSPEND,
    THEN,
)
from effio.data.cause import Cause, Die
from effio.data.origin import origin_of
from effio.interpreter.action import ACTIONS
from effio.interpreter.fiber import PREEMPTED, RUNNING, YIELDED, Fiber
from effio.interpreter.frames import GeneratorFrame, begin_finalizer

STEPS_PER_TURN: Final = 1024
CALLS_PER_LOOK: Final = 3  # a mask: the clock is read every fourth call


def advance(fiber: Fiber) -> None:
    """Run `fiber` until it ends, waits, or has had its turn."""
    stack = fiber.stack
    push = stack.append
    pop = stack.pop
    scheduler = fiber.scheduler
    steering = scheduler.steering
    node: Any = fiber.node
    if fiber.state == YIELDED and fiber.check:
        cancelled = fiber.poll()
        if cancelled is not None:
            node = Halt(cancelled)
    # The actions of this turn; who was woken comes with the value of one.
    calls = 0 if fiber.state in (PREEMPTED, YIELDED) else 1
    fiber.state = RUNNING
    scheduler.current = fiber
    steps = STEPS_PER_TURN
    tag: int
    maker: Any = None
    value: Any = None
    frame: Any = None
    after: Any = None
    failed: Any = None
    cause: Cause[Any] | None = None
    try:
        while True:
            if steps <= 0:
                fiber.node = node
                fiber.state = PREEMPTED if calls else YIELDED
                if fiber.unarmed:
                    fiber.arm_deadlines()
                scheduler.enqueue(fiber)
                return
            try:
                tag = node._tag
            except AttributeError:
                tag = HALT
                node = Halt(Die(returned_no_program(maker or fiber.name, node), fiber.at(origin_of(maker))))

            # -- One node: it gives a value, a cause, or the next node ----
            if tag <= ON_EXIT:
                push(node)
                node = node._source
                continue
            if tag == PURE:
                value = node._value
            elif tag == CALL:
                if fiber.check:
                    if steering is not None and steering.stops_before(fiber, node):
                        fiber.hold(node)
                        return
                    cause = fiber.poll()
                if cause is None:
                    steps -= 1
                    try:
                        kwargs = node._kwargs
                        value = node._function(*node._args, **kwargs) if kwargs else node._function(*node._args)
                    except BaseException as error:
                        cause = fiber.raised(error, node._catches)
                    calls += 1
                    if not calls & CALLS_PER_LOOK and scheduler.turn_is_over():
                        steps = 0
            elif tag == SUSPEND:
                steps -= 1
                maker = node._thunk
                try:
                    node = maker()
                except BaseException as error:
                    node = Halt(fiber.raised(error))
                continue
            elif tag == DERIVED:
                maker = type(node).__name__
                node = TABLE[type(node)](node)
                continue
            elif tag == FAIL:
                cause = fiber.failure(node)
            elif tag == HALT:
                cause = node._cause if node._site is None else node._cause.placed(fiber.at(node._site))
            elif tag == GENERATE:
                try:
                    push(GeneratorFrame(node._function(*node._args, **node._kwargs)))
                    value = None
                except BaseException as error:
                    cause = fiber.raised(error)
            else:
                if tag > NAMED:
                    calls += 1
                    if fiber.check and steering is not None and steering.stops_before(fiber, node):
                        fiber.hold(node)
                        return
                node = ACTIONS[tag](fiber, node)
                if node is None:
                    return
                continue

            # -- A value goes back ----
            if cause is None:
                while True:
                    steps -= 1
                    frame = pop()
                    tag = frame._tag
                    if tag == FLAT_MAP:
                        maker = frame._function
                        try:
                            node = maker(value)
                        except BaseException as error:
                            cause = fiber.raised(error)
                        break
                    if tag == MAP:
                        try:
                            value = frame._function(value)
                        except BaseException as error:
                            cause = fiber.raised(error)
                            break
                        if steps <= 0:
                            node = Pure(value)
                            break
                    elif tag == THEN:
                        node = frame._other
                        break
                    elif tag == GENERATE:
                        try:
                            node = frame.send(value)
                        except StopIteration as stop:
                            value = stop.value
                            continue
                        except BaseException as error:
                            cause = fiber.raised(error)
                            break
                        maker = frame.generator
                        push(frame)
                        break
                    elif tag == FOLD:
                        maker = frame._on_success
                        if maker is None:
                            continue
                        try:
                            node = maker(value)
                        except BaseException as error:
                            cause = fiber.raised(error)
                        break
                    elif tag == ON_EXIT:
                        node = begin_finalizer(fiber, frame, value, None)
                        maker = frame._finalizer
                        break
                    else:
                        node = frame.returned(fiber, value)
                        if node is None:
                            return
                        break

            # -- A cause goes back ----
            while cause is not None:
                frame = pop()
                tag = frame._tag
                if tag <= THEN:
                    continue
                if tag == FOLD:
                    if fiber.unwinding:
                        continue
                    maker = frame._on_failure
                    failed = cause
                    cause = None
                    try:
                        node = maker(failed)
                    except BaseException as error:
                        cause = fiber.raised(error)
                elif tag == ON_EXIT:
                    node = begin_finalizer(fiber, frame, None, cause)
                    maker = frame._finalizer
                    cause = None
                else:
                    after = frame.failed(fiber, cause)
                    if after is None:
                        return
                    if is_io(after):
                        node = after
                        cause = None
                    else:
                        cause = after
    finally:
        # A traceback keeps the frames that called user code alive: this one must not keep the failure alive in turn.
        fiber = stack = push = pop = node = value = cause = maker = frame = after = failed = None  # type: ignore[assignment]

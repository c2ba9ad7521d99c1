"""Every case has a test that bears its number, and runs wherever a program can run."""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

CASES: Final = {
    "b01": "Scope waits for children",
    "b02": "Child failure wakes a parent blocked in its OWN wait",
    "b03": "Body failure cancels children",
    "b04": "Body fails before any child started",
    "b05": "Two children fail in the same tick",
    "b06": "Error in cleanup while being cancelled by a sibling",
    "b07": "Nested scopes keep their shape",
    "b08": "Outer child failure cancels an inner scope silently",
    "b09": "Inner failure surfaces through outer as nested",
    "b10": "Failure while parent already handles an outer cancel",
    "b12": "Nested scopes both cancelled at once",
    "b13": "Forking from a child while the scope is waiting",
    "b15": "Fork into a closed scope",
    "b16": "Fork into a cancelled (closing) scope",
    "b17": "Resource handed to a child cancelled before its first step",
    "b18": "start: readiness handshake",
    "b19": "start: crash before ready",
    "b20": "start: waiter cancelled",
    "b21": "start: target cancelled around ready",
    "b23": "Body exception that is a control exception",
    "b24": "No reference cycles, prompt destruction",
    "b25": "Idempotent cancel",
    "b26": "Cancel before entry",
    "b27": "Level semantics",
    "b28": "Swallowed cancel in a foreign leaf",
    "b29": "Pending cancel not delivered past the scope",
    "b30": "Empty scope close is not a cancellation point",
    "b31": "Outer wins",
    "b34": "Propagates to all descendants at once",
    "b35": "Cancel while the scope already waits for children",
    "b36": "Cancelling one child only",
    "b37": "Cancel a completed fiber",
    "b38": "Value ready, then cancel, before resume",
    "b39": "Cancelled waiter must not eat a wake-up",
    "b40": "Operation attempted in an already cancelled scope",
    "b41": "Unabortable wait",
    "b42": "Cancel reason and source",
    "b43": "Cancelled leaves filtered from mixed trees",
    "b44": "Unsolicited cancellation exception",
    "b46": "Cleanup may wait",
    "b47": "Shield inside a cancelled scope",
    "b48": "Shield does not protect from itself",
    "b49": "Shield toggled while sleeping",
    "b50": "Shield set while the cancel is already propagating",
    "b51": "Host shielded, child not",
    "b53": "Finalizer order and multiplicity",
    "b54": "Scope closed in wrong order / wrong fiber",
    "b55": "Already expired deadline",
    "b56": "Deadline moved later while sleeping",
    "b57": "Deadline moved earlier / into the past while sleeping",
    "b58": "Relative deadline counts from entry",
    "b59": "Nested timeouts, same deadline",
    "b61": "Timeout inside cleanup of a timeout",
    "b63": "Foreign cancel is not a timeout",
    "b64": "Completion and timeout in the same tick",
    "b65": "Body suppresses the timeout's cancel and returns a value",
    "b66": "Effective deadline",
    "b68": "Autojump",
    "b69": "Autojump versus work in flight",
    "b70": "wait_all_blocked",
    "b71": "KeyboardInterrupt raised in a child",
    "b72": "SIGINT while parked",
    "b73": "SIGINT and the finalizer fails",
    "b74": "SIGINT while CPU-bound in pure code",
    "b75": "Other BaseExceptions",
    "b76": "GeneratorExit into a suspended run",
    "b77": "Foreign async generator abandoned by a stream consumer",
    "b78": "contextvars isolation",
    "b79": "contextvars continuity inside ONE fiber",
    "b80": "Thread call is not abandoned",
    "b81": "Thread asks whether it is cancelled",
    "b82": "Nested in a host timeout",
    "b83": "Own cancels leave host counts untouched",
    "b84": "Host cancels twice during cleanup",
    "b86": "Eager task factory in the host",
    "b87": "Foreign task cancelled from outside",
    "x1": "Same program, same seed, same trace",
    "x2": "One value run twice gives two independent runs",
    "x3": "The tree before the run is the tree of the run",
    "x4": "100 000 deep, 100 000 children",
    "x5": "A failure injected at every step is in the cause",
    "x6": "Nothing is left after a combinator",
    "x7": "Identical results on every backend",
}
"""What each case is about."""

EVERYWHERE: Final = frozenset({"backend", "foreign", "on_asyncio", "exact", "in_host"})
"""The fixtures that stand for several backends."""

IN_ONE_PLACE: Final = {
    "b69": "only a run on a loop has anything in flight",
    "b72": "a signal needs a process of its own, on either loop",
    "b73": "a signal needs a process of its own, on either loop",
    "b74": "a signal needs a process of its own",
    "b76": "only a host can close the coroutine that runs a program",
    "x1": "only the simulation is deterministic",
    "x3": "a trace is asked for where the program is run",
    "x4": "size is a matter of the step loop, which all backends share",
    "x6": "it counts what is left in the loop of a host",
}
"""The cases whose tests choose where they run, with the reason."""

HERE: Final = Path(__file__).parent


@functools.cache
def found_tests() -> dict[str, list[ast.FunctionDef]]:
    """The test functions of each case, by its number."""
    found: defaultdict[str, list[ast.FunctionDef]] = defaultdict(list)
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and (number := re.match(r"test_([bx]\d+)_", node.name)):
                found[number[1]].append(node)
    return found


def parameters(function: ast.FunctionDef) -> set[str]:
    return {argument.arg for argument in function.args.args}


def test_every_case_has_a_test_that_bears_its_number() -> None:
    """The numbers in the names of tests are those of the cases."""
    assert found_tests().keys() == CASES.keys()


def test_every_case_runs_wherever_a_program_can_run() -> None:
    """Each case has a test for several backends, unless it is listed with a reason."""
    cases = found_tests().items()
    narrow = {number for number, found in cases if not any(EVERYWHERE & parameters(test) for test in found)}
    assert narrow == IN_ONE_PLACE.keys()

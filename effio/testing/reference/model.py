"""The whole model: which rule walks which word, and what is seen of a program that means what it should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from effio.testing import programs as p
from effio.testing.observation import Observation
from effio.testing.reference import families, words
from effio.testing.reference.run import Fiber, Place, Run, Walk


def expected(program: p.Program) -> Observation:
    """What everybody should see when `program` runs."""
    root = Fiber(name=program.name if isinstance(program, p.Named) else "main")
    run = Run(RULES)
    run.start(root, run.walk(Place(root, (root,)), program))
    exit = run.until_over(root)
    return Observation(exit, tuple(run.log), run.now)


RULES: Final[dict[type[p.Program], Callable[[Run, Place, Any], Walk]]] = {
    p.Pure: words.pure,
    p.Fail: words.fail,
    p.Die: words.die,
    p.Note: words.note,
    p.Sleep: words.sleep,
    p.Never: words.never,
    p.Steps: words.steps,
    p.CatchAll: words.catch_all,
    p.ToExit: words.to_exit,
    p.Named: words.named,
    p.Repeat: words.repeat,
    p.Retry: words.retry,
    p.Ensuring: words.ensuring,
    p.OnExit: words.on_exit,
    p.OnCancel: words.on_cancel,
    p.Bracket: words.bracket,
    p.Shield: words.shield,
    p.Restore: words.restore,
    p.Scope: words.scope,
    p.CancelScope: words.cancel_scope,
    p.FailAfter: words.fail_after,
    p.MoveOnAfter: words.move_on_after,
    p.TimeoutTo: words.timeout_to,
    p.Together: families.together,
    p.Group: families.group,
    p.Fork: families.fork,
    p.Watch: families.watch,
    p.CancelGroup: families.cancel_group,
}

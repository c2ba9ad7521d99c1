"""`Plan`: the steps of a program that has not run, and what can be asked about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, final

import attrs

from effio.observe import order
from effio.observe.render import dot, html, json, mermaid, text
from effio.observe.render import rich as rich_text
from effio.observe.step import EFFECTS, OnError, Step

SIMILAR: Final = 10

ABOUT_SIBLINGS: Final[frozenset[OnError]] = frozenset({"cancels siblings", "waits for siblings", "needs all"})


@final
@attrs.frozen
class Stop:
    """A step that a typed error passes on its way out, and the names of what stops or runs because of it."""

    step: Step
    affected: tuple[str, ...] = ()

    def __str__(self) -> str:
        effect, names = EFFECTS[self.step.on_error]
        return f"{self.step} {effect}{names.format(', '.join(self.affected)) if self.affected else ''}"


@final
@attrs.frozen
class ErrorRoute:
    """Where a typed error goes: the steps around, from the inside out, up to the one that handles it."""

    stops: tuple[Stop, ...]

    @property
    def handler(self) -> Step | None:
        """The step that handles it in any case; None if the program fails with it."""
        last = self.stops[-1].step if self.stops else None
        return last if last is not None and last.on_error == "handles" else None

    def __str__(self) -> str:
        end = () if self.handler else ("the program fails with it",)
        return "\n".join([*map(str, self.stops), *end])


@final
class Plan:
    """A program before it runs, as `explain` sees it.

    The questions take a name: one that was given with `named`, or that of a function. The answers are about all steps
    of that name; they list the given names, and those of functions outside of what has one.
    """

    __slots__ = ("_inside", "_last", "_steps", "cut")

    def __init__(self, steps: tuple[Step, ...], *, cut: bool = False) -> None:
        self._steps = steps
        self.cut = cut
        """Whether the program is too large, so that steps are missing at the end."""
        self._last = [step.number for step in steps]
        self._inside: dict[int | None, list[Step]] = {}
        for step in steps:
            self._inside.setdefault(step.parent, []).append(step)
        for step in reversed(steps):
            if step.parent is not None:
                above = step.parent - 1
                self._last[above] = max(self._last[above], self._last[step.number - 1])

    # -- Steps -----------------------------------------------------------------------------------------------

    def steps(self) -> tuple[Step, ...]:
        """List all steps, numbered from 1: one before what is inside it, otherwise as they were written."""
        return self._steps

    def inside(self, step: Step | None = None, /) -> Sequence[Step]:
        """List the steps directly inside a step, or the outermost ones."""
        return self._inside.get(None if step is None else step.number, ())

    def size(self, step: Step, /) -> int:
        """Count a step and all the steps inside it, however deep."""
        return self._last[step.number - 1] - step.number + 1

    # -- Questions -------------------------------------------------------------------------------------------

    def parallel_width(self) -> int:
        """Count the steps that can run at the same time, at most.

        What functions make is counted as one step each. Cost: linear.
        """
        return order.width(self)

    def depends_on(self, name: str, /) -> frozenset[str]:
        """List the names of what must have ended before the steps with this name begin."""
        before = (each for step in self._find(name) for each in order.before(self, step))
        return order.names(self, before, ended=True)

    def parallel_with(self, name: str, /) -> frozenset[str]:
        """List the names of what can run at the same time as a step with this name."""
        beside = (each for step in self._find(name) for each in order.beside(self, step))
        return order.names(self, beside)

    def error_goes_to(self, name: str, /) -> ErrorRoute:
        """Follow a typed error of the first step with this name: through which steps, and who handles it."""
        step = self._find(name)[0]
        stops: list[Stop] = []
        for below, around in order.around(self, step):
            if around is not None and is_passed(below, around):
                stops.append(Stop(around, tuple(sorted(order.names(self, self._affected(below, around))))))
                if around.on_error == "handles":
                    break
        return ErrorRoute(tuple(stops))

    def _find(self, name: str) -> list[Step]:
        found = [step for step in self._steps if step.name == name]
        if not found:
            problem = LookupError(f"no step of the plan is called {name!r}")
            names = sorted({step.name for step in self._steps if step.name})
            problem.add_note(f"its names are {', '.join(names[:SIMILAR])}{', …' if len(names) > SIMILAR else ''}")
            raise problem
        return found

    def _affected(self, below: Step, around: Step) -> Iterator[Step]:
        """Yield what an error of the step `below` stops or starts in the one around it."""
        if around.on_error in ABOUT_SIBLINGS:
            return order.siblings(self, below, around)
        return (other for other in self.inside(around) if other.stage > below.stage)

    # -- Pictures --------------------------------------------------------------------------------------------

    def to_text(self) -> str:
        """Draw the tree with box characters: double lines for what runs at the same time. Large parts are folded."""
        return text.drawn(self)

    def to_rich(self) -> rich_text.Picture:
        """Draw the same in colours, for a console of `rich` (extra `rich`)."""
        return rich_text.drawn(self)

    def to_mermaid(self) -> str:
        """Write a flowchart for Mermaid: what can follow what. Large parts are folded."""
        return mermaid.flowchart(self)

    def to_dot(self) -> str:
        """Write the same flowchart for Graphviz."""
        return dot.flowchart(self)

    def to_json(self) -> str:
        """Write all steps as JSON; `docs/reference/plan.schema.json` describes it."""
        return json.written(self)

    def to_html(self) -> str:
        """Write a page that needs no network: the whole tree, to fold and to search."""
        return html.plan_page(self)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Plan, {len(self._steps)} steps, at most {self.parallel_width()} at once>"

    def __rich__(self) -> rich_text.Picture:
        return self.to_rich()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.to_text(), "text/html": html.frame(self.to_html(), repr(self))}

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        yield "steps", len(self._steps)
        yield "parallel_width", self.parallel_width()


def is_passed(below: Step, around: Step) -> bool:
    """Whether a typed error of the step `below` means anything to the one around it."""
    match around.on_error:
        case "passes":
            return False
        case "finalizes" if around.kind == "bracket":
            return below.role == "use"
        case _:
            return below.stage == 0

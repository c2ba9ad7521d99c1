"""A web page in three expressions: fetch two sources at once, work on both at once, combine."""

from __future__ import annotations

from effio import IO, Do, Plan, delay, do, explain, now, par_zip, pure, sleep


def page() -> IO[str]:
    """Fetch articles and comments at once, then process and transform them at once, then combine them."""
    fetched = par_zip(fetch("articles", 2).named("articles"), fetch("comments", 1).named("comments"))
    worked = fetched.flat_map(work)
    return worked.map(combine)


def work(fetched: tuple[str, str]) -> IO[tuple[str, str]]:
    """Process the articles and transform the comments at once."""
    articles, comments = fetched
    return par_zip(process(articles).named("process"), transform(comments).named("transform"))


def fetch(source: str, seconds: float) -> IO[str]:
    """Take some seconds to get `source`."""
    return sleep(seconds).then(pure(source))


def process(articles: str) -> IO[str]:
    """Take two seconds to process `articles`."""
    return sleep(2).then(pure(f"processed {articles}"))


def transform(comments: str) -> IO[str]:
    """Take a second to transform `comments`."""
    return sleep(1).then(pure(f"transformed {comments}"))


def combine(parts: tuple[str, str]) -> str:
    """Put the parts on one page."""
    return " and ".join(parts)


@do
def main() -> Do[None]:
    """Print the plan and what it answers, run the program, and print what it gave and how long it took."""
    program = page()
    yield from delay(print, answers(explain(program, follow=True)))
    start = yield from now
    result = yield from program
    end = yield from now
    yield from delay(print, f"\n{result}, after {end - start:.0f} s")


def answers(plan: Plan) -> str:
    """Draw the plan, and ask it about the step `process`."""
    beside, before = plan.parallel_with("process"), plan.depends_on("process")
    route = str(plan.error_goes_to("process")).replace("\n", "; ")
    return f"""\
{plan}

at most {plan.parallel_width()} at once
process runs beside {listed(beside)}, after {listed(before)}
an error of process: {route}"""


def listed(names: frozenset[str]) -> str:
    """List names in their order."""
    return " and ".join(sorted(names))

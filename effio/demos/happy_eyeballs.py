"""Happy eyeballs on real sockets: which attempt began when, how it ended, and who won."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import final

import attrs

from effio import IO, Do, Exit, Success, TaskGroup, delay, do, now, task_group, traverse
from effio.demos.loopback import Host, open_host
from effio.net.address import Address
from effio.net.happy_eyeballs import connect
from effio.net.resolver import resolve
from effio.net.tcp import Connection, connect_address

NAME = "four-addresses.test"
BAR = 24


@final
@attrs.frozen(kw_only=True)
class Attempt:
    """One attempt to connect, with times in seconds on the clock of the run."""

    address: Address
    start: float
    end: float
    exit: Exit[Connection, OSError]


@do
def main() -> Do[None, OSError]:
    """Serve four loopback addresses, connect to the first that answers, and close everything."""
    opened = ExitStack()
    serving = task_group(lambda group: serve_and_connect(group, opened))
    yield from serving.ensuring(delay(opened.close))


@do
def serve_and_connect(group: TaskGroup, opened: ExitStack) -> Do[None, OSError]:
    """Open the host, connect to it, print what happened, and stop the servers."""
    host = yield from open_host(group, opened)
    attempts: list[Attempt] = []
    start = yield from now
    winner = connect(
        NAME,
        host.good.port,
        resolver=lambda name, port: resolve_all(host.addresses()),
        connector=lambda address: timed(address, attempts),
    )
    greeting = yield from winner.bracket(lambda connection: connection.read(), Connection.close)
    yield from delay(print, report(host, attempts, start))
    yield from delay(print, f"it says {greeting.decode()!r}")
    yield from group.cancel()


def resolve_all(addresses: list[Address]) -> IO[Iterable[Address], OSError]:
    """Play the resolver of a name with several addresses: ask the system for each of them."""
    answers = traverse(addresses, lambda address: resolve(address.host, address.port))
    return answers.map(lambda found: [address for answer in found for address in answer])


@do
def timed(address: Address, attempts: list[Attempt]) -> Do[Connection, OSError]:
    """Make one attempt and note it in `attempts`."""
    start = yield from now

    def note(exit: Exit[Connection, OSError]) -> IO[None]:
        return now.map(lambda end: attempts.append(Attempt(address=address, start=start, end=end, exit=exit)))

    return (yield from connect_address(address).on_exit(note))


def report(host: Host, attempts: list[Attempt], start: float) -> str:
    """Draw a line for each attempt, in the order of their starts, and name the winner."""
    roles = {
        host.silent: "accepts nothing",
        host.slow: "is slow",
        host.good: "is good",
        host.refusing: "refuses",
    }
    begun = sorted(attempts, key=lambda attempt: attempt.start)
    end = max(attempt.end for attempt in attempts)
    lines = [f"{NAME} has {', '.join(map(str, host.addresses()))}", ""]
    for attempt in begun:
        times = f"{attempt.start - start:5.2f} - {attempt.end - start:4.2f} s"
        bar = drawn(attempt.start - start, attempt.end - start, end - start)
        what = f"{attempt.address!s:16} {roles[attempt.address]:15}"
        lines.append(f"{what} {times}  {bar}  {outcome(attempt.exit)}")
    (winner,) = (attempt for attempt in attempts if isinstance(attempt.exit, Success))
    lines += ["", f"the winner is {winner.address} after {winner.end - start:.2f} s"]
    return "\n".join(lines)


def drawn(start: float, end: float, total: float) -> str:
    """Draw a bar from `start` to `end`, at least one character long."""
    first = min(round(BAR * start / total), BAR - 1)
    length = max(round(BAR * end / total) - first, 1)
    return f"{' ' * first}{'━' * length}".ljust(BAR)


def outcome(exit: Exit[Connection, OSError]) -> str:
    """Say in a few words how an attempt ended."""
    if isinstance(exit, Success):
        return "connected"
    cause = exit.failure()
    return "cancelled" if cause.is_cancelled_only else type(cause.failures()[0]).__name__

"""Graceful shutdown with real sockets: nobody new, time for those inside, then a cancel; no socket is left."""

from __future__ import annotations

from returns.result import Failure

from effio import (
    IO,
    Do,
    Event,
    Schedule,
    TaskGroup,
    cancel_scope,
    delay,
    do,
    now,
    par_zip,
    race,
    run,
    sleep,
    task_group,
    unit,
)
from effio.net.address import Address
from effio.net.listener import Listener, listen
from effio.net.tcp import Connection, connect_address

DRAIN = 0.3


def serve(listener: Listener, stop: Event, inside: list[Connection]) -> IO[bool | None]:
    """Answer each request after a while; drain when told to stop."""

    def accepting(connections: TaskGroup) -> IO[object]:
        noted = listener.accept().tap(lambda connection: delay(inside.append, connection))
        accept = noted.flat_map(lambda connection: connections.fork(answer(connection)))
        return accept.repeat(1_000_000).or_die()

    return cancel_scope(
        lambda scope: task_group(
            lambda connections: (
                race(accepting(connections), stop.wait()).then(listener.close()).then(scope.set_deadline(DRAIN))
            )
        ).as_value(True)
    )


def answer(connection: Connection) -> IO[None]:
    """Reply to one request, and say goodbye whatever happens."""
    asked = connection.read().tap(lambda request: sleep(DRAIN / 3))
    replying = asked.flat_map(lambda request: connection.write(b"reply to " + request))
    goodbye = connection.write(b" bye").or_else(unit).ensuring(connection.close())
    return replying.or_die().ensuring(goodbye)


def everything(connection: Connection) -> IO[bytes, OSError]:
    """Read to the end."""

    def more(data: bytes) -> IO[bytes, OSError]:
        return everything(connection).map(lambda rest: data + rest) if data else unit.as_value(b"")

    return connection.read().flat_map(more)


def client(address: Address, request: bytes) -> IO[bytes, OSError]:
    """Send a request, if there is one, and read to the end."""

    def talk(connection: Connection) -> IO[bytes, OSError]:
        asking = connection.write(request) if request else unit
        return asking.then(everything(connection)).ensuring(connection.close())

    return connect_address(address).flat_map(talk)


@do
def shutdown_with(*requests: bytes) -> Do[tuple[bool | None, list[bytes], float, bool], OSError]:
    """Connect clients, stop the server, and give how it ended, what they read, how long it took, who comes too late."""
    listener = yield from listen("127.0.0.1")
    stop = yield from Event.make()
    inside: list[Connection] = []

    @do
    def clients() -> Do[tuple[list[bytes], bool], OSError]:
        talking = [client(listener.address, request) for request in requests]

        @do
        def stopping() -> Do[bool, OSError]:
            yield from sleep(0.001).repeat(Schedule.forever().while_value(lambda _: len(inside) < len(requests)))
            yield from stop.set()
            yield from sleep(0.01)
            late = yield from client(listener.address, b"late").exit()
            return isinstance(late, Failure)

        *texts, refused = yield from par_zip(*talking, stopping())
        return [text for text in texts if isinstance(text, bytes)], refused is True

    began = yield from now()
    ended, (texts, refused) = yield from par_zip(serve(listener, stop, inside), clients())
    return ended, texts, (yield from now()) - began, refused


def test_those_inside_are_served_before_it_ends() -> None:
    """Who asked before the stop gets the reply; the server ends when the last one has it, not at the deadline."""
    ended, texts, _, refused = run(shutdown_with(b"one", b"two"))
    assert ended is True
    assert texts == [b"reply to one bye", b"reply to two bye"]
    assert refused


def test_who_stays_too_long_is_sent_away_in_good_order() -> None:
    """At the deadline the rest is cancelled; its finalizers still say goodbye."""
    ended, texts, seconds, refused = run(shutdown_with(b"one", b""))
    assert ended is None
    assert texts == [b"reply to one bye", b" bye"]
    assert seconds >= DRAIN
    assert refused


def test_an_empty_server_stops_at_once() -> None:
    """Nobody is inside, so nobody is waited for."""
    ended, texts, _, refused = run(shutdown_with())
    assert (ended, texts, refused) == (True, [], True)

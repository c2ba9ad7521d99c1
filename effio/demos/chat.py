"""A chat server on real sockets: one handler crashes and the others go on; at the end everybody is told goodbye."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Never, TypeAlias, TypeVar

from effio import (
    IO,
    Cause,
    ChannelClosed,
    Do,
    Event,
    Subscription,
    TaskGroup,
    Topic,
    delay,
    do,
    first_completed,
    par_dict,
    par_zip,
    race,
    task_group,
    unit,
)
from effio.net.address import Address
from effio.net.listener import Listener, listen
from effio.net.tcp import Connection, connect_address

Error = TypeVar("Error")

Line: TypeAlias = str
Reaction: TypeAlias = Callable[[Connection], IO[object, OSError]]

GOODBYE: Final = "* the chat is over"


def main() -> IO[None, OSError]:
    """Open the server, let three people chat, and print what each of them heard."""
    return listen("127.0.0.1").bracket(chat, Listener.close)


@do
def chat(listener: Listener) -> Do[None, OSError]:
    """Serve three people, one of whom writes what crashes her handler; one ends the chat."""
    stop = yield from Event.make(name="stop")
    people = {
        "ann": person(listener.address, {"* 3 here": say("ann: hello"), "* one left": say("ann: what was that?")}),
        "bob": person(listener.address, {"ann: what was that?": lambda me: stop.set()}),
        "eve": person(listener.address, {"ann: hello": say("a line that is not understood")}),
    }
    _, heard = yield from par_zip(serve(listener, stop).named("server"), par_dict(people))
    for name, lines in heard.items():
        yield from delay(print, f"{name} heard {', '.join(lines)}")


# -- The server ----------------------------------------------------------------------------------------------


@do
def serve(listener: Listener, stop: Event) -> Do[None, OSError]:
    """Serve everybody who connects until `stop`, then say goodbye and wait until all have been told."""
    room = yield from Topic[Line].make(name="room")
    yield from task_group(
        lambda group: race(accept_each(listener, room, group), stop.wait()).then(close(room)),
        on_failure="ignore",
        handler=print_crash,
        name="conversations",
    )


@do
def accept_each(listener: Listener, room: Topic[Line], group: TaskGroup) -> Do[Never, OSError]:
    """Make every connection a child of the serving scope, which closes it however it ends."""
    while True:
        client = yield from listener.accept()
        served = converse(client, room).ensuring(client.close())
        yield from group.fork(served, name=f"client {client.address.port}")


def converse(client: Connection, room: Topic[Line]) -> IO[None, OSError | ChannelClosed]:
    """Pass on what the client writes, and tell it what all write, until either ends.

    A client that does not read misses lines, and keeps nobody waiting.
    """

    def both_ways(inbox: Subscription[Line]) -> IO[None, OSError | ChannelClosed]:
        return count(room).then(first_completed(hear(client, room), inbox.for_each(partial(tell, client))))

    return room.subscribed(both_ways, policy="drop_oldest").ensuring(room.publish("* one left").or_else(unit))


@do
def count(room: Topic[Line]) -> Do[None, ChannelClosed]:
    """Tell everybody how many there are."""
    stats = yield from room.stats()
    yield from room.publish(f"* {stats.subscribers} here")


def hear(client: Connection, room: Topic[Line]) -> IO[None, OSError | ChannelClosed]:
    """Publish each line that the client writes until it hangs up."""
    return for_each_line(client, lambda line: room.publish(understood(line)))


def understood(line: Line) -> Line:
    """Take a line apart. This has a bug: a line without a name crashes it."""
    name, text = line.split(": ")
    return f"{name}: {text}"


def tell(client: Connection, line: Line) -> IO[None, OSError]:
    """Send a line to a client."""
    return client.write(f"{line}\n".encode())


def close(room: Topic[Line]) -> IO[None]:
    """Say goodbye and take no more lines; a conversation ends when it has told all of them."""
    return room.publish(GOODBYE).or_else(unit).then(room.close())


def print_crash(cause: Cause[object]) -> IO[None]:
    """Say which handler crashed and why."""
    return delay(print, f"server: a handler crashed: {cause.squashed().to_exception()}")


# -- Its users -----------------------------------------------------------------------------------------------


def person(server: Address, reactions: Mapping[Line, Reaction]) -> IO[list[Line], OSError]:
    """Connect, react to some lines, and give all lines that were heard until the server hung up."""
    return connect_address(server).bracket(lambda connection: listen_to(connection, reactions), Connection.close)


@do
def listen_to(connection: Connection, reactions: Mapping[Line, Reaction]) -> Do[list[Line], OSError]:
    """Hear lines until the other side has closed."""
    heard: list[Line] = []

    def react(line: Line) -> IO[object, OSError]:
        heard.append(line)
        return reactions[line](connection) if line in reactions else unit

    yield from for_each_line(connection, react)
    return heard


def say(line: Line) -> Reaction:
    """Write a line to the server."""
    return lambda connection: tell(connection, line)


# -- Lines ---------------------------------------------------------------------------------------------------


@do
def for_each_line(connection: Connection, use: Callable[[Line], IO[object, Error]]) -> Do[None, OSError | Error]:
    """Run what `use` makes of each line, one after another, until the other side has closed."""
    unfinished = b""
    while data := (yield from connection.read()):
        *lines, unfinished = (unfinished + data).split(b"\n")
        for line in lines:
            yield from use(line.decode())

"""Real connections on loopback: made, used, refused, cancelled and closed."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from effio import IO, Do, bracket, collect, do, fail, par_zip, pure, run, run_exit, sleep, suspend, traverse
from effio.interpreter.runtime import LoopFactory
from effio.net.address import Address
from effio.net.happy_eyeballs import connect
from effio.net.listener import Listener, listen
from effio.net.resolver import resolve
from effio.net.tcp import Connection, connect_address
from tests.unit.net.sockets import every_loop, open_sockets


def served(use: Any, *, host: str = "127.0.0.1", backlog: int = 5) -> IO[Any, Any]:
    """Run what `use` makes of a listener."""
    return bracket(listen(host, backlog=backlog), use, Listener.close)


def refusing() -> Address:
    """An address at which nobody listens."""
    listener = run(listen("127.0.0.1"))
    listener.endpoint.close()
    return listener.address


@do
def fill(address: Address) -> Do[list[Connection], OSError]:
    """Connect until nobody answers any more."""
    fillers: list[Connection] = []
    while (filler := (yield from connect_address(address).move_on_after(0.05))) is not None:
        fillers.append(filler)
    return fillers


def test_connection_carries_bytes_both_ways() -> None:
    """What one side writes, the other reads; after a close it reads nothing."""

    def echo(client: Connection) -> IO[Any, Any]:
        return client.read().flat_map(client.write)

    def ask(server: Connection) -> IO[Any, Any]:
        return server.write(b"hello").then(server.read()).zip(server.read())

    def talk(listener: Listener) -> IO[Any, Any]:
        answer = listener.accept().bracket(echo, Connection.close)
        return par_zip(answer, connect_address(listener.address).bracket(ask, Connection.close))

    assert run(served(talk))[1] == (b"hello", b"")


@every_loop
def test_close_ends_a_read_of_another_fiber(loop_factory: LoopFactory) -> None:
    """Who waits for data of a connection that is closed meanwhile gets none."""

    def reading(ours: Connection) -> IO[Any, Any]:
        return par_zip(ours.read(), sleep(0.001).then(ours.close()))

    def talk(listener: Listener) -> IO[Any, Any]:
        theirs = listener.accept().bracket(Connection.read, Connection.close)
        return par_zip(connect_address(listener.address).flat_map(reading), theirs)

    assert run(served(talk), loop_factory=loop_factory) == ((b"", None), b"")


@every_loop
def test_close_ends_an_accept_of_another_fiber(loop_factory: LoopFactory) -> None:
    """A server stops when its listener is closed."""

    def stopping(listener: Listener) -> IO[Any, Any]:
        return par_zip(listener.accept().either(), sleep(0.001).then(listener.close()))

    accepted, _ = run(served(stopping), loop_factory=loop_factory)
    assert isinstance(accepted.failure(), OSError)


@every_loop
def test_reads_of_many_fibers_take_turns(loop_factory: LoopFactory) -> None:
    """Each of two fibers that read one connection at once gets data, the first the first."""

    def talk(listener: Listener) -> IO[Any, Any]:
        def reading(ours: Connection) -> IO[Any, Any]:
            return par_zip(ours.read(1), ours.read(1))

        def writing(theirs: Connection) -> IO[Any, Any]:
            return sleep(0.001).then(theirs.write(b"12")).then(theirs.read())

        answer = listener.accept().bracket(writing, Connection.close)
        return par_zip(connect_address(listener.address).bracket(reading, Connection.close), answer)

    assert run(served(talk), loop_factory=loop_factory) == ((b"1", b"2"), b"")


@every_loop
def test_writes_of_many_fibers_do_not_mix(loop_factory: LoopFactory) -> None:
    """Two fibers that write more than the system takes at once send one after the other, both to the end."""
    messages = b"a" * 200_000, b"b" * 200_000

    def talk(listener: Listener) -> IO[Any, Any]:
        def writing(ours: Connection) -> IO[Any, Any]:
            ours.endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
            return par_zip(*map(ours.write, messages))

        @do
        def reading(theirs: Connection) -> Do[bytes, OSError]:
            yield from sleep(0.001)
            received = bytearray()
            while data := (yield from theirs.read()):
                received += data
            return bytes(received)

        answer = listener.accept().bracket(reading, Connection.close)
        return par_zip(connect_address(listener.address).bracket(writing, Connection.close), answer)

    assert run(served(talk), loop_factory=loop_factory)[1] == b"".join(messages)


@every_loop
def test_listener_serves_many_fibers_that_accept(loop_factory: LoopFactory) -> None:
    """Of two fibers that accept at once each gets a connection."""

    def talk(listener: Listener) -> IO[Any, Any]:
        accepted = listener.accept().bracket(lambda theirs: theirs.write(b"hello"), Connection.close)
        connected = connect_address(listener.address).bracket(Connection.read, Connection.close)
        return par_zip(accepted, accepted, sleep(0.001).then(collect([connected, connected])))

    assert run(served(talk), loop_factory=loop_factory)[2] == [b"hello", b"hello"]


@every_loop
def test_closed_socket_fails_alike_on_every_loop(loop_factory: LoopFactory) -> None:
    """A read, a write and an accept fail with the error of the system for a closed descriptor."""

    def using(listener: Listener, ours: Connection) -> IO[Any, Any]:
        closed = ours.close().then(ours.close()).then(listener.close())
        return closed.then(collect([ours.read().either(), ours.write(b"x").either(), listener.accept().either()]))

    def talk(listener: Listener) -> IO[Any, Any]:
        return connect_address(listener.address).flat_map(lambda ours: using(listener, ours))

    exits = run(served(talk), loop_factory=loop_factory)
    assert [exit.failure().errno for exit in exits] == [errno.EBADF] * 3


def test_trio_is_told_what_the_network_needs() -> None:
    """Where no loop of asyncio runs, connecting is a defect that says so, and leaves no socket."""
    (problem,) = run_exit(connect_address(refusing()), backend="trio").failure().defects()
    assert str(problem) == "the network of effio needs an event loop of asyncio"


def test_refused_connection_is_a_typed_failure() -> None:
    """Nobody listens there: an OSError, and no socket."""
    (error,) = run_exit(connect_address(refusing())).failure().failures()
    assert isinstance(error, ConnectionRefusedError)


def test_socket_that_cannot_be_made_is_a_typed_failure() -> None:
    """A family that the system does not have fails the attempt like any refusal."""
    address = Address("127.0.0.1", 1, family=socket.AF_APPLETALK)
    (error,) = run_exit(connect_address(address)).failure().failures()
    assert isinstance(error, OSError)


def test_cancelled_attempt_leaves_its_descriptor_to_others() -> None:
    """After a cancelled attempt the next one, which gets the same descriptor, works."""

    @do
    def program(full: Listener) -> Do[bytes, OSError]:
        fillers = yield from fill(full.address)
        for _ in range(3):
            assert (yield from connect_address(full.address).move_on_after(0.01)) is None
            yield from served(lambda good: connect_address(good.address).bracket(pure, Connection.close))
        for filler in fillers:
            yield from filler.close()
        return b"done"

    assert run(served(program, backlog=0)) == b"done"


def test_listener_that_cannot_be_bound_is_a_typed_failure() -> None:
    """A port that is taken cannot be listened at."""
    taken = served(lambda listener: listen(listener.address.host, listener.address.port))
    (error,) = run_exit(taken).failure().failures()
    assert isinstance(error, OSError)


def test_connect_takes_the_first_address_that_answers() -> None:
    """A refused address is followed at once by the next; nothing else is open afterwards."""
    closed = refusing()

    def race(listener: Listener) -> IO[Any, Any]:
        addresses = [closed, listener.address]
        connecting = connect("both.test", 0, resolver=lambda host, port: pure(addresses))
        return connecting.bracket(pure, Connection.close).map(lambda winner: winner.address == addresses[1])

    assert run(served(race)) is True


def test_connect_reports_every_address() -> None:
    """If no address answers, each is in the error tree under its name."""
    addresses = [refusing(), refusing()]
    exit = run_exit(connect("none.test", 0, resolver=lambda host, port: pure(addresses)))
    assert [label_of(leaf) for leaf in exit.failure().leaves()] == [str(address) for address in addresses]


def label_of(leaf: Any) -> str:
    label: str = leaf.at.path.label
    return label


def test_connections_that_were_made_too_late_are_closed() -> None:
    """Of three connections that are made at once the winner is open, and nothing else."""

    @do
    def program(opened: list[Listener]) -> Do[int, OSError]:
        for _ in range(3):
            opened.append((yield from listen("127.0.0.1")))
        yield from resolve("127.0.0.1", 80)  # now there is an event loop, which has sockets of its own
        before = open_sockets()
        addresses = [listener.address for listener in opened]
        winner = yield from connect("all.test", 0, delay=0, resolver=lambda host, port: pure(addresses))
        count = len(open_sockets() - before)
        yield from winner.close()
        return count

    opened: list[Listener] = []
    closing = suspend(lambda: traverse(opened, Listener.close))
    assert run(program(opened).ensuring(closing)) == 1


def test_wrong_delay_is_refused_when_built() -> None:
    """A negative delay never connects to anything."""
    with pytest.raises(ValueError, match="delay of connect"):
        connect("any.test", 80, delay=-1)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_wrong_port_is_refused_when_built(port: int) -> None:
    """Nobody connects to, or listens at, the port that the system would make of it."""
    with pytest.raises(ValueError, match="port of connect"):
        connect("any.test", port)
    with pytest.raises(ValueError, match="port of listen"):
        listen("127.0.0.1", port)


def test_read_of_nothing_is_refused_when_built() -> None:
    """It would give no bytes, as a connection does that the other side has closed."""
    with socket.socket() as endpoint, pytest.raises(ValueError, match="limit of read must be at least 1"):
        Connection(endpoint, refusing()).read(0)


def test_failing_resolver_fails_the_connection() -> None:
    """Without addresses there is no attempt, only the resolver's error."""
    exit = run_exit(connect("none.test", 0, resolver=lambda host, port: fail(OSError("no name service"))))
    assert [str(error) for error in exit.failure().failures()] == ["no name service"]

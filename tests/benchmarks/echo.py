"""`python -m tests.benchmarks.echo`: requests over 1 000 TCP connections at once, through effio and through asyncio.

The peer is a plain asyncio echo server in a process of its own. What is measured is the side that asks: the requests in
a second, the time of the slowest hundredth, and the processor time of a request in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median, quantiles
from typing import Final, TypeAlias

import attrs

from effio import IO, Do, delay, do, from_async, par_traverse, run
from effio.net.address import Address
from effio.net.tcp import connect_address
from tests.benchmarks.host import uvloop

MESSAGE: Final = b"x" * 100
HOST: Final = "127.0.0.1"

Latencies: TypeAlias = list[float]
LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]
Exchange: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], IO[None, Exception]]
Client: TypeAlias = Callable[[int, int], IO[Latencies, Exception]]
AsyncioClient: TypeAlias = Callable[[int, int], Coroutine[None, None, Latencies]]
Clients: TypeAlias = Callable[[int, int, int], Latencies]


# -- The server ----------------------------------------------------------------------------------------------


class Echo(asyncio.Protocol):
    """Sends back what it receives."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def serve(ready: Connection) -> None:
    """Echo until this process is terminated."""
    server = await asyncio.get_running_loop().create_server(Echo, HOST, 0, backlog=2_000)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def serve_in_process(ready: Connection) -> None:
    asyncio.run(serve(ready))


@contextmanager
def echo_server() -> Iterator[int]:
    """Run a server and give its port."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve_in_process, args=[theirs], daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


# -- The clients ---------------------------------------------------------------------------------------------


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send the message and wait for it to come back."""
    writer.write(MESSAGE)
    await writer.drain()
    await reader.readexactly(len(MESSAGE))


async def asyncio_client(port: int, requests: int) -> Latencies:
    latencies: Latencies = []
    reader, writer = await asyncio.open_connection(HOST, port)
    for _ in range(requests):
        began = time.perf_counter()
        await exchange(reader, writer)
        latencies.append(time.perf_counter() - began)
    writer.close()
    await writer.wait_closed()
    return latencies


async def asyncio_clients(client: AsyncioClient, port: int, connections: int, requests: int) -> Latencies:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client(port, requests)) for _ in range(connections)]
    return [latency for task in tasks for latency in task.result()]


async def asyncio_socket_client(port: int, requests: int) -> Latencies:
    """The same without streams."""
    loop = asyncio.get_running_loop()
    latencies: Latencies = []
    with socket.socket() as endpoint:
        endpoint.setblocking(False)
        await loop.sock_connect(endpoint, (HOST, port))
        for _ in range(requests):
            began = time.perf_counter()
            await loop.sock_sendall(endpoint, MESSAGE)
            got = 0
            while got < len(MESSAGE):
                got += len(await loop.sock_recv(endpoint, 65_536))
            latencies.append(time.perf_counter() - began)
    return latencies


@do
def parts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Do[None, Exception]:
    """An exchange with a leaf for each coroutine that it awaits."""
    yield from delay(writer.write, MESSAGE)
    yield from from_async(writer.drain)
    yield from from_async(reader.readexactly, len(MESSAGE))


def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> IO[None, Exception]:
    """An exchange with one leaf."""
    return from_async(exchange, reader, writer)


def client(exchanged: Exchange) -> Client:
    """Ask over the streams of asyncio."""

    @do
    def asking(port: int, requests: int) -> Do[Latencies, Exception]:
        latencies: Latencies = []
        reader, writer = yield from from_async(asyncio.open_connection, HOST, port)
        for _ in range(requests):
            began = time.perf_counter()
            yield from exchanged(reader, writer)
            latencies.append(time.perf_counter() - began)
        yield from delay(writer.close)
        yield from from_async(writer.wait_closed)
        return latencies

    return asking


@do
def net_client(port: int, requests: int) -> Do[Latencies, Exception]:
    """Ask over a connection of `effio.net`."""
    latencies: Latencies = []
    connection = yield from connect_address(Address(HOST, port, family=socket.AF_INET))
    for _ in range(requests):
        began = time.perf_counter()
        yield from connection.write(MESSAGE)
        got = 0
        while got < len(MESSAGE):
            got += len((yield from connection.read()))
        latencies.append(time.perf_counter() - began)
    yield from connection.close()
    return latencies


def effio_clients(asking: Client, port: int, connections: int, requests: int) -> IO[Latencies, Exception]:
    found = par_traverse(range(connections), lambda _: asking(port, requests))
    return found.map(lambda each: [latency for latencies in each for latency in latencies])


def in_asyncio(client: AsyncioClient, loop_factory: LoopFactory | None = None) -> Clients:
    def clients(port: int, connections: int, requests: int) -> Latencies:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(asyncio_clients(client, port, connections, requests))

    return clients


def in_effio(asking: Client, loop_factory: LoopFactory | None = None) -> Clients:
    return lambda port, connections, requests: run(
        effio_clients(asking, port, connections, requests), loop_factory=loop_factory
    )


CLIENTS: Final[Mapping[str, Clients]] = {
    "asyncio": in_asyncio(asyncio_client),
    "effio, a leaf for a request": in_effio(client(whole)),
    "effio, a leaf for a coroutine": in_effio(client(parts)),
    "asyncio, without streams": in_asyncio(asyncio_socket_client),
    "effio.net": in_effio(net_client),
    **(
        {
            "uvloop": in_asyncio(asyncio_client, uvloop.new_event_loop),
            "effio on uvloop, a leaf for a request": in_effio(client(whole), uvloop.new_event_loop),
            "effio on uvloop, a leaf for a coroutine": in_effio(client(parts), uvloop.new_event_loop),
        }
        if uvloop
        else {}
    ),
}


# -- What is measured ----------------------------------------------------------------------------------------


@attrs.frozen
class Round:
    """What one round took: the requests in a second, the slowest hundredth, the processor time of each, in seconds."""

    throughput: float
    slowest: float
    cost: float


def measured(clients: Clients, port: int, connections: int, requests: int) -> Round:
    """Make all requests, `requests` on each connection."""
    began, worked = time.perf_counter(), time.process_time()
    latencies = clients(port, connections, requests)
    seconds, cost = time.perf_counter() - began, time.process_time() - worked
    if len(latencies) != connections * requests:
        raise ValueError(f"{len(latencies)} requests were made, not {connections * requests}")
    return Round(len(latencies) / seconds, quantiles(latencies, n=100)[-1], cost / len(latencies))


def main() -> None:
    """Measure all clients in random order, round by round, and print medians."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.echo", description=__doc__)
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--requests", type=int, default=100, help="on each connection")
    parser.add_argument("--only", action="append", choices=CLIENTS, help="beside asyncio")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count, after one that does not")
    chosen = parser.parse_args()
    names = [name for name in CLIENTS if chosen.only is None or name in ("asyncio", *chosen.only)]
    rounds: dict[str, list[Round]] = {name: [] for name in names}
    with echo_server() as port:
        for counted in (False, *[True] * chosen.rounds):
            for name in random.sample(names, len(names)):
                found = measured(CLIENTS[name], port, chosen.connections, chosen.requests)
                rounds[name].extend([found] if counted else [])
    report(rounds)


def report(rounds: Mapping[str, list[Round]]) -> None:
    """Print a Markdown table; ratios are to asyncio in the same round."""
    print("| | requests in a second | ratio | slowest hundredth | ratio | processor time each | ratio |")
    print("|---|---|---|---|---|---|---|")
    for name, found in rounds.items():
        pairs = list(zip(found, rounds["asyncio"], strict=True))
        cells = [
            f"{median(one.throughput for one in found):.0f}",
            f"{median(one.throughput / other.throughput for one, other in pairs):.2f}",
            f"{median(one.slowest for one in found) * 1e3:.0f} ms",
            f"{median(one.slowest / other.slowest for one, other in pairs):.2f}",
            f"{median(one.cost for one in found) * 1e6:.0f} us",
            f"{median(one.cost / other.cost for one, other in pairs):.2f}",
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

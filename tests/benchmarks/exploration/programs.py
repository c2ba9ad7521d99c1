"""The programs of the table of speeds, as somebody would write them with effio's primitives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from effio import IO, Channel, ChannelClosed, Do, Ref, Semaphore, do, fail, par_collect


@do
def lost_update(fibers: int) -> Do[None, str]:
    """All read and then write one number, so that updates get lost."""
    counter = yield from Ref.make(0)

    @do
    def add() -> Do[None]:
        value = yield from counter.get()
        yield from counter.set(value + 1)

    yield from par_collect([add() for _ in range(fibers)])
    if (yield from counter.get()) != fibers:
        yield from fail("lost update")


@do
def lastzero(size: int) -> Do[None]:
    """Each fills a place from the one before it, while one looks for the last place that is empty."""
    places = yield from made(size + 1, lambda: Ref.make(0))

    @do
    def search() -> Do[None]:
        place = size
        while (yield from places[place].get()) != 0:
            place -= 1

    @do
    def fill(place: int) -> Do[None]:
        value = yield from places[place - 1].get()
        yield from places[place].set(value + 1)

    yield from par_collect([search(), *(fill(place) for place in range(1, size + 1))])


@do
def readers(count: int) -> Do[None]:
    """One writes what all others read."""
    value = yield from Ref.make(0)
    yield from par_collect([value.set(1), *(value.get() for _ in range(count))])


@do
def indexer(threads: int, size: int = 128, most: int = 4) -> Do[None]:
    """Each puts its messages into a hash table, where it goes on to the next place while one is taken."""
    table = yield from made(size, lambda: Ref.make(0))

    @do
    def insert(thread: int) -> Do[None]:
        for number in range(1, most + 1):
            word = number * 11 + thread
            place = (word * 7) % size
            while not (yield from table[place].compare_and_set(0, word)):
                place = (place + 1) % size

    yield from par_collect([insert(thread) for thread in range(threads)])


@do
def filesystem(threads: int, inodes: int = 32, blocks: int = 26) -> Do[None]:
    """Each takes the lock of an inode and, if that has no block, looks for a free one under the locks of blocks."""
    inode_locks = yield from made(inodes, lambda: Semaphore.make(1))
    block_locks = yield from made(blocks, lambda: Semaphore.make(1))
    inode = yield from made(inodes, lambda: Ref.make(0))
    busy = yield from made(blocks, lambda: Ref.make(False))

    @do
    def take(thread: int) -> Do[None]:
        own = thread % inodes
        yield from inode_locks[own].acquire()
        if (yield from inode[own].get()) == 0:
            block = (own * 2) % blocks
            while True:
                yield from block_locks[block].acquire()
                if not (yield from busy[block].get()):
                    yield from busy[block].set(True)
                    yield from inode[own].set(block + 1)
                    yield from block_locks[block].release()
                    break
                yield from block_locks[block].release()
                block = (block + 1) % blocks
        yield from inode_locks[own].release()

    yield from par_collect([take(thread) for thread in range(threads)])


@do
def philosophers(count: int) -> Do[None]:
    """Each takes the fork to its left, then the one to its right."""
    forks = yield from made(count, lambda: Semaphore.make(1))

    @do
    def dine(left: Semaphore, right: Semaphore) -> Do[None]:
        yield from left.acquire()
        yield from right.acquire()
        yield from right.release()
        yield from left.release()

    yield from par_collect([dine(forks[place], forks[(place + 1) % count]) for place in range(count)])


@do
def producers(count: int, items: int) -> Do[None, ChannelClosed]:
    """Many send to one channel, from which one takes everything."""
    channel = yield from Channel[Any].make(float("inf"))

    @do
    def produce(producer: int) -> Do[None, ChannelClosed]:
        for item in range(items):
            yield from channel.send((producer, item))

    @do
    def consume() -> Do[None, ChannelClosed]:
        for _ in range(count * items):
            yield from channel.receive()

    yield from par_collect([*(produce(producer) for producer in range(count)), consume()])


@do
def permits(fibers: int, count: int) -> Do[None]:
    """Some hold permits at the same time and count themselves."""
    semaphore = yield from Semaphore.make(count)
    inside = yield from Ref.make(0)

    @do
    def hold() -> Do[None]:
        yield from semaphore.acquire()
        yield from inside.update(lambda number: number + 1)
        yield from inside.update(lambda number: number - 1)
        yield from semaphore.release()

    yield from par_collect([hold() for _ in range(fibers)])


@do
def made(count: int, maker: Callable[[], IO[Any]]) -> Do[list[Any]]:
    """So many new things."""
    things: list[Any] = []
    for _ in range(count):
        things.append((yield from maker()))
    return things

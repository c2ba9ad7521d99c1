"""The worker threads of one run: started when there is work, used again, gone when the run is over."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias, final

from effio.concurrent.capacity_limiter import CapacityLimiter
from effio.interpreter.scheduler import Scheduler

Job: TypeAlias = Callable[[], Callable[[], object]]
"""What a worker does; it gives what has to be called on the thread of the run when it is done."""


@final
class Workers:
    """The workers that wait for work, and the limiters of the words that need some; used on the thread of the run only.

    In virtual time none is kept: whether a thread is alive tells there whether something may still happen.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.idle: list[Worker] = []
        self.busy: set[Worker] = set()
        self.numbers = count(1)
        self.limiters: dict[str, CapacityLimiter] = {}

    def start(self, job: Job, *, daemon: bool) -> None:
        """Let a worker do `job`: one that waits, or a new one. A daemon is used once, and nobody waits for it."""
        worker = self.idle.pop() if self.idle and not daemon else Worker(self, next(self.numbers), daemon)
        self.busy.add(worker)
        worker.jobs.put(job)

    def done(self, worker: Worker, then: Callable[[], object]) -> None:
        """A worker has done its job."""
        self.busy.discard(worker)
        if self.scheduler.over or self.scheduler.clock.virtual or worker.thread.daemon:
            worker.stop()
        else:
            self.idle.append(worker)
        then()

    def close(self) -> None:
        """End the workers that wait now, and the others, abandoned ones, when they have done their job."""
        for worker in (*self.idle, *self.busy):
            worker.jobs.put(None)
        while self.idle:
            self.idle.pop().stop()


@final
class Worker:
    """One thread and the jobs that it is given."""

    def __init__(self, workers: Workers, number: int, daemon: bool) -> None:
        self.scheduler = workers.scheduler
        self.done = workers.done
        self.jobs: SimpleQueue[Job | None] = SimpleQueue()
        self.thread = Thread(target=self.work, name=f"effio worker {number}", daemon=daemon)
        self.thread.start()

    def work(self) -> None:
        """Do one job after the other; after the run nobody wants to know what came of the last one."""
        while (job := self.jobs.get()) is not None:
            then = job()
            try:
                self.scheduler.call(self.done, self, then)
            except RuntimeError:
                return
            del job, then

    def stop(self) -> None:
        """End the thread, which has nothing to do."""
        self.jobs.put(None)
        self.thread.join()

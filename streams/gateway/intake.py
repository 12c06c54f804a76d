"""Events of all requests on their way: admitted together, sent in order, answered when Kafka has answered.

Requests that arrive while a batch is judged form the next batch: under load many small requests cost as
little as one large one, and a lone request waits for nobody. One thread admits, another sends, so that a
Kafka that is away holds up no verdict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from streams.admission import UNKNOWN_SOURCE, Admission, Verdict
from streams.delivery import Delivery, Outcome, Record
from streams.envelope import Reason
from streams.errors import KafkaAway
from streams.gateway.answers import Problem
from streams.kafka_sender import KafkaSender

BATCH_EVENTS = 2_000
WAITING_EVENTS = 20_000

Allows = Callable[[str], bool]


@dataclass(frozen=True)
class Judged:
    """What became of one event: refused if the verdict has reasons, otherwise Kafka's outcome."""

    verdict: Verdict
    outcome: Outcome | None

    @property
    def status(self) -> int:
        """202 acknowledged by Kafka, 403 not this sender's, 422 refused, 503 not acknowledged."""
        if self.verdict.reasons:
            return 403 if self.verdict.reasons[0].code == "forbidden_source" else 422
        return 503 if self.outcome is None or isinstance(self.outcome, KafkaAway) else 202


@dataclass(frozen=True)
class _Job:
    events: Sequence[Any]
    allows: Allows
    answer: asyncio.Future[list[Judged]]


class Intake:
    """Takes events of requests; `admission` gives the admission by the contracts of this moment."""

    def __init__(self, admission: Callable[[], Admission], sender: KafkaSender) -> None:
        self._admission = admission
        self._sender = sender
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._waiting = 0
        self._judging = ThreadPoolExecutor(1, "judging")
        self._sending = ThreadPoolExecutor(1, "sending")
        self._deliveries: set[asyncio.Task[None]] = set()
        self._loop_task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._loop_task = asyncio.create_task(self._run(), name="intake")

    async def stop(self, seconds: float) -> None:
        """Answer what is on its way, for so long at most, then take nothing more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._jobs.join()
                await asyncio.gather(*self._deliveries)
        if self._loop_task is not None:
            self._loop_task.cancel()
        self._judging.shutdown(wait=False, cancel_futures=True)
        self._sending.shutdown(wait=False, cancel_futures=True)

    async def take(self, events: Sequence[Any], allows: Allows) -> list[Judged]:
        """What became of each event, in order; `allows` says whether the sender may send of a source.

        Raises Problem where too much waits already.
        """
        if self._waiting and self._waiting + len(events) > WAITING_EVENTS:
            raise Problem("busy")
        job = _Job(events, allows, asyncio.get_running_loop().create_future())
        self._waiting += len(events)
        try:
            self._jobs.put_nowait(job)
            return await job.answer
        finally:
            self._waiting -= len(events)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            jobs = await self._next()
            try:
                verdicts = await loop.run_in_executor(self._judging, self._judge, jobs)
            except Exception as error:  # noqa: BLE001 (handed to the requests, which answer 500 and log it)
                _fail(jobs, error)
            else:
                task = asyncio.create_task(self._deliver(jobs, verdicts))
                self._deliveries.add(task)
                task.add_done_callback(self._deliveries.discard)
            finally:
                for _ in jobs:
                    self._jobs.task_done()

    async def _next(self) -> list[_Job]:
        jobs = [await self._jobs.get()]
        events = len(jobs[0].events)
        while events < BATCH_EVENTS and not self._jobs.empty():
            jobs.append(self._jobs.get_nowait())
            events += len(jobs[-1].events)
        return jobs

    def _judge(self, jobs: Sequence[_Job]) -> list[Verdict]:
        admission = self._admission()
        verdicts = iter(admission.admit([event for job in jobs for event in job.events]))
        return [_permitted(next(verdicts), job.allows) for job in jobs for _ in job.events]

    async def _deliver(self, jobs: Sequence[_Job], verdicts: Sequence[Verdict]) -> None:
        records = [verdict.record for verdict in verdicts if verdict.record is not None]
        try:
            outcomes = iter(await self._send(records))
        except Exception as error:  # noqa: BLE001 (handed to the requests, which answer 500 and log it)
            _fail(jobs, error)
            return
        judged = iter([Judged(verdict, next(outcomes) if verdict.record else None) for verdict in verdicts])
        for job in jobs:
            of_job = [next(judged) for _ in job.events]
            if not job.answer.done():  # the request may have given up waiting
                job.answer.set_result(of_job)

    async def _send(self, records: Sequence[Record]) -> list[Outcome]:
        if not records:
            return []
        loop = asyncio.get_running_loop()
        delivery: Delivery = await loop.run_in_executor(self._sending, self._sender.send_all, records)
        return await asyncio.wrap_future(delivery.done)


def _fail(jobs: Sequence[_Job], error: Exception) -> None:
    for job in jobs:
        if not job.answer.done():
            job.answer.set_exception(error)


def _permitted(verdict: Verdict, allows: Allows) -> Verdict:
    """A verdict says nothing about the contract of a source that the sender has no business with."""
    if verdict.source == UNKNOWN_SOURCE or allows(verdict.source):
        return verdict
    return verdict._replace(record=None, reasons=(Reason("forbidden_source", "type"),))

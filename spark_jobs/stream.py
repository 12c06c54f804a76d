"""`python -m spark_jobs.stream`: live query and archive query in one application, until SIGTERM.

Ends with 0 when it was asked to, with 1 when anything failed: whoever supervises it starts it again. Killing
it at any moment loses nothing and counts nothing twice.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from types import FrameType

import psycopg
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException, StreamingQueryException

from spark_jobs import fence
from spark_jobs.archive.query import QUERY as ARCHIVE
from spark_jobs.archive.query import Archive
from spark_jobs.clock import earlier_now
from spark_jobs.cluster import Cluster
from spark_jobs.errors import SparkJobError, Stuck
from spark_jobs.live import ledger
from spark_jobs.live.booking import QUERY as LIVE
from spark_jobs.live.claim_days import forget_of_sources, oldest_days
from spark_jobs.live.query import LiveQuery
from spark_jobs.session import QUICK_COMPILER, build_session
from streams.registry import Registry
from streams.settings import Settings, settings_or_exit
from streams.version import in_one_line

log = logging.getLogger("minsheng.stream")

LOOK_SECONDS = 0.5
TASKS_PER_CORE = 2
"""A task waits for its Python worker half of the time, and the archive's, which takes seconds, would have one
core to itself while the live query's wait for it (decision 152)."""
LEDGER_SECONDS = 10.0
SIDE_SECONDS = 60
STUCK_SECONDS = 180.0
"""A query that commits nothing for so long although there is something to read ends the process. The first
batch of a cold JVM on a busy machine takes about a minute."""
STOP_SECONDS = 4.0
"""A stop that takes longer ends without ceremony: nothing depends on a clean end."""


class Loop(threading.Thread):
    """Calls `step` every `seconds` until it is stopped; keeps what it raises, for the main thread to see."""

    def __init__(self, name: str, step: Callable[[], bool], seconds: float) -> None:
        super().__init__(name=name, daemon=True)
        self._step = step
        self._seconds = seconds
        self._stop_asked = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._stop_asked.is_set():
                at_once = self._step()
                self._stop_asked.wait(0 if at_once else self._seconds)
        except Exception as error:  # noqa: BLE001 (a thread's error ends the process, in the main thread)
            self.error = error

    def stop(self) -> None:
        self._stop_asked.set()


class Stream:
    """Everything that runs in this process, on connections and a session of its own."""

    def __init__(self, settings: Settings, resources: contextlib.ExitStack) -> None:
        """Raises FencedOff when another process does the same work."""
        self._settings = settings
        life = ledger.Life(uuid.uuid4(), datetime.now(UTC))
        self._pulses = {
            LIVE: (ledger.Pulse(LIVE, life), STUCK_SECONDS),
            ARCHIVE: (ledger.Pulse(ARCHIVE, life), STUCK_SECONDS + settings.archive_trigger_seconds),
        }
        own = resources.enter_context
        archive = own(fence.connect(settings.postgres_dsn, ARCHIVE))
        # Nothing it asks takes long: if it does, what tells that a query is stuck would be stuck itself.
        patience = f"-c statement_timeout={SIDE_SECONDS}s"
        self._side = own(psycopg.connect(settings.postgres_dsn, autocommit=True, options=patience))
        # One for each thread: the admin client is not shared.
        self._archive_cluster, self._ledger_cluster = (own(Cluster(settings)) for _ in range(2))
        self._registry = Registry(settings.postgres_dsn)
        resources.callback(self._registry.close)
        spark = build_session(
            settings, "minsheng stream", java_options=QUICK_COMPILER, tasks_per_core=TASKS_PER_CORE
        )
        self._archive = Archive(spark, settings, archive, life.run)
        self._query = LiveQuery(spark, settings, life.run)
        self._loops = (
            Loop("archive", self._append, settings.archive_trigger_seconds),
            Loop("ledger", self._account, LEDGER_SECONDS),
        )
        self._forgotten: Mapping[int, date] | None = None
        resources.callback(self._stop)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; raises what failed before that."""
        self._query.start()
        for loop in self._loops:
            loop.start()
        log.info("live query and archive run")
        while not stop.wait(LOOK_SECONDS):
            for loop in self._loops:
                if loop.error is not None:
                    raise loop.error
            failure = self._query.failure()
            if failure is not None and is_race(failure) and not self._query.committed:
                log.warning("a topic was made while the query started: starting it again")
                self._query.start()
            elif failure is not None:
                raise failure
            elif not self._query.running:
                raise SparkJobError("The live query has ended by itself, which it never should")

    def _append(self) -> bool:
        try:
            events = self._archive.step(self._archive_cluster)
        except (PySparkException, Py4JJavaError) as error:
            # The lake's disk may be full, which is no reason for the live numbers to stop. The step stands in
            # ops.intent; an archive that gets nowhere for long ends the process after all (Stuck).
            log.error("the archive cannot write the lake and tries again: %s", str(error).partition("\n")[0])
            return False
        # A full step is a little smaller: shares of partitions are rounded down. Then more is waiting.
        return events > self._settings.archive_max_events // 2

    def _account(self) -> bool:
        now = earlier_now(self._side)
        cluster = self._ledger_cluster
        ledger.sample(cluster, self._side, self._settings.topic_prefix, now)
        for query, (pulse, patience) in self._pulses.items():
            stuck = pulse.beat(cluster, self._side, self._settings.topic_prefix, now).total_seconds()
            if stuck > patience:
                raise Stuck(f"The {query} query is behind and has committed nothing for {stuck:.0f} s")
        oldest = oldest_days(self._registry.deployed(), self._settings.claim_days, now)
        if oldest and oldest != self._forgotten:
            self._forget(oldest, now)
        return False

    def _forget(self, oldest: Mapping[int, date], now: datetime) -> None:
        day = min(oldest.values())
        try:
            self._query.forget_claims(day, STUCK_SECONDS)
            forget_of_sources(self._side, oldest)
        except TimeoutError as error:
            raise Stuck(f"The live query has committed nothing for {STUCK_SECONDS:.0f} s") from error
        except psycopg.errors.LockNotAvailable:
            # A backup reads all tables for as long as it takes. Old claims do no harm: the next time will do.
            log.warning("somebody reads the claims of days before %s: dropping them later", day)
            return
        except psycopg.errors.QueryCanceled:
            log.warning("deleting old claims takes longer than %s s: going on later", SIDE_SECONDS)
            return
        ledger.forget_batches(self._side, now)
        self._forgotten = oldest

    def _stop(self) -> None:
        for loop in self._loops:
            loop.stop()
        self._query.stop()
        for loop in self._loops:
            if loop.is_alive():
                loop.join(STOP_SECONDS / 3)


def is_race(failure: BaseException) -> bool:
    """Spark wants an offset for every partition that exists: one was made after we had asked Kafka."""
    return isinstance(failure, StreamingQueryException) and "specify all TopicPartitions" in str(failure)


@contextlib.contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; STOP_SECONDS later the process ends in any case."""
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        if not stop.is_set():
            log.info("%s: stopping", signal.Signals(number).name)
            stop.set()
            end_within(STOP_SECONDS, 0)

    old = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def end_within(seconds: float, status: int) -> None:
    """The process is gone then, however long its end would take."""
    last = threading.Timer(seconds, os._exit, (status,))
    last.daemon = True
    last.start()


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kafka").setLevel(logging.WARNING)
    logging.getLogger("py4j").setLevel(logging.WARNING)
    settings, begun = settings_or_exit(), time.monotonic()
    log.info(in_one_line(settings, "stream"))
    with stop_signals() as stop:
        try:
            with contextlib.ExitStack() as resources:
                status = work(settings, resources, stop)
        except Exception:
            log.critical("could not stop in order", exc_info=True)
            return 1
    log.info("ended after %.0f seconds of work", time.monotonic() - begun)
    return status


def work(settings: Settings, resources: contextlib.ExitStack, stop: threading.Event) -> int:
    """Until `stop` is set: 0. If something fails before: 1, and the process is gone soon, whatever hangs."""
    try:
        Stream(settings, resources).run(stop)
    except Exception as error:
        log.critical("%s: %s", type(error).__name__, error, exc_info=not isinstance(error, SparkJobError))
        end_within(STOP_SECONDS, 1)
        return 1
    return 0


if __name__ == "__main__":
    # Not sys.exit: the interpreter would wait for threads of the gateway. The JVM ends when this process has.
    status = main()
    logging.shutdown()
    os._exit(status)

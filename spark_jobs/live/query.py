"""The streaming query: every source, one plan a batch. The commit of one batch overlaps judging the next.

That is safe because nobody trusts the checkpoint: a start begins at ops.position, which moves only together
with the results. Spark may believe a batch done that was never committed; after a restart it is read again.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from kafka import TopicPartition
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from spark_jobs import fence, positions
from spark_jobs.cluster import Cluster
from spark_jobs.errors import SparkJobError
from spark_jobs.live.booking import QUERY
from spark_jobs.live.commit import Batch, Committer
from spark_jobs.live.judged import POOL, Judged
from spark_jobs.live.judging import READ
from spark_jobs.live.plan import Plans
from spark_jobs.records import JUDGED_VALUE
from spark_jobs.session import ARROW_ROWS
from streams.kafka_access import spark_options
from streams.registry import Registry
from streams.settings import Settings


class LiveQuery:
    """Runs until it is stopped or fails; `failure` says which."""

    def __init__(self, spark: SparkSession, settings: Settings, run: UUID) -> None:
        """Takes the lock. Raises FencedOff, psycopg.OperationalError, kafka.errors.KafkaError."""
        self._spark = spark
        self._settings = settings
        with contextlib.ExitStack() as resources:
            connection = resources.enter_context(fence.connect(settings.postgres_dsn, QUERY))
            self._cluster = resources.enter_context(Cluster(settings))
            registry = Registry(settings.postgres_dsn)
            resources.callback(registry.close)
            self._plans = Plans(registry.deployed, settings.topic_prefix)
            known = positions.load(connection, QUERY)
            self._committer = Committer(connection, run, self._cluster.describe, known)
            self._resources = resources.pop_all()
        self._commits = ThreadPoolExecutor(1, "commit")
        self._pending: Future[None] | None = None
        self._query: StreamingQuery | None = None
        self._stopping = False
        self._error: Exception | None = None
        self._checkpoint: Path | None = None
        self.seconds = self._committer.seconds
        """What the parts of batches took, added up."""

    def start(self, *, once: bool = False) -> None:
        """Begin at ops.position. `once`: take what is there now, then end.

        Raises PositionLost where Kafka cannot give what comes next.
        """
        offsets = positions.start(self._cluster, self._settings.topic_prefix, self._committer.positions)
        self._spark.sparkContext.setLocalProperty("spark.scheduler.pool", POOL)
        self._drop_checkpoint()
        self._checkpoint = new_checkpoint(self._settings)
        trigger = {"availableNow": True} if once else {"processingTime": self._trigger}
        writer = self._source(offsets).writeStream.foreachBatch(self._batch).queryName("live")
        writer = writer.option("checkpointLocation", str(self._checkpoint)).trigger(**trigger)
        self._query = writer.start()

    def failure(self) -> BaseException | None:
        """Why the query is not running as it should; None while it is."""
        if self._error is not None:
            return self._error
        if self._pending is not None and self._pending.done() and self._pending.exception():
            return self._pending.exception()
        return self._query.exception() if self._query is not None else None

    @property
    def committed(self) -> int:
        """Batches that this object has committed."""
        return self._committer.committed

    @property
    def running(self) -> bool:
        return self._query is not None and self._query.isActive

    def wait(self) -> None:
        """Until the query has ended; raises what ended it."""
        if self._query is not None:
            try:
                self._query.awaitTermination()
            except StreamingQueryException:
                if self._error is not None:
                    raise self._error from None
                raise
        self._finish_pending()

    def stop(self) -> None:
        """Finish the commit under way, take no further batch, end. Idempotent."""
        self._stopping = True
        self._commits.shutdown(wait=True)
        if self._query is not None:
            self._query.stop()
        self._drop_checkpoint()
        self._resources.close()

    def forget_claims(self, before: date, seconds: float) -> None:
        """Drop the claims of older event days, between two batches. Raises TimeoutError after `seconds`, and
        psycopg.errors.LockNotAvailable where somebody reads them: then some are left.
        """
        self._commits.submit(self._committer.forget_claims, before).result(seconds)

    def _drop_checkpoint(self) -> None:
        if self._checkpoint is not None:
            shutil.rmtree(self._checkpoint, ignore_errors=True)

    @property
    def _trigger(self) -> str:
        return f"{self._settings.live_trigger_ms} milliseconds"

    def _source(self, offsets: Mapping[TopicPartition, int]) -> DataFrame:
        options = {
            **spark_options(self._settings),
            "subscribePattern": re.escape(self._settings.topic_prefix) + ".+",
            "startingOffsets": positions.as_json(offsets) if offsets else "earliest",
            "failOnDataLoss": "true",
            "maxOffsetsPerTrigger": str(self._settings.live_max_offsets_per_trigger),
            "kafka.metadata.max.age.ms": str(self._settings.live_metadata_max_age_ms),
            "kafka.fetch.max.bytes": str(50 * 1024 * 1024),
            "kafka.max.partition.fetch.bytes": str(8 * 1024 * 1024),
            "kafka.max.poll.records": "20000",
            "maxRecordsPerPartition": str(ARROW_ROWS),
        }
        records = self._spark.readStream.format("kafka").options(**options).load()
        # Sixteen sources have dozens of partitions with a few events each, a burst has many in few: pieces of
        # like size, and no more tasks than run at once, because one costs some 10 ms however little it does.
        records = records.coalesce(self._spark.sparkContext.defaultParallelism)
        return records.selectExpr(
            "topic", "partition", "offset", "timestamp as received_at", f"{JUDGED_VALUE} as value"
        )

    def _batch(self, records: DataFrame, number: int) -> None:
        """What Spark calls for each batch.

        An error is kept here and told to Spark in one line: StreamExecution of Spark 4.2.0 matches messages
        with a pattern that overflows the stack on long ones, and then the query hangs instead of failing.
        """
        if self._stopping:
            return
        try:
            self._judge(records, number)
        except Exception as error:  # noqa: BLE001 (kept, and raised again by wait and failure)
            self._error = error
            raise SparkJobError(f"batch {number} failed: {type(error).__name__}") from None

    def _judge(self, records: DataFrame, number: int) -> None:
        started_at, begun = datetime.now(UTC), time.perf_counter()
        plan = self._plans.now()
        judged = Judged(records, plan)
        begun = self._spent("judge", begun)
        self._finish_pending()
        self._spent("wait", begun)
        if READ not in judged.small:
            judged.release()
            return
        batch = Batch(
            number=number,
            started_at=started_at,
            plan=plan,
            judged=judged.small,
            count=judged.count,
            rejected=judged.rejected,
            broken=judged.broken,
            release=judged.release,
        )
        if not self._stopping:
            self._pending = self._commits.submit(self._committer.commit, batch)

    def _finish_pending(self) -> None:
        """Wait for the commit under way; raises what it raised, which ends the query."""
        if self._pending is not None:
            self._pending.result()

    def _spent(self, what: str, begun: float) -> float:
        now = time.perf_counter()
        self.seconds[what] = self.seconds.get(what, 0.0) + now - begun
        return now


def new_checkpoint(settings: Settings) -> Path:
    """An empty folder. What earlier runs of this installation left behind when they were killed is removed:
    whoever holds the lock of the live query is the only one that runs.
    """
    prefix = f"minsheng-live-{zlib.crc32(bytes(settings.home.resolve())):08x}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix))

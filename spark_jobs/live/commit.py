"""One batch into PostgreSQL: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from kafka import TopicPartition

from spark_jobs import positions as position
from spark_jobs.cluster import Topic
from spark_jobs.fence import turn
from spark_jobs.live import results
from spark_jobs.live.booking import QUERY, Books, Clock, Count
from spark_jobs.live.counting import DUPLICATE, QUARANTINED
from spark_jobs.live.judging import CLAIMS, FRESH, PLACES, READ, REFUSED, VERSIONS, counted_by_day
from spark_jobs.live.plan import Plan
from spark_jobs.live.uniqueness import Broken
from spark_jobs.positions import Position, Read
from spark_jobs.tally import add_tally
from streams.days import EPOCH


@dataclass(frozen=True)
class Batch:
    """A judged batch. `judged`: its small blobs by kind. The rest stays in Spark until it is asked for.

    `rejected`: the quarantine's rows; `broken`: those of events that break a rule across events.
    """

    number: int
    started_at: datetime
    plan: Plan
    judged: Mapping[str, pa.Table]
    count: Count
    rejected: Callable[[], Iterator[pa.Table]]
    broken: Callable[[Mapping[int, Broken]], Iterator[pa.Table]]
    release: Callable[[], None]


@dataclass
class Committer:
    """Commits batches in their order on the fenced connection; `positions` is what has been committed."""

    connection: psycopg.Connection
    run: UUID
    topics: Callable[[list[str]], Mapping[str, Topic]]
    positions: dict[TopicPartition, Position]
    seconds: dict[str, float] = field(default_factory=dict)
    committed: int = 0

    def __post_init__(self) -> None:
        self._books = Books(self.connection, lambda: Clock(self.seconds))

    def commit(self, batch: Batch) -> None:
        """Raises OutOfOrder, PositionLost or psycopg.Error; then nothing of the batch has been written."""
        try:
            reads = self._reads(batch.judged[READ])
            if CLAIMS in batch.judged:
                self._books.make_room(batch.judged)
            with self.connection.transaction():
                turn(self.connection)
                moved = position.advance(self.connection, QUERY, self.positions, reads)
                if CLAIMS in batch.judged:
                    booked = self._books.book(batch.judged, batch.plan, batch.count)
                    if booked.broken:
                        self._reject(batch.broken(booked.broken))
                self._account(batch)
            self.positions.update(moved)
            self.committed += 1
        finally:
            batch.release()

    def forget_claims(self, before: date) -> None:
        """Drop the claims of event days before that day."""
        self._books.forget(before)

    def _reads(self, read: pa.Table) -> list[Read]:
        """What was read, of topics that still are what they were when the query began.

        Asked after reading: ids of topics never come back, so the events are of the topic that has it now.
        """
        total = (
            read.group_by(["topic", "partition"]).aggregate([("first", "min"), ("last", "max")]).to_pylist()
        )
        names = sorted({row["topic"] for row in total})
        topics = self.topics(names)
        known = {p.topic: self.positions[p].topic_id for p in self.positions if p.topic in names}
        position.check_topics(
            topics, {**{name: topics[name].id for name in names if name in topics}, **known}
        )
        return [
            Read(
                TopicPartition(row["topic"], row["partition"]),
                topics[row["topic"]].id,
                row["first_min"],
                row["last_max"],
            )
            for row in total
        ]

    def _account(self, batch: Batch) -> None:
        clock = Clock(self.seconds)
        if REFUSED in batch.judged:
            self._reject(batch.rejected())
        if PLACES in batch.judged:
            results.add_places(self.connection, batch.judged[PLACES])
        if VERSIONS in batch.judged:
            results.add_versions(self.connection, batch.judged[VERSIONS])
        if FRESH in batch.judged:
            results.add_freshness(self.connection, batch.judged[FRESH])
        read = batch.judged[READ]
        self.connection.execute(
            "insert into ops.batch"
            " (query, run, batch, started_at, events, oldest_received_at, newest_received_at)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            (
                QUERY,
                self.run,
                batch.number,
                batch.started_at,
                pc.sum(read.column("events")).as_py(),
                pc.min(read.column("oldest")).as_py(),
                pc.max(read.column("newest")).as_py(),
            ),
        )
        clock.spent("account")

    def _reject(self, pieces: Iterator[pa.Table]) -> None:
        """Into quarantine, piece by piece, and into the tally."""
        told, new = [], Counter[tuple[str, date]]()
        for piece in pieces:
            told.append(counted_by_day(piece))
            new.update(results.add_quarantine(self.connection, piece))
        add_tally(self.connection, QUERY, refused(pa.concat_tables(told), new))


def refused(rows: pa.Table, new: Mapping[tuple[str, date], int]) -> Iterator[dict[str, Any]]:
    """Rows for the tally. rows: source, received_day, events. new: how many of them are new in quarantine.

    The others were read a second time: duplicates, like accepted events that are read a second time.
    """
    total: Counter[tuple[str, int]] = Counter()
    for row in rows.to_pylist():
        total[row["source"], row["received_day"]] += row["events"]
    for (source, day), events in total.items():
        kept = new.get((source, EPOCH + timedelta(days=day)), 0)
        for outcome, count in ((QUARANTINED, kept), (DUPLICATE, events - kept)):
            if count:
                yield {"source": source, "received_day": day, "outcome": outcome, "events": count}

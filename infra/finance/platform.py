"""The platform's side: a day's accepted events from the lake, as a rollup counts them, by finance's keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from infra.finance.compare import Event, Group
from infra.finance.lines import Key
from spark_jobs.rollup import archive, lake, ledger, patches, reading, received, uniqueness
from spark_jobs.rollup.build import built
from streams import days
from streams.contract.model import Contract
from streams.judge.uniqueness import CODE as UNIQUE_CODE
from streams.settings import Settings
from streams.topic_name import topic_name
from streams.zone import ZONE_NAME

_TWICE = """
    select q.id, coalesce(q.event_id, ''), coalesce(q.place, ''), q.partition, q."offset", q.state,
        array(select distinct substr(r.value ->> 'code', length(%(unique)s) + 1)
            from jsonb_array_elements(q.reasons) r where starts_with(r.value ->> 'code', %(unique)s)),
        count(*) over ()
    from ops.quarantine q
    where q.source = %(source)s and q.event_time >= %(begin)s and q.event_time < %(end)s
        and exists (select from jsonb_array_elements(q.reasons) r
            where starts_with(r.value ->> 'code', %(unique)s))
    order by q.received_at, q.id limit %(most)s
"""


@dataclass(frozen=True)
class Twice:
    """An event in quarantine because it broke a rule of uniqueness: paid a second time."""

    quarantine_id: int
    event_id: str
    place: str
    partition: int
    offset: int
    state: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Events:
    """A day's accepted events: `frame` has the keys k0.., amount, event_id, sender, at, partition, offset."""

    frame: DataFrame
    keys: int
    accepted: int
    complete: bool

    def groups(self) -> dict[Key, Group]:
        """Sums by key."""
        names = [f"k{place}" for place in range(self.keys)]
        rows = self.frame.groupBy(*names).agg(F.sum("amount"), F.count("*")).collect()
        return {tuple(row[: self.keys]): Group(row[self.keys], row[self.keys + 1]) for row in rows}

    def of(self, keys: Sequence[Key], most: int) -> list[Event]:
        """The events of these keys, at most so many of each, by key, partition and offset."""
        if not keys:
            return []
        names = [f"k{place}" for place in range(self.keys)]
        wanted = self.frame.sparkSession.createDataFrame(
            [tuple(key) for key in keys], ", ".join(f"{name} string" for name in names)
        )
        rows = self.frame.join(F.broadcast(wanted), names, "left_semi")
        place = F.row_number().over(_window(names))
        chosen = rows.withColumn("nth", place).where(F.col("nth") <= most).orderBy(*names, "nth").collect()
        return [
            Event(
                tuple(row[name] for name in names), row["event_id"], row["sender"], row["at"],
                row["partition"], row["offset"], row["amount"],
            )
            for row in chosen
        ]  # fmt: skip


@contextmanager
def events_of(
    settings: Settings, contract: Contract, day: date, keys: Sequence[str], amount: str | None
) -> Iterator[Events]:
    """The accepted events of `day` by the contract's fields `keys`; `amount`: a field in fen.

    Nothing is published, and no lock taken: the day may be rolled up meanwhile. Raises RollupError.
    """
    topic = topic_name(settings.topic_prefix, contract.source)
    now = datetime.now(UTC)
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        needed = archive.Needed(contract.source, topic, day, now)
        sent = archive.sent(settings, needed)
        archived = archive.wait(connection, needed, sent, 0)
        known = ledger.received_days(connection, contract.source, day)
        plan = received.plan(day, contract.accept, known, days.day_of(now))
        changed = patches.patches_of(connection, contract.source, plan)
        session = lake.rollup_session(settings)
        rows = patches.patched(lake.events(session, settings.lake_dir), changed)
        records = reading.rows_of(rows, topic, day, plan)
        taken = uniqueness.elsewhere(connection, day)
        with built(records, contract, settings.topic_prefix, day, archived, taken=taken) as found:
            assert found.counted is not None  # noqa: S101 (only a test leaves it out)
            at = F.date_format(F.from_utc_timestamp("_time", ZONE_NAME), "yyyy-MM-dd HH:mm:ss")
            places = found.counted.select("_claim", "_partition", "_offset")
            columns: list[Column] = [
                F.coalesce(F.col(f"`{name}`").cast("string"), F.lit("")).alias(f"k{place}")
                for place, name in enumerate(keys)
            ]
            told = {"_id": "event_id", "_source": "sender", "_partition": "partition", "_offset": "offset"}
            columns += [F.col(name).alias(alias) for name, alias in told.items()]
            fen = F.col(f"`{amount}`") if amount else F.lit(None)
            columns += [at.alias("at"), fen.cast("bigint").alias("amount")]
            frame = found.events.join(places, "_claim").select(*columns)
            yield Events(frame, len(keys), found.day.counts.accepted, archived.complete)


def twice(settings: Settings, contract: Contract, day: date, most: int) -> tuple[list[Twice], int]:
    """The day's events that broke a rule of uniqueness, the first `most` that were received, and how many
    there are in all."""
    at: dict[str, Any] = {"source": contract.source, "unique": UNIQUE_CODE, "most": most}
    at |= {"begin": days.begin(day), "end": days.end(day)}
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = connection.execute(_TWICE, at).fetchall()
    found = [
        Twice(number, event_id, place, partition, offset, state, tuple(rules))
        for number, event_id, place, partition, offset, state, rules, _ in rows
    ]
    return found, rows[0][-1] if rows else 0


def _window(names: Sequence[str]) -> WindowSpec:
    return Window.partitionBy(*names).orderBy("partition", "offset")

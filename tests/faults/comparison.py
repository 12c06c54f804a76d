"""What stands in PostgreSQL, in the lake, in Kafka and on the ledger, beside the answer: row by row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import psycopg
from datasketches import hll_sketch, hll_union
from deltalake import DeltaTable

from infra.ledger import read_ledger
from spark_jobs.cluster import Cluster
from spark_jobs.lake import TABLE
from spark_jobs.live.ledger import sample
from streams.contract.model import Contract
from streams.contract.tables import metric_tables
from streams.settings import Settings
from tests.faults import tables
from tests.faults.answer import Answer, Rows
from tests.faults.traffic import Sent

SHOWN, LONGEST = 5, 250
LG_K = 12
"""As the platform's sketches have it: 4,096 registers."""


def differences(settings: Settings, contracts: Mapping[str, Contract], sent: Sequence[Sent]) -> list[str]:
    """Every table that is not as it must be, with the first of its wrong rows. Nothing may be on its way."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        return differences_seen(connection, settings, contracts, sent)


def differences_seen(
    connection: psycopg.Connection,
    settings: Settings,
    contracts: Mapping[str, Contract],
    sent: Sequence[Sent],
) -> list[str]:
    """The same of PostgreSQL's tables as this connection's transaction sees them."""
    answer = Answer(contracts, sent)
    pairs = [
        *_tables(connection, contracts, answer),
        ("the lake", _lake(settings), answer.rows(_RECORDS)),
        ("Kafka", _kafka(settings), answer.rows(_ENDS)),
    ]
    found = [_told(name, actual, expected) for name, actual, expected in pairs if actual != expected]
    return [
        *found,
        *_distinct(connection, answer),
        *_reasons(connection, sent),
        *_ledger(settings, connection, sent),
    ]


_RECORDS = 'select topic, partition, "offset", received_at, value from sent'
# As many records as offsets: Kafka has nothing that was not sent.
_ENDS = 'select topic, partition, max("offset") + 1, count(*) from sent where not gone group by all'


def _tables(
    connection: psycopg.Connection, contracts: Mapping[str, Contract], answer: Answer
) -> Iterator[tuple[str, Rows, Rows]]:
    for name, (question, expected) in tables.TABLES.items():
        yield name, _rows(connection, question), answer.rows(expected)
    yield "ops.unique_claim", _rows(connection, tables.UNIQUE_CLAIMS), answer.unique_claims()
    yield "ops.case_step", _rows(connection, tables.STEPS), answer.steps()
    yield "ops.place_day", _rows(connection, tables.PLACES), answer.places()
    for contract in contracts.values():
        for table in metric_tables(contract):
            question = tables.metric_question(table)
            yield f"live.{table.name}", _rows(connection, question), answer.metric(table)


def _rows(connection: psycopg.Connection, question: str) -> Rows:
    return Counter(connection.execute(question).fetchall())


def _lake(settings: Settings) -> Rows:
    """Every row of the lake, asked without Spark."""
    files = DeltaTable(settings.lake_dir / TABLE).file_uris()
    columns = 'topic, partition, "offset", received_at::timestamptz, value'  # Spark writes no zone: UTC
    with duckdb.connect(config={"threads": 1}) as reader:
        reader.execute("set timezone = 'UTC'")
        return Counter(reader.execute(f"select {columns} from read_parquet(?)", [files]).fetchall())


def _kafka(settings: Settings) -> Rows:
    """topic, partition, end, how many records it holds: no retention and no compaction while a test runs."""
    with Cluster(settings) as cluster:
        topics = cluster.topics(settings.topic_prefix)
        partitions = [partition for topic in topics.values() for partition in topic.all()]
        first, end = cluster.first_offsets(partitions), cluster.end_offsets(partitions)
    return Counter((p.topic, p.partition, end[p], end[p] - first[p]) for p in partitions if end[p])


def _distinct(connection: psycopg.Connection, answer: Answer) -> Iterator[str]:
    """Sketches are compared by their registers: two are the same if joining them adds nothing to either."""
    expected = answer.distinct()
    found = {
        (*row[:4], json.dumps(row[4], sort_keys=True)): bytes(row[5])
        for row in connection.execute(tables.DISTINCT).fetchall()
    }
    if found.keys() != expected.keys():
        yield _told("live.distinct_day", Counter(found.keys()), Counter(expected.keys()))
        return
    for key, values in expected.items():
        stands, must = hll_sketch.deserialize(found[key]), hll_sketch(LG_K)
        for value in values:
            must.update(value)
        if not _joined(stands, stands) == _joined(must, must) == _joined(stands, must):
            yield f"live.distinct_day: {key} is the sketch of other values"


def _reasons(connection: psycopg.Connection, sent: Sequence[Sent]) -> Iterator[str]:
    """Whatever else is wrong with an event, the reason that it was made for is among those that it has."""
    told = {row[:4]: row[4] for row in connection.execute(tables.REASONS).fetchall()}
    for each in sent:
        codes = told.get((each.topic, each.partition, each.offset, each.received_at), [])
        if each.made.code is not None and each.made.code not in codes:
            yield f"ops.quarantine: {codes} instead of {each.made.code} for {each.made.value[:200]!r}"


def _joined(one: hll_sketch, other: hll_sketch) -> float:
    union = hll_union(LG_K)
    union.update(one)
    union.update(other)
    return float(union.get_estimate())


def _ledger(settings: Settings, connection: psycopg.Connection, sent: Sequence[Sent]) -> Iterator[str]:
    with (
        Cluster(settings) as cluster,
        psycopg.connect(settings.postgres_dsn, autocommit=True) as own,
    ):
        sample(cluster, own, settings.topic_prefix, datetime.now(UTC))
    entries = read_ledger(connection, settings.topic_prefix)
    unbalanced = [entry for entry in entries if not entry.balances or entry.in_flight or entry.to_archive]
    yield from (f"the ledger: residue {e.residue}, archive {e.archive_residue}: {e}" for e in unbalanced)
    if (total := sum(entry.sent for entry in entries)) != len(sent):
        yield f"the ledger: {total} sent instead of {len(sent)}"


def _told(name: str, actual: Rows, expected: Rows) -> str:
    return f"{name}: too much: {_some(actual - expected)}; missing: {_some(expected - actual)}"


def _some(rows: Counter[Any]) -> str:
    first = "; ".join(", ".join(map(str, row))[:LONGEST] for row in sorted(rows, key=str)[:SHOWN])
    return f"{rows.total()} rows ({first})" if rows else "nothing"

"""What must stand in live.*: DuckDB's batch computation over the same records. A run that differs is void."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
from confluent_kafka import Consumer, TopicPartition

from streams.contract.model import Contract
from streams.contract.tables import Column, MetricTable, metric_tables
from streams.settings import Settings

CHUNK = 50_000
SHOWN = 10


class Void(Exception):
    """The database does not hold what DuckDB computed."""


class Oracle:
    """Good events of a topic prefix, once each; `check` compares a database with them."""

    def __init__(self, settings: Settings, contracts: Mapping[str, Contract], folder: Path) -> None:
        self._contracts = contracts
        self._duckdb = duckdb.connect(folder / "oracle.duckdb", config={"threads": 2})
        self._duckdb.execute("set timezone = 'Asia/Shanghai'")
        self._duckdb.execute(
            "create table seen (source text, id text, minute timestamptz, day date, data json)"
        )
        self.sent = 0
        for source in contracts:
            for values in records(settings, settings.topic_prefix + source):
                chunk = pa.table({"value": pa.array(values, pa.string())})
                self.sent += chunk.num_rows
                self._duckdb.register("chunk", chunk)
                self._duckdb.execute(
                    "insert into seen select value->>'type', value->>'id',"
                    " date_trunc('minute', (value->>'time')::timestamptz),"
                    " (value->>'time')::timestamptz::date,"
                    " value->'data' from chunk where value->>'label' is null"
                )
        self._duckdb.execute("create table good as select distinct on (source, id, day) * from seen")
        self._duckdb.execute("drop table seen")

    def check(self, settings: Settings) -> int:
        """Raises Void unless every live table of the database is right; gives back the accepted events."""
        with psycopg.connect(settings.postgres_dsn) as connection:
            for contract in self._contracts.values():
                for table in metric_tables(contract):
                    self._compare(connection, table)
            accepted = self._one("select count(*) from good")
            row = connection.execute(
                "select sum(events) from ops.tally where outcome = 'accepted'"
            ).fetchone()
            if row != (accepted,):
                raise Void(f"accepted: {row} instead of {accepted}")
        return accepted

    def _compare(self, connection: psycopg.Connection, table: MetricTable) -> None:
        names = ", ".join(
            f'"{name}"' for name in ("minute", *table.dimensions, *(c.name for c in table.columns))
        )
        found = set(connection.execute(f'select {names} from live."{table.name}"').fetchall())
        wanted = set(self._duckdb.execute(_statement(table), [table.source]).fetchall())
        if found != wanted:
            raise Void(f"{table.name}: {_some(found - wanted)} instead of {_some(wanted - found)}")

    def _one(self, query: str) -> int:
        row = self._duckdb.execute(query).fetchone()
        return int(row[0]) if row else 0


def _some(rows: set[tuple[object, ...]]) -> str:
    """How many rows, and the first of them."""
    first = "; ".join(", ".join(map(str, row)) for row in sorted(rows, key=str)[:SHOWN])
    return f"{len(rows)} rows ({first})"


def _statement(table: MetricTable) -> str:
    dimensions = [f"data->>'{name}'" for name in table.dimensions]
    columns = [f"({_aggregate(column)})::bigint" for column in table.columns]
    return f"select {', '.join(['minute', *dimensions, *columns])} from good where source = ? group by all"


def _aggregate(column: Column) -> str:
    if column.field is None:
        return "count(*)"
    if column.aggregate == "count":
        return f"count(data->>'{column.field}')"
    value = f"{column.aggregate}((data->>'{column.field}')::bigint)"
    return value if column.nullable else f"coalesce({value}, 0)"


def records(settings: Settings, topic: str) -> Iterator[list[str]]:
    """Every value of the topic, in chunks."""
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, "group.id": "oracle"})
    partitions = [TopicPartition(topic, number, 0) for number in _partitions(consumer, topic)]
    left = sum(consumer.get_watermark_offsets(partition)[1] for partition in partitions)
    consumer.assign(partitions)
    while left:
        values = _values(consumer.consume(min(CHUNK, left), 30))
        left -= len(values)
        yield values
    consumer.close()


def _partitions(consumer: Consumer, topic: str) -> Iterable[int]:
    return consumer.list_topics(topic, 30).topics[topic].partitions


def _values(messages: list[object]) -> list[str]:
    if not messages:
        raise Void("Kafka gave nothing for 30 seconds")
    return [message.value().decode() for message in messages]  # type: ignore[attr-defined]

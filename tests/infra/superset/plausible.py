"""Rows as the live query, the rollup and the validation would leave them, for any contract: deterministic."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from infra.deploy import labels
from spark_jobs.live.position import BITS
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, ddl, metric_tables
from streams.contract.types import values_of
from streams.reference import divisions
from streams.zone import ZONE

Connection = psycopg.Connection[Any]
HOSTILE = "<script>alert('隔离')</script><img src=x onerror=alert(1)> =HYPERLINK(\"http://x\")"


def fill(
    connection: Connection,
    contracts: Mapping[str, Contract],
    now: datetime,
    *,
    topic_prefix: str,
    days: int = 40,
    share: float = 0.3,
) -> None:
    """Today until `now` and yesterday live, `days` published days, quarantine, ledger, validations, one
    alert."""
    connection.execute("delete from ref.division")
    insert(
        connection,
        "ref.division",
        ("code", "name", "level", "parent", "terrain"),
        [(each.code, each.name, each.level, each.parent, each.terrain) for each in divisions()],
    )
    for number, contract in enumerate(contracts.values(), start=1):
        random = Random(contract.source)
        for statement in ddl(contract):
            connection.execute(statement)
        connection.execute(
            "insert into ops.contract (source, number, version, text) values (%s, %s, %s, %s)"
            " on conflict do nothing",
            (contract.source, number, contract.version, contract.text),
        )
        insert(connection, "ref.label", ("source", "field", "value", "label"), labels(contract))
        for table in metric_tables(contract):
            _live(connection, contract, table, now, random, share)
            _distinct(connection, contract, table, now, random)
            _published(connection, contract, table, now, random, days)
        _publications(connection, contract, now, random, days)
        _operations(connection, contract, now, topic_prefix)
    connection.execute(
        "insert into ops.ledger_minute (at, source, received_day, sent, accepted, quarantined, duplicate,"
        " conflict, in_flight, archived, to_archive, replayed)"
        " select date_trunc('minute', now()), source, received_day, sent,"
        " accepted, quarantined, duplicate, conflict, in_flight, archived, to_archive, replayed"
        " from ops.ledger(%s)",
        (topic_prefix,),
    )
    connection.execute(
        "insert into ops.sender_day select source, %s, received_day, 9, 8, 1, 1, 12, 4, 0, '[[3, 5], [9, 9]]'"
        " from ops.ledger(%s)",
        (HOSTILE, topic_prefix),
    )
    connection.execute(
        "insert into ops.heartbeat values ('live', %s, %s, %s, 0)",
        (UUID(int=2), now, now - timedelta(seconds=1)),
    )
    connection.execute(
        "insert into ops.alert (code, source, message, raised_at) values ('silent', %s, %s, %s)",
        (next(iter(contracts)), "超过约定时间没有新事件", now - timedelta(minutes=25)),
    )


def insert(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Copy `rows` into `table`."""
    heads = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(*table.split(".", 1)), heads)
    with connection.cursor().copy(target) as copy:
        for row in rows:
            copy.write_row(row)


def combinations(contract: Contract, table: MetricTable) -> list[tuple[str | None, ...]]:
    """Every combination of the dimensions' values, at most twelve of a dimension."""
    each = []
    for field in table.dimensions:
        spec = contract.fields[field]
        known: list[str | None] = list(values_of(spec)) or ["true", "false"]
        each.append([*known[:12], *([None] if spec.optional else [])])
    return list(product(*each))


def _numbers(table: MetricTable, random: Random, events: int) -> list[int]:
    small = {
        "count": events,
        "sum": events * random.randint(300, 900),
        "min": 90,
        "max": random.randint(120, 185),
    }
    return [small[column.aggregate] for column in table.columns]


def _live(  # noqa: PLR0917 (rows of one table)
    connection: Connection,
    contract: Contract,
    table: MetricTable,
    now: datetime,
    random: Random,
    share: float,
) -> None:
    start = datetime.combine(now.astimezone(ZONE).date() - timedelta(days=1), datetime.min.time(), ZONE)
    groups = combinations(contract, table)
    rows = []
    for minute in range(int((now - start).total_seconds()) // 60):
        at = start + timedelta(minutes=minute)
        weight = contract.expect.by_hour.get(at.hour, 0) / 60
        for place, group in enumerate(groups):
            events = round(
                contract.expect.per_day / 100 * weight / len(groups) * 2 / (1 + place % 4) + random.random()
            )
            if events and random.random() < share:
                rows.append((at.astimezone(UTC), *group, *_numbers(table, random, events)))
    columns = ("minute", *table.dimensions, *(column.name for column in table.columns))
    insert(connection, f"live.{table.name}", columns, rows)


def _distinct(
    connection: Connection, contract: Contract, table: MetricTable, now: datetime, random: Random
) -> None:
    today = now.astimezone(ZONE).date()
    rows = []
    for measure, day in product(table.distinct, (today, today - timedelta(days=1))):
        rows.append((contract.source, table.metric, measure, day, Jsonb({}), b"", random.randint(5000, 9000)))
        for place, field in enumerate(table.dimensions):
            for (value,) in {(group[place],) for group in combinations(contract, table)}:
                rows.append(
                    (
                        contract.source,
                        table.metric,
                        measure,
                        day,
                        Jsonb({field: value}),
                        b"",
                        random.randint(99, 999),
                    )
                )
    columns = ("source", "metric", "measure", "event_day", "dimensions", "sketch", "estimate")
    insert(connection, "live.distinct_day", columns, rows)


def published(now: datetime, days: int) -> list[date]:
    """Yesterday and the days before it, and the same days of last year."""
    yesterday = now.astimezone(ZONE).date() - timedelta(days=1)
    recent = [yesterday - timedelta(days=back) for back in range(days)]
    return [*recent, *(day - timedelta(days=365) for day in recent)]


def _published(  # noqa: PLR0917 (rows of one table)
    connection: Connection, contract: Contract, table: MetricTable, now: datetime, random: Random, days: int
) -> None:
    columns = ("event_day", "revision", *table.dimensions, *(column.name for column in table.columns))
    exact = ("source", "metric", "measure", "event_day", "revision", "dimensions", "value")
    rows, counts = [], []
    for day in published(now, days):
        for revision in (1, 2) if day.day % 7 == 0 else (1,):
            for group in combinations(contract, table):
                rows.append((day, revision, *group, *_numbers(table, random, random.randint(20, 90))))
            for measure in table.distinct:
                value = random.randint(5000, 9000)
                groups: list[dict[str, str | None]] = [{}]
                groups += [
                    {field: value}
                    for place, field in enumerate(table.dimensions)
                    for value in dict.fromkeys(group[place] for group in combinations(contract, table))
                ]
                counts += [
                    (contract.source, table.metric, measure, day, revision, Jsonb(group), value + number)
                    for number, group in enumerate(groups)
                ]
    insert(connection, f"mart.{table.revision_name}", columns, rows)
    insert(connection, "mart.distinct_day_revision", exact, counts)


def _publications(
    connection: Connection, contract: Contract, now: datetime, random: Random, days: int
) -> None:
    columns = (
        "source",
        "event_day",
        "revision",
        "published_at",
        "reason",
        "contract_version",
        "accepted",
        "quarantined",
        "duplicate",
        "conflict",
        "archive_position",
        "fingerprint",
        "is_current",
    )
    rows, checks = [], []
    for day in published(now, days):
        last = 2 if day.day % 7 == 0 else 1
        for revision in range(1, last + 1):
            at = datetime.combine(day + timedelta(days=revision), datetime.min.time(), ZONE) + timedelta(
                hours=1
            )
            accepted = random.randint(9000, 20000)
            why = "首次发布" if revision == 1 else "迟到事件"
            rows.append(
                (
                    contract.source,
                    day,
                    revision,
                    at,
                    why,
                    contract.version,
                    accepted,
                    31,
                    180,
                    2,
                    Jsonb({}),
                    "f",
                    revision == last,
                )
            )
            checks.append(
                (
                    "day",
                    contract.source,
                    day,
                    revision,
                    at,
                    day.day != 13,
                    9,
                    int(day.day == 13),
                    Jsonb(answers(day.day != 13)),
                )
            )
    insert(connection, "mart.publication", columns, rows)
    insert(
        connection,
        "ops.validation",
        (
            "scope",
            "source",
            "event_day",
            "revision",
            "validated_at",
            "success",
            "evaluated",
            "failed",
            "results",
        ),
        checks,
    )


def answers(success: bool) -> list[dict[str, object]]:
    """As `expectations.answers.Answer` writes them."""
    rule = {"suite": "x.day", "code": "every_division", "title": "每个区县都应有用餐", "severity": "critical"}
    return [{**rule, "success": success, "message": "通过" if success else "缺少：龙港市" + HOSTILE[:8]}]


def _operations(connection: Connection, contract: Contract, now: datetime, topic_prefix: str) -> None:
    """Freshness, ledger, quarantine and conflicts of today: 10,006 received of which 6 in flight, 9,700
    accepted, 60 quarantined, 230 duplicate, 10 in conflict."""
    day = now.astimezone(ZONE).date()
    topic = topic_prefix + contract.source
    booked = {"accepted": 9_700, "quarantined": 60, "duplicate": 230, "conflict": 10}
    insert(
        connection,
        "ops.tally",
        ("query", "source", "received_day", "outcome", "events"),
        [("live", contract.source, day, outcome, events) for outcome, events in booked.items()],
    )
    insert(
        connection,
        "ops.position",
        ("query", "topic", "partition", "topic_id", "next_offset"),
        [("live", topic, partition, UUID(int=1), 25_000) for partition in (0, 1)],
    )
    insert(
        connection,
        "ops.sent",
        ("topic", "topic_id", "partition", "received_day", "first_offset", "seen_offset", "observed_at"),
        [(topic, UUID(int=1), partition, day, 20_000, 25_003, now) for partition in (0, 1)],
    )
    connection.execute(
        "insert into ops.freshness values (%s, %s, %s, %s)",
        (contract.source, now - timedelta(seconds=4), now - timedelta(seconds=3), now - timedelta(seconds=1)),
    )
    known = next(iter(contract.fields))
    reasons = [
        [{"code": "missing", "field": known, "detail": ""}],
        [{"code": "bad_pattern", "field": contract.topic.key, "detail": HOSTILE}],
        [
            {"code": "too_old", "field": "", "detail": ""},
            {"code": "not_in_enum", "field": known, "detail": ""},
        ],
        *([{"code": f"check:{name}", "field": "", "detail": ""}] for name in contract.checks),
    ]
    local_midnight = datetime.combine(day, datetime.min.time(), ZONE)
    rows = []
    for offset in range(60):
        at = max(local_midnight, now - timedelta(seconds=20 * offset))
        reason = reasons[offset % len(reasons)]
        rows.append(
            (
                contract.source,
                topic,
                0,
                offset,
                at,
                f"e{offset}",
                at,
                "330302",
                "某处" + HOSTILE[:8],
                json.dumps(reason, ensure_ascii=False),
                HOSTILE,
            )
        )
    insert(
        connection,
        "ops.quarantine",
        (
            "source",
            "topic",
            "partition",
            "offset",
            "received_at",
            "event_id",
            "event_time",
            "division",
            "place",
            "reasons",
            "excerpt",
        ),
        rows,
    )
    insert(
        connection,
        "ops.conflict",
        ("source", "id", "event_day", "topic", "first_position", "second_position", "received_at"),
        [(contract.source, UUID(int=each), day, topic, each, (1 << BITS) + each, now) for each in range(3)],
    )

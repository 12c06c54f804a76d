"""A batch's results into PostgreSQL, within the caller's transaction: live.*, ops.*. All of them add up."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from spark_jobs.live.claims import Conflict
from spark_jobs.sketches import Union, subsets
from streams.contract.tables import MetricTable
from streams.days import EPOCH
from streams.zone import ZONE_NAME

_SPAN = """
    insert into ops.span (source, event_day, received_day, events)
    select source, event_day, received_day, sum(events)
    from unnest(%s::text[], %s::date[], %s::date[], %s::bigint[]) s (source, event_day, received_day, events)
    group by source, event_day, received_day order by source, event_day, received_day
    on conflict (source, event_day, received_day) do update set events = span.events + excluded.events
"""
_FRESH = """
    insert into ops.freshness (source, last_event_at, last_received_at, last_committed_at)
    select source, max(event_at), max(received_at), clock_timestamp()
    from unnest(%s::text[], %s::timestamptz[], %s::timestamptz[]) f (source, event_at, received_at)
    group by source order by source
    on conflict (source) do update set
        last_event_at = greatest(freshness.last_event_at, excluded.last_event_at),
        last_received_at = greatest(freshness.last_received_at, excluded.last_received_at),
        last_committed_at = excluded.last_committed_at
"""
_PLACES = """
    insert into ops.place_day (source, received_day, place, events)
    select source, day, place, sum(events)
    from unnest(%s::text[], %s::date[], %s::text[], %s::bigint[]) p (source, day, place, events)
    where place is not null
    group by source, day, place order by source, day, place
    on conflict (source, received_day, place) do update set events = place_day.events + excluded.events
"""
_VERSIONS = """
    insert into ops.made_under (source, received_day, version, events)
    select v.source, v.day, coalesce(h.version, 'unknown'), sum(v.events)
    from unnest(%s::text[], %s::date[], %s::text[], %s::bigint[]) v (source, day, version, events)
    left join (select distinct source, version from ops.contract_history) h using (source, version)
    group by 1, 2, 3 order by 1, 2, 3
    on conflict (source, received_day, version) do update set events = made_under.events + excluded.events
"""
_STEP_NAMES = ["source", "case_id", "step", "event_at", "received_at", "position", "division", "place"]
_STEPS = f"copy ops.case_step ({', '.join(_STEP_NAMES)}) from stdin"
_SKETCHES = """
    select k.number, d.sketch from live.distinct_day d
    join unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::jsonb[]) with ordinality
        k (source, metric, measure, event_day, dimensions, number)
    using (source, metric, measure, event_day, dimensions)
"""
_SKETCH = """
    insert into live.distinct_day (source, metric, measure, event_day, dimensions, sketch, estimate)
    select * from unnest(
        %s::text[], %s::text[], %s::text[], %s::date[], %s::jsonb[], %s::bytea[], %s::bigint[]
    ) order by 1, 2, 3, 4, 5
    on conflict (source, metric, measure, event_day, dimensions) do update
    set sketch = excluded.sketch, estimate = excluded.estimate
"""
_QUARANTINE = """
    with inserted as (
        insert into ops.quarantine (
            source, topic, partition, "offset", received_at, event_id, event_time, division, place, reasons,
            excerpt
        )
        select * from unnest(
            %s::text[], %s::text[], %s::int[], %s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[],
            %s::text[], %s::text[], %s::jsonb[], %s::text[]
        )
        on conflict (topic, partition, "offset", received_at) do nothing
        returning source, received_at
    )
    select source, (received_at at time zone %s)::date, count(*) from inserted group by 1, 2
"""


def add_minutes(connection: psycopg.Connection, table: MetricTable, rows: pa.Table) -> None:
    """rows: minute (int32, epoch minutes), dimensions, columns; a group may come several times."""
    if not rows.num_rows:
        return
    minutes = [_minute(value) for value in rows.column("minute").to_pylist()]
    arrays = [minutes, *(rows.column(d).to_pylist() for d in table.dimensions)]
    arrays += [rows.column(column.name).to_pylist() for column in table.columns]
    connection.execute(_minutes_statement(table), arrays)


def _minutes_statement(table: MetricTable) -> sql.Composed:
    name = sql.Identifier(table.name)
    keys = [sql.Identifier("minute"), *map(sql.Identifier, table.dimensions)]
    types = ["timestamptz", *["text"] * len(table.dimensions), *["bigint"] * len(table.columns)]
    columns = [sql.Identifier(column.name) for column in table.columns]
    merged = [
        sql.SQL("{function}({column})::bigint").format(
            function=sql.SQL(column.aggregate if column.nullable else "sum"),
            column=sql.Identifier(column.name),
        )
        for column in table.columns
    ]
    updates = [
        sql.SQL("{} = {}").format(
            sql.Identifier(column.name),
            sql.SQL(column.merged(f'old."{column.name}"', f'excluded."{column.name}"')),
        )
        for column in table.columns
    ]
    comma = sql.SQL(", ")
    return sql.SQL(
        "insert into live.{name} as old ({all}) select {keys}{merged} from unnest({arrays}) n ({all})"
        " group by {keys} order by {keys} on conflict ({keys}) {action}"
    ).format(
        name=name,
        all=comma.join([*keys, *columns]),
        keys=comma.join(keys),
        merged=sql.SQL("").join(sql.SQL(", ") + each for each in merged),
        arrays=comma.join(sql.SQL("%s::" + type_ + "[]") for type_ in types),
        action=sql.SQL("do update set ") + comma.join(updates) if updates else sql.SQL("do nothing"),
    )


def add_span(connection: psycopg.Connection, rows: pa.Table) -> None:
    """rows: source, event_day, received_day, events: which received days hold events of which event day."""
    found = rows.to_pylist()
    event, received = ([_day(row[name]) for row in found] for name in ("event_day", "received_day"))
    connection.execute(_SPAN, (_column(found, "source"), event, received, _column(found, "events")))


def add_steps(connection: psycopg.Connection, rows: pa.Table) -> None:
    """rows: source, case_id, step, event_at, received_at, position, division, place."""
    with connection.cursor().copy(_STEPS) as copy:
        for row in rows.select(_STEP_NAMES).to_pylist():
            copy.write_row([_text(value) for value in row.values()])


def add_places(connection: psycopg.Connection, rows: pa.Table) -> None:
    """rows: source, received_day (days since 1970), place, events: valid events by the place they are of."""
    found = rows.to_pylist()
    days = [_day(row["received_day"]) for row in found]
    places = [_text(row["place"]) for row in found]
    connection.execute(_PLACES, (_column(found, "source"), days, places, _column(found, "events")))


def add_versions(connection: psycopg.Connection, rows: pa.Table) -> None:
    """rows: source, received_day (days since 1970), version, events: made under another version.

    A version that the source never had is kept as 'unknown': senders may write what they like.
    """
    found = rows.to_pylist()
    days = [_day(row["received_day"]) for row in found]
    versions, events = _column(found, "version"), _column(found, "events")
    connection.execute(_VERSIONS, (_column(found, "source"), days, versions, events))


def add_freshness(connection: psycopg.Connection, rows: pa.Table) -> None:
    """rows: source, event_at, received_at: the last ones."""
    columns = [rows.column(name).to_pylist() for name in ("source", "event_at", "received_at")]
    connection.execute(_FRESH, columns)


def add_sketches(connection: psycopg.Connection, tables: Mapping[str, MetricTable], rows: pa.Table) -> None:
    """rows: spark_jobs.sketches.SCHEMA. Each goes into every subset of its dimensions."""
    unions: defaultdict[tuple[str, str, str, date, str], Union] = defaultdict(Union)
    for row in rows.to_pylist():
        table = tables[row["table"]]
        for chosen in subsets(json.loads(row["dimensions"])):
            key = json.dumps(chosen, ensure_ascii=False, sort_keys=True)
            unions[table.source, table.metric, row["measure"], _day(row["event_day"]), key].add(row["sketch"])
    keys = [list(column) for column in zip(*unions, strict=True)]
    merged = list(unions.values())
    for number, old in connection.execute(_SKETCHES, keys).fetchall():
        merged[number - 1].add(old)
    results = [union.result() for union in merged]
    connection.execute(_SKETCH, [*keys, [data for data, _ in results], [estimate for _, estimate in results]])


def add_quarantine(connection: psycopg.Connection, rows: pa.Table) -> Counter[tuple[str, date]]:
    """rows: the judge's columns of rejected events. NUL, which PostgreSQL's text cannot hold, becomes ␀.

    Gives back how many are new, by source and received day. A record that is read again (same offset, same
    received time) stands there already; another one at an offset that Kafka gave away anew is new.
    """
    found = rows.to_pylist()
    names = (
        "source",
        "topic",
        "partition",
        "offset",
        "received_at",
        "event_id",
        "event_at",
        "division",
        "place",
    )
    columns: list[list[Any]] = [[_text(value) for value in _column(found, name)] for name in names]
    reasons = [json.dumps(row["reasons"], ensure_ascii=False).replace("\\u0000", "\\u2400") for row in found]
    excerpts = [_text(row["excerpt"] or "") for row in found]
    new = connection.execute(_QUARANTINE, [*columns, reasons, excerpts, ZONE_NAME]).fetchall()
    return Counter({(source, day): events for source, day, events in new})


def add_conflicts(
    connection: psycopg.Connection,
    sources: Mapping[int, tuple[str, str]],
    conflicts: Iterable[Conflict],
    received: pa.Table,
) -> None:
    """sources: number -> (source, topic). received: source, position, received_at of each second event.

    One that is read again stands there already.
    """
    at = {(row["source"], row["position"]): row["received_at"] for row in received.to_pylist()}
    rows = [
        (source, c.id, c.event_day, topic, c.first_position, c.second_position, at[source, c.second_position])
        for c in conflicts
        for source, topic in [sources[c.number]]
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.conflict"
            " (source, id, event_day, topic, first_position, second_position, received_at)"
            " values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            rows,
        )


def _column(rows: list[Any], name: str) -> list[Any]:
    return [row[name] for row in rows]


def _day(days: Any) -> date:
    return EPOCH + timedelta(days=days)


def _minute(minutes: Any) -> datetime:
    return datetime.fromtimestamp(minutes * 60, UTC)


def _text(value: Any) -> Any:
    return value.replace("\0", "\u2400") if isinstance(value, str) else value

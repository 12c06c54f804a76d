"""What PostgreSQL knows of a source: received days, spans, positions. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg

from spark_jobs.rollup.received import ReceivedDay
from streams import days
from streams.zone import ZONE_NAME

Connection = psycopg.Connection[tuple[Any, ...]]

_TALLY = """select received_day, sum(events) filter (where query = 'live'),
        sum(events) filter (where query = 'archive'),
        sum(events) filter (where query = 'live' and outcome = 'quarantined')
    from ops.tally where source = %(source)s group by received_day"""
# What was replayed is booked under its outcome; if patched, only its row here says that it is of the day.
_KEPT = """select (received_at at time zone %(zone)s)::date, count(*) filter (where state <> '已重放'),
        count(*) filter (where event_time >= %(begin)s and event_time < %(end)s)
    from ops.quarantine where source = %(source)s group by 1"""
_SPAN = "select received_day, events from ops.span where source = %(source)s and event_day = %(day)s"


def received_days(connection: Connection, source: str, day: date) -> dict[date, ReceivedDay]:
    """What is known of each received day on which anything of the source came, with regard to `day`."""
    known: dict[date, ReceivedDay] = defaultdict(ReceivedDay)
    at = {
        "source": source,
        "day": day,
        "zone": ZONE_NAME,
        "begin": days.begin(day),
        "end": days.end(day),
    }
    for received, judged, archived, quarantined in connection.execute(_TALLY, at):
        known[received] = ReceivedDay(int(judged or 0), int(archived or 0), int(quarantined or 0))
    for received, kept, of_the_day in connection.execute(_KEPT, at):
        known[received] = replace(known[received], kept=kept, of_the_day=of_the_day)
    for received, events in connection.execute(_SPAN, at):
        known[received] = replace(known[received], of_the_day=known[received].of_the_day + events)
    return dict(known)


def spans(connection: Connection, source: str, day: date) -> dict[str, int]:
    """Received day (ISO) -> events of `day` that live accepted on it: tells whether a day was touched."""
    rows = connection.execute(_SPAN, {"source": source, "day": day})
    return {received.isoformat(): events for received, events in rows}


def positions(connection: Connection, query: str, topic: str) -> dict[int, int]:
    """Partition -> the first offset that `query` ('live' or 'archive') has not worked on yet."""
    rows = connection.execute(
        "select partition, next_offset from ops.position where query = %s and topic = %s", (query, topic)
    )
    return dict(rows.fetchall())


def archived(connection: Connection, wanted: Iterable[tuple[str, date]]) -> int:
    """How many events of these sources the archive has written on these days."""
    asked = sorted(set(wanted))
    row = connection.execute(
        "select coalesce(sum(events), 0)::bigint from ops.tally"
        " join unnest(%s::text[], %s::date[]) asked (source, received_day) using (source, received_day)"
        " where query = 'archive'",
        ([source for source, _ in asked], [day for _, day in asked]),
    ).fetchone()
    return int(row[0]) if row else 0


def missing(reached: Mapping[int, int], wanted: Mapping[int, int]) -> dict[int, int]:
    """Partition -> how many records up to `wanted` are not there yet; empty when all are."""
    lacking = {partition: offset - reached.get(partition, 0) for partition, offset in wanted.items()}
    return {partition: records for partition, records in lacking.items() if records > 0}

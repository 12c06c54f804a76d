"""What is in quarantine: in groups with their share of a place's events, event by event, and one with its
history. Only what the judge masked."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row

from infra.quarantine.errors import NoSuchEvent
from spark_jobs.replay.selection import CONDITION, Selection
from streams.judge.uniqueness import CODE as UNIQUE
from streams.zone import ZONE_NAME

# The share is of the place's events on the days from the group's first to its last one: those that the judge
# passed when they came, and those that it did not. What breaks a rule of uniqueness was passed by the judge.
_GROUPS = f"""
    with said as (
        select q.id, q.source, q.place, q.division, q.received_at, r.value ->> 'code' as code,
            nullif(r.value ->> 'field', '') as field
        from ops.quarantine q cross join lateral jsonb_array_elements(q.reasons) r where {CONDITION}
    ), grouped as (
        select source, place, code, field, max(division) as division, count(distinct id) as events,
            min(received_at) as first_seen, max(received_at) as last_seen
        from said where %(reason)s::text is null or code = %(reason)s group by source, place, code, field
        order by events desc, source, place, code, field limit %(limit)s
    )
    select g.*, (
            select coalesce(sum(d.events), 0)::bigint from ops.place_day d
            where d.source = g.source and d.place = g.place and d.received_day
                between (g.first_seen at time zone '{ZONE_NAME}')::date
                and (g.last_seen at time zone '{ZONE_NAME}')::date
        ) + (
            select count(*) from ops.quarantine o
            where o.source = g.source and o.place = g.place
                and not o.reasons @? '$[*] ? (@.code starts with "{UNIQUE}")' and o.received_at
                between date_trunc('day', g.first_seen, '{ZONE_NAME}')
                and date_trunc('day', g.last_seen, '{ZONE_NAME}') + interval '1 day'
        ) as of_place
    from grouped g order by events desc, source, place, code, field
"""  # noqa: S608 (constants of this program)
_EVENTS = f"""
    select q.id, q.source, q.received_at, q.event_time, q.division, q.place, q.event_id, q.reasons, q.excerpt,
        q.state, q.state_at, q.state_by, q.topic, q.partition, q."offset"
    from ops.quarantine q where {CONDITION} order by q.received_at desc, q.id desc limit %(limit)s
"""  # noqa: S608 (a constant of this program)
_COUNT = f"select count(*) from ops.quarantine q where {CONDITION}"  # noqa: S608 (a constant of this program)
_ONE = """
    select q.id, q.source, q.received_at, q.event_time, q.division, q.place, q.event_id, q.reasons, q.excerpt,
        q.state, q.state_at, q.state_by, q.topic, q.partition, q."offset"
    from ops.quarantine q where q.id = %s
"""
_HISTORY = "select state, at, by, note from ops.quarantine_history where quarantine_id = %s order by id"
_REPLAYED = """
    select replay, outcome, event_day, patched, contract_version, replayed_at from ops.replayed
    where quarantine_id = %s
"""


@dataclass(frozen=True)
class Group:
    """Events of one place that have one reason. `of_place`: all events of that place on the days between;
    0 where the place is not known."""

    source: str
    place: str | None
    code: str
    field: str | None
    division: str | None
    events: int
    first_seen: datetime
    last_seen: datetime
    of_place: int

    @property
    def share(self) -> float | None:
        """Part of the place's events, 0 to 1; None where the place is not known."""
        return self.events / self.of_place if self.place is not None and self.of_place else None

    def as_json(self) -> dict[str, Any]:
        times = {name: getattr(self, name).isoformat() for name in ("first_seen", "last_seen")}
        return {**asdict(self), **times, "share": None if self.share is None else round(self.share, 4)}


@dataclass(frozen=True)
class Quarantined:
    """One event in quarantine, as far as it may be shown. `reasons`: dicts of code, field, detail."""

    id: int
    source: str
    received_at: datetime
    event_time: datetime | None
    division: str | None
    place: str | None
    event_id: str | None
    reasons: list[dict[str, str | None]]
    excerpt: str
    state: str
    state_at: datetime
    state_by: str | None
    topic: str
    partition: int
    offset: int

    def as_json(self) -> dict[str, Any]:
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(self).items()}


def groups(connection: psycopg.Connection, selection: Selection, limit: int) -> list[Group]:
    """The largest groups by source, place and reason; an event with two reasons is in two."""
    with connection.cursor(row_factory=class_row(Group)) as cursor:
        return cursor.execute(_GROUPS, {**selection.arguments, "limit": limit}).fetchall()


def events(connection: psycopg.Connection, selection: Selection, limit: int) -> list[Quarantined]:
    """The newest events."""
    with connection.cursor(row_factory=class_row(Quarantined)) as cursor:
        return cursor.execute(_EVENTS, {**selection.arguments, "limit": limit}).fetchall()


def count(connection: psycopg.Connection, selection: Selection) -> int:
    """How many events are selected."""
    row = connection.execute(_COUNT, selection.arguments).fetchone()
    return int(row[0]) if row else 0


def one(connection: psycopg.Connection, number: int) -> Quarantined:
    """Raises NoSuchEvent."""
    with connection.cursor(row_factory=class_row(Quarantined)) as cursor:
        found = cursor.execute(_ONE, (number,)).fetchone()
    if found is None:
        raise NoSuchEvent(
            f"No event in quarantine has the number {number}. `minsheng quarantine list --events`."
        )
    return found


def history(connection: psycopg.Connection, number: int) -> list[dict[str, Any]]:
    """Every change of the event's state, the oldest first: state, at, by, note."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_HISTORY, (number,)).fetchall()
    return [{**row, "at": row["at"].isoformat()} for row in rows]


def replayed(connection: psycopg.Connection, number: int) -> dict[str, Any] | None:
    """How the event was counted, if it was replayed."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_REPLAYED, (number,)).fetchone()
    if row is None:
        return None
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}

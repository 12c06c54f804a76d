"""Which days want to be rolled up, and what is published of which."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from spark_jobs.rollup.ledger import Connection

Reason = Literal["unpublished", "provisional", "late", "uncertain", "contract"]

_DAYS = """
    with known as (
        select source, event_day, jsonb_object_agg(received_day, events) as span from ops.span
        where source = any(%(sources)s) and event_day between %(first)s and %(last)s
        group by source, event_day
    ), begun as (
        select source, min(event_day) as first from ops.span where source = any(%(sources)s) group by source
    ), every as (
        select source, day::date as event_day
        from begun, generate_series(greatest(first, %(first)s::date), %(last)s::date, interval '1 day') day
    )
    select source, event_day, coalesce(known.span, '{}'), r.source is not null, r.provisional, r.span,
        r.contract_version, coalesce(p.quarantined, 0) > 0 or r.outcome = 'refused'
    from every left join known using (source, event_day) left join ops.rollup r using (source, event_day)
        left join (select * from mart.publication where is_current) p using (source, event_day)
    order by event_day, source
"""
_PUBLISHED = """
    select source, event_day, p.revision, p.reason, p.published_at, p.accepted, p.quarantined, p.duplicate,
        p.conflict, p.contract_version, r.outcome, r.ran_at
    from mart.publication p left join ops.rollup r using (source, event_day)
    where p.is_current and (%(source)s::text is null or source = %(source)s)
    order by event_day desc, source limit %(limit)s
"""


@dataclass(frozen=True)
class Due:
    """A day that wants a rollup, and why: never tried, provisional, late events since, live was ahead of the
    archive when it was read, or another contract than the one that quarantined events or had the day
    refused."""

    source: str
    day: date
    reason: Reason


@dataclass(frozen=True)
class Published:
    """The current revision of a day and what came of the last run."""

    source: str
    day: date
    revision: int
    reason: str
    published_at: datetime
    accepted: int
    quarantined: int
    duplicate: int
    conflict: int
    contract_version: str
    last_outcome: str | None
    last_ran_at: datetime | None


def due(connection: Connection, versions: Mapping[str, str], first: date, last: date) -> Iterator[Due]:
    """Days from `first` to `last` that want a rollup, oldest first. `versions`: source -> deployed version.

    A source's days begin with the first that has an event. A day that the gate refused is due again once
    its events or the contract have changed: the same question would get the same answer.
    """
    at = {"sources": list(versions), "first": first, "last": last}
    for source, day, span, tried, provisional, seen, version, is_open in connection.execute(_DAYS, at):
        reason: Reason | None = None
        if not tried:
            reason = "unpublished"
        elif provisional:
            reason = "provisional"
        elif seen is None:
            reason = "uncertain"
        elif seen != span:
            reason = "late"
        elif version != versions[source] and is_open:
            reason = "contract"
        if reason is not None:
            yield Due(source, day, reason)


def published(connection: Connection, source: str | None, limit: int) -> list[Published]:
    """What readers see, newest day first."""
    rows = connection.execute(_PUBLISHED, {"source": source, "limit": limit})
    return [Published(*row) for row in rows]


def plain(value: Due | Published) -> dict[str, Any]:
    """For --json: dates and instants as text."""
    document: dict[str, Any] = json.loads(json.dumps(vars(value), default=lambda moment: moment.isoformat()))
    return document

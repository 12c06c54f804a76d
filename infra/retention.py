"""How long the ledger keeps single rows: what is older is deleted; sums by day stay for ever.

Batches and minutes of the ledger are the live query's own to forget (spark_jobs.live.ledger), answers about
live minutes those of who asks (expectations.live): both within days.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import psycopg
from psycopg import sql

from streams.settings import Settings
from streams.zone import ZONE_NAME

_OLD = {
    "quarantine": "received_at < {ops}",
    "validation": "validated_at < {ops}",
    # Claims of rules per day go with their day; a rollup of a day in the lake may ask for the others.
    "unique_claim": "bucket = 'infinity' and received_at < {lake}",
    # A case is kept whole.
    "case_step": "(source, case_id) in ("
    "select source, case_id from ops.case_step group by 1, 2 having max(received_at) < {lake})",
}
"""Tables of schema ops that grow with every event or every day -> what is old in them: older than
`ops_retention_days`, or than `lake_retention_days`."""


def oldest_kept(settings: Settings, today: date) -> date:
    """The oldest received day whose events are in the lake for sure."""
    return today - timedelta(days=settings.lake_retention_days)


def forgotten(settings: Settings, wanted: Iterable[tuple[str, date]], today: date) -> list[tuple[str, date]]:
    """Those of the (source, event day) that had events on received days which the lake keeps no more."""
    asked = sorted(set(wanted))
    sources, days = [source for source, _ in asked], [day for _, day in asked]
    with psycopg.connect(settings.postgres_dsn) as connection:
        return connection.execute(
            "select distinct source, event_day from ops.span join unnest(%s::text[], %s::date[])"
            " as asked (source, event_day) using (source, event_day) where received_day < %s order by 1, 2",
            (sources, days, oldest_kept(settings, today)),
        ).fetchall()


def prune(settings: Settings, today: date, *, dry_run: bool = False) -> dict[str, int]:
    """Delete rows that are too old; table -> how many (or how many there are)."""
    statement = sql.SQL(
        "select count(*) from ops.{table} where {old}"
        if dry_run
        else "with gone as (delete from ops.{table} where {old} returning 1) select count(*) from gone"
    )
    before = {
        "ops": _midnight(today - timedelta(days=settings.ops_retention_days)),
        "lake": _midnight(oldest_kept(settings, today)),
    }
    pruned = {}
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        for table, old in _OLD.items():
            asked = statement.format(table=sql.Identifier(table), old=sql.SQL(old).format(**before))
            (pruned[table],) = connection.execute(asked).fetchone() or (0,)
    return pruned


def _midnight(day: date) -> sql.Composed:
    at = sql.Literal(day.isoformat()), sql.Literal(ZONE_NAME)
    return sql.SQL("({}::timestamp at time zone {})").format(*at)

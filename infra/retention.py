"""How long the ledger keeps single rows: what is older is deleted; sums by day stay for ever."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import psycopg
from psycopg import sql

from streams.settings import Settings
from streams.zone import ZONE_NAME

_TABLES = {"quarantine": "received_at", "batch": "committed_at", "validation": "validated_at"}
"""Tables of schema ops that grow with every event or every batch -> the column that says how old a row is."""


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
    """Delete rows of days more than `ops_retention_days` ago; table -> how many (or how many there are)."""
    oldest = today - timedelta(days=settings.ops_retention_days)
    statement = sql.SQL(
        "select count(*) from ops.{table} where {column} < {before}"
        if dry_run
        else "with gone as (delete from ops.{table} where {column} < {before} returning 1)"
        " select count(*) from gone"
    )
    before = sql.SQL("{}::timestamp at time zone {}").format(
        sql.Literal(oldest.isoformat()), sql.Literal(ZONE_NAME)
    )
    pruned = {}
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        for table, column in _TABLES.items():
            asked = statement.format(
                table=sql.Identifier(table), column=sql.Identifier(column), before=before
            )
            (pruned[table],) = connection.execute(asked).fetchone() or (0,)
    return pruned

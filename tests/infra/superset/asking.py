"""Questions to the data sets, and to the tables that they answer from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from infra.superset.assets import Dataset
from streams.zone import ZONE

Connection = psycopg.Connection[dict[str, Any]]


def ask(connection: Connection, dataset: Dataset, what: str = "*") -> list[dict[str, Any]]:
    return connection.execute(f"select {what} from ({dataset.sql}) asked").fetchall()


def minutes(connection: Connection, table: str) -> list[dict[str, Any]]:
    query = sql.SQL("select * from {}").format(sql.Identifier("live", table))
    return connection.execute(query).fetchall()


def today(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of today in Shanghai, told by Python's own time zones."""
    day = datetime.now(ZONE).date()
    return [row for row in rows if row["minute"].astimezone(ZONE).date() == day]

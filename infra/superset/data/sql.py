"""Pieces of SQL that the dashboards' data sets share. A day is a day in Shanghai; PostgreSQL runs in UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg import sql

from streams.zone import ZONE_NAME

NOW_LOCAL = f"(now() at time zone '{ZONE_NAME}')"
TODAY = f"{NOW_LOCAL}::date"
# As timestamptz, so that an index on a timestamptz column serves; asked anew by every query, so that the day
# turns at Shanghai's midnight without anybody touching a filter.
DAY_START = f"(date_trunc('day', {NOW_LOCAL}) at time zone '{ZONE_NAME}')"
DAY_END = f"((date_trunc('day', {NOW_LOCAL}) + interval '1 day') at time zone '{ZONE_NAME}')"
YESTERDAY_START = f"((date_trunc('day', {NOW_LOCAL}) - interval '1 day') at time zone '{ZONE_NAME}')"
NOT_GIVEN = "（未填）"


def name(*parts: str) -> str:
    """A quoted identifier, `"schema"."table"` for two parts."""
    return sql.Identifier(*parts).as_string(None)


def text(value: str) -> str:
    """A quoted text literal, in the standard's form.

    Not psycopg's: it writes E'...' where there is a backslash; Superset's SQL parser (sqlglot) breaks that.
    """
    return "'" + value.replace("'", "''") + "'::text"


def written(expression: str, pattern: str) -> str:
    """The number as text by a pattern of `to_char`: for tables whose rows have different units."""
    return f"to_char({expression}, {pattern})"


def inert(expression: str) -> str:
    """`expression` with angle brackets that no browser takes for markup: for text that a stranger may have
    written."""
    return f"translate({expression}, '<>', '＜＞')"


def local(column: str) -> str:
    """The timestamptz `column` as wall-clock time in Shanghai: charts draw timestamps without a zone as
    they are."""
    return f"({column} at time zone '{ZONE_NAME}')"


def values(rows: Iterable[Sequence[str | int]], alias: str, columns: Sequence[str]) -> str:
    """An inline table `(values ...) alias(columns)`; an empty one where there are no rows."""
    rendered = [
        "(" + ", ".join(text(cell) if isinstance(cell, str) else str(cell) for cell in row) + ")"
        for row in rows
    ]
    heads = ", ".join(name(column) for column in columns)
    if not rendered:
        nulls = ", ".join(f"null::text as {name(column)}" for column in columns)
        return f"(select {nulls} where false) {alias}"
    return f"(values {', '.join(rendered)}) {alias}({heads})"

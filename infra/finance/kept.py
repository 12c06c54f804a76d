"""Comparisons with finance as they were kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import psycopg

_LIST = """
    select id, source, event_day, revision, made_at, made_by, file, lines, faults, finance_fen,
        finance_events, platform_fen, platform_events, different
    from ops.finance_check where %(source)s::text is null or source = %(source)s
    order by id desc limit %(limit)s
"""


@dataclass(frozen=True)
class Kept:
    """A comparison of the past, without its differences."""

    id: int
    source: str
    event_day: date
    revision: int | None
    made_at: datetime
    made_by: str
    file: str
    lines: int
    faults: int
    finance_fen: int | None
    finance_events: int | None
    platform_fen: int | None
    platform_events: int
    different: int

    def as_json(self) -> dict[str, Any]:
        """Every number, days and times as text."""
        return asdict(self) | {
            "event_day": self.event_day.isoformat(),
            "made_at": self.made_at.isoformat(),
        }


def kept(connection: psycopg.Connection[Any], source: str | None, limit: int) -> list[Kept]:
    """The last comparisons, the newest first."""
    return [Kept(*row) for row in connection.execute(_LIST, {"source": source, "limit": limit})]


def result(connection: psycopg.Connection[Any], number: int) -> dict[str, Any] | None:
    """What was found then; None where there is no such comparison."""
    row = connection.execute("select result from ops.finance_check where id = %s", (number,)).fetchone()
    return None if row is None else dict(row[0])

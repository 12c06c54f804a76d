"""Cases that are overdue, or whose steps do not follow each other as the contract says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

ILLEGAL_WITHIN = timedelta(hours=24)
"""Steps stay as they were sent, so that an alert about them would stand for ever."""

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Cases:
    """Of one source: cases that are longer in a step than it may take, and since when the first of them is;
    steps received lately that may not follow the one before (a first step has none)."""

    overdue: int = 0
    overdue_since: datetime | None = None
    illegal: int = 0


IN_ORDER = Cases()


def read_cases(connection: Connection, now: datetime) -> Mapping[str, Cases]:
    """Source -> its cases; sources whose cases are all in order are left out."""
    rows = connection.execute(_CASES, {"now": now, "since": now - ILLEGAL_WITHIN})
    return {source: Cases(overdue, since, illegal) for source, overdue, since, illegal in rows}


# A case of which only later steps are known may have begun before its source was connected: it is shown, and
# no alarm. By the clock of whoever asks, as all alerts; the view's own column goes by the database's.
_CASES = """
    with late as (
        select source, count(*) as cases, min(due_at) as since from ops.case_now
        where due_at < %(now)s and not is_closed group by source
    ), wrong as (
        select source, count(*) as steps from ops.case_illegal
        where received_at >= %(since)s and previous_step is not null group by source
    )
    select source, coalesce(late.cases, 0), late.since, coalesce(wrong.steps, 0)
    from late full join wrong using (source)
"""

"""Closing events in quarantine: somebody has looked at them, and they shall not count."""

from __future__ import annotations

import psycopg

from infra.quarantine.errors import NothingSelected
from spark_jobs.replay.selection import CLOSED, CONDITION, Selection

_CLOSE = f"""
    with closed as (
        update ops.quarantine q set state = %(state)s, state_at = now(), state_by = %(by)s
        where {CONDITION} returning q.id
    ), noted as (
        insert into ops.quarantine_history (quarantine_id, state, by, note)
        select id, %(state)s, %(by)s, %(note)s from closed
    )
    select count(*) from closed
"""  # noqa: S608 (a constant of this program)


def demand_narrow(selection: Selection) -> None:
    """Raises NothingSelected where nothing but a state says which events are meant."""
    if not selection.narrows:
        raise NothingSelected(
            "Say which events: --id, --source, --reason, --place, --county, --from or --to."
            " A change is never made to all of them by accident."
        )


def close(connection: psycopg.Connection, selection: Selection, by: str, note: str) -> int:
    """Close what is selected and still open, with who and why; gives back how many that were."""
    row = connection.execute(
        _CLOSE, {**selection.arguments, "state": CLOSED, "by": by, "note": note}
    ).fetchone()
    return int(row[0]) if row else 0

"""Whether a rollup of a day is at work, seen from outside: by the lock that it holds."""

from __future__ import annotations

from datetime import date

import psycopg

from streams.settings import Settings

# PostgreSQL shows the key of an advisory lock as two halves.
_HELD = """
    select count(*) from pg_locks where locktype = 'advisory' and granted
        and ((classid::bigint << 32) | objid::bigint) = hashtextextended(%s, 0)
"""


def is_rolled_up_now(settings: Settings, source: str, day: date) -> bool:
    with psycopg.connect(settings.postgres_dsn) as connection:
        return connection.execute(_HELD, (f"rollup {source} {day}",)).fetchone() != (0,)

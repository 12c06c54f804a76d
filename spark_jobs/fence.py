"""One driver a query: an advisory lock of PostgreSQL, held by the very connection that writes."""

from __future__ import annotations

import time

import psycopg

from spark_jobs.errors import FencedOff

_HOLDER = """
    select coalesce(host(a.client_addr), 'local'), a.client_port, a.backend_start
    from pg_locks l join pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and l.granted and l.database = (
        select oid from pg_database where datname = current_database()
    ) and (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(%s, 0)
"""


def connect(dsn: str, query: str, wait_seconds: float = 20.0) -> psycopg.Connection:
    """A connection that alone may write results of `query` as long as it lives; autocommit.

    When it breaks, the lock is gone, and so is the way to write: there is nothing to reconnect, the driver
    must stop. A server that no longer hears from a driver's machine frees the lock after some 15 seconds.
    Raises FencedOff when another driver still holds it after `wait_seconds`.
    """
    connection = psycopg.connect(
        dsn,
        autocommit=True,
        application_name=f"minsheng {query}",
        options="-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3",
        keepalives_idle=5,
        keepalives_interval=3,
        keepalives_count=3,
        tcp_user_timeout=15_000,
    )
    name = f"minsheng query {query}"
    give_up = time.monotonic() + wait_seconds
    while not _try_lock(connection, name):
        if time.monotonic() > give_up:
            holder = connection.execute(_HOLDER, (name,)).fetchone()
            connection.close()
            raise FencedOff(f"Another driver runs the {query} query: {_described(holder)}. Stop it first.")
        time.sleep(0.5)
    return connection


def turn(connection: psycopg.Connection) -> None:
    """Wait for this transaction's turn to write live results, and keep it until the transaction ends.

    A batch of the live query and a piece of a replay touch the same rows, each in an order of its own: one
    after the other they cannot deadlock. Who asked first comes first.
    """
    connection.execute("select pg_advisory_xact_lock(hashtextextended('minsheng live results', 0))")


def _try_lock(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
    return row is not None and bool(row[0])


def _described(holder: tuple[object, ...] | None) -> str:
    if holder is None:
        return "it has just ended, try again"
    return f"connected from {holder[0]}:{holder[1]} since {holder[2]}"

"""The day as the live query would have left it in PostgreSQL: a rollup compares what it counts with that."""

from __future__ import annotations

from pathlib import Path

import duckdb
import psycopg

from spark_jobs.live.claim_days import ClaimDays
from streams.settings import Settings
from tests.benchmarks.rollup.day import DAY, SOURCE

_CLAIMS = """
    copy (
        with told as (
            select decode(value)::json as value, received_at, partition, "offset" from '{records}'
        )
        select '{day}', {number}, md5((value->>'source') || chr(31) || (value->>'id')), 0,
            (partition::bigint << 40) + "offset"
        from told where (value->'data'->>'division') <> '999999'
        qualify row_number() over (
            partition by value->>'id' order by received_at, partition, "offset") = 1
    ) to '{file}' (format csv, header false)
"""
_RECEIVED = """
    with told as (
        select value->>'id' as id, (value->'data'->>'division') <> '999999' as is_good, * exclude (value)
        from (select decode(value)::json as value, * exclude (value) from '{records}')
    ), numbered as (
        select received_day, is_good,
            row_number() over (partition by id, is_good order by received_at, partition, "offset") as nth
        from told
    )
    select received_day, count(*), count(*) filter (is_good and nth = 1) from numbered group by 1
"""


def count_live(settings: Settings, records: Path) -> None:
    """Claims of every event that counts, and the counts of the archive and of the live query."""
    file = records.with_suffix(".csv")
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection, duckdb.connect() as engine:
        ((number,),) = connection.execute("select number from ops.contract where source = %s", (SOURCE,))
        engine.execute(_CLAIMS.format(records=records, day=DAY, number=number, file=file))
        ClaimDays(connection).ensure([DAY])
        with (
            file.open("rb") as rows,
            connection.cursor().copy("copy ops.claim from stdin (format csv)") as copy,
        ):
            while piece := rows.read(1 << 20):
                copy.write(piece)
        connection.execute("analyze ops.claim")
        for day, archived, accepted in engine.execute(_RECEIVED.format(records=records)).fetchall():
            for query, outcome, events in (("archive", "archived", archived), ("live", "accepted", accepted)):
                connection.execute(
                    "insert into ops.tally values (%s, %s, %s, %s, %s)",
                    (query, SOURCE, day, outcome, events),
                )
            connection.execute("insert into ops.span values (%s, %s, %s, %s)", (SOURCE, DAY, day, accepted))

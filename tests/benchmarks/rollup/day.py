"""A day of millions of meals as a lake, made by DuckDB, and what a plain batch computation makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from streams.days import begin
from streams.zone import ZONE

SOURCE = "canteen_meal"
DAY = datetime.now(ZONE).date() - timedelta(days=2)

# Of 1,000 records: 20 told again, 2 of them with other content, 10 faulty, 30 received the day after.
_RECORDS = """
    copy (
        with numbered as (select range as i, (hash(range) >> 2)::bigint as h from range({events})),
        chosen as (
            select i, case when h % 1000 < 20 and i > 5000 then i - 1 - (h >> 10) % 5000 else i end as n,
                (h % 1000 < 2)::int as altered, h % 1000 >= 990 as faulty,
                ((h >> 20) % 1000 < 30)::int as late
            from numbered
        ),
        drawn as (
            select *, (hash(n + 1000003) >> 2)::bigint as d,
                {begin}::bigint * 1000000 + (n * 86399::bigint * 1000000) // {events} as us
            from chosen
        ),
        fields as (
            select *, [{divisions}][1 + d % 12] as division, 100 + (d >> 8) % 900 + altered as paid,
                (d >> 24) % 700 as subsidy
            from drawn
        )
        select 'events.{source}' as topic, (i % 2)::integer as partition, i // 2 as "offset",
            make_timestamptz(us + late * 86400000000 + 1000000 + i % 1000) as received_at,
            encode(to_json({{
                'specversion': '1.0', 'id': 'm-' || n, 'source': '/bench', 'type': '{source}',
                'time': strftime(make_timestamp(us + 28800000000), '%Y-%m-%dT%H:%M:%S+08:00'),
                'datacontenttype': 'application/json',
                'data': {{
                    'division': case when faulty then '999999' else division end,
                    'canteen_id': format('ST{{:06}}', (d >> 4) % 500),
                    'meal': ['breakfast', 'lunch', 'dinner'][1 + (d >> 34) % 3],
                    'service': ['takeaway', 'delivery', 'satellite'][1 + (d >> 6) % 3],
                    'elder': 'tk_' || md5((d % {people})::varchar),
                    'price_fen': paid + subsidy, 'subsidy_fen': subsidy, 'paid_fen': paid,
                    'channel': ['card', 'face', 'qr', 'cash'][1 + (d >> 12) % 4]
                }}
            }})::varchar) as value,
            ({day}::date + late)::date as received_day
        from fields
    ) to '{path}' (format parquet, row_group_size 100000)
"""
_ORACLE = """
    create table counted as
    with told as (
        select value->>'id' as id, received_at, partition, "offset", value->'data' as data
        from (select decode(value)::json as value, * exclude (value) from '{path}')
    )
    select data->>'division' as division, data->>'meal' as meal, (data->>'price_fen')::bigint as price_fen,
        (data->>'subsidy_fen')::bigint as subsidy_fen, data->>'elder' as elder
    from told where data->>'division' <> '999999'
    qualify row_number() over (partition by id order by received_at, partition, "offset") = 1
"""


@dataclass(frozen=True)
class Truth:
    """Rows of the metric (division, meal, meals, price, subsidy) and distinct elders by division."""

    meals: list[tuple[Any, ...]]
    elders: list[tuple[Any, ...]]


def make(path: Path, events: int, people: int) -> None:
    """Write `events` records as Parquet: the columns that the archive keeps."""
    divisions = ("330302", "330303", "330304", "330305", "330324", "330326",
                 "330327", "330328", "330329", "330381", "330382", "330383")  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute(
            _RECORDS.format(
                events=events,
                begin=int(begin(DAY).timestamp()),
                divisions=", ".join(f"'{code}'" for code in divisions),
                source=SOURCE,
                people=people,
                day=f"'{DAY}'",
                path=path,
            )
        )


def truth(path: Path) -> Truth:
    """The day's numbers by DuckDB, from the records alone."""
    with duckdb.connect() as connection:
        connection.execute(_ORACLE.format(path=path))
        return Truth(
            connection.execute(
                "select division, meal, count(*), sum(price_fen)::bigint, sum(subsidy_fen)::bigint"
                " from counted group by all order by all"
            ).fetchall(),
            connection.execute(
                "select division, count(distinct elder) from counted group by all order by all"
            ).fetchall(),
        )

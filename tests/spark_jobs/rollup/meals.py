"""A day of meals as it is told to Kafka - with late, repeated, contradicting and faulty events - and its true
numbers.

The truth is computed by DuckDB from the list of what was told, by its own words, not by the platform's code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

SHANGHAI = ZoneInfo("Asia/Shanghai")
DIVISIONS = (
    "330302", "330303", "330304", "330305", "330324", "330326",
    "330327", "330328", "330329", "330381", "330382", "330383",
)  # fmt: skip
SOURCE = "canteen_meal"


@dataclass(frozen=True)
class Told:
    """One record of Kafka. `data` is None where the value is no event at all."""

    partition: int
    offset: int
    received_at: datetime
    event_id: str
    event_at: datetime
    data: dict[str, Any] | None
    good: bool = True

    @property
    def value(self) -> bytes:
        if self.data is None:
            return b"{not json \xff"
        event = {
            "specversion": "1.0",
            "id": self.event_id,
            "source": "/wenzhou/canteen",
            "type": SOURCE,
            "time": self.event_at.astimezone(SHANGHAI).isoformat(),
            "datacontenttype": "application/json",
            "data": self.data,
        }
        return json.dumps(event, ensure_ascii=False).encode()


def meal(random: Random, elders: int = 400) -> dict[str, Any]:
    """The data of an acceptable event."""
    division = random.choice(DIVISIONS)
    subsidy, paid = random.randrange(0, 700), random.randrange(100, 900)
    return {
        "division": division,
        "canteen_id": f"ST{division[3:]}{random.randrange(1, 10):03}",
        "meal": random.choice(("breakfast", "lunch", "dinner")),
        "service": random.choice(("dine_in", "takeaway", "delivery", "satellite")),
        "elder": f"tk_{random.randrange(elders):032x}",
        "price_fen": subsidy + paid,
        "subsidy_fen": subsidy,
        "paid_fen": paid,
        "channel": random.choice(("card", "face", "qr", "cash")),
    }


def told(day: date, events: int, seed: int = 0) -> list[Told]:
    """`events` records with times of `day` and an hour around, in two partitions, 2 to 5 % of each fault."""
    random = Random(seed)
    records: list[Told] = []
    for number in range(events):
        at = datetime.combine(day, time(), SHANGHAI) + timedelta(seconds=random.randrange(-3600, 25 * 3600))
        record = Told(number % 2, number // 2, at + timedelta(seconds=2), f"m-{number}", at, meal(random))
        records.append(_with_faults(record, records, random))
    return records


def _with_faults(record: Told, before: Sequence[Told], random: Random) -> Told:
    draw, delay = random.random(), timedelta(minutes=random.randrange(1, 90))
    earlier = random.choice(before[-500:]) if before else None
    place = {"partition": record.partition, "offset": record.offset}
    if draw < 0.05 and earlier is not None:  # told again, some of them under another day's time
        return replace(earlier, **place, received_at=earlier.received_at + delay)
    if draw < 0.07 and earlier is not None and earlier.data is not None:  # contradicts itself
        data = {**earlier.data, "paid_fen": 1, "price_fen": (earlier.data["subsidy_fen"] or 0) + 1}
        data["price_fen"] = max(data["price_fen"], 100)
        data["paid_fen"] = data["price_fen"] - data["subsidy_fen"]
        return replace(earlier, **place, received_at=earlier.received_at + delay, data=data, good=True)
    if draw < 0.09:
        return replace(record, data=None, good=False)
    if draw < 0.12:
        return replace(record, data={**(record.data or {}), "price_fen": -1}, good=False)
    if draw < 0.15:
        return replace(record, received_at=record.received_at + timedelta(days=random.choice((1, 2, 9))))
    return record


def lake_rows(records: Iterable[Told], topic: str) -> pa.Table:
    """The records as the archive keeps them."""
    rows = [
        {
            "topic": topic,
            "partition": record.partition,
            "offset": record.offset,
            "received_at": record.received_at.astimezone(UTC),
            "value": record.value,
            "received_day": record.received_at.astimezone(SHANGHAI).date(),
        }
        for record in records
    ]
    kinds = {
        "topic": pa.string(),
        "partition": pa.int32(),
        "offset": pa.int64(),
        "received_at": pa.timestamp("us", "UTC"),
        "value": pa.binary(),
        "received_day": pa.date32(),
    }
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds))


@dataclass(frozen=True)
class Truth:
    """What must be published."""

    meals: list[tuple[Any, ...]]
    channels: list[tuple[Any, ...]]
    elders: dict[str, int]
    accepted: int
    quarantined: int
    duplicate: int
    conflict: int


def truth(records: Iterable[Told], day: date) -> Truth:
    """The numbers of `day`, by DuckDB, from what was told."""
    rows = [
        {
            "id": each.event_id,
            "seen": (each.received_at, each.partition, each.offset),
            "received": each.received_at.astimezone(SHANGHAI).date(),
            "day": each.event_at.astimezone(SHANGHAI).date(),
            "content": json.dumps([each.event_at.isoformat(), each.data], sort_keys=True),
            "good": each.good,
            "readable": each.data is not None,
            **(each.data or {}),
        }
        for each in records
    ]
    rows.sort(key=lambda row: row["seen"])
    for place, row in enumerate(rows):
        row["seen"] = place
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.Table.from_pylist([{name: row.get(name) for name in columns} for row in rows])
    with duckdb.connect() as connection:
        connection.register("told", table)
        connection.execute(
            f"""create table good as select *, row_number() over (partition by id order by seen) as nth,
                    content = first(content) over (partition by id order by seen) as same
                from told where good;
            create table counted as select * from good where nth = 1 and day = date '{day}'"""
        )
        elders = connection.execute(
            """select division, meal, count(distinct elder) from counted group by cube (division, meal)"""
        ).fetchall()

        def one(query: str) -> int:
            return int(connection.execute(query).fetchall()[0][0])

        return Truth(
            meals=connection.execute(
                """select division, meal, count(*)::bigint, sum(price_fen)::bigint, sum(subsidy_fen)::bigint,
                    sum(price_fen)::bigint, count(price_fen)::bigint from counted group by all order by all"""
            ).fetchall(),
            channels=connection.execute(
                """select channel, service, count(*)::bigint, sum(paid_fen)::bigint
                    from counted group by all order by all"""
            ).fetchall(),
            elders={_key(division=division, meal=meal): count for division, meal, count in elders},
            accepted=one("select count(*) from counted"),
            quarantined=one(
                f"""select count(*) from told where not good
                    and case when readable then day else received end = date '{day}'"""
            ),
            duplicate=one(f"select count(*) from good where nth > 1 and same and day = date '{day}'"),
            conflict=one(f"select count(*) from good where nth > 1 and not same and day = date '{day}'"),
        )


def _key(**dimensions: str | None) -> str:
    return json.dumps(
        {name: value for name, value in dimensions.items() if value is not None}, sort_keys=True
    )

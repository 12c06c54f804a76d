"""Senders that number their events (CloudEvents extension `sequence`): what never came, and what came twice.

Read from the lake: the live path does not know of numbers. A gap stands under the day on which the event
after it was received. Once a day the day that is over and the one before it are looked at, so that what came
overnight closes its gaps; every hour the running day alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from spark_jobs.lake import TABLE, is_made
from streams.days import span
from streams.settings import Settings
from streams.topic_name import topic_name

LOOKED_BACK = timedelta(days=2)
WRITTEN_AGAIN = timedelta(days=1)
MOST_GAPS = 20
COLUMNS = ["topic", "partition", "offset", "received_day", "value"]

# A number is a whole one of at most 18 digits; resent events (same id) repeat nothing. `before`: the highest
# numbers of earlier days, so that a gap is seen however long a sender was silent.
_NUMBERS = """
    create temp table numbers as
    with records as (
        select distinct on (topic, partition, "offset") topic, received_day, "offset",
            try(decode(value)) as text
        from lake
    ), read as (
        select topic, received_day, "offset",
            json_extract_string(text, '$.source') as sender, json_extract_string(text, '$.id') as id,
            json_extract_string(text, '$.sequence') as said
        from records where json_valid(text)
    )
    select topic, sender, id, received_day, "offset",
        case when regexp_full_match(said, '[0-9]{1,18}') then said::bigint end as number
    from read where said is not null and sender is not null
"""
_DAYS = """
    with firsts as (
        select topic, sender, number, min(received_day) as received_day
        from numbers where number is not null group by all
        union all
        select topic, sender, number, date '0001-01-01' from before
    ), once as (
        select topic, sender, number, min(received_day) as received_day from firsts group by all
    ), ordered as (
        select *, lag(number) over (partition by topic, sender order by number) as previous from once
    ), gaps as (
        select topic, sender, received_day, sum(number - previous - 1)::bigint as missing,
            list([previous + 1, number - 1] order by number)[:$most] as gaps
        from ordered where number > previous + 1 group by all
    ), ids as (
        select topic, sender, number, id, min(received_day) as received_day,
            row_number() over (
                partition by topic, sender, number order by min(received_day), min("offset")) as nth
        from numbers where number is not null group by topic, sender, number, id
    ), repeats as (
        select topic, sender, received_day, count(*) as repeated from ids where nth > 1 group by all
    ), days as (
        select topic, sender, received_day, count(*) as events, count(number) as numbered,
            min(number) as lowest, max(number) as highest
        from numbers group by all
    )
    select topic, sender, received_day, events, numbered, events - numbered as unreadable, lowest, highest,
        coalesce(missing, 0) as missing, coalesce(repeated, 0) as repeated, coalesce(gaps, []) as gaps
    from days left join gaps using (topic, sender, received_day)
        left join repeats using (topic, sender, received_day)
    where received_day >= $first order by all
"""
_BEFORE = """
    select source, sender, max(highest) from ops.sender_day
    where received_day < %s and highest is not null group by source, sender
"""
_SAVE = """
    insert into ops.sender_day (source, sender, received_day, events, numbered, unreadable, lowest, highest,
        missing, repeated, gaps)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def look(settings: Settings, day: date) -> int:
    """Bring ops.sender_day up to date for `day` and the day before; gives back how many rows they have."""
    return _look(settings, first=day - LOOKED_BACK, written=day - WRITTEN_AGAIN, last=day)


def look_at_running(settings: Settings, today: date) -> int:
    """Bring the rows of the running day up to date, as far as the lake has it, and no others.

    Numbers that earlier days lack and that came today close no gap yet, and a number that an earlier day has
    under another id repeats nothing yet: `look` sees both when the day is over.
    """
    return _look(settings, first=today, written=today, last=today)


def _look(settings: Settings, *, first: date, written: date, last: date) -> int:
    prefix = settings.topic_prefix
    with psycopg.connect(settings.postgres_dsn) as connection:
        highest = connection.execute(_BEFORE, (first,))
        before = {(topic_name(prefix, source), sender): number for source, sender, number in highest}
        rows = found(lake(settings.lake_dir / TABLE, first, last), before, written)
        connection.execute("delete from ops.sender_day where received_day between %s and %s", (written, last))
        with connection.cursor() as cursor:
            cursor.executemany(
                _SAVE,
                [
                    (topic.removeprefix(prefix), *numbers, json.dumps(gaps))
                    for topic, *numbers, gaps in rows
                    if topic.startswith(prefix)
                ],
            )
    return len(rows)


def lake(path: Path, first: date, last: date) -> Iterable[pa.RecordBatch]:
    """Archived records of these received days that may have a number: COLUMNS."""
    if not is_made(path):
        return
    condition = ds.field("received_day").isin(list(span(first, last)))
    rows = DeltaTable(str(path)).to_pyarrow_dataset().scanner(columns=COLUMNS, filter=condition)
    for batch in rows.to_batches():
        yield batch.filter(pc.match_substring(batch.column("value"), b'"sequence"'))


def found(
    batches: Iterable[pa.RecordBatch], before: Mapping[tuple[str, str], int], first: date
) -> list[tuple[Any, ...]]:
    """Rows of days from `first` on: topic, sender, received_day, events, numbered, unreadable, lowest,
    highest, missing, repeated, gaps.

    batches: COLUMNS. before: (topic, sender) -> the highest number of days before the batches'. Pure.
    """
    schema = pa.schema(
        [
            ("topic", pa.string()),
            ("partition", pa.int32()),
            ("offset", pa.int64()),
            ("received_day", pa.date32()),
            ("value", pa.binary()),
        ]
    )
    known = pa.table(
        {
            "topic": pa.array([topic for topic, _ in before], pa.string()),
            "sender": pa.array([sender for _, sender in before], pa.string()),
            "number": pa.array(before.values(), pa.int64()),
        }
    )
    reader = pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in batches))
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("lake", reader)
        connection.register("before", known)
        connection.execute(_NUMBERS)
        return connection.execute(_DAYS, {"most": MOST_GAPS, "first": first}).fetchall()

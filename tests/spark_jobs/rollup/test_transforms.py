"""Transforms of the rollup on small frames, against plain Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from spark_jobs.aggregates import aggregate
from spark_jobs.rollup import totals
from spark_jobs.rollup.fields import events, read_again
from spark_jobs.rollup.lake import rollup_session
from spark_jobs.rollup.reading import may_name
from spark_jobs.rollup.repeats import repeats
from streams.contract.loader import load_contracts
from streams.contract.tables import metric_tables
from streams.judge.judge import Judge
from streams.settings import Settings
from tests.spark_jobs.rollup.meals import SOURCE, meal

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    return rollup_session(Settings(home=tmp_path_factory.mktemp("spark")), events=0)


def test_every_way_to_write_an_instant_of_the_day_is_found(session: SparkSession) -> None:
    """All offsets that RFC 3339 has, the first and the last instant, and digits behind JSON's escapes."""
    day, texts = date(2022, 3, 1), []
    for offset in range(-23 * 60 - 59, 24 * 60):
        zone = timezone(timedelta(minutes=offset))
        for instant in (datetime(2022, 2, 28, 16, tzinfo=UTC), datetime(2022, 3, 1, 15, 59, 59, tzinfo=UTC)):
            texts.append(json.dumps({"time": instant.astimezone(zone).isoformat()}))
    escaped = json.dumps({"time": "2022-03-01T12:00:00Z"}).replace("2022", "\\u0032022")
    found = session.createDataFrame([(text.encode(),) for text in (*texts, escaped)], "value binary")
    assert found.where(may_name(day)).count() == len(texts) + 1
    others = session.createDataFrame([(b'{"time": "2022-03-05T12:00:00Z"}',), (b"\xff\x00",)], "value binary")
    assert others.where(may_name(day)).count() == 0


def test_the_first_of_an_id_counts_and_later_ones_are_duplicates_or_conflicts(session: SparkSession) -> None:
    random = Random(7)
    rows = []
    for number in range(3_000):
        seen = datetime(2022, 6, 14, tzinfo=UTC) + timedelta(seconds=random.randrange(600))
        claim = random.randrange(1_500).to_bytes(16, "big")
        rows.append((number, 19_157, claim, random.randrange(2), seen, random.randrange(2), number))
    frame = session.createDataFrame(
        rows,
        "_row bigint, _day int, _claim binary, _content bigint, _received timestamp, _partition int,"
        " _offset bigint",
    )
    by_claim = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row[4], row[5], row[6])):
        by_claim[row[2]].append(row)
    expected = {
        row[0]: "duplicate" if row[3] == same[0][3] else "conflict"
        for same in by_claim.values()
        for row in same[1:]
    }

    found = {row["_row"]: row["outcome"] for row in repeats(frame).collect()}

    assert found == expected
    assert set(Counter(expected.values())) == {"duplicate", "conflict"}


def test_days_are_added_up_as_minutes_are(session: SparkSession) -> None:
    """The rollup's measures in Spark and the live query's in Arrow, on the same rows."""
    contract = load_contracts(Settings().contracts_dir)[SOURCE]
    random = Random(8)
    rows = [meal(random) | {"bucket": 0} for _ in range(500)]
    for row in rows[::7]:
        row["price_fen"] = row["meal"] = None
    arrow = pa.Table.from_pylist(rows)
    frame = session.createDataFrame(arrow)
    columns = {name: name for name in arrow.column_names}
    for table in metric_tables(contract):
        live = aggregate(arrow, table, columns, "bucket").drop_columns(["bucket"])
        daily = totals.additive(frame, table).toArrow().select(live.column_names)
        assert _rows(daily) == _rows(live)


def test_distinct_values_are_counted_exactly_for_every_subset(session: SparkSession) -> None:
    random = Random(9)
    rows = [
        (random.choice("abc"), random.choice(("x", "y", None)), random.choice((*"pqrstuvw", None)))
        for _ in range(300)
    ]
    frame = session.createDataFrame(rows, "one string, two string, who string")
    expected = defaultdict(set)
    for one, two, who in rows:
        groups = ((), (("one", one),), (("two", two),), (("one", one), ("two", two)))
        for group in groups:
            expected[group] |= {who} - {None}

    found = {
        tuple((name, row[name]) for name in totals.subset_of(("one", "two"), row["grouping"])): row["value"]
        for row in totals.distinct(frame, ("one", "two"), "who").collect()
    }

    assert found == {group: len(people) for group, people in expected.items()}
    assert {row["value"] for row in totals.distinct(frame, (), "who").collect()} == {8}


def _rows(table: pa.Table) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in table.to_pylist())


def test_times_are_read_as_the_judge_reads_them(session: SparkSession) -> None:
    """Every spelling of RFC 3339: what Spark alone would read as null would fail a whole day at the gate."""
    contract = load_contracts(Settings().contracts_dir)[SOURCE]
    spellings = [
        "2022-06-14T12:00:00+08:00", "2022-06-14T04:00:00Z", "2022-06-14t04:00:00.5z", "2022-06-14T04:00:60Z",
        "2022-06-15T03:59:00+23:59", "2022-06-13T04:01:00-23:59", "2022-06-14T04:00:00.123456789-00:00",
    ]  # fmt: skip
    data = contract.examples.good[0]
    texts = [
        json.dumps(
            {"specversion": "1.0", "id": str(n), "source": "/x", "type": SOURCE, "time": time, "data": data}
        )
        for n, time in enumerate(spellings)
    ]
    count = len(texts)
    batch = pa.table(
        {
            "topic": [f"t.{SOURCE}"] * count,
            "partition": pa.array([0] * count, pa.int32()),
            "offset": list(range(count)),
            "received_at": pa.array([datetime(2022, 6, 15, tzinfo=UTC)] * count, pa.timestamp("us", "UTC")),
            "value": [text.encode() for text in texts],
        }
    )
    verdicts = Judge({SOURCE: contract}, "t.").judge(batch)
    frame = session.createDataFrame([(text, b"") for text in texts], "_value string, _claim binary")
    read = events(read_again(frame, contract), contract).select("_id", "_time").toArrow().sort_by("_id")
    assert verdicts["accepted"].to_pylist() == [True] * count
    assert read["_time"].to_pylist() == verdicts["event_at"].to_pylist()

"""Numbers of senders: what never came is missing, what came late closes a gap, resending is no repeat."""

from __future__ import annotations

import json
from datetime import date, timedelta

import hypothesis
import psycopg
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from infra.cli.main import app
from infra.ledger import read_senders
from infra.sequences import found, look, look_at_running
from spark_jobs.lake import TABLE
from streams.settings import Settings

DAY = date(2026, 5, 4)
EVE = DAY - timedelta(days=1)


def batch(events: list[tuple[date, str, object]], sender: str = "/a") -> pa.RecordBatch:
    """events: received day, id, sequence."""
    values = [
        json.dumps({"source": sender, "id": id_, "sequence": number, "data": {}}).encode()
        for _, id_, number in events
    ]
    return pa.record_batch(
        {
            "topic": ["t.meal"] * len(events),
            "partition": pa.array([0] * len(events), pa.int32()),
            "offset": list(range(len(events))),
            "received_day": [day for day, _, _ in events],
            "value": values,
        }
    )


def counts(
    events: list[tuple[date, str, object]], before: int | None = None, first: date = DAY
) -> list[dict[str, object]]:
    names = ("topic", "sender", "day", "events", "numbered", "unreadable", "lowest", "highest")
    names += ("missing", "repeated", "gaps")
    known = {} if before is None else {("t.meal", "/a"): before}
    return [dict(zip(names, row, strict=True)) for row in found([batch(events)], known, first)]


def test_gaps_are_named_and_counted() -> None:
    (row,) = counts([(DAY, "a", "7"), (DAY, "b", 8), (DAY, "c", "0011"), (DAY, "d", 20)])
    assert (row["lowest"], row["highest"], row["numbered"]) == (7, 20, 4)
    assert (row["missing"], row["gaps"]) == (10, [[9, 10], [12, 19]])


def test_a_gap_over_night_is_of_the_day_after_it_however_long_the_sender_was_silent() -> None:
    assert [row["gaps"] for row in counts([(EVE, "a", 3), (DAY, "b", 5)])] == [[[4, 4]]]
    assert [row["gaps"] for row in counts([(DAY, "b", 5)], before=2)] == [[[3, 4]]]


def test_what_comes_the_next_day_closes_the_gap() -> None:
    rows = counts([(EVE, "a", 1), (EVE, "b", 3), (DAY, "c", 2)], first=EVE)
    assert [(row["day"], row["missing"]) for row in rows] == [(EVE, 0), (DAY, 0)]


def test_a_number_with_another_id_is_repeated_and_a_resent_event_is_not() -> None:
    (row,) = counts([(EVE, "a", 1), (DAY, "a", 1), (DAY, "b", 1), (DAY, "c", 2), (DAY, "c", 2)])
    assert (row["events"], row["repeated"], row["missing"]) == (4, 1, 0)


def test_hostile_numbers_are_unreadable_and_hostile_values_are_passed_over() -> None:
    strange: list[object] = ["-1", "x", 1.5, {"a": 1}, "9" * 19, "１２", "1;drop table numbers"]
    rows = counts([(DAY, f"s{n}", each) for n, each in enumerate(strange)] + [(DAY, "ok", "9" * 18)])
    assert [(row["unreadable"], row["numbered"], row["missing"]) for row in rows] == [(len(strange), 1, 0)]
    broken = batch([(DAY, "a", 1)]).set_column(4, "value", pa.array([b'{"sequence" \xff'], pa.binary()))
    assert found([broken], {}, DAY) == []
    assert found([], {}, DAY) == []


@hypothesis.settings(deadline=None, max_examples=30)  # each opens a database
@given(st.sets(st.integers(1, 60), min_size=1).flatmap(lambda numbers: st.permutations(sorted(numbers))))
def test_missing_and_there_make_the_whole_range(numbers: list[int]) -> None:
    (row,) = counts([(DAY, f"e{number}", number) for number in numbers])
    assert row["missing"] == max(numbers) - min(numbers) + 1 - len(numbers)


@pytest.mark.servers
def test_numbers_are_found_in_the_lake_and_stand_on_the_ledger(settings: Settings) -> None:
    topic = f"{settings.topic_prefix}meal"
    rows = pa.Table.from_batches([batch([(EVE, "a", 1), (DAY, "b", 3)]), batch([(DAY, "c", 9)], "=/b")])
    rows = rows.set_column(0, "topic", pa.array([topic] * 3)).set_column(
        1, "partition", pa.array([0, 0, 1], pa.int32())
    )
    write_deltalake(str(settings.lake_dir / TABLE), rows, partition_by=["received_day"])
    looked = CliRunner().invoke(app, ["reconcile", "senders", "--day", DAY.isoformat(), "--json"])
    assert (looked.exit_code, json.loads(looked.stdout)["rows"]) == (0, 3)
    again = ["ledger", "--senders", "--day", DAY.isoformat()]
    shown = CliRunner().invoke(app, [*again, "--json"])
    assert shown.exit_code == 3
    assert [
        (each["source"], each["sender"], each["missing"], each["gaps"]) for each in json.loads(shown.stdout)
    ] == [("meal", "/a", 1, [[2, 2]]), ("meal", "=/b", 0, [])]
    late = pa.Table.from_batches([batch([(DAY + timedelta(days=1), "d", 2)])])
    late = late.set_column(0, "topic", pa.array([topic]))
    write_deltalake(str(settings.lake_dir / TABLE), late, mode="append")
    look(settings, DAY + timedelta(days=1))
    assert CliRunner().invoke(app, again).exit_code == 0


@pytest.mark.servers
def test_the_running_day_shows_its_gaps_and_leaves_the_days_before_alone(settings: Settings) -> None:
    """A number of yesterday that comes today is no gap today, and closes yesterday's when the day is over."""
    topic = f"{settings.topic_prefix}meal"

    def archived(events: list[tuple[date, str, object]]) -> None:
        offsets = pa.array([ord(id_) for _, id_, _ in events])
        rows = pa.Table.from_batches([batch(events)]).set_column(0, "topic", pa.array([topic] * len(events)))
        rows = rows.set_column(2, "offset", offsets)
        write_deltalake(str(settings.lake_dir / TABLE), rows, mode="append", partition_by=["received_day"])

    def kept() -> list[tuple[date, int, list[tuple[int, int]]]]:
        with psycopg.connect(settings.postgres_dsn) as connection:
            return [(each.received_day, each.missing, each.gaps) for each in read_senders(connection)]

    archived([(EVE, "a", 1), (EVE, "b", 4)])
    look(settings, EVE)
    archived([(DAY, "c", 2), (DAY, "d", 6)])
    look_at_running(settings, DAY)
    assert kept() == [(EVE, 2, [[2, 3]]), (DAY, 1, [[5, 5]])]
    archived([(DAY, "e", 5)])
    look_at_running(settings, DAY)
    assert kept() == [(EVE, 2, [[2, 3]]), (DAY, 0, [])]
    look(settings, DAY)
    assert kept() == [(EVE, 1, [[3, 3]]), (DAY, 0, [])]
    odd = CliRunner().invoke(app, ["reconcile", "senders", "--running", "--day", "2026-05-04"])
    assert odd.exit_code == 2

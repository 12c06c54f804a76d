"""An id counts once, by whoever claimed it first, and wherever Kafka gives it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import psycopg
import pyarrow as pa
import pytest

from spark_jobs.live.claim_days import ClaimDays, forget_of_sources
from spark_jobs.live.claims import Claims
from spark_jobs.live.results import EPOCH, add_quarantine
from streams.settings import Settings

pytestmark = pytest.mark.servers
DAY = date(2026, 5, 4)
Row = tuple[int, int, int]


@pytest.fixture
def connection(settings: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        ClaimDays(connection).ensure([DAY])
        yield connection


def claim(connection: psycopg.Connection, rows: list[Row], *, fresh: bool) -> dict[int, bool]:
    """rows: position, id, content. Gives back the positions that do not count, and whether by conflict.

    fresh: by a driver that has just been started and foresees nothing.
    """
    claims = Claims(connection)
    if not fresh:
        claims._guess_failed = True
    positions, ids, contents = zip(*rows, strict=True)
    table = pa.table(
        {
            "number": pa.array([1] * len(rows), pa.int16()),
            "position": pa.array(positions, pa.int64()),
            "event_day": pa.array([(DAY - EPOCH).days] * len(rows), pa.int32()),
            "claim_id": pa.array([UUID(int=each << 70).bytes for each in ids], pa.binary(16)),
            "content": pa.array(contents, pa.int64()),
        }
    )
    with connection.transaction():
        claimed = claims.claim(table)
    if 1 not in claimed.excluded:
        return {}
    excluded = claimed.excluded[1]
    return dict(zip(excluded.positions.tolist(), excluded.conflict.tolist(), strict=True))


@pytest.mark.parametrize("fresh", [True, False])
def test_the_first_of_an_id_counts_and_the_others_are_duplicates_or_conflicts(
    connection: psycopg.Connection, fresh: bool
) -> None:
    rows = [(10, 1, 5), (11, 1, 5), (12, 2, 6), (13, 1, 7)]
    assert claim(connection, rows, fresh=fresh) == {11: False, 13: True}
    assert claim(connection, [(20, 1, 5), (21, 3, 5), (22, 2, 9)], fresh=fresh) == {20: False, 22: True}


@pytest.mark.parametrize("fresh", [True, False])
def test_what_stands_where_its_claim_says_was_claimed_before(
    connection: psycopg.Connection, fresh: bool
) -> None:
    rows = [(10, 1, 5), (11, 1, 5), (12, 2, 6)]
    assert claim(connection, rows, fresh=fresh) == {11: False}
    # Read a second time; then a topic made anew with another event of the same id at the same offset.
    assert claim(connection, rows, fresh=fresh) == {10: False, 11: False, 12: False}
    assert claim(connection, [(12, 2, 7), (13, 4, 7)], fresh=fresh) == {12: True}


def test_a_rejected_event_is_kept_once_and_another_one_at_its_offset_too(
    connection: psycopg.Connection,
) -> None:
    # Just after midnight in Asia/Shanghai, which is still the day before in UTC.
    received = "2026-05-03T16:00:01Z"
    row = {
        "source": "meal", "topic": "t.meal", "partition": 0, "offset": 7, "received_at": received,
        "event_id": "\0", "event_at": None, "division": None, "place": None,
        "reasons": [{"code": "not_json"}], "excerpt": None,
    }  # fmt: skip
    rows = pa.Table.from_pylist([row, {**row, "offset": 8}])
    assert add_quarantine(connection, rows) == {("meal", DAY): 2}
    assert add_quarantine(connection, rows) == {}
    assert add_quarantine(
        connection, pa.Table.from_pylist([{**row, "received_at": "2026-05-05T09:00Z"}])
    ) == {("meal", date(2026, 5, 5)): 1}
    assert connection.execute("select count(*) from ops.quarantine").fetchone() == (3,)


def test_claims_that_only_another_source_needs_longer_are_deleted_one_by_one(
    connection: psycopg.Connection,
) -> None:
    older = DAY - timedelta(days=1)
    ClaimDays(connection).ensure([older])
    for day in (older, DAY):
        for source in (1, 2):
            connection.execute(
                "insert into ops.claim values (%s, %s, gen_random_uuid(), 0, 0)", (day, source)
            )
    assert forget_of_sources(connection, {1: older, 2: DAY}) == 1
    assert forget_of_sources(connection, {1: older, 2: DAY}) == 0
    left = connection.execute("select event_day, source from ops.claim order by 1, 2").fetchall()
    assert left == [(older, 1), (DAY, 1), (DAY, 2)]

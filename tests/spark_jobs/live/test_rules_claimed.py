"""Keys of rules in PostgreSQL: claimed once, found again by whoever comes later, given back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from spark_jobs.live.claim_days import ClaimDays
from spark_jobs.live.uniqueness import UniqueClaims, release
from streams.days import EPOCH
from streams.judge.uniqueness import in_order
from streams.settings import Settings
from tests.spark_jobs.live.rules import Keyed, table
from tests.spark_jobs.live.test_rules_decided import DAYS, RULES, events, whole

pytestmark = pytest.mark.servers
SOURCE = 3


@pytest.fixture
def connection(settings: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        days = ClaimDays(connection, "unique_claim")
        days.ensure(EPOCH + timedelta(days=day) for day in DAYS)
        yield connection


def claim(connection: psycopg.Connection, claims: UniqueClaims, every: list[Keyed]) -> dict[int, str]:
    with connection.transaction():
        found = claims.claim({SOURCE: table(every, RULES)}, {SOURCE: RULES}).get(SOURCE)
    return dict(zip(found.positions.tolist(), found.codes, strict=True)) if found else {}


def rows(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute("select key, nth, position from ops.unique_claim order by key, nth").fetchall()


def test_batch_by_batch_and_by_drivers_that_know_nothing_as_all_at_once(
    connection: psycopg.Connection,
) -> None:
    every = {each.position: each for each in events(900, seed=5)}
    positions = in_order(table(every.values(), RULES)).column("position").to_pylist()
    ordered = [every[position] for position in positions]
    found, claims = dict[int, str](), UniqueClaims(connection)
    for begin in range(0, len(ordered), 100):
        if begin in (300, 700):  # the driver was killed
            claims = UniqueClaims(connection)
        found |= claim(connection, claims, ordered[begin : begin + 100])
    assert found == whole(ordered)
    assert len({(key, nth) for key, nth, _ in rows(connection)}) == len(rows(connection))


def test_a_batch_that_was_rolled_back_has_claimed_nothing(connection: psycopg.Connection) -> None:
    every, claims = events(60, seed=6), UniqueClaims(connection)
    with connection.transaction(force_rollback=True):
        claims.claim({SOURCE: table(every, RULES)}, {SOURCE: RULES})
    assert rows(connection) == []
    assert claim(connection, claims, every) == whole(every)


def test_what_gives_its_keys_back_and_is_asked_again_is_let_through_again(
    connection: psycopg.Connection,
) -> None:
    claims = UniqueClaims(connection)
    first, second, third = (Keyed(n, n, DAYS[0], (None, "a", None)) for n in (1, 2, 3))
    assert claim(connection, claims, [first, second, third]) == {3: "unique:month"}
    with connection.transaction():
        release(connection, {SOURCE: table([first], RULES)}, {SOURCE: RULES})
    assert [(nth, position) for _, nth, position in rows(connection)] == [(0, 2)]
    assert claim(connection, claims, [first, third]) == {3: "unique:month"}
    assert [(nth, position) for _, nth, position in rows(connection)] == [(0, 2), (1, 1)]


def test_claims_of_a_day_go_with_it_and_those_of_longer_periods_stay(connection: psycopg.Connection) -> None:
    claims = UniqueClaims(connection)
    claim(connection, claims, [Keyed(1, 1, DAYS[0], ("a", "b", "c"))])
    ClaimDays(connection, "unique_claim").drop_before(EPOCH + timedelta(days=DAYS[1]))
    again = [Keyed(2, 2, DAYS[1], ("a", None, "c"))]
    assert claim(connection, claims, again) == {2: "unique:ever"}
    assert len(rows(connection)) == 3

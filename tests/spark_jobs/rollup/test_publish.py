"""A revision is published whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import psycopg
import pyarrow as pa
import pytest

from infra.deploy import deploy
from spark_jobs.rollup import publish
from spark_jobs.rollup.day import Counts, Day, DistinctCount
from spark_jobs.rollup.errors import AlreadyRunning
from streams.contract.loader import load_contracts
from streams.settings import Settings

pytestmark = pytest.mark.servers

DAY = date(2022, 6, 14)
CONTRACT = load_contracts(Settings().contracts_dir)["canteen_meal"]


def day(meals: int, *, provisional: bool = False) -> Day:
    table = pa.table(
        {
            "division": ["330302"], "meal": ["lunch"], "meals": [meals], "price_fen": [1_000],
            "subsidy_fen": [0], "mean_price__sum": [1_000], "mean_price__count": [meals],
        }
    )  # fmt: skip
    channels = pa.table({"channel": ["card"], "service": [None], "meals": [meals], "paid_fen": [1_000]})
    return Day(
        contract=CONTRACT,
        day=DAY,
        counts=Counts(meals, 1, 2, 3),
        metrics={"meals": table, "channels": channels},
        distinct=(
            DistinctCount("meals", "elders", {}, 1),
            DistinctCount("meals", "elders", {"meal": None}, 1),
        ),
        position={0: 7},
        provisional=provisional,
    )


@pytest.fixture
def database(settings: Settings) -> Settings:
    deploy(settings, [CONTRACT])
    return settings


def seen(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute("select revision, meals from mart.canteen_meal__meals").fetchall()


def test_readers_see_the_newest_revision_and_older_ones_are_kept(database: Settings) -> None:
    with psycopg.connect(database.postgres_dsn, autocommit=True) as connection:
        outcomes = []
        for meals in (2, 2, 3):
            with connection.transaction():
                outcome, publication = publish.publish(connection, day(meals))
            outcomes.append((outcome, publication.revision))
        assert outcomes == [("published", 1), ("unchanged", 1), ("published", 2)]
        assert seen(connection) == [(2, 3)]
        kept = connection.execute("select revision, meals from mart.canteen_meal__meals__revision order by 1")
        assert kept.fetchall() == [(1, 2), (2, 3)]
        distinct = connection.execute(
            "select dimensions, value from mart.distinct_day order by dimensions::text"
        )
        assert distinct.fetchall() == [({"meal": None}, 1), ({}, 1)]


def test_a_run_that_dies_in_the_middle_leaves_the_last_revision_and_blocks_nobody(database: Settings) -> None:
    with psycopg.connect(database.postgres_dsn, autocommit=True) as connection:
        with connection.transaction():
            publish.publish(connection, day(2))
        dying = psycopg.connect(database.postgres_dsn, autocommit=True)
        lock = publish.alone(dying, CONTRACT.source, DAY)
        lock.__enter__()
        dying.execute("begin")
        publish.publish(dying, day(9))
        with pytest.raises(AlreadyRunning), publish.alone(connection, CONTRACT.source, DAY):
            pass
        connection.execute("select pg_terminate_backend(%s)", (dying.info.backend_pid,))
        with publish.alone(_patient(connection), CONTRACT.source, DAY):
            assert seen(connection) == [(1, 2)]


def test_the_fingerprint_changes_with_what_is_shown_and_only_with_that() -> None:
    shown = day(2)
    assert shown.fingerprint == day(2).fingerprint
    assert shown.fingerprint == replace(shown, counts=Counts(2, 5, 5, 5), position={}).fingerprint
    altered = [
        day(3),
        day(2, provisional=True),
        replace(shown, distinct=shown.distinct[:1]),
        replace(shown, metrics={**shown.metrics, "channels": shown.metrics["channels"].slice(0, 0)}),
    ]
    assert shown.fingerprint not in {each.fingerprint for each in altered}


def _patient(connection: psycopg.Connection) -> psycopg.Connection:
    """The connection, once the server has noticed that the other one is gone."""
    gone = "select count(*) = 0 from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()"
    for _ in range(100):
        if connection.execute(gone).fetchone() == (True,):
            break
        connection.execute("select pg_sleep(0.05)")
    return connection

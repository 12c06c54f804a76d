"""Compaction of the lake changes no data and leaves the running day alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from spark_jobs.lake import TABLE
from spark_jobs.rollup.lake import events, rollup_session
from spark_jobs.rollup.maintenance import Maintained, maintain
from streams.days import ONE_DAY
from streams.settings import Settings
from tests.spark_jobs.rollup.meals import lake_rows, told

pytestmark = pytest.mark.servers

DAY, TODAY, OLDEST = date(2022, 6, 14), date(2022, 6, 15), date(2022, 6, 1)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    return rollup_session(Settings(home=tmp_path_factory.mktemp("spark")), events=0)


def test_days_that_are_over_are_compacted_once(session: SparkSession, tmp_path: Path) -> None:
    assert maintain(session, tmp_path, TODAY, OLDEST) == Maintained(0, 0, 0, 0), "there is no lake yet"
    for seed in range(3):
        rows = session.createDataFrame(lake_rows(told(DAY, 100, seed), "t")).coalesce(1)
        path = str(tmp_path / TABLE)
        rows.write.format("delta").mode("append").partitionBy("received_day").save(path)
    days = {
        row["received_day"] for row in events(session, tmp_path).select("received_day").distinct().collect()
    }
    running = sorted(day for day in days if day >= TODAY)
    files = set(events(session, tmp_path, running).inputFiles())
    before = sorted(row["value"] for row in events(session, tmp_path).select("value").collect())

    first = maintain(session, tmp_path, TODAY, OLDEST)
    second = maintain(session, tmp_path, TODAY, OLDEST)

    assert first.files_removed >= 3
    assert first.files_added < first.files_removed
    assert (second.files_added, second.files_removed) == (0, 0)
    assert sorted(row["value"] for row in events(session, tmp_path).select("value").collect()) == before
    assert set(events(session, tmp_path, running).inputFiles()) == files != set()


def test_received_days_that_are_too_old_are_deleted(session: SparkSession, tmp_path: Path) -> None:
    for day in (DAY - ONE_DAY, DAY):
        rows = session.createDataFrame(lake_rows(told(day, 100, 1), "t")).coalesce(1)
        rows.write.format("delta").mode("append").partitionBy("received_day").save(str(tmp_path / TABLE))
    days = sorted({row["received_day"] for row in events(session, tmp_path).collect()})
    oldest = days[1]
    assert maintain(session, tmp_path, TODAY, oldest, dry_run=True).days_deleted == 1
    assert sorted({row["received_day"] for row in events(session, tmp_path).collect()}) == days
    assert maintain(session, tmp_path, TODAY, oldest).days_deleted == 1
    assert sorted({row["received_day"] for row in events(session, tmp_path).collect()}) == days[1:]
    assert maintain(session, tmp_path, TODAY, oldest).days_deleted == 0

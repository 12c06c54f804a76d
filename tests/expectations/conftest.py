"""Days built from plain events, without a lake, for the gate to be asked about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from expectations.questioner import Questioner
from spark_jobs.rollup import totals
from spark_jobs.rollup.build import Built
from spark_jobs.rollup.day import Counts, Day, DistinctCount
from spark_jobs.rollup.fields import events, read_again
from spark_jobs.rollup.lake import rollup_session
from streams.contract.model import Contract
from streams.contract.tables import metric_tables
from streams.settings import Settings
from tests.core_sources import as_written

TUESDAY, SUNDAY = date(2022, 6, 14), date(2022, 6, 19)
CONTRACTS = as_written()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    return rollup_session(Settings(home=tmp_path_factory.mktemp("spark")), events=0)


@pytest.fixture
def questioner(tmp_path: Path) -> Questioner:
    return Questioner(tmp_path, "test")


def values(contract: Contract, data: Sequence[dict[str, Any]], day: date = TUESDAY) -> list[str]:
    """Events as JSON, at noon of `day`, each with an id of its own."""
    return [
        json.dumps(
            {
                "specversion": "1.0", "id": f"e-{number}", "source": "/test", "type": contract.source,
                "time": f"{day.isoformat()}T12:00:00+08:00", "data": each,
            },
            ensure_ascii=False,
        )
        for number, each in enumerate(data)
    ]  # fmt: skip


def frame(spark: SparkSession, contract: Contract, texts: Sequence[str]) -> DataFrame:
    """What the gate sees of these events."""
    rows = [(text, number.to_bytes(16, "big")) for number, text in enumerate(texts)]
    raw = spark.createDataFrame(rows, "_value string, _claim binary")
    return events(read_again(raw, contract), contract).persist()


def day_of_events(
    spark: SparkSession, contract: Contract, data: Sequence[dict[str, Any]], day: date = TUESDAY
) -> Built:
    """A day with exactly these events."""
    seen = frame(spark, contract, values(contract, data, day))
    tables = metric_tables(contract)
    distinct = [
        DistinctCount(
            table.metric,
            measure,
            {name: row[name] for name in totals.subset_of(table.dimensions, row["grouping"])},
            row["value"],
        )
        for table in tables
        for measure in table.distinct
        for row in totals.distinct(
            seen, table.dimensions, contract.metrics[table.metric].measures[measure].field or ""
        ).collect()
    ]
    return Built(
        Day(
            contract=contract,
            day=day,
            counts=Counts(len(data), 0, 0, 0),
            metrics={table.metric: totals.additive(seen, table).toArrow() for table in tables},
            distinct=tuple(distinct),
            position={},
            provisional=False,
        ),
        seen,
    )

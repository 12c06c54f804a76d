"""Rules across events in a day's numbers: by the day alone, and with what other days have claimed live."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from expectations.application import Options, run
from infra.deploy import deploy
from spark_jobs.lake import TABLE
from spark_jobs.rollup.lake import rollup_session
from spark_jobs.rollup.uniqueness import broken_rows, elsewhere, nothing
from streams.contract.loader import load_contracts
from streams.contract.model import Contract
from streams.judge.judge import Judge
from streams.judge.uniqueness import UniqueKey
from streams.settings import Settings
from tests.spark_jobs.live.rules import Keyed, table, with_rules
from tests.spark_jobs.rollup.meals import SHANGHAI, lake_rows

DAY = date(2022, 6, 14)
NOON = datetime(2022, 6, 14, 12, tzinfo=SHANGHAI)
RULES = (UniqueKey("slot", "u0", "day", 1), UniqueKey("month", "u1", "month", 2))


def test_other_days_count_only_for_rules_of_longer_periods() -> None:
    asked = list[int]()

    def taken(keys: pa.Array) -> pa.Table:
        asked.append(len(keys))
        return pa.table({"key": keys, "count": pa.array([1] * len(keys), pa.int64())})

    every = [Keyed(n, n, 20_000, ("abc"[n], "x")) for n in range(3)]
    events = table(every, RULES).append_column("row", pa.array([7, 8, 9]))
    events = events.append_column("day", pa.array([20_000] * 3, pa.int32()))
    assert broken_rows(events, RULES, nothing).column("_row").to_pylist() == [9]
    found = broken_rows(events, RULES, taken)
    assert found.column("_row").to_pylist() == [8, 9]
    assert set(found.column("outcome").to_pylist()) == {"unique:month"}
    assert asked == [1]


@dataclass(frozen=True)
class Meal:
    """One record of the lake; `value` is an event of the contract with rules."""

    contract: Contract
    offset: int
    elder: int
    meal: str
    service: str = "takeaway"
    late: int = 0
    partition: int = 0

    @property
    def received_at(self) -> datetime:
        return NOON + timedelta(seconds=self.offset + self.late)

    @property
    def value(self) -> bytes:
        data = dict(self.contract.examples.good[0])
        data |= {"elder": f"tk_{self.elder:032x}", "meal": self.meal, "service": self.service}
        event = {
            "specversion": "1.0",
            "id": f"m-{self.offset}",
            "source": "/test",
            "type": self.contract.source,
            "time": NOON.isoformat(),
            "datacontenttype": "application/json",
            "data": data,
        }
        return json.dumps(event, ensure_ascii=False).encode()


@pytest.fixture
def ruled(settings: Settings) -> Contract:
    contract = with_rules(load_contracts(settings.contracts_dir)["canteen_meal"])
    deploy(settings, [contract])
    return contract


@pytest.fixture
def spark(settings: Settings) -> SparkSession:
    return rollup_session(settings, events=0)


def key_of(settings: Settings, meal: Meal) -> UUID:
    """The key by which live claims the second delivery of the month."""
    judge = Judge({meal.contract.source: meal.contract}, settings.topic_prefix)
    rule = judge.unique[meal.contract.source][1]
    rows = lake_rows([meal], settings.topic_prefix + meal.contract.source)
    return UUID(bytes=judge.judge(rows).column(rule.column)[0].as_py())


@pytest.mark.servers
def test_what_breaks_a_rule_is_quarantined_in_the_days_numbers_whoever_asks_again(
    settings: Settings, ruled: Contract, spark: SparkSession
) -> None:
    told = [
        Meal(ruled, 0, elder=1, meal="lunch", late=60),  # received after the next one of another partition
        Meal(ruled, 1, elder=1, meal="lunch", partition=1),
        Meal(ruled, 2, elder=1, meal="dinner"),
        Meal(ruled, 3, elder=2, meal="breakfast", service="delivery"),
        Meal(ruled, 4, elder=2, meal="lunch", service="delivery"),  # one of yesterday came before it
        Meal(ruled, 5, elder=2, meal="dinner"),
    ]
    told.append(replace(told[0], late=90))  # a resend of what breaks the rule
    topic = settings.topic_prefix + ruled.source
    frame = spark.createDataFrame(lake_rows(told, topic))  # type: ignore[arg-type]
    frame.write.format("delta").partitionBy("received_day").save(str(settings.lake_dir / TABLE))
    with psycopg.connect(settings.postgres_dsn) as connection:
        for query in ("live", "archive"):
            for partition in (0, 1):
                connection.execute(
                    "insert into ops.position values (%s, %s, %s, gen_random_uuid(), 9)",
                    (query, topic, partition),
                )
        connection.execute("insert into ops.span values (%s, %s, %s, 4)", (ruled.source, DAY, DAY))
        connection.execute(
            "insert into ops.unique_claim values ('infinity', %s, 0, 1, %s, 1, %s)",
            (key_of(settings, told[3]), DAY - timedelta(days=1), NOON - timedelta(days=1)),
        )
    options = Options(patience_seconds=0)
    for outcome in ("published", "unchanged"):
        (report,) = run(settings, [(ruled.source, DAY)], options, lambda: datetime.now(UTC))
        assert report.outcome == outcome, report
    with psycopg.connect(settings.postgres_dsn) as connection:
        assert connection.execute(
            "select accepted, quarantined, duplicate, conflict from mart.publication where is_current"
        ).fetchall() == [(4, 2, 1, 0)]
        assert connection.execute(
            f"select meal, sum(meals)::int from mart.{ruled.source}__meals group by 1 order by 1"
        ).fetchall() == [("breakfast", 1), ("dinner", 2), ("lunch", 1)]
        assert elsewhere(connection, DAY)(pa.array([], pa.binary(16))).num_rows == 0

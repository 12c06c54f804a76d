"""Contracts deployed, a Spark session, and the live query run over what Kafka holds."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from pyspark.sql import SparkSession

from infra.deploy import deploy
from spark_jobs.session import QUICK_COMPILER, build_session
from streams.contract.model import Contract
from streams.contract.tables import metric_tables
from streams.settings import Settings
from tests.core_sources import core
from tests.spark_jobs.live.sending import Answer
from tests.spark_jobs.taking_in import live_query

RunLive = Callable[..., None]


@pytest.fixture
def contracts(settings: Settings) -> dict[str, Contract]:
    """The core sources of the city, deployed without rules across events."""
    found = core(settings.contracts_dir)
    deploy(settings, found.values())
    return found


@pytest.fixture
def spark(settings: Settings) -> SparkSession:
    """One for the whole test run."""
    return build_session(settings, "tests", java_options=QUICK_COMPILER)


@pytest.fixture
def run_live(settings: Settings, spark: SparkSession) -> RunLive:
    """Run the live query over everything that Kafka holds now; `events`: at most so many a batch."""

    def run(events: int = 400_000) -> None:
        limited = settings.model_copy(update={"live_max_offsets_per_trigger": events})
        with live_query(spark, limited) as query:
            query.start(once=True)
            query.wait()

    return run


def assert_answer(settings: Settings, contracts: dict[str, Contract], answer: Answer) -> None:
    """What stands in PostgreSQL is what plain Python worked out, and nothing is missing from the account."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = connection.execute(
            "select source, outcome, sum(events)::int from ops.tally where query = 'live' group by 1, 2"
        ).fetchall()
        assert {(source, outcome): events for source, outcome, events in rows} == dict(answer.tally)
        for contract in contracts.values():
            for table in metric_tables(contract):
                names = [column.name for column in table.columns]
                selected = ", ".join(f'"{name}"' for name in ("minute", *table.dimensions, *names))
                found = connection.execute(f'select {selected} from live."{table.name}"').fetchall()
                width = 1 + len(table.dimensions)
                actual = {row[:width]: dict(zip(names, row[width:], strict=True)) for row in found}
                assert actual == answer.minutes.get(table.name, {})
        accepted = sum(events for (_, outcome), events in answer.tally.items() if outcome == "accepted")
        for question, expected in (
            ("select count(*) from ops.claim", accepted),
            ("select coalesce(sum(events), 0) from ops.span", accepted),
            ("select count(*) from ops.quarantine", answer.tally.total() - _counted(answer)),
            (
                "select count(*) from ops.conflict",
                sum(n for (_, o), n in answer.tally.items() if o == "conflict") - answer.read_again,
            ),
            ("select coalesce(sum(events), 0) from ops.batch where query = 'live'", answer.sent),
        ):
            assert connection.execute(question).fetchone() == (expected,), question


def _counted(answer: Answer) -> int:
    return sum(events for (_, outcome), events in answer.tally.items() if outcome != "quarantined")

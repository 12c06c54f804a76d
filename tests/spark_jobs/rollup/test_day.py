"""A day of a source from the lake to its published revision, against numbers that DuckDB computed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from kafka import KafkaProducer

from spark_jobs.rollup import publish
from spark_jobs.rollup.archive import Needed, demand, sent, wait
from spark_jobs.rollup.due import due
from spark_jobs.rollup.errors import DayIncomplete
from streams.settings import Settings
from tests.core_sources import core
from tests.spark_jobs.rollup.conftest import RollUp, Tell
from tests.spark_jobs.rollup.meals import SOURCE, Told, told, truth

pytestmark = pytest.mark.servers

DAY = date(2022, 6, 14)


def published(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        return connection.execute(query).fetchall()


def revisions(settings: Settings) -> list[tuple[Any, ...]]:
    return published(
        settings,
        "select revision, reason, is_current, accepted, duplicate from mart.publication order by revision",
    )


def versions(settings: Settings) -> dict[str, str]:
    return {name: contract.version for name, contract in core(settings.contracts_dir).items()}


def due_days(settings: Settings) -> list[tuple[date, str]]:
    only = {SOURCE: versions(settings)[SOURCE]}
    with psycopg.connect(settings.postgres_dsn) as connection:
        return [
            (each.day, each.reason) for each in due(connection, only, date(2022, 6, 1), date(2022, 6, 14))
        ]


def test_what_is_published_is_what_duckdb_counts(deployed: Settings, tell: Tell, roll_up: RollUp) -> None:
    records = told(DAY, 4_000)
    tell(records)
    expected = truth(records, DAY)

    report = roll_up(DAY)

    assert (report.outcome, report.revision, report.refused) == ("published", 1, ())
    assert (
        published(
            deployed,
            "select division, meal, meals, price_fen, subsidy_fen, mean_price__sum, mean_price__count"
            f" from mart.{SOURCE}__meals where event_day = '{DAY}' order by 1, 2",
        )
        == expected.meals
    )
    assert (
        published(
            deployed,
            f"select channel, service, meals, paid_fen from mart.{SOURCE}__channels"
            f" where event_day = '{DAY}' order by 1, 2",
        )
        == expected.channels
    )
    elders = published(deployed, "select dimensions, value from mart.distinct_day where measure = 'elders'")
    assert {json.dumps(each, sort_keys=True): value for each, value in elders} == expected.elders
    counts = published(deployed, "select accepted, quarantined, duplicate, conflict from mart.publication")
    assert counts == [(expected.accepted, expected.quarantined, expected.duplicate, expected.conflict)]
    assert min(expected.duplicate, expected.conflict, expected.quarantined) > 0


def test_again_changes_nothing_and_a_late_event_makes_the_next_revision(
    deployed: Settings, tell: Tell, roll_up: RollUp
) -> None:
    records = told(DAY, 1_500, seed=1)
    tell(records)
    assert (DAY, "unpublished") in due_days(deployed)
    first = roll_up(DAY)
    assert (DAY, "unpublished") not in due_days(deployed)
    again = roll_up(DAY)
    assert (again.outcome, again.revision) == ("unchanged", 1)

    late = replace(records[0], partition=0, offset=9_000, event_id="late-1", data=_good(records), good=True)
    late = replace(late, event_at=_noon(), received_at=_noon() + timedelta(days=20))
    tell([late])
    assert due_days(deployed)[-1] == (DAY, "late")
    second = roll_up(DAY)
    duplicate = replace(late, offset=9_001, received_at=late.received_at + timedelta(minutes=1))
    tell([duplicate])
    third = roll_up(DAY)

    assert (second.outcome, second.revision) == ("published", 2)
    assert (third.outcome, third.revision) == ("unchanged", 2)
    assert first.counts is not None
    accepted, duplicates = first.counts.accepted, first.counts.duplicate
    assert revisions(deployed) == [
        (1, publish.FIRST, False, accepted, duplicates),
        (2, "迟到或更正的事件 +1", True, accepted + 1, duplicates + 1),
    ]
    assert (DAY, "late") not in due_days(deployed)
    total = f"select sum(meals) from mart.{SOURCE}__meals where event_day = '{DAY}'"
    assert published(deployed, total) == [(accepted + 1,)]


def test_an_event_that_live_quarantined_far_from_its_day_counts_once_the_contract_accepts_it(
    deployed: Settings, tell: Tell, roll_up: RollUp
) -> None:
    """ops.span does not know it: only the quarantine says that something of the day came on that day."""
    records = told(DAY, 1_500, seed=2)
    tell(records)
    before = roll_up(DAY)
    unknown = replace(records[0], offset=9_000, event_id="old-contract", data=_good(records), good=False)
    tell([replace(unknown, event_at=_noon(), received_at=_noon() + timedelta(days=30))])

    after = roll_up(DAY)

    assert before.counts is not None
    assert after.counts is not None
    assert after.counts.accepted == before.counts.accepted + 1


def test_a_record_that_the_lake_holds_twice_is_no_duplicate(
    deployed: Settings, tell: Tell, roll_up: RollUp
) -> None:
    records = told(DAY, 1_500, seed=3)
    expected = truth(records, DAY)
    tell(records)
    tell(records[:700])

    report = roll_up(DAY)

    assert report.counts is not None
    assert (report.counts.accepted, report.counts.duplicate) == (expected.accepted, expected.duplicate)
    assert (report.counts.quarantined, report.counts.conflict) == (expected.quarantined, expected.conflict)


def test_a_gate_that_refuses_keeps_the_last_revision_and_says_why(
    deployed: Settings, tell: Tell, roll_up: RollUp
) -> None:
    """One canteen, one meal, more elders than seats: a rule of the contract about the day as a whole."""
    records = told(DAY, 1_500, seed=4)
    tell(records)
    roll_up(DAY)
    meal = _good(records) | {
        "canteen_id": "ST302001",
        "division": "330302",
        "meal": "lunch",
        "service": "dine_in",
    }
    crowd = [
        Told(
            1, 20_000 + n, _noon() + timedelta(minutes=1), f"c-{n}", _noon(), meal | {"elder": f"tk_{n:032x}"}
        )
        for n in range(600)
    ]
    tell(crowd)

    report = roll_up(DAY)

    assert (report.outcome, report.revision, report.exit_code) == ("refused", 1, 3)
    assert [answer.code for answer in report.refused] == ["day:seats"]
    assert [(row[0], row[2]) for row in revisions(deployed)] == [(1, True)]
    kept = published(
        deployed,
        "select success, revision, failed, results -> 0 from ops.validation order by id desc limit 1",
    )
    assert kept[0][:3] == (False, None, 1)
    assert kept[0][3]["title"] == "一餐堂食老人数不得超过食堂座位数"
    assert "canteen_id=ST302001" in kept[0][3]["message"]
    assert (DAY, "late") not in due_days(deployed), "the same question would get the same answer"


def test_a_dry_run_writes_nothing(deployed: Settings, tell: Tell, roll_up: RollUp) -> None:
    tell(told(DAY, 1_500, seed=5))
    report = roll_up(DAY, dry_run=True)
    assert (report.outcome, report.exit_code) == ("rehearsed", 0)
    for table in ("mart.publication", "ops.rollup", "ops.validation", f"mart.{SOURCE}__meals__revision"):
        assert published(deployed, f"select count(*) from {table}") == [(0,)]


def test_a_running_day_is_refused_and_published_as_provisional_only_when_asked(
    deployed: Settings, tell: Tell, roll_up: RollUp
) -> None:
    records = told(DAY, 1_500, seed=6)
    tell(records)
    running = _noon() + timedelta(hours=2)

    refused = roll_up(DAY, now=running)
    provisional = roll_up(DAY, now=running, allow_incomplete=True)
    assert (DAY, "provisional") in due_days(deployed)
    final = roll_up(DAY)

    assert (refused.outcome, refused.exit_code) == ("failed", 75)
    assert "still running" in refused.message
    assert (provisional.revision, provisional.message) == (1, publish.PROVISIONAL)
    assert (final.revision, final.message) == (2, publish.COMPLETE)


def test_a_second_run_of_the_same_day_is_refused_while_the_first_one_works(
    deployed: Settings, roll_up: RollUp
) -> None:
    with (
        psycopg.connect(deployed.postgres_dsn, autocommit=True) as other,
        publish.alone(other, SOURCE, DAY),
    ):
        report = roll_up(DAY)
    assert (report.outcome, report.exit_code) == ("failed", 75)
    assert "another rollup of this day" in report.message


def test_a_day_is_not_complete_before_the_archive_has_passed_kafka(deployed: Settings) -> None:
    """Real records in Kafka; the archive's position says how far the lake goes."""
    topic = deployed.topic_prefix + SOURCE
    producer = KafkaProducer(bootstrap_servers=deployed.kafka_bootstrap)
    for number in range(5):
        producer.send(topic, b"x", partition=0, key=str(number).encode())
    producer.flush()
    producer.close()
    today = datetime.now(UTC)
    yesterday = Needed(SOURCE, topic, (today - timedelta(days=2)).date(), today)
    tomorrow = Needed(SOURCE, topic, (today + timedelta(days=1)).date(), today + timedelta(days=3))
    with psycopg.connect(deployed.postgres_dsn, autocommit=True) as connection:
        kafka = sent(deployed, yesterday)
        before = wait(connection, yesterday, kafka, patience=0)
        late = sent(deployed, tomorrow)
        with pytest.raises(DayIncomplete, match="5 records of the day are not archived yet"):
            demand(wait(connection, tomorrow, late, patience=0), tomorrow, late)
        connection.execute(
            "insert into ops.position (query, topic, partition, topic_id, next_offset)"
            " values ('archive', %s, 0, gen_random_uuid(), 5)",
            (topic,),
        )
        after = wait(connection, tomorrow, late, patience=0)

    assert (kafka.day_end[0], kafka.now[0]) == (0, 5)
    assert before.complete, "nothing was received by the end of that day"
    assert after.complete


def _noon() -> datetime:
    return datetime(2022, 6, 14, 4, tzinfo=UTC)


def _good(records: list[Told]) -> dict[str, Any]:
    return next(record.data for record in records if record.good and record.data)

"""Every event has one outcome; what counts is what a plain program counts, across batches and restarts."""

from __future__ import annotations

import json

import psycopg
import pytest

from spark_jobs.live.position import offset_of, partition_of
from spark_jobs.replay.originals import from_kafka
from spark_jobs.replay.selection import Origin
from streams.contract.model import Contract
from streams.settings import Settings
from tests.spark_jobs.live.conftest import RunLive, assert_answer
from tests.spark_jobs.live.sending import Answer, City, Sender, send_mixture

pytestmark = pytest.mark.servers


def test_results_equal_a_plain_computation_over_batches_and_restarts(
    settings: Settings, contracts: dict[str, Contract], run_live: RunLive
) -> None:
    answer, sender, city = Answer(), Sender(settings), City(contracts.values(), seed=1)
    send_mixture(city, sender, answer, 3_000, seed=2)
    run_live(events=700)
    assert_answer(settings, contracts, answer)

    # A start knows nothing but PostgreSQL: its checkpoint is always a new one, its memory of ids is empty.
    send_mixture(city, sender, answer, 1_000, seed=3)
    run_live(events=700)
    assert_answer(settings, contracts, answer)

    run_live()
    assert_answer(settings, contracts, answer)


def test_an_id_that_comes_back_in_a_later_run_is_a_duplicate_or_a_conflict(
    settings: Settings, contracts: dict[str, Contract], run_live: RunLive
) -> None:
    answer, sender, city = Answer(), Sender(settings), City(contracts.values(), seed=4)
    events = [city.event() for _ in range(50)]
    for _ in range(2):
        for contract, event in events:
            sender.event(event)
            answer.good(contract, event)
        sender.flush()
        run_live()
    contract, event = events[0]
    changed = {**event, "data": {**event["data"], next(iter(contract.personal)): "tk_" + "e" * 32}}
    sender.event(changed)
    answer.good(contract, changed)
    sender.flush()
    run_live()
    assert answer.tally.total() == 101
    assert_answer(settings, contracts, answer)
    with psycopg.connect(settings.postgres_dsn) as connection:
        row = connection.execute(
            "select source, first_position, second_position, topic, received_at from ops.conflict"
        ).fetchone()
    assert row is not None
    assert row[0] == contract.source
    assert row[1] < row[2]
    second = Origin(row[3], partition_of(row[2]), offset_of(row[2]), row[4])
    (value,) = from_kafka(settings, [second]).values()
    assert json.loads(value) == changed, "received when Kafka received it, not when it was committed"


def test_distinct_people_are_estimated_for_every_subset_of_the_dimensions(
    settings: Settings, contracts: dict[str, Contract], run_live: RunLive
) -> None:
    answer, sender, city = Answer(), Sender(settings), City(contracts.values(), seed=5, people=200)
    send_mixture(city, sender, answer, 2_000, seed=6)
    run_live(events=500)
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = connection.execute(
            "select source, metric, measure, dimensions, sum(estimate) from live.distinct_day"
            " group by 1, 2, 3, 4"
        ).fetchall()
    for contract in contracts.values():
        for name, metric in contract.metrics.items():
            own = [row for row in rows if row[:2] == (contract.source, name)]
            subsets = {tuple(sorted(row[3])) for row in own}
            if own:
                assert len(subsets) == 2 ** len(metric.by)
    # Of one day and no dimension: sketches of so few values are exact.
    with psycopg.connect(settings.postgres_dsn) as connection:
        found = connection.execute(
            "select source, measure, max(estimate) from live.distinct_day"
            " where dimensions = '{}' group by 1, 2"
        ).fetchall()
    assert found
    for source, measure, estimate in found:
        field = next(
            m.measures[measure].field for m in contracts[source].metrics.values() if measure in m.measures
        )
        assert 0 < estimate <= len(answer.people[source, str(field)])

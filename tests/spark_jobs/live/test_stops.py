"""When Kafka or PostgreSQL are not as a driver left them it stops and says why; it never skips or repeats."""

from __future__ import annotations

import re

import psycopg
import pytest
from kafka import KafkaAdminClient
from pyspark.sql import SparkSession

from spark_jobs import fence
from spark_jobs.errors import FencedOff, OutOfOrder, PositionLost
from streams.contract.model import Contract
from streams.settings import Settings
from streams.topics import ensure_topics
from tests.spark_jobs.live.conftest import RunLive, assert_answer
from tests.spark_jobs.live.sending import Answer, City, Sender, send_mixture
from tests.spark_jobs.taking_in import live_query
from tests.waiting import wait_for

pytestmark = pytest.mark.servers


@pytest.fixture
def one(contracts: dict[str, Contract]) -> Contract:
    return next(iter(contracts.values()))


def send(settings: Settings, city: City, contract: Contract, events: int, answer: Answer) -> None:
    sender = Sender(settings)
    for _ in range(events):
        _, event = city.event(contract)
        sender.event(event)
        answer.good(contract, event)
    sender.flush()


def make_anew(settings: Settings, contract: Contract) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    topic = settings.topic_prefix + contract.source
    admin.delete_topics([topic])
    wait_for(lambda: topic not in admin.list_topics())
    admin.close()
    ensure_topics(settings, [contract], dry_run=False)


def test_a_topic_made_anew_stops_the_start_though_it_holds_more_than_before(
    settings: Settings, contracts: dict[str, Contract], one: Contract, run_live: RunLive
) -> None:
    answer, city = Answer(), City(contracts.values(), seed=11)
    send(settings, city, one, 20, answer)
    run_live()
    make_anew(settings, one)
    send(settings, city, one, 200, Answer())
    with pytest.raises(PositionLost, match="made anew"):
        run_live()
    assert_answer(settings, contracts, answer)


def test_a_topic_made_anew_stops_a_query_that_runs(
    settings: Settings, contracts: dict[str, Contract], one: Contract, spark: SparkSession
) -> None:
    answer, city = Answer(), City(contracts.values(), seed=12)
    send(settings, city, one, 20, answer)
    with live_query(spark, settings) as query:
        query.start()
        wait_for(lambda: query.committed)
        make_anew(settings, one)
        send(settings, city, one, 200, Answer())
        wait_for(query.failure)
    assert_answer(settings, contracts, answer)


def test_a_position_beyond_the_end_of_a_partition_stops_the_start(
    settings: Settings, contracts: dict[str, Contract], one: Contract, run_live: RunLive
) -> None:
    send(settings, City(contracts.values(), seed=13), one, 20, Answer())
    run_live()
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute("update ops.position set next_offset = next_offset + 1000")
    with pytest.raises(PositionLost, match="set next_offset to"):
        run_live()


def test_what_is_read_again_counts_as_duplicate_whatever_it_was(
    settings: Settings, contracts: dict[str, Contract], run_live: RunLive
) -> None:
    answer, city = Answer(), City(contracts.values(), seed=16)
    send_mixture(city, Sender(settings), answer, 500, seed=17)
    run_live(events=150)
    assert_answer(settings, contracts, answer)
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute("delete from ops.position")
    run_live(events=150)
    for (source, outcome), events in list(answer.tally.items()):
        answer.tally[source, "conflict" if outcome == "conflict" else "duplicate"] += events
        answer.read_again += events if outcome == "conflict" else 0
    assert_answer(settings, contracts, answer)


def test_a_topic_made_anew_is_read_after_its_rows_were_removed_and_counts_nothing_again(
    settings: Settings, contracts: dict[str, Contract], one: Contract, run_live: RunLive
) -> None:
    answer, city = Answer(), City(contracts.values(), seed=18)
    sent = [city.event(one)[1] for _ in range(30)]
    conflict = {**sent[0], "data": {**sent[0]["data"], next(iter(one.personal)): "tk_" + "e" * 32}}

    def send_all() -> None:
        sender = Sender(settings)
        for number, event in enumerate([*sent, conflict]):
            sender.event(event)
            answer.good(one, event)
            sender.raw(one.source, b"poison", str(number))
            answer.rejected(one.source)
        sender.flush()

    send_all()
    run_live()
    make_anew(settings, one)
    send_all()
    with pytest.raises(PositionLost, match="remove its rows"):
        run_live()
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute("delete from ops.position where topic = %s", (settings.topic_prefix + one.source,))
    run_live()
    assert answer.tally[one.source, "duplicate"] == len(sent)
    assert_answer(settings, contracts, answer)


def test_where_kafka_lost_events_the_query_goes_on_from_the_offset_that_the_message_names(
    settings: Settings, contracts: dict[str, Contract], one: Contract, run_live: RunLive
) -> None:
    answer, city = Answer(), City(contracts.values(), seed=19)
    send(settings, city, one, 20, answer)
    run_live()
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        connection.execute("update ops.position set next_offset = next_offset + 1000")
        for _ in range(100):
            try:
                run_live()
                break
            except PositionLost as error:
                found = re.search(r"partition (\d+): .* set next_offset to (\d+) in their row", str(error))
                assert found
                partition, offset = found.groups()
                connection.execute(
                    "update ops.position set next_offset = %s where partition = %s", (offset, partition)
                )
    send(settings, city, one, 20, answer)
    run_live()
    assert_answer(settings, contracts, answer)


def test_positions_that_somebody_else_moved_stop_the_batch_and_nothing_of_it_is_written(
    settings: Settings, contracts: dict[str, Contract], one: Contract, spark: SparkSession
) -> None:
    answer, city = Answer(), City(contracts.values(), seed=14)
    send(settings, city, one, 20, answer)
    with live_query(spark, settings) as query:
        query.start()
        wait_for(lambda: query.committed)
        with psycopg.connect(settings.postgres_dsn) as connection:
            connection.execute("update ops.position set next_offset = next_offset - 1 where next_offset > 0")
        send(settings, city, one, 20, Answer())
        wait_for(query.failure)
        assert isinstance(query.failure(), OutOfOrder)
    assert_answer(settings, contracts, answer)


def test_a_second_driver_is_fenced_off_and_told_by_whom(settings: Settings) -> None:
    with fence.connect(settings.postgres_dsn, "live"):
        with pytest.raises(FencedOff, match=r"live query: connected from 127\.0\.0\.1"):
            fence.connect(settings.postgres_dsn, "live", wait_seconds=0)
        fence.connect(settings.postgres_dsn, "archive", wait_seconds=0).close()
    fence.connect(settings.postgres_dsn, "live", wait_seconds=5).close()


def test_a_driver_that_lost_its_connection_cannot_write_and_stops(
    settings: Settings, contracts: dict[str, Contract], one: Contract, spark: SparkSession
) -> None:
    answer, city = Answer(), City(contracts.values(), seed=15)
    send(settings, city, one, 20, answer)
    with live_query(spark, settings) as query:
        query.start()
        wait_for(lambda: query.committed)
        with psycopg.connect(settings.postgres_dsn) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'minsheng live' and datname = current_database()"
            )
        successor = fence.connect(settings.postgres_dsn, "live", wait_seconds=10)
        send(settings, city, one, 20, Answer())
        wait_for(query.failure)
        assert isinstance(query.failure(), psycopg.OperationalError)
        successor.close()
    assert_answer(settings, contracts, answer)

"""The lake holds every record that Kafka received, once, whenever the archive was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from kafka import TopicPartition
from pyspark.sql import Row, SparkSession

from infra.deploy import deploy
from spark_jobs import fence, positions
from spark_jobs.archive.query import Archive, Range, limited
from spark_jobs.cluster import Cluster
from spark_jobs.errors import PositionLost
from spark_jobs.lake import TABLE
from spark_jobs.session import QUICK_COMPILER, build_session
from streams.settings import Settings
from streams.topic_name import topic_name
from streams.zone import ZONE
from tests.core_sources import core
from tests.spark_jobs.live.sending import Sender
from tests.spark_jobs.live.test_stops import make_anew


class Lake:
    """An archive as one run of the application has it, and what stands in its lake."""

    def __init__(self, settings: Settings, spark: SparkSession, connection: psycopg.Connection) -> None:
        self.settings, self.spark, self.connection = settings, spark, connection

    def step(self, events: int = 1_000_000) -> int:
        """One step of an archive that has just been started."""
        limited_to = self.settings.model_copy(update={"archive_max_events": events})
        with Cluster(self.settings) as cluster:
            return Archive(self.spark, limited_to, self.connection, uuid4()).step(cluster)

    def rows(self) -> list[Row]:
        path = str(self.settings.lake_dir / TABLE)
        return self.spark.read.format("delta").load(path).orderBy("topic", "partition", "offset").collect()


@pytest.fixture
def source(settings: Settings) -> str:
    found = core(settings.contracts_dir)
    deploy(settings, found.values())
    return next(iter(found))


@pytest.fixture
def lake(settings: Settings, source: str) -> Iterator[Lake]:
    with fence.connect(settings.postgres_dsn, "archive") as connection:
        yield Lake(settings, build_session(settings, "tests", java_options=QUICK_COMPILER), connection)


def send(settings: Settings, source: str, values: list[bytes | None]) -> None:
    sender = Sender(settings)
    for number, value in enumerate(values):
        sender.raw(source, value, str(number), headers=[("way", b"test")])
    sender.flush()


@pytest.mark.servers
def test_every_record_is_in_the_lake_once_as_it_was_received(lake: Lake, source: str) -> None:
    values = [f"value {number}".encode() for number in range(200)] + [b"\xff\x00 not text", None]
    send(lake.settings, source, values)
    assert 40 <= lake.step(events=50) <= 50
    while lake.step():
        pass
    rows = lake.rows()
    assert sorted(row.value or b"" for row in rows) == sorted(value or b"" for value in values)
    assert {(h.key, bytes(h.value)) for row in rows for h in row.headers} == {("way", b"test")}
    for row in rows:
        received = row.received_at.astimezone(ZONE) if row.received_at.tzinfo else local(row.received_at)
        assert row.received_day == received.date()
    counted = lake.connection.execute(
        "select source, received_day, outcome, events from ops.tally where query = 'archive'"
    ).fetchall()
    assert counted == [(source, rows[0].received_day, "archived", len(values))]


@pytest.mark.servers
@pytest.mark.parametrize("moment", ["before the lake has it", "after the lake has it"])
def test_a_step_that_was_interrupted_is_finished_by_the_next_start(
    lake: Lake, source: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(lake.settings, source, [b"one", b"two", b"three"])
    lake.step()
    send(lake.settings, source, [b"four", b"five"])

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt(moment)

    where = (Archive, "_append") if moment.startswith("before") else (positions, "advance")
    with monkeypatch.context() as patch:
        patch.setattr(*where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            lake.step()
    send(lake.settings, source, [b"six"])
    while lake.step():
        pass
    assert sorted(row.value for row in lake.rows()) == [b"five", b"four", b"one", b"six", b"three", b"two"]
    row = lake.connection.execute("select sum(events) from ops.tally where query = 'archive'").fetchone()
    assert row == (6,)


def anew(lake: Lake, source: str) -> None:
    """Its topic is deleted and made again, and the operator says that this was on purpose."""
    make_anew(lake.settings, core(lake.settings.contracts_dir)[source])
    lake.connection.execute("delete from ops.position")


@pytest.mark.servers
def test_a_topic_made_anew_counts_its_own_rows_only(lake: Lake, source: str) -> None:
    send(lake.settings, source, [b"one", b"two", b"three"])
    assert lake.step() == 3
    anew(lake, source)
    send(lake.settings, source, [b"four", b"five"])
    assert lake.step() == 2
    assert len(lake.rows()) == 5
    row = lake.connection.execute("select sum(events) from ops.tally where query = 'archive'").fetchone()
    assert row == (5,)


@pytest.mark.servers
@pytest.mark.parametrize("appended", [False, True])
def test_a_step_whose_topic_is_gone_is_abandoned(
    lake: Lake, source: str, appended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(lake.settings, source, [b"one"])
    lake.step()
    send(lake.settings, source, [b"two", b"three"])

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    where = (positions, "advance") if appended else (Archive, "_append")
    with monkeypatch.context() as patch:
        patch.setattr(*where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            lake.step()
    anew(lake, source)
    send(lake.settings, source, [b"four", b"five", b"six"])
    assert lake.step() == 3
    assert sorted(row.value for row in lake.rows()) == [b"five", b"four", b"one", b"six"]


@pytest.mark.servers
@pytest.mark.parametrize("appended", [False, True])
def test_an_announced_step_that_kafka_has_deleted_stops_loudly_unless_the_lake_has_it(
    lake: Lake, source: str, appended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(lake.settings, source, [b"one", b"two"])

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*((positions, "advance") if appended else (Archive, "_append")), interrupted)
        with pytest.raises(KeyboardInterrupt):
            lake.step()
    with Cluster(lake.settings) as cluster:
        topic = cluster.topics(lake.settings.topic_prefix)[topic_name(lake.settings.topic_prefix, source)]
        cluster._admin.delete_records(cluster.end_offsets(topic.all()))
    if appended:
        assert lake.step() == 2
        assert len(lake.rows()) == 2
        return
    with pytest.raises(PositionLost, match=r"set ranges to null in the archive's row of ops\.intent"):
        lake.step()
    lake.connection.execute("update ops.intent set ranges = null")
    send(lake.settings, source, [b"three"])
    assert lake.step() == 1
    assert [row.value for row in lake.rows()] == [b"three"]


@pytest.mark.servers
def test_a_topic_made_anew_while_a_step_reads_it_stops_the_step(
    lake: Lake, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(lake.settings, source, [b"one"])
    announce = Archive._announce

    def announced(*arguments: Any) -> None:
        announce(*arguments)
        make_anew(lake.settings, core(lake.settings.contracts_dir)[source])
        send(lake.settings, source, [b"other"])

    with monkeypatch.context() as patch:
        patch.setattr(Archive, "_announce", announced)
        with pytest.raises(PositionLost, match="made anew"):
            lake.step()
    assert lake.step() == 1
    assert [row.value for row in lake.rows()] == [b"other"]


@pytest.mark.parametrize(("events", "lengths"), [(100, [10, 30]), (40, [10, 30]), (20, [5, 15]), (1, [1, 1])])
def test_a_step_is_shortened_by_the_same_share_in_every_partition(events: int, lengths: list[int]) -> None:
    id_ = uuid4()
    ranges = [Range(TopicPartition("t", 0), id_, 5, 15), Range(TopicPartition("t", 1), id_, 0, 30)]
    assert [each.until - each.first for each in limited(ranges, events)] == lengths
    assert [each.first for each in limited(ranges, events)] == [5, 0]


def local(moment: datetime) -> datetime:
    """Spark gives times in this machine's zone, without saying so."""
    return moment.astimezone().astimezone(ZONE)

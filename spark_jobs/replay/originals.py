"""Records as they were sent, by position: from the lake, or from Kafka while they are not archived yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from spark_jobs.lake import TABLE, is_made
from spark_jobs.replay.selection import Origin
from streams.kafka_access import client_options
from streams.kafka_refusals import demand_trust, explained
from streams.settings import Settings
from streams.zone import ZONE

_COLUMNS = ["topic", "partition", "offset", "received_at", "value"]
_NEAR = 2_000
"""Offsets closer together than this are read over rather than sought one by one."""
_POLL_MS = 5_000
ANY_TIME = datetime.max.replace(tzinfo=UTC)
"""Of an Origin that is known by its place alone."""


def originals(settings: Settings, wanted: Iterable[Origin]) -> dict[Origin, bytes]:
    """The bytes of every record that the lake or Kafka still has; the others are left out.

    Raises KafkaAway where records are not archived yet and no broker answers.
    """
    positions = list(wanted)
    found = from_lake(settings.lake_dir / TABLE, positions)
    missing = [each for each in positions if each not in found]
    if missing:
        found |= from_kafka(settings, missing)
    return found


def earlier(settings: Settings, topic: str, partition: int, offset: int, until: datetime) -> bytes | None:
    """The last record that stood at that offset at `until`, when only its place is known; None if it is gone.

    Raises KafkaAway where it is not archived yet and no broker answers.
    """
    path = settings.lake_dir / TABLE
    if is_made(path):
        condition = (
            (pc.field("received_day") <= until.astimezone(ZONE).date())
            & (pc.field("topic") == topic)
            & (pc.field("partition") == partition)
            & (pc.field("offset") == offset)
            & (pc.field("received_at") <= until)
        )
        rows = _rows(path, condition).to_pylist()
        if rows:
            return max(rows, key=lambda row: row["received_at"])["value"] or b""
    found = from_kafka(settings, [Origin(topic, partition, offset, ANY_TIME)])
    return next(iter(found.values()), None)


def from_lake(path: Path, wanted: Sequence[Origin]) -> dict[Origin, bytes]:
    """What the lake has of them. Only files of their received days are opened, and of those only row groups
    that may hold their offsets."""
    if not wanted or not is_made(path):
        return {}
    days = {each.received_at.astimezone(ZONE).date() for each in wanted}
    condition = (
        pc.field("received_day").isin(list(days))
        & pc.field("topic").isin(list({each.topic for each in wanted}))
        & pc.field("offset").isin(list({each.offset for each in wanted}))
    )
    rows = _rows(path, condition)
    asked = set(wanted)
    found = {
        Origin(row["topic"], row["partition"], row["offset"], row["received_at"].astimezone(UTC)): row[
            "value"
        ]
        for row in rows.to_pylist()
    }
    return {origin: value or b"" for origin, value in found.items() if origin in asked}


def _rows(path: Path, condition: pc.Expression) -> pa.Table:
    from deltalake import DeltaTable  # noqa: PLC0415 (takes a second, which few commands have to wait for)

    return DeltaTable(str(path)).to_pyarrow_dataset().to_table(columns=_COLUMNS, filter=condition)


def from_kafka(settings: Settings, wanted: Sequence[Origin]) -> dict[Origin, bytes]:
    """What Kafka has of them, by one consumer without a group. Raises KafkaAway."""
    by_partition: defaultdict[TopicPartition, list[Origin]] = defaultdict(list)
    for each in wanted:
        by_partition[TopicPartition(each.topic, each.partition)].append(each)
    found: dict[Origin, bytes] = {}
    demand_trust(settings)
    try:
        consumer = KafkaConsumer(
            **client_options(settings, "originals"),
            group_id=None,
            enable_auto_commit=False,
            max_poll_records=_NEAR,
        )
        with closing(consumer):
            for partition, of_partition in by_partition.items():
                found |= _from_partition(consumer, partition, of_partition)
    except KafkaError as error:
        reason = explained(settings, error, principal="originals")
        reason.add_note("Kafka is asked for records that are not archived yet.")
        raise reason from error
    return found


def _from_partition(
    consumer: KafkaConsumer, partition: TopicPartition, wanted: Sequence[Origin]
) -> Mapping[Origin, bytes]:
    if partition.partition not in (consumer.partitions_for_topic(partition.topic) or ()):
        return {}
    consumer.assign([partition])
    first = consumer.beginning_offsets([partition])[partition]
    end = consumer.end_offsets([partition])[partition]
    by_offset = {each.offset: each for each in wanted if first <= each.offset < end}
    found: dict[Origin, bytes] = {}
    for begin, last in _runs(sorted(by_offset)):
        consumer.seek(partition, begin)
        position = begin
        while position <= last:
            records = consumer.poll(timeout_ms=_POLL_MS).get(partition, [])
            if not records:
                break
            for record in records:
                origin = by_offset.get(record.offset)
                if origin is not None and origin.received_at in (ANY_TIME, _instant(record.timestamp)):
                    found[origin] = record.value or b""
            position = records[-1].offset + 1
    return found


def _runs(offsets: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ascending offsets as (first, last) of pieces that are read in one go."""
    begin = None
    last = 0
    for offset in offsets:
        if begin is None:
            begin = offset
        elif offset - last > _NEAR:
            yield begin, last
            begin = offset
        last = offset
    if begin is not None:
        yield begin, last


def _instant(milliseconds: int) -> datetime:
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)

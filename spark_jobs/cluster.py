"""What Kafka says of its topics: ids, partitions, offsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from uuid import UUID

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from streams.kafka_access import Principal, client_options
from streams.kafka_refusals import demand_trust, explained
from streams.settings import Settings

NO_ERROR = 0


@dataclass(frozen=True)
class Topic:
    """A topic as it exists now. One that is deleted and made anew has another id."""

    name: str
    id: UUID
    partitions: tuple[int, ...]

    def all(self) -> tuple[TopicPartition, ...]:
        return tuple(TopicPartition(self.name, number) for number in self.partitions)


class Cluster:
    """kafka-python's admin client behind a small interface. Not for use by several threads."""

    def __init__(self, settings: Settings, principal: Principal = "stream") -> None:
        """Raises KafkaAway where no broker answers, KafkaRefused where it does not trust us or we not it."""
        demand_trust(settings)
        try:
            self._admin = KafkaAdminClient(
                **client_options(settings, principal), client_id=f"minsheng-{principal}"
            )
        except KafkaError as error:
            raise explained(settings, error, principal=principal) from error

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._admin.close()

    def topics(self, prefix: str) -> dict[str, Topic]:
        """Every topic whose name begins with `prefix` and goes on."""
        names = [name for name in self._admin.list_topics() if name.startswith(prefix) and name != prefix]
        return self.describe(names) if names else {}

    def describe(self, names: Iterable[str]) -> dict[str, Topic]:
        """The topics of these names that exist."""
        found = self._admin.describe_topics(list(names))
        return {
            each["name"]: Topic(
                each["name"],
                UUID(str(each["topic_id"])),
                tuple(sorted(part["partition_index"] for part in each["partitions"])),
            )
            for each in found
            if each["error_code"] == NO_ERROR
        }

    def first_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The oldest offset that each partition still holds."""
        return self._offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))

    def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset that each partition's next event will have."""
        return self._offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))

    def offsets_at(self, partitions: Iterable[TopicPartition], moment: datetime) -> dict[TopicPartition, int]:
        """The first offset received at `moment` or later; partitions without one are left out."""
        milliseconds = int(moment.timestamp() * 1000)
        found = self._offsets(dict.fromkeys(partitions, milliseconds))
        return {partition: offset for partition, offset in found.items() if offset >= 0}

    def _offsets(self, wanted: Mapping[TopicPartition, OffsetSpec | int]) -> dict[TopicPartition, int]:
        if not wanted:
            return {}
        found = self._admin.list_partition_offsets(wanted)
        return {partition: answer.offset for partition, answer in found.items()}

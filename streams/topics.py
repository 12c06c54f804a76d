"""Kafka topics as the contracts ask for them. `plan` is pure; `ensure_topics` makes Kafka so."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import KafkaError, TopicAlreadyExistsError

from streams.contract.model import Contract
from streams.kafka_access import client_options
from streams.kafka_refusals import demand_trust, explained
from streams.settings import Settings
from streams.topic_name import topic_name

Action = Literal["create", "alter", "keep"]
MIN_REPLICAS_FOR_TWO_IN_SYNC = 3
BOOTSTRAP_MS = 8_000
ALTERED_SECONDS = 5.0


@dataclass(frozen=True)
class Topic:
    """A topic as it is, or as it should be. `configs`: only what differs from the broker's defaults."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]

    @property
    def retention(self) -> timedelta | None:
        """How long records are kept; None: the broker's default."""
        milliseconds = self.configs.get("retention.ms")
        return None if milliseconds is None else timedelta(milliseconds=int(milliseconds))


@dataclass(frozen=True)
class TopicChange:
    """What becomes of one topic; `detail` says in what it differed."""

    topic: str
    action: Action
    detail: str = ""


def wanted_topic(contract: Contract, settings: Settings) -> Topic:
    """The topic that a contract asks for, within what the deployment allows.

    LogAppendTime makes the record's timestamp the received time, whatever clock the sender has.
    """
    configs = {
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(contract.topic.retention // timedelta(milliseconds=1)),
    }
    if settings.topic_replication >= MIN_REPLICAS_FOR_TWO_IN_SYNC:
        configs["min.insync.replicas"] = "2"
    return Topic(
        topic_name(settings.topic_prefix, contract.source),
        min(contract.topic.partitions, settings.topic_partitions),
        settings.topic_replication,
        configs,
    )


def plan(wanted: Iterable[Topic], existing: Mapping[str, Topic]) -> list[TopicChange]:
    """What has to be done so that `existing` becomes `wanted`, in the order of `wanted`.

    Partitions are never added: a place's events would move to another partition and lose their order.
    """
    return [_change(topic, existing.get(topic.name)) for topic in wanted]


def _change(wanted: Topic, there: Topic | None) -> TopicChange:
    if there is None:
        return TopicChange(wanted.name, "create", f"{wanted.partitions} partitions")
    differing = [
        f"{name}: {there.configs.get(name, 'default')} -> {value}"
        for name, value in wanted.configs.items()
        if there.configs.get(name) != value and (name, value) != ("cleanup.policy", "delete")
    ]
    if differing:
        return TopicChange(wanted.name, "alter", "; ".join(differing))
    fewer = there.partitions != wanted.partitions
    note = f"has {there.partitions} partitions, kept: a key must stay where it is" if fewer else ""
    return TopicChange(wanted.name, "keep", note)


def ensure_topics(
    settings: Settings, contracts: Iterable[Contract], *, dry_run: bool = False
) -> list[TopicChange]:
    """Create or alter the topics of these contracts; a second call changes nothing.

    Raises KafkaAway.
    """
    wanted = {topic.name: topic for topic in (wanted_topic(contract, settings) for contract in contracts)}
    with admin_client(settings) as admin:
        changes = plan(wanted.values(), _existing(admin, wanted))
        if not dry_run:
            _create(admin, [wanted[change.topic] for change in changes if change.action == "create"])
            _alter(admin, [wanted[change.topic] for change in changes if change.action == "alter"])
    return changes


def restore_configs(settings: Settings, topics: Iterable[Topic]) -> None:
    """Give these topics the configurations that they are written down with. Raises KafkaAway."""
    with admin_client(settings) as admin:
        _alter(admin, list(topics))


def list_topics(settings: Settings) -> list[Topic]:
    """The topics under this installation's prefix, by name. Raises KafkaAway."""
    with admin_client(settings) as admin:
        names = [name for name in admin.list_topics() if name.startswith(settings.topic_prefix)]
        return [topic for _, topic in sorted(_existing(admin, names).items())]


@contextmanager
def admin_client(settings: Settings) -> Iterator[KafkaAdminClient]:
    """An admin client of this installation's Kafka; its failures come out as KafkaAway or KafkaRefused."""
    demand_trust(settings)
    try:
        admin = KafkaAdminClient(
            **client_options(settings, "setup"),
            client_id="minsheng-topics",
            bootstrap_timeout_ms=BOOTSTRAP_MS,
            reconnect_backoff_max_ms=500,
        )
        try:
            yield admin
        finally:
            admin.close()
    except KafkaError as error:
        raise explained(settings, error, principal="setup") from error


def _existing(admin: KafkaAdminClient, names: Iterable[str]) -> dict[str, Topic]:
    described = {topic["name"]: topic for topic in admin.describe_topics(list(names)) if names}
    present = {name: topic for name, topic in described.items() if topic["error_code"] == 0}
    configs = _configs(admin, present)
    return {
        name: Topic(
            name,
            len(topic["partitions"]),
            min((len(partition["replica_nodes"]) for partition in topic["partitions"]), default=0),
            configs.get(name, {}),
        )
        for name, topic in present.items()
    }


def _configs(admin: KafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource("topic", name) for name in names]
    if not resources:
        return {}
    found: dict[str, dict[str, Any]] = admin.describe_configs(resources).get("topic", {})
    return {
        name: {key: config["value"] for key, config in configs.items()} for name, configs in found.items()
    }


def _create(admin: KafkaAdminClient, topics: list[Topic]) -> None:
    if not topics:
        return
    wishes = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication,
            "configs": dict(topic.configs),
        }
        for topic in topics
    }
    # Two deployments at once: what the other made is looked at by the next call.
    with suppress(TopicAlreadyExistsError):
        admin.create_topics(wishes)
    admin.wait_for_topics(list(wishes))


def _alter(admin: KafkaAdminClient, topics: list[Topic]) -> None:
    if not topics:
        return
    admin.alter_configs([ConfigResource("topic", topic.name, dict(topic.configs)) for topic in topics])
    # The controller has agreed; the broker that is asked next may learn of it a moment later.
    give_up = time.monotonic() + ALTERED_SECONDS
    while time.monotonic() < give_up:
        known = _configs(admin, [topic.name for topic in topics])
        if all(topic.configs.items() <= known.get(topic.name, {}).items() for topic in topics):
            return
        time.sleep(0.02)

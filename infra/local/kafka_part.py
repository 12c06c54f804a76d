"""The local Kafka broker as a part of the stack."""

from __future__ import annotations

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from infra.local.errors import NotHealthy
from infra.local.kafka import LocalKafka
from infra.local.part import Part
from streams.settings import Settings

ANSWER_MS = 3_000


def local_kafka(settings: Settings) -> LocalKafka:
    """The broker that the settings describe."""
    port = int(settings.kafka_bootstrap.rsplit(":", 1)[1])
    folder = settings.home / "kafka"
    return LocalKafka(
        folder, settings.jars_dir / "kafka", port, settings.kafka_controller_port, settings.kafka_heap
    )


def check_kafka(settings: Settings) -> None:
    """Return when the brokers answer a question for their topics. Raises NotHealthy."""
    try:
        client = KafkaAdminClient(
            bootstrap_servers=settings.kafka_bootstrap.split(","),
            request_timeout_ms=ANSWER_MS,
            bootstrap_timeout_ms=ANSWER_MS,
        )
        try:
            client.list_topics()
        finally:
            client.close()
    except (KafkaError, ValueError) as error:
        raise NotHealthy(
            f"Kafka on {settings.kafka_bootstrap}: {type(error).__name__} {error}".rstrip()
        ) from error


def kafka_part(settings: Settings) -> Part:
    """One node, broker and controller at once."""
    broker = local_kafka(settings)
    return Part(
        name="kafka",
        title="消息总线 Kafka",
        command=tuple(broker.command()),
        prepare=broker.initialise,
        healthy=lambda: check_kafka(settings),
        ports={
            "MINSHENG_KAFKA_BOOTSTRAP": broker.port,
            "MINSHENG_KAFKA_CONTROLLER_PORT": broker.controller_port,
        },
        memory_mib=450,
    )

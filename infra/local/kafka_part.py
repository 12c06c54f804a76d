"""The local Kafka broker as a part of the stack."""

from __future__ import annotations

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from infra.local.errors import NotHealthy
from infra.local.kafka import LocalKafka
from infra.local.part import Part
from infra.security.broker import BROKER, BrokerTls
from infra.security.certificates import certificate_in_use
from infra.security.rights import ensure_rights
from streams.errors import KafkaRefused
from streams.kafka_access import admin_options, client_options
from streams.kafka_refusals import demand_trust, explained
from streams.settings import Settings

ANSWER_MS = 3_000


def local_kafka(settings: Settings) -> LocalKafka:
    """The broker that the settings describe."""
    port = int(settings.kafka_bootstrap.rsplit(":", 1)[1])
    tls = None
    if settings.is_secure:
        internal = int(settings.kafka_admin_bootstrap.rsplit(":", 1)[1])
        tls = BrokerTls.of(settings.certificates_dir, settings.authority, internal)
    return LocalKafka(
        settings.home / "kafka",
        settings.jars_dir / "kafka",
        port,
        settings.kafka_controller_port,
        settings.kafka_heap,
        tls,
    )


def check_kafka(settings: Settings) -> None:
    """Return when the brokers answer a question for their topics. Raises NotHealthy.

    Of the local stack: by certificate, because its users are made only when it has answered.
    """
    options = (
        admin_options(settings)
        if settings.is_secure and settings.kafka_local
        else client_options(settings, "setup")
    )
    where = settings.kafka_admin_bootstrap if "ssl_certfile" in options else settings.kafka_bootstrap
    try:
        demand_trust(settings, where)
        client = KafkaAdminClient(
            **{**options, "request_timeout_ms": ANSWER_MS},
            bootstrap_timeout_ms=ANSWER_MS,
        )
        try:
            client.list_topics()
        finally:
            client.close()
    except KafkaRefused as error:
        raise NotHealthy(str(error)) from error
    except KafkaError as error:
        raise NotHealthy(str(explained(settings, error, where, "setup"))) from error
    except (ValueError, OSError) as error:
        raise NotHealthy(
            f"Kafka on {settings.kafka_bootstrap}: {type(error).__name__} {error}".rstrip()
        ) from error


def kafka_part(settings: Settings) -> Part:
    """One node, broker and controller at once."""
    broker = local_kafka(settings)

    def afterwards() -> None:
        if settings.is_secure:
            ensure_rights(settings)

    return Part(
        name="kafka",
        title="消息总线 Kafka",
        command=tuple(broker.command()),
        prepare=broker.initialise,
        healthy=lambda: check_kafka(settings),
        afterwards=afterwards,
        environment=certificate_in_use(settings, BROKER),
        ports={
            "MINSHENG_KAFKA_BOOTSTRAP": broker.port,
            "MINSHENG_KAFKA_CONTROLLER_PORT": broker.controller_port,
            **({"MINSHENG_KAFKA_ADMIN_BOOTSTRAP": broker.tls.internal_port} if broker.tls else {}),
        },
        memory_mib=450,
    )

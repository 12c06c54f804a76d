"""How each part of the platform reaches Kafka: as whom, with what rights, over what.

One principal for each thing that is done with Kafka, rather than for each process: a right follows the
purpose, and a machine can act only as those whose secret files `kafka_<principal>` it has.
Nothing but the standard library when it is imported: containers of brokers have no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from streams.settings import Settings

Principal = Literal["setup", "gateway", "import", "simulator", "producer", "stream", "rollup", "originals"]
Operation = Literal["CREATE", "READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"]

RIGHTS: Mapping[Principal, tuple[Operation, ...]] = {
    "setup": ("CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"),  # deployments, topics, doctor
    "gateway": ("WRITE",),
    "import": ("WRITE",),
    "simulator": ("WRITE",),
    "producer": ("WRITE",),  # departments that may reach Kafka themselves
    "stream": ("READ",),  # live query and archive
    "rollup": ("DESCRIBE",),  # only offsets: what it reads stands in the lake
    "originals": ("READ",),  # events in quarantine as they were sent
}
"""Principal -> what it may do with this installation's topics; WRITE and READ include DESCRIBE."""

MECHANISM = "SCRAM-SHA-512"
LIBRARY_CONNECT_MS = 10_000
"""For how long both libraries wait for a connection to a broker before they try another, unless told."""

FETCH_WAIT_MS = 1
"""For how long a broker holds a consumer's request until there are events. Spark reads only what is there,
and asks where the log ends after each read: that question would wait behind the request for what comes after
the last event, 500 ms unless told, for one partition after the other (decision 152)."""

_JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required"


def secret_name(principal: Principal) -> str:
    """The file of `secrets/` with the principal's password."""
    return f"kafka_{principal}"


def user_name(settings: Settings, principal: Principal) -> str:
    """What the brokers call the principal."""
    return f"{settings.kafka_user_prefix}{principal}"


def client_options(settings: Settings, principal: Principal) -> dict[str, object]:
    """What every client of kafka-python is made with: brokers, and how to be `principal` there.

    Raises SecretMissing where this machine has no such secret.
    """
    milliseconds = int(settings.kafka_request_seconds * 1000)
    options: dict[str, object] = {
        "bootstrap_servers": brokers(settings.kafka_bootstrap),
        "request_timeout_ms": milliseconds,
    }
    if not settings.is_secure:
        return options
    return options | {
        "security_protocol": "SASL_SSL",
        "ssl_cafile": str(settings.authority),
        "sasl_mechanism": MECHANISM,
        "sasl_plain_username": user_name(settings, principal),
        "sasl_plain_password": settings.secret(secret_name(principal)),
    }


def spark_options(settings: Settings, principal: Principal = "stream") -> dict[str, str]:
    """The same for Spark's Kafka source. The authority goes as text: no worker needs the file.

    Raises SecretMissing, FileNotFoundError.
    """
    milliseconds = int(settings.kafka_request_seconds * 1000)
    connect_ms = str(min(milliseconds, LIBRARY_CONNECT_MS))
    options = {
        "kafka.bootstrap.servers": settings.kafka_bootstrap,
        "kafka.request.timeout.ms": str(milliseconds),
        "kafka.socket.connection.setup.timeout.ms": connect_ms,
        "kafka.socket.connection.setup.timeout.max.ms": str(max(milliseconds, LIBRARY_CONNECT_MS)),
        "kafka.fetch.max.wait.ms": str(FETCH_WAIT_MS),
    }
    if not settings.is_secure:
        return options
    user, password = user_name(settings, principal), settings.secret(secret_name(principal))
    return options | {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.truststore.certificates": settings.authority.read_text(encoding="ascii"),
        "kafka.sasl.mechanism": MECHANISM,
        "kafka.sasl.jaas.config": f"{_JAAS} username={_quoted(user)} password={_quoted(password)};",
    }


def admin_options(settings: Settings) -> dict[str, object]:
    """For who makes users and rights: by certificate, on the brokers' listener for certificates."""
    folder = settings.certificates_dir
    return {
        "bootstrap_servers": brokers(settings.kafka_admin_bootstrap),
        "security_protocol": "SSL",
        "ssl_cafile": str(settings.authority),
        "ssl_certfile": str(folder / "admin.pem"),
        "ssl_keyfile": str(folder / "admin.key"),
    }


def brokers(bootstrap: str) -> list[str]:
    """The addresses of a bootstrap setting."""
    return [each.strip() for each in bootstrap.split(",")]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

"""Real servers for the tests that need them, one of each a session, on free ports of loopback."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psycopg
import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from infra.local.kafka import LocalKafka
from infra.local.postgres import EmbeddedPostgres
from streams.settings import Settings
from tests.waiting import wait_for_success

# Elsewhere each run looks for new examples; a verdict on a commit must not hang on luck or a busy machine.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("person", deadline=None)  # how fast it is, is no question of these tests
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "person")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--corpus-events",
        default="1000",
        help="events of each contract that all engines are asked about (tests/contracts/test_engines.py)",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_kafka(bootstrap: str) -> None:
    """Return once the broker answers. Its client would wait up to half a minute between two attempts."""
    often = {"bootstrap_timeout_ms": 2_000, "reconnect_backoff_max_ms": 200}
    wait_for_success(lambda: KafkaAdminClient(bootstrap_servers=bootstrap, **often).close(), KafkaError)


@pytest.fixture(scope="session")
def passable() -> Iterator[Path]:
    """A folder that other users may pass through: the database server is one. Pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="minsheng-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(passable: Path) -> Iterator[dict[str, object]]:
    """A PostgreSQL server: host, port, user, password of its superuser."""
    password = secrets.token_hex(16)
    folder = passable / "postgres"
    folder.mkdir(mode=0o755)
    server = EmbeddedPostgres(folder / "data", free_port())
    server.initialise(password)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            server.command(fsync="off", max_connections="200"), cwd="/", stdout=log, stderr=log
        )
    at = {"host": "127.0.0.1", "port": server.port, "user": "postgres", "password": password}
    wait_for_success(lambda: psycopg.connect(**at, dbname="postgres").close(), psycopg.OperationalError)
    yield at
    process.send_signal(2)
    process.wait(30)


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Kafka broker's address."""
    folder = tmp_path_factory.mktemp("kafka")
    broker = LocalKafka(folder / "data", Settings().jars_dir / "kafka", free_port(), free_port())
    broker.initialise()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(broker.command(), stdout=log, stderr=log)
    bootstrap = f"127.0.0.1:{broker.port}"
    wait_for_kafka(bootstrap)
    yield bootstrap
    process.terminate()
    process.wait(30)


@pytest.fixture
def settings(
    tmp_path: Path, postgres: dict[str, object], kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of an installation of its own: an empty migrated database, topics of a prefix of its own."""
    from infra.postgres.migrate import create_database, migrate  # noqa: PLC0415 (imports alembic)

    name = f"t{secrets.token_hex(6)}"
    environment = {
        "HOME": tmp_path / "home",
        "KAFKA_BOOTSTRAP": kafka_bootstrap,
        "TOPIC_PREFIX": f"{name}.",
        "POSTGRES_PORT": postgres["port"],
        "POSTGRES_DATABASE": name,
        "POSTGRES_USER": f"owner_{name}",
        "POSTGRES_READER": f"reader_{name}",
    }
    for key, value in environment.items():
        monkeypatch.setenv(f"MINSHENG_{key}", str(value))
    settings = Settings()
    settings.secrets_dir.mkdir(parents=True, mode=0o700)
    for secret in ("postgres", "reader", "tokens"):
        (settings.secrets_dir / secret).write_text(secrets.token_hex(32), encoding="ascii")
    create_database(settings, superuser_dsn=psycopg.conninfo.make_conninfo(**postgres, dbname="postgres"))
    migrate(settings)
    return settings


@pytest.fixture(scope="session", autouse=True)
def _spark_ends() -> Iterator[None]:
    """Whatever test started Spark: its JVM ends with the session, not some time after it."""
    yield
    if "pyspark" not in sys.modules:
        return
    from pyspark import SparkContext  # noqa: PLC0415 (only where a test has used it)

    if SparkContext._active_spark_context is not None:
        SparkContext._active_spark_context.stop()
    gateway = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(30)

"""Kafka and PostgreSQL for a benchmark that is no test: on free ports, in a folder of their own."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from infra.local.kafka import LocalKafka
from infra.local.postgres import EmbeddedPostgres
from infra.postgres.migrate import create_database, migrate
from streams.settings import Settings
from tests.conftest import free_port
from tests.waiting import wait_for_success

SUPERUSER = "superuser"


@contextmanager
def started(folder: Path) -> Iterator[dict[str, str]]:
    """Both servers, empty; gives back the environment of an installation that uses them."""
    folder.chmod(0o755)  # PostgreSQL runs as another user
    home, password = folder / "home", secrets.token_hex(16)
    (home / "secrets").mkdir(parents=True)
    for name in ("postgres", "reader", "tokens"):
        (home / "secrets" / name).write_text(secrets.token_hex(32), encoding="ascii")
    (home / "secrets" / SUPERUSER).write_text(password, encoding="ascii")
    database = EmbeddedPostgres(folder / "postgres", free_port())
    database.initialise(password)
    broker = LocalKafka(folder / "kafka", Settings().jars_dir / "kafka", free_port(), free_port())
    broker.initialise()
    with (folder / "log").open("w") as log:
        options = {"stdout": log, "stderr": log}
        processes = [
            subprocess.Popen(database.command(), cwd="/", **options),
            subprocess.Popen(broker.command(), **options),
        ]
        try:
            bootstrap = f"127.0.0.1:{broker.port}"
            wait_for_success(lambda: KafkaAdminClient(bootstrap_servers=bootstrap).close(), KafkaError)
            yield {
                "MINSHENG_HOME": str(home),
                "MINSHENG_KAFKA_BOOTSTRAP": bootstrap,
                "MINSHENG_POSTGRES_PORT": str(database.port),
            }
        finally:
            for process in processes:
                process.terminate()
                process.wait(60)


def prepare(settings: Settings) -> None:
    """Make the database and its tables."""
    superuser = psycopg.conninfo.make_conninfo(
        host="127.0.0.1",
        port=settings.postgres_port,
        user="postgres",
        password=settings.secret(SUPERUSER),
        dbname="postgres",
    )
    wait_for_success(lambda: psycopg.connect(superuser).close(), psycopg.OperationalError)
    create_database(settings, superuser_dsn=superuser)
    migrate(settings)

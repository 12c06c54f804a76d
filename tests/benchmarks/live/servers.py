"""Broker and database of a benchmark's own, on free ports, and a fresh installation for each round."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from infra.deploy import deploy
from infra.local.kafka import LocalKafka
from infra.local.postgres import EmbeddedPostgres
from infra.postgres.migrate import create_database, migrate
from streams.contract.model import Contract
from streams.settings import Settings
from tests.conftest import free_port

START_SECONDS = 60
LAST_LINES = 30
POSTGRES = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}


@dataclass(frozen=True)
class Servers:
    """Addresses of what runs."""

    folder: Path
    bootstrap: str
    postgres_port: int
    password: str

    def installation(self, name: str, prefix: str, contracts: Mapping[str, Contract]) -> Settings:
        """A database of that name, migrated, with these contracts deployed over topics of `prefix`."""
        environment = {
            "HOME": self.folder / name,
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "TOPIC_PREFIX": prefix,
            "POSTGRES_PORT": self.postgres_port,
            "POSTGRES_DATABASE": name,
            "POSTGRES_USER": f"owner_{name}",
            "POSTGRES_READER": f"reader_{name}",
        }
        os.environ.update({f"MINSHENG_{key}": str(value) for key, value in environment.items()})
        settings = Settings()
        settings.secrets_dir.mkdir(parents=True, mode=0o700)
        for secret in ("postgres", "reader", "tokens"):
            (settings.secrets_dir / secret).write_text(secrets.token_hex(32), encoding="ascii")
        superuser = f"host=127.0.0.1 port={self.postgres_port} user=postgres password={self.password}"
        create_database(settings, superuser_dsn=f"{superuser} dbname=postgres")
        migrate(settings)
        deploy(settings, contracts.values())
        return settings


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Both started and healthy; ended afterwards."""
    for parent in (folder, *folder.parents[:1]):
        with suppress(PermissionError):
            parent.chmod(0o755)  # PostgreSQL runs as another user
    password = secrets.token_hex(16)
    database = EmbeddedPostgres(folder / "postgres", free_port())
    database.initialise(password)
    broker = LocalKafka(folder / "kafka", Settings().jars_dir / "kafka", free_port(), free_port())
    broker.initialise()
    bootstrap = f"127.0.0.1:{broker.port}"
    with (folder / "log").open("w") as log:
        processes = [
            subprocess.Popen(command, cwd="/", stdout=log, stderr=log)
            for command in (database.command(max_connections="100", **POSTGRES), broker.command())
        ]
    at = {"host": "127.0.0.1", "port": database.port, "user": "postgres", "password": password}
    try:
        _wait(lambda: psycopg.connect(**at, dbname="postgres").close(), psycopg.OperationalError)
        _wait(lambda: KafkaAdminClient(bootstrap_servers=bootstrap).close(), KafkaError)
        yield Servers(folder, bootstrap, database.port, password)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


@contextmanager
def streaming(settings: Settings) -> Iterator[None]:
    """The live query and the archive, as a process of their own. What its log said last stands with an error
    of the block: the folder of a benchmark is gone by the time that somebody reads it."""
    path = settings.home / "stream.log"
    with path.open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "spark_jobs.stream"], stdout=log, stderr=log)
    try:
        yield
    except Exception as error:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        error.add_note("\n".join([f"{path.name}, the last lines:", *lines[-LAST_LINES:]]))
        raise
    finally:
        process.terminate()
        process.wait(30)


def _wait(attempt: Callable[[], object], failure: type[Exception]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
            return
        except failure:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)

"""PostgreSQL, Kafka and the Spark application: each under a supervisor, the servers behind proxies."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg

from infra.deploy import deploy
from infra.local.kafka import LocalKafka
from infra.local.postgres import EmbeddedPostgres
from infra.postgres.migrate import create_database, migrate
from streams.contract.loader import load_contract
from streams.contract.model import Contract
from streams.settings import REPOSITORY, Settings
from tests.conftest import free_port, wait_for_kafka
from tests.core_sources import CORE
from tests.faults.disk import Disk
from tests.faults.proxy import Proxy
from tests.faults.supervised import Supervised
from tests.waiting import wait_for, wait_for_success

SOURCES = (*CORE, "neighbourhood_request")
"""As they are written, rules across events and a life cycle among them."""
PREFIX = "faults."
# Short, so that every fault meets the archive at work too.
ARCHIVE_TRIGGER_SECONDS = 4
START_SECONDS = 120
_BEATS = "select count(*) from ops.heartbeat where clock_timestamp() - beat_at < interval '30 s'"
_QUERIES = 2
_ACTIVITY = """
    select application_name, state, wait_event_type, wait_event, now() - xact_start, left(query, 200)
    from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class ProxiedKafka(LocalKafka):
    """A broker that listens on `second_port` too, and says that it is reached there on `proxy_port`."""

    second_port: int = 0
    proxy_port: int = 0

    @property
    def _properties(self) -> dict[str, str]:
        own = super()._properties
        second = {
            "listeners": f"PROXIED://127.0.0.1:{self.second_port}",
            "advertised.listeners": f"PROXIED://127.0.0.1:{self.proxy_port}",
            "listener.security.protocol.map": "PROXIED:PLAINTEXT",
        }
        return {**own, **{name: f"{own[name]},{value}" for name, value in second.items()}}


class Ways(NamedTuple):
    """Ports of a server: its own, the one that the proxy leads to, the proxy's."""

    direct: int
    behind: int
    proxy: int


@dataclass(frozen=True)
class Server:
    """A server's process, and the way that the platform's parts take to it. `port` leads there directly."""

    process: Supervised
    proxy: Proxy
    port: int


class Platform:
    """Runs; `settings` reach the servers directly, `environment` is for parts: through the proxies."""

    def __init__(self, folder: Path, resources: ExitStack) -> None:
        self._resources, self._folder = resources, folder
        self.home = folder / "home"
        self.disks = {
            "postgres": self._disk(folder / "postgres", 700),
            "lake": self._disk(self.home / "lake", 200),
            "checkpoint": self._disk(folder / "tmp", 64),
        }
        self.contracts: dict[str, Contract] = {
            source: load_contract(REPOSITORY / "streams" / "contracts" / f"{source}.yaml")
            for source in SOURCES
        }
        password = secrets.token_hex(16)
        with ThreadPoolExecutor(2) as pool:
            postgres, kafka = pool.submit(self._postgres, password), pool.submit(self._kafka)
            self.postgres, self.kafka = postgres.result(), kafka.result()
        direct = self._variables(self.postgres.port, self.kafka.port)
        self.settings = Settings(**{name.lower(): value for name, value in direct.items()})
        self.environment = self._environment(self.postgres.proxy.port, self.kafka.proxy.port)
        self._install(password)
        self.stream = self.start_stream()
        wait_for(lambda: self.ask(_BEATS) == _QUERIES, START_SECONDS)

    def start_stream(self, name: str = "stream") -> Supervised:
        """The Spark application: live query and archive query."""
        return self.supervise(name, sys.executable, "-m", "spark_jobs.stream")

    def supervise(self, name: str, *command: str, **environment: str) -> Supervised:
        """A part of the platform, started, and started again whenever it ends, until the platform stops."""
        part = Supervised(name, command, {**self.environment, **environment}, self._folder / f"{name}.log")
        self._resources.callback(part.stop)
        return part

    def ask(self, question: str, *values: object) -> int:
        """The one number that answers a question in SQL."""
        with self.connect() as connection:
            row = connection.execute(question, values).fetchone()
        assert row is not None
        return int(row[0])

    @contextmanager
    def connect(self, superuser: bool = False) -> Iterator[psycopg.Connection]:
        """Directly, as the owner or as the superuser; every statement is a transaction of its own."""
        dsn = self._superuser_dsn if superuser else self.settings.postgres_dsn
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield connection

    def counted(self, query: str = "live") -> int:
        """Events that have an outcome (live) or stand in the lake (archive)."""
        return self.ask("select coalesce(sum(events), 0) from ops.tally where query = %s", query)

    def story(self) -> str:
        """For who wonders why it failed: what PostgreSQL works at, and the end of each part's log."""
        with self.connect(superuser=True) as connection:
            told = [str(row) for row in connection.execute(_ACTIVITY).fetchall()]
        for file in sorted(self._folder.glob("*.log")):
            told += [f"--- {file.name}", file.read_text(errors="replace")[-6_000:]]
        return "\n".join(told)

    def _disk(self, folder: Path, size_mib: int) -> Disk:
        disk = Disk(folder, size_mib)
        self._resources.callback(disk.unmount)
        return disk

    def _postgres(self, password: str) -> Server:
        server = EmbeddedPostgres(self.disks["postgres"].folder / "data", free_port())
        server.initialise(password)
        command = server.command(max_connections="100", shared_buffers="128MB", max_wal_size="256MB")
        at = f"host=127.0.0.1 port={server.port} user=postgres password={password}"
        self._superuser_dsn = f"{at} dbname={self._variables(0, 0)['POSTGRES_DATABASE']}"
        running = self._served(
            "postgres", command, signal.SIGINT, Ways(server.port, server.port, free_port())
        )
        wait_for_success(lambda: psycopg.connect(f"{at} dbname=postgres").close(), psycopg.OperationalError)
        return running

    def _kafka(self) -> Server:
        jars = Settings().jars_dir / "kafka"
        port, controller, second, proxy = (free_port() for _ in range(4))
        broker = ProxiedKafka(
            self._folder / "kafka", jars, port, controller, second_port=second, proxy_port=proxy
        )
        broker.initialise()
        running = self._served("kafka", broker.command(), signal.SIGTERM, Ways(port, second, proxy))
        wait_for_kafka(f"127.0.0.1:{broker.port}")
        return running

    def _served(self, name: str, command: list[str], stop: int, ways: Ways) -> Server:
        process = Supervised(name, command, os.environ, self._folder / f"{name}.log", stop)
        self._resources.callback(process.stop)
        proxy = Proxy(ways.proxy, ways.behind)
        self._resources.callback(proxy.close)
        return Server(process, proxy, ways.direct)

    def _variables(self, postgres_port: int, kafka_port: int) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "KAFKA_BOOTSTRAP": f"127.0.0.1:{kafka_port}",
            "TOPIC_PREFIX": PREFIX,
            "POSTGRES_PORT": str(postgres_port),
            "POSTGRES_DATABASE": "faults",
            "POSTGRES_USER": "owner",
            "ARCHIVE_TRIGGER_SECONDS": str(ARCHIVE_TRIGGER_SECONDS),
        }

    def _environment(self, postgres_port: int, kafka_port: int) -> Mapping[str, str]:
        own = {
            f"MINSHENG_{name}": value for name, value in self._variables(postgres_port, kafka_port).items()
        }
        return {**os.environ, **own, "TMPDIR": str(self.disks["checkpoint"].folder)}

    def _install(self, password: str) -> None:
        self.settings.secrets_dir.mkdir(parents=True, mode=0o700)
        for secret in ("postgres", "reader", "tokens"):
            (self.settings.secrets_dir / secret).write_text(secrets.token_hex(32), encoding="ascii")
        superuser = (
            f"host=127.0.0.1 port={self.postgres.port} user=postgres password={password} dbname=postgres"
        )
        create_database(self.settings, superuser_dsn=superuser)
        migrate(self.settings)
        deploy(self.settings, self.contracts.values())


@contextmanager
def platform() -> Iterator[Platform]:
    """One that runs, healthy; everything of it is gone afterwards."""
    with ExitStack() as resources:
        name = resources.enter_context(
            tempfile.TemporaryDirectory(prefix="minsheng-faults-", ignore_cleanup_errors=True)
        )
        Path(name).chmod(0o755)  # PostgreSQL runs as another user
        yield Platform(Path(name), resources)

"""One broker with TLS, users and rights; and beside its own listener some that are misconfigured."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kafka.errors import KafkaError

from infra.local.errors import NotHealthy
from infra.local.kafka import LocalKafka
from infra.local.kafka_part import check_kafka, local_kafka
from infra.local.secrets import make_secrets
from infra.security.authority import SERVER, Pair, Wanted, new_authority, new_certificate
from infra.security.certificates import make_certificates
from infra.security.rights import ensure_rights
from streams.settings import Settings
from streams.topics import admin_client
from tests.conftest import free_port
from tests.waiting import wait_for_success

TOPIC = "events.parking_notice"
ELSEWHERE = "payroll.slips"
LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class SecureKafka:
    """`settings` reach it as they should; `misconfigured`: name -> address of a listener that is not."""

    settings: Settings
    misconfigured: Mapping[str, str]

    def at(self, name: str) -> Settings:
        return self.settings.model_copy(update={"kafka_bootstrap": self.misconfigured[name]})


def second_home(settings: Settings, folder: Path, **changes: object) -> Settings:
    """The same installation's secrets and certificates in another folder, to break them there."""
    for name in ("secrets", "certificates"):
        shutil.copytree(settings.home / name, folder / name)
    return Settings(**{**settings.model_dump(), "home": folder, **changes})


def _with_listeners(broker: LocalKafka, ports: Mapping[str, int], folder: Path) -> None:
    """Give a broker that is initialised further listeners for clients, with certificates of their own."""
    file = broker.data_dir / "server.properties"
    lines = dict(line.split("=", 1) for line in file.read_text(encoding="ascii").splitlines())
    for name, port in ports.items():
        for key in ("listeners", "advertised.listeners"):
            lines[key] += f",{name}://127.0.0.1:{port}"
        lines["listener.security.protocol.map"] += f",{name}:SASL_SSL"
        prefix = f"listener.name.{name.lower()}"
        lines[f"{prefix}.ssl.keystore.location"] = str(folder / f"{name}.pem")
        jaas = "scram-sha-512.sasl.jaas.config"
        lines[f"{prefix}.{jaas}"] = lines[f"listener.name.clients.{jaas}"]
    file.write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="ascii")


def _bad_keystores(settings: Settings, folder: Path) -> None:
    now = datetime.now(UTC)
    own = settings.certificates_dir
    authority = Pair((own / "ca.pem").read_text("ascii"), (own / "ca.key").read_text("ascii"))
    kafka = Wanted("kafka", LOOPBACK, (SERVER,))
    pairs = {
        "EXPIRED": new_certificate(authority, kafka, now - timedelta(days=400), 397),
        "FOREIGN": new_certificate(new_authority(now), kafka, now, 30),
        "OTHERNAME": new_certificate(authority, Wanted("kafka", ("elsewhere.invalid",), (SERVER,)), now, 30),
    }
    for name, pair in pairs.items():
        (folder / f"{name}.pem").write_text(pair.key + pair.certificate, encoding="ascii")


@pytest.fixture(scope="session")
def secure_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    folder = tmp_path_factory.mktemp("secure")
    settings = Settings(
        home=folder / "home",
        security="tls",
        kafka_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_admin_bootstrap=f"127.0.0.1:{free_port()}",
        kafka_controller_port=free_port(),
        kafka_heap="256m",
        topic_prefix="events.",
    )
    make_secrets(settings)
    make_certificates(settings, datetime.now(UTC))
    _bad_keystores(settings, folder)
    ports = {name: free_port() for name in ("EXPIRED", "FOREIGN", "OTHERNAME")}
    broker = local_kafka(settings)
    broker.initialise()
    _with_listeners(broker, ports, folder)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(broker.command(), stdout=log, stderr=log)
    try:
        wait_for_success(lambda: check_kafka(settings), NotHealthy)
        ensure_rights(settings)
        wait_for_success(lambda: _make_topics(settings), KafkaError)
        yield SecureKafka(settings, {name: f"127.0.0.1:{port}" for name, port in ports.items()})
    finally:
        process.terminate()
        process.wait(30)


def _make_topics(settings: Settings) -> None:
    with admin_client(settings) as admin:
        if TOPIC not in admin.list_topics():
            admin.create_topics({TOPIC: {"num_partitions": 1, "replication_factor": 1}})

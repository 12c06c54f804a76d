"""The doctor's checks of servers and of what others can reach: each misconfiguration is really made."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
from kafka.admin import ConfigResource

from infra.airflow.configuration import configuration, home
from infra.backup.database import set_aside
from infra.deploy import deploy
from infra.local.checks import exposure, servers
from infra.local.checks.finding import Finding, Place
from infra.local.control import Control
from infra.local.folders import make_folders
from infra.local.secrets import make_secrets
from infra.security.certificates import make_certificates
from infra.superset import metadata
from streams.contract.loader import parse_contract
from streams.settings import Settings
from streams.topic_name import topic_name
from streams.topics import admin_client
from tests.conftest import free_port
from tests.core_sources import core
from tests.infra.local.test_checks import GOOD, says_what_to_do

REAL = pytest.mark.servers


def at(settings: Settings) -> Place:
    return Place(settings, GOOD, os.environ)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An installation whose servers do not answer."""
    settings = Settings(
        home=tmp_path / "home", postgres_port=free_port(), kafka_bootstrap=f"127.0.0.1:{free_port()}"
    )
    make_folders(settings)
    make_secrets(settings)
    return Place(settings, GOOD, {})


@pytest.fixture
def source(settings: Settings) -> str:
    contract = next(iter(core(settings.contracts_dir).values()))
    deploy(settings, [contract])
    return contract.source


def test_without_servers_there_is_nothing_to_find(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.topics.BOOTSTRAP_MS", 500)
    for check in (servers.topics, servers.replicas, servers.lateness, servers.connections, servers.reader):
        assert check(place).level == "fine", check
    for check in (servers.dashboards_role, servers.set_aside, servers.airflow_zone, servers.lake_writable):
        assert check(place).level == "fine", check


@REAL
def test_a_contract_without_a_topic_is_wrong(settings: Settings, source: str) -> None:
    assert servers.topics(at(settings)).level == "fine"
    with admin_client(settings) as admin:
        admin.delete_topics([topic_name(settings.topic_prefix, source)])
    finding = servers.topics(at(settings))
    assert says_what_to_do(finding, "wrong")
    assert "without a topic" in finding.says


@REAL
@pytest.mark.parametrize("config", [{"message.timestamp.type": "CreateTime"}, {"retention.ms": "60000"}])
def test_a_topic_that_was_changed_by_hand_is_wrong(
    settings: Settings, source: str, config: dict[str, str]
) -> None:
    with admin_client(settings) as admin:
        admin.alter_configs([ConfigResource("topic", topic_name(settings.topic_prefix, source), config)])
    finding = servers.topics(at(settings))
    assert says_what_to_do(finding, "wrong")
    assert next(iter(config)) in finding.says


@REAL
def test_more_replicas_than_brokers_are_wrong(settings: Settings, source: str) -> None:
    assert servers.replicas(at(settings)).level == "fine"
    finding = servers.replicas(at(settings.model_copy(update={"topic_replication": 3})))
    assert says_what_to_do(finding, "wrong")
    assert "there are 1 brokers" in finding.says


@REAL
def test_topics_with_fewer_replicas_than_asked_are_wrong(
    settings: Settings, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made when one was enough; the further brokers are said, not started."""
    monkeypatch.setattr(
        "kafka.KafkaAdminClient.describe_cluster", lambda _: {"brokers": [{"node_id": n} for n in range(3)]}
    )
    finding = servers.replicas(at(settings.model_copy(update={"topic_replication": 3})))
    assert says_what_to_do(finding, "wrong")
    assert topic_name(settings.topic_prefix, source) in finding.says


@REAL
def test_events_later_than_the_lake_keeps_days_are_wrong(settings: Settings) -> None:
    file = next(iter(sorted(settings.contracts_dir.glob("*.yaml"))))
    contract = parse_contract(file.read_text("utf-8") + "\naccept: {past: 800d}\n", file.name)
    deploy(settings, [contract])
    finding = servers.lateness(at(settings))
    assert says_what_to_do(finding, "wrong")
    assert f"{contract.source} (800 days)" in finding.says
    longer = settings.model_copy(update={"lake_retention_days": 900})
    assert servers.lateness(at(longer)).level == "fine"


def test_a_lake_that_cannot_be_written_to_is_wrong(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    log = place.settings.lake_dir / "events" / "_delta_log"
    log.mkdir(parents=True)
    assert servers.lake_writable(place).level == "fine"
    log.chmod(0o500)
    if os.geteuid() == 0:  # whom no mode keeps out; what a read-only mount says instead
        monkeypatch.setattr(os, "access", lambda path, _: Path(path) != log)
    finding = servers.lake_writable(place)
    assert says_what_to_do(finding, "wrong")
    assert str(log) in finding.says


@REAL
def test_too_few_connections_are_wrong(
    settings: Settings, postgres: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert servers.connections(at(settings)).level == "fine"
    monkeypatch.setattr(servers, "CONNECTIONS_NEEDED", 1_000)  # rather than a server of 50
    assert says_what_to_do(servers.connections(at(settings)), "wrong")
    monkeypatch.setattr(servers, "CONNECTIONS_NEEDED", 1)
    monkeypatch.setattr(servers, "BUSY", 0.0)
    assert says_what_to_do(servers.connections(at(settings)), "warning")


@REAL
def test_a_reader_that_may_write_is_wrong(settings: Settings) -> None:
    assert servers.reader(at(settings)).level == "fine"
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute(f"grant update on ops.tally to {settings.postgres_reader}".encode())
    finding = servers.reader(at(settings))
    assert says_what_to_do(finding, "wrong")
    assert "ops.tally" in finding.says


@REAL
def test_a_reader_that_is_more_than_that_is_wrong(settings: Settings, postgres: dict[str, object]) -> None:
    superuser = psycopg.conninfo.make_conninfo(**postgres, dbname="postgres")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"alter role {settings.postgres_reader} createrole".encode())
    assert says_what_to_do(servers.reader(at(settings)), "wrong")


@REAL
def test_dashboards_that_read_as_the_owner_are_wrong(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Superset's own table, as it keeps its data sources."""
    monkeypatch.setattr(metadata, "METADATA_DATABASE", settings.postgres_database)
    monkeypatch.setattr(type(settings), "metadata_dsn", lambda self, _: self.postgres_dsn)
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute("create table dbs (database_name text, sqlalchemy_uri text)")
        connection.execute(
            "insert into dbs values ('minsheng', %s)",
            (f"postgresql+psycopg2://{settings.postgres_reader}:XXXXXXXXXX@127.0.0.1:5432/minsheng",),
        )
    assert servers.dashboards_role(at(settings)).level == "fine"
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute(
            "insert into dbs values ('by hand', 'postgresql://minsheng:x@127.0.0.1:5432/minsheng')"
        )
    finding = servers.dashboards_role(at(settings))
    assert says_what_to_do(finding, "wrong")
    assert "by hand as minsheng" in finding.says


def test_another_zone_of_airflow_is_wrong(place: Place) -> None:
    file = home(place.settings) / "airflow.cfg"
    file.parent.mkdir(parents=True)
    text = configuration(place.settings)
    file.write_text(text, encoding="utf-8")
    assert servers.airflow_zone(place).level == "fine"
    file.write_text(text.replace("Asia/Shanghai", "utc"), encoding="utf-8")
    assert says_what_to_do(servers.airflow_zone(place), "wrong")
    told = replace(place, environment={"AIRFLOW__CORE__DEFAULT_TIMEZONE": "utc"})
    assert says_what_to_do(servers.airflow_zone(told), "wrong")


@REAL
def test_what_a_restore_has_set_aside_is_a_warning(settings: Settings, source: str) -> None:
    assert servers.set_aside(at(settings)).level == "fine"
    with psycopg.connect(settings.postgres_dsn) as connection:
        set_aside(connection, "20260504120000")
    finding = servers.set_aside(at(settings))
    assert says_what_to_do(finding, "warning")
    assert "ops_before_20260504120000" in finding.remedy


def secured(place: Place, now: datetime | None = None) -> Place:
    settings = Settings(**{**place.settings.model_dump(), "security": "tls"})
    make_certificates(settings, now or datetime.now(UTC))
    return replace(place, settings=settings)


def test_a_gateway_for_everybody_without_tls_is_wrong(place: Place) -> None:
    assert exposure.listening(place).level == "fine"
    for host in ("::", "192.0.2.7", "gateway.example"):
        everywhere = place.settings.model_copy(update={"gateway_host": host})
        assert says_what_to_do(exposure.listening(replace(place, settings=everywhere)), "wrong"), host
        with_tls = secured(replace(place, settings=everywhere))
        assert exposure.listening(with_tls).level == "fine"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("::ffff:192.0.2.7", False),
        ("::", False),
        ("192.0.2.7", False),
        ("gateway.example", False),
    ],
)
def test_what_is_loopback(host: str, expected: bool) -> None:
    assert exposure.is_loopback(host) is expected


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A part of the stack, as supervisor knows it, with a socket on every address: this process is it."""
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 (that is the mistake)
        state = type("State", (), {"pid": os.getpid(), "is_kept": True})()
        monkeypatch.setattr(Control, "is_up", lambda _: True)
        monkeypatch.setattr(Control, "states", lambda _: {"superset": state})
        yield server.getsockname()[1]


def test_a_part_that_listens_on_every_address_is_wrong(place: Place, public: int) -> None:
    finding = exposure.listening(place)
    assert says_what_to_do(finding, "wrong")
    assert f"superset on 0.0.0.0:{public}" in finding.says
    assert psutil.pid_exists(os.getpid())


def test_a_certificate_that_has_expired_or_soon_will_is_found(place: Place) -> None:
    assert exposure.certificates(place).level == "fine"  # none in use
    now = datetime.now(UTC)
    assert exposure.certificates(secured(place)).level == "fine"
    shutil.rmtree(place.settings.certificates_dir)
    assert says_what_to_do(exposure.certificates(secured(place, now - timedelta(days=380))), "warning")
    shutil.rmtree(place.settings.certificates_dir)
    finding = exposure.certificates(secured(place, now - timedelta(days=450)))
    assert says_what_to_do(finding, "wrong")
    assert "expired 53 days ago" in finding.says


def test_a_certificate_that_lacks_or_is_of_others_is_wrong(place: Place, tmp_path: Path) -> None:
    secure = secured(place)
    other = Settings(home=tmp_path / "other", security="tls")
    make_certificates(other, datetime.now(UTC))
    gateway = secure.settings.certificates_dir / "gateway.pem"
    shutil.copy(other.certificates_dir / "gateway.pem", gateway)
    finding: Finding = exposure.certificates(secure)
    assert says_what_to_do(finding, "wrong")
    assert "another authority" in finding.says
    gateway.unlink()
    assert "gateway is missing" in exposure.certificates(secure).says

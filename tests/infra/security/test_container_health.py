"""What the health checks of containers say of real servers with TLS, and of those not to be trusted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.docker import healthy
from infra.security.certificates import make_certificates
from streams.settings import Settings
from tests.infra.security.conftest import SecureKafka
from tests.infra.security.tls_front import tls_front

pytestmark = pytest.mark.servers


def port_of(address: str) -> str:
    return address.rpartition(":")[2]


def test_a_broker_is_healthy_when_it_answers_over_tls(
    secure_kafka: SecureKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healthy, "AUTHORITY", secure_kafka.settings.authority)
    assert healthy.main("kafka", "127.0.0.1", port_of(secure_kafka.settings.kafka_bootstrap)) == 0


@pytest.mark.parametrize("name", ["EXPIRED", "FOREIGN", "OTHERNAME"])
def test_a_broker_whose_certificate_is_wrong_is_not_healthy(
    secure_kafka: SecureKafka, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(healthy, "AUTHORITY", secure_kafka.settings.authority)
    assert healthy.main("kafka", "127.0.0.1", port_of(secure_kafka.misconfigured[name])) == 1
    assert "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().out


def test_the_database_is_healthy_when_it_asks_over_tls_for_a_password(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Settings(home=tmp_path, security="tls")
    make_certificates(own, datetime.now(UTC))
    monkeypatch.setattr(healthy, "AUTHORITY", own.authority)
    folder = own.certificates_dir
    with tls_front(folder / "postgres.pem", folder / "postgres.key", settings.postgres_port) as port:
        assert healthy.main("postgres", "127.0.0.1", str(port)) == 0
    assert healthy.main("postgres", "127.0.0.1", str(settings.postgres_port)) == 1  # it has no TLS

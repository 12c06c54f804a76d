"""Certificates in containers: each service gets its own and no other; a bad authority ends the start."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.docker.certificates import ISSUED, make
from infra.docker.database_tls import configuration
from infra.security.authority import new_authority
from streams.settings import REPOSITORY, Settings

NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ISSUED:
        (tmp_path / "issued" / name).mkdir(parents=True)
    return Settings(home=tmp_path, security="tls", certificate_hosts="localhost,kafka-1,postgres-tls")


def given(settings: Settings) -> dict[str, set[str]]:
    return {name: {file.name for file in (settings.home / "issued" / name).iterdir()} for name in ISSUED}


def test_each_service_is_given_its_own_key_and_nobody_the_authoritys(settings: Settings) -> None:
    make(settings, NOW)
    keys = {
        name: {file for file in files if file.endswith(".key")} for name, files in given(settings).items()
    }
    assert keys == {
        "admin": {"admin.key"},
        "clients": set(),
        "gateway": {"gateway.key"},
        "kafka": {"kafka.key"},
        "postgres": {"postgres.key"},
    }
    assert {name for name, files in given(settings).items() if "ca.pem" not in files} == set()
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (settings.home / "issued").rglob("*.key")}
    assert modes == {0o600}


def test_a_second_call_changes_nothing_and_a_renewal_reaches_those_concerned(settings: Settings) -> None:
    make(settings, NOW)
    assert make(settings, NOW) == "all certificates are there, and good"
    later = NOW + timedelta(days=settings.certificate_days - 5)
    said = make(settings, later)
    assert said == "made: kafka, admin, gateway, postgres; new for: admin, gateway, kafka, postgres"
    own = settings.certificates_dir / "kafka.pem"
    assert (settings.home / "issued/kafka/kafka.pem").read_text() == own.read_text()


def test_another_name_of_the_gateway_makes_it_another_certificate(settings: Settings) -> None:
    make(settings, NOW)
    wider = settings.model_copy(update={"certificate_hosts": "localhost,events.example.cn"})
    assert "gateway" in make(wider, NOW).split(";")[0]


def test_an_authority_that_has_expired_ends_the_start_with_what_to_do(settings: Settings) -> None:
    folder = settings.certificates_dir
    folder.mkdir()
    old = new_authority(datetime(2010, 1, 1, tzinfo=UTC))
    (folder / "ca.pem").write_text(old.certificate, encoding="ascii")
    (folder / "ca.key").write_text(old.key, encoding="ascii")
    ended = subprocess.run(
        [sys.executable, "-m", "infra.docker.certificates"],
        cwd=REPOSITORY,
        env={**os.environ, "MINSHENG_HOME": str(settings.home), "MINSHENG_SECURITY": "tls"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 3
    assert "expired on 2019-" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert given(settings) == {name: set() for name in ISSUED}


def test_the_database_is_reached_over_tls_alone() -> None:
    lines = configuration(Path("/certificates"), Path("/sockets")).splitlines()
    assert "protocol = pgsql" in lines
    assert "accept = 0.0.0.0:5432" in lines
    assert "connect = /sockets/.s.PGSQL.5432" in lines
    assert "key = /certificates/postgres.key" in lines
    assert "sslVersionMin = TLSv1.2" in lines

"""PostgreSQL over TLS: the server is known by its certificate, or nothing is said to it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from infra.airflow.preparation import environment as airflow_environment
from infra.cli import exits
from infra.cli.main import app
from infra.postgres.migrate import migrate
from infra.security.certificates import make_certificates
from infra.superset.environment import environment as superset_environment
from streams.settings import Settings
from tests.infra.security.tls_front import tls_front

pytestmark = pytest.mark.servers


def of(settings: Settings, now: datetime, **changes: object) -> Settings:
    """With certificates that were made at that moment."""
    changed = Settings(**{**settings.model_dump(), "security": "tls", "postgres_local": False, **changes})
    make_certificates(changed, now)
    return changed


def front(settings: Settings, port: int) -> AbstractContextManager[int]:
    folder = settings.certificates_dir
    return tls_front(folder / "postgres.pem", folder / "postgres.key", port)


def assert_refused(settings: Settings, said: str, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(psycopg.OperationalError, match=said):
        psycopg.connect(settings.postgres_dsn)
    for name, value in settings.model_dump(exclude_none=True).items():
        monkeypatch.setenv(f"MINSHENG_{name.upper()}", str(value))
    ended = CliRunner().invoke(app, ["ledger"])
    assert ended.exit_code == exits.NO
    assert "refuses, or is not trusted" in ended.stderr
    assert remedy in ended.stderr


def test_elsewhere_in_secure_mode_is_verified_in_full(settings: Settings) -> None:
    secure = of(settings, datetime.now(UTC))
    assert conninfo_to_dict(secure.postgres_dsn)["sslmode"] == "verify-full"
    assert "sslmode" not in conninfo_to_dict(settings.postgres_dsn)
    with front(secure, settings.postgres_port) as port:
        there = Settings(**{**secure.model_dump(), "postgres_port": port})
        migrate(there)  # by SQLAlchemy
        with psycopg.connect(there.postgres_dsn) as connection:
            assert connection.pgconn.ssl_in_use
            assert connection.execute("select count(*) from ops.contract").fetchone() == (0,)


def test_airflow_and_superset_are_told_the_same(settings: Settings) -> None:
    secure = of(settings, datetime.now(UTC))
    for told in (airflow_environment(secure), superset_environment(secure)):
        assert (told["PGSSLMODE"], told["PGSSLROOTCERT"]) == ("verify-full", str(secure.authority))
    assert "PGSSLMODE" not in superset_environment(settings)


def test_a_server_of_another_authority_is_refused(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = of(settings, datetime.now(UTC))
    other = Settings(home=tmp_path / "other", security="tls")
    make_certificates(other, datetime.now(UTC))
    with front(other, settings.postgres_port) as port:
        there = Settings(**{**secure.model_dump(), "postgres_port": port})
        assert_refused(there, "certificate verify failed", "MINSHENG_CA_FILE", monkeypatch)


def test_a_certificate_that_has_expired_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = of(settings, datetime.now(UTC) - timedelta(days=500))
    with front(secure, settings.postgres_port) as port:
        there = Settings(**{**secure.model_dump(), "postgres_port": port})
        assert_refused(there, "certificate verify failed", "has expired: renew it", monkeypatch)


def test_a_certificate_for_another_name_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = of(settings, datetime.now(UTC), certificate_hosts="elsewhere.invalid")
    with front(secure, settings.postgres_port) as port:
        there = Settings(**{**secure.model_dump(), "postgres_port": port})
        assert_refused(there, "does not match host name", "MINSHENG_CERTIFICATE_HOSTS", monkeypatch)


def test_a_server_without_tls_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    secure = of(settings, datetime.now(UTC))
    assert_refused(secure, "does not support SSL", "MINSHENG_POSTGRES_SSLMODE", monkeypatch)


def test_a_wrong_password_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings.secrets_dir / "postgres").write_text("wrong", encoding="ascii")
    assert_refused(Settings(), "password authentication failed", "secrets/", monkeypatch)

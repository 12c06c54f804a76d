"""Certificates are made once, renewed before they expire, and refused where they cannot be trusted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from infra.cli import exits
from infra.cli.main import app
from infra.errors import CertificateWrong
from infra.security.authority import CLIENT, SERVER, is_signed_by
from infra.security.certificates import certificates, due, make_certificates
from streams.settings import Settings

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = ["kafka", "admin", "gateway", "postgres"]


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", security="tls", certificate_hosts="localhost, 127.0.0.1,kafka-1")


def read(settings: Settings, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((settings.certificates_dir / f"{name}.pem").read_bytes())


def test_they_are_made_once_and_keys_are_nobody_elses(place: Settings) -> None:
    assert make_certificates(place, NOW) == ["ca", *NAMES]
    assert make_certificates(place, NOW) == []
    keys = sorted(place.certificates_dir.glob("*.key"))
    assert [key.stem for key in keys] == sorted(["ca", *NAMES])
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
    assert all(is_signed_by(read(place, name), read(place, "ca")) for name in NAMES)


def test_a_server_has_every_host_and_a_client_cannot_be_one(place: Settings) -> None:
    make_certificates(place, NOW)
    found = {each.name: each for each in certificates(place)}
    assert found["kafka"].hosts == found["gateway"].hosts == ("localhost", "127.0.0.1", "kafka-1")
    uses = {
        name: set(read(place, name).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        for name in NAMES
    }
    assert uses == {"kafka": {SERVER, CLIENT}, "admin": {CLIENT}, "gateway": {SERVER}, "postgres": {SERVER}}


def test_they_are_renewed_a_month_before_they_expire_by_the_same_authority(place: Settings) -> None:
    make_certificates(place, NOW)
    authority = read(place, "ca")
    good_until = NOW + timedelta(days=place.certificate_days)
    assert make_certificates(place, good_until - timedelta(days=31)) == []
    assert make_certificates(place, good_until - timedelta(days=29)) == NAMES
    assert read(place, "ca") == authority
    assert read(place, "kafka").not_valid_after_utc > good_until


def test_how_long_they_are_good_is_a_setting(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, security="tls", certificate_days=40)
    make_certificates(settings, NOW)
    assert read(settings, "gateway").not_valid_after_utc == NOW + timedelta(days=40)


def test_other_hosts_a_lost_key_or_a_strange_signature_make_one_due(place: Settings, tmp_path: Path) -> None:
    make_certificates(place, NOW)
    wider = place.model_copy(update={"certificate_hosts": "localhost,127.0.0.1,kafka-1,kafka-2"})
    assert due(wider, NOW) == ["kafka", "gateway", "postgres"]
    folder = place.certificates_dir
    (folder / "gateway.key").write_bytes((folder / "kafka.key").read_bytes())
    (folder / "kafka.key").unlink()
    other = Settings(home=tmp_path / "other", security="tls")
    make_certificates(other, NOW)
    for kind in ("pem", "key"):
        (folder / f"admin.{kind}").write_bytes((other.certificates_dir / f"admin.{kind}").read_bytes())
    assert due(place, NOW) == ["kafka", "admin", "gateway"]
    assert [each.name for each in certificates(place) if "another authority" in each.problem] == ["admin"]
    assert make_certificates(place, NOW) == ["kafka", "admin", "gateway"]
    assert due(place, NOW) == []


def test_an_authority_that_cannot_sign_is_refused_with_what_to_do(place: Settings) -> None:
    make_certificates(place, NOW)
    with pytest.raises(CertificateWrong, match="expired on"):
        make_certificates(place, NOW + timedelta(days=3660))
    (place.certificates_dir / "ca.key").write_bytes((place.certificates_dir / "kafka.key").read_bytes())
    with pytest.raises(CertificateWrong, match="does not belong to its key"):
        make_certificates(place, NOW)
    (place.certificates_dir / "ca.key").unlink()
    with pytest.raises(CertificateWrong, match="Restore both from a backup"):
        make_certificates(place, NOW)


def test_with_the_organisations_own_authority_nothing_is_made(place: Settings, tmp_path: Path) -> None:
    own = place.model_copy(update={"ca_file": tmp_path / "organisation.pem"})
    assert make_certificates(own, NOW) == []
    assert not place.certificates_dir.exists()


def test_the_commands_make_and_show_them(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINSHENG_HOME", str(place.home))
    monkeypatch.setenv("MINSHENG_SECURITY", "tls")

    def call(*arguments: str) -> tuple[int, object]:
        ended = CliRunner().invoke(app, ["certificates", *arguments, "--json"])
        return ended.exit_code, json.loads(ended.stdout)

    assert call("make", "--dry-run") == (exits.OK, {"made": ["ca", *NAMES]})
    assert not place.certificates_dir.exists()
    assert call("make") == (exits.OK, {"made": ["ca", *NAMES]})
    assert call("make", "--renew") == (exits.OK, {"made": NAMES})
    code, found = call("list")
    assert code == exits.OK
    assert isinstance(found, list)
    assert [each["name"] for each in found] == ["ca", *NAMES]
    assert all(each["days_left"] >= 396 for each in found)


def test_an_expired_certificate_is_named_by_the_list(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINSHENG_HOME", str(place.home))
    make_certificates(place, datetime.now(UTC) - timedelta(days=500))
    ended = CliRunner().invoke(app, ["certificates", "list"])
    assert ended.exit_code == exits.NO
    assert ended.stdout.count("expired") == len(NAMES)

"""The gateway over HTTPS: with a certificate that clients can check, or not at all."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from infra.deploy import deploy
from infra.local.errors import NotHealthy
from infra.local.http_check import check_http
from infra.local.private_file import write_private
from infra.security.certificates import make_certificates
from streams.contract.loader import load_contract
from streams.errors import SettingRefused
from streams.gateway.keys import FILE_NAME, add_key
from streams.settings import Settings
from streams.simulator.gateway_way import GatewayWay
from streams.trust import trust
from tests.conftest import free_port
from tests.streams.gateway.conftest import SOURCE
from tests.waiting import wait_for_success


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Certificate and key of an authority that lies beside them."""
    made = Settings(home=tmp_path / "made", security="tls")
    make_certificates(made, datetime.now(UTC))
    return made.certificates_dir / "gateway.pem", made.certificates_dir / "gateway.key"


def gateway(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "streams.gateway"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.servers
def test_https_is_answered_and_plain_http_is_not(settings: Settings, files: tuple[Path, Path]) -> None:
    certificate, key = files
    port = free_port()
    changes = {"gateway_port": port, "gateway_certificate": certificate, "gateway_key": key}
    over_tls = Settings(**{**settings.model_dump(), **changes, "ca_file": certificate.with_name("ca.pem")})
    deploy(settings, [load_contract(settings.contracts_dir / f"{SOURCE}.yaml")])
    secret = add_key(settings.secrets_dir / FILE_NAME, "simulator", ["*"])
    write_private(settings.secrets_dir / "gateway_api_key", secret)
    process = gateway({f"MINSHENG_{name.upper()}": str(value) for name, value in changes.items()})
    try:
        assert over_tls.gateway_url == f"https://127.0.0.1:{port}"
        ready = f"{over_tls.gateway_url}/ready"
        wait_for_success(lambda: check_http(ready, trust(over_tls)), NotHealthy)
        with pytest.raises(NotHealthy, match="CERTIFICATE_VERIFY_FAILED"):
            check_http(ready, ssl.create_default_context())  # an authority that nobody has told it of
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False)
        GatewayWay(over_tls).close()
        with httpx.Client(verify=trust(over_tls), trust_env=False) as client:
            answer = client.post(
                f"{over_tls.gateway_url}/v1/events",
                headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/cloudevents+json"},
                content=b"{}",
            )
        assert 400 <= answer.status_code < 500, answer.text
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.parametrize("broken", ["gone", "another key", "no certificate"])
def test_a_certificate_that_cannot_be_used_ends_it_before_it_listens(
    files: tuple[Path, Path], broken: str, tmp_path: Path
) -> None:
    certificate, key = files
    if broken == "gone":
        key.unlink()
    elif broken == "another key":
        key.write_bytes(key.with_name("kafka.key").read_bytes())
    else:
        certificate.write_text("this is no certificate", encoding="ascii")
    process = gateway(
        {
            "MINSHENG_HOME": str(tmp_path / "home"),
            "MINSHENG_GATEWAY_CERTIFICATE": str(certificate),
            "MINSHENG_GATEWAY_KEY": str(key),
        }
    )
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "certificate cannot be used" in said
    assert "minsheng certificates make" in said
    assert "Traceback" not in said


def test_half_a_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match="MINSHENG_GATEWAY_KEY"):
        _ = Settings(gateway_certificate=tmp_path / "gateway.pem").gateway_tls

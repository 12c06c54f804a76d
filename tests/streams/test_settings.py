"""A setting that cannot be is named with its value, what it must be and its default; nothing starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from infra.cli import exits
from infra.cli.main import app
from streams.errors import SettingRefused
from streams.settings import Settings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("POSTGRES_PORT", "abc", "valid integer"),
        ("POSTGRES_PORT", "70000", "less than or equal to 65535"),
        ("CLAIM_DAYS", "0", "greater than or equal to 1"),
        ("KAFKA_LOCAL", "perhaps", "valid boolean"),
        ("SPARK_DRIVER_MEMORY", "2 GB", "should match pattern"),
    ],
)
def test_a_refused_setting_says_its_name_value_and_what_it_must_be(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MINSHENG_{name}", value)
    with pytest.raises(SettingRefused) as refused:
        Settings()
    default = Settings.model_fields[name.lower()].default
    text = str(refused.value)
    assert text.startswith(f"MINSHENG_{name} is '{value}'")
    assert said in text
    assert text.endswith(f"Correct it, or unset it: the default is {default}.")


def test_every_refused_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINSHENG_STATUS_PORT", "-1")
    monkeypatch.setenv("MINSHENG_CLAIM_DAYS", "many")
    with pytest.raises(SettingRefused) as refused:
        Settings()
    named = [line.split(" ")[0] for line in str(refused.value).splitlines()]
    assert named == ["MINSHENG_STATUS_PORT", "MINSHENG_CLAIM_DAYS"]


@pytest.mark.parametrize("command", ["ledger", "contract check", "status", "gateway key list", "rollup list"])
def test_a_command_ends_with_that_sentence_as_asked_wrongly(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINSHENG_CLAIM_DAYS", "many")
    ended = CliRunner().invoke(app, command.split())
    assert (ended.exit_code, ended.stdout) == (exits.USAGE, "")
    assert ended.stderr.startswith("MINSHENG_CLAIM_DAYS is 'many'")


@pytest.mark.parametrize("module", ["streams.gateway", "spark_jobs.stream", "infra.local.status_page"])
def test_a_process_of_the_platform_ends_with_that_sentence(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINSHENG_CLAIM_DAYS", "many")
    ended = subprocess.run(
        [sys.executable, "-m", module], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("MINSHENG_CLAIM_DAYS is 'many'")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("password", ["plain", "with blanks", "quote ' and \\ backslash", "a=b", "密码"])
def test_a_password_arrives_as_it_was_set(password: str) -> None:
    parts = conninfo_to_dict(Settings(postgres_password=password).postgres_dsn)  # type: ignore[arg-type]
    assert parts["password"] == password


def test_tls_to_postgresql_follows_from_one_setting_and_can_be_set_by_itself(tmp_path: Path) -> None:
    def told(**values: object) -> dict[str, str]:
        return Settings(**{"home": tmp_path, **values}).postgres_tls

    authority = str(tmp_path / "certificates" / "ca.pem")
    assert told() == told(security="tls") == {}  # the embedded server has no TLS
    in_full = {"sslmode": "verify-full", "sslrootcert": authority}
    assert told(security="tls", postgres_local=False) == in_full
    assert told(postgres_sslmode="verify-full") == in_full
    assert told(security="tls", postgres_local=False, postgres_sslmode="disable") == {"sslmode": "disable"}
    assert told(postgres_sslmode="verify-ca", ca_file="/etc/ca.pem")["sslrootcert"] == "/etc/ca.pem"

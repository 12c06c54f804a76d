"""Airflow as it is configured and started: on loopback, with secrets in files that nobody else can read."""

from __future__ import annotations

import configparser
import json
import stat
from pathlib import Path

import pytest

from infra.airflow.configuration import configuration, home
from infra.airflow.parts import parts
from infra.airflow.preparation import environment, since, write_files
from infra.local.errors import NotHealthy
from infra.local.secrets import SECRETS, make_secrets
from streams.settings import Settings
from tests.conftest import free_port


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MINSHENG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MINSHENG_AIRFLOW_PORT", str(free_port()))
    found = Settings()
    make_secrets(found)
    return found


def parsed(settings: Settings) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(configuration(settings))
    return parser


def test_everything_listens_on_loopback_and_no_log_server_is_started(local: Settings) -> None:
    assert parsed(local)["api"]["host"] == "127.0.0.1"
    commands = {part.name: part.command[1:] for part in parts(local)}
    assert commands == {
        "airflow-api": ("api-server",),
        "airflow-scheduler": ("scheduler", "--skip-serve-logs"),
        "airflow-dag-processor": ("dag-processor",),
        "airflow-triggerer": ("triggerer", "--skip-serve-logs"),
    }


def test_the_port_is_the_setting_and_the_tasks_know_it(local: Settings) -> None:
    found = parsed(local)
    assert found["api"]["port"] == str(local.airflow_port)
    assert f":{local.airflow_port}/execution/" in found["core"]["execution_api_server_url"]
    assert [part.ports for part in parts(local) if part.ports] == [
        {"MINSHENG_AIRFLOW_PORT": local.airflow_port}
    ]


def test_no_secret_stands_in_an_environment_or_on_a_command_line(local: Settings) -> None:
    secrets = {local.secret(name) for name in SECRETS}
    for part in parts(local):
        said = " ".join((*part.command, *part.environment.values()))
        assert not [secret for secret in secrets if secret in said]


def test_files_with_secrets_are_private_and_hold_the_installation_s_own(local: Settings) -> None:
    write_files(local)
    for name in ("airflow.cfg", "passwords.json"):
        assert stat.S_IMODE((home(local) / name).stat().st_mode) == 0o600
    assert json.loads((home(local) / "passwords.json").read_text()) == {
        "admin": local.secret("airflow_admin")
    }
    assert parsed(local)["core"]["fernet_key"] == local.secret("airflow_fernet")
    assert local.secret("airflow") in parsed(local)["database"]["sql_alchemy_conn"]


def test_schedules_begin_when_the_installation_was_made_and_not_again(local: Settings) -> None:
    assert since(local) == since(local) == environment(local)["MINSHENG_SINCE"]


def test_a_part_that_is_not_there_says_so(local: Settings) -> None:
    for part in parts(local):
        with pytest.raises(NotHealthy, match=str(local.airflow_port)):
            part.healthy()

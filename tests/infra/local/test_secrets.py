"""Secrets are made once, for this installation's owner alone."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest

from infra.local.environment import stack_environment
from infra.local.folders import make_folders
from infra.local.parts import all_parts
from infra.local.secrets import SECRETS, SET_BY_CALLER, make_secrets, too_open
from infra.local.supervisor import write_configuration
from streams.settings import Settings


@pytest.fixture
def place(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def contents(place: Settings) -> dict[str, str]:
    return {file.name: file.read_text(encoding="ascii") for file in place.secrets_dir.iterdir()}


def test_every_secret_is_made_and_none_resembles_another(place: Settings) -> None:
    assert make_secrets(place) == list(SECRETS)
    made = contents(place)
    assert set(made) == set(SECRETS)
    assert len(set(made.values())) == len(SECRETS)
    assert all(len(secret.strip()) >= 20 for secret in made.values())
    assert len(base64.urlsafe_b64decode(place.secret("airflow_fernet"))) == 32


def test_nobody_else_can_read_them_whatever_the_umask(place: Settings) -> None:
    before = os.umask(0)
    try:
        make_secrets(place)
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.secrets_dir.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in place.secrets_dir.iterdir()} == {0o600}
    assert too_open(place) == []


def test_what_is_there_is_never_overwritten(place: Settings) -> None:
    make_secrets(place)
    (place.secrets_dir / "tokens").write_text("the city's own", encoding="ascii")
    (place.secrets_dir / "reader").unlink()
    before = contents(place)
    assert make_secrets(place) == ["reader"]
    after = contents(place)
    assert after.pop("reader")
    assert after == before


def test_a_secret_that_others_can_read_is_found(place: Settings) -> None:
    make_secrets(place)
    (place.secrets_dir / "tokens").chmod(0o640)
    assert too_open(place) == [place.secrets_dir / "tokens"]


def test_secrets_of_the_environment_become_files_and_reach_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_secrets(Settings(home=tmp_path))
    monkeypatch.setenv("MINSHENG_POSTGRES_PASSWORD", "of the owner")
    monkeypatch.setenv("MINSHENG_POSTGRES_SUPERUSER_PASSWORD", "of the superuser: 密")
    set_by_caller = Settings(home=tmp_path)
    make_secrets(set_by_caller)
    environment = stack_environment(os.environ, None)
    assert not [name for name in environment if "PASSWORD" in name]
    make_folders(set_by_caller)
    write_configuration(set_by_caller, all_parts(set_by_caller), environment)
    written = [file for file in tmp_path.rglob("*") if file.is_file() and b"of the" in file.read_bytes()]
    assert {file.relative_to(tmp_path).as_posix() for file in written} == {
        "secrets/postgres",
        "secrets/postgres_superuser",
    }
    assert too_open(set_by_caller) == []
    monkeypatch.delenv("MINSHENG_POSTGRES_PASSWORD")
    monkeypatch.delenv("MINSHENG_POSTGRES_SUPERUSER_PASSWORD")
    without = Settings(home=tmp_path)
    assert (without.postgres_dsn, without.superuser_dsn) == (
        set_by_caller.postgres_dsn,
        set_by_caller.superuser_dsn,
    )


def test_every_setting_that_is_a_secret_has_a_file() -> None:
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert secret == set(SET_BY_CALLER)
    assert set(SET_BY_CALLER.values()) <= set(SECRETS)

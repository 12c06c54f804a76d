"""Secrets are made once, for this installation's owner alone."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest

from infra.local.secrets import SECRETS, make_secrets, too_open
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

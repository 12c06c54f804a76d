"""The secrets of this installation: made once, of its own, and overwritten only by what the caller sets."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from infra.secret_kinds import KINDS, key
from streams.kafka_access import RIGHTS, secret_name
from streams.settings import Settings

FOLDER_MODE, FILE_MODE = 0o700, 0o600

SECRETS: dict[str, Callable[[], str]] = {
    **KINDS,
    **{secret_name(principal): key for principal in RIGHTS},  # passwords of Kafka's users
}

SET_BY_CALLER = {"postgres_password": "postgres", "postgres_superuser_password": "postgres_superuser"}
"""Settings that are secrets -> the files that they are kept in: no part has them in its environment."""


def make_secrets(settings: Settings) -> list[str]:
    """Make the secrets that this installation lacks, give back their names. What is there is left alone,
    except where a setting says otherwise: that is written to its file."""
    folder = settings.secrets_dir
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    for setting, name in SET_BY_CALLER.items():
        secret: SecretStr | None = getattr(settings, setting)
        if secret is not None:
            _write(folder / name, secret.get_secret_value(), os.replace)
    made = []
    for name, make in SECRETS.items():
        try:
            _write(folder / name, make(), os.link)
        except FileExistsError:
            continue
        made.append(name)
    return made


def _write(path: Path, secret: str, put: Callable[[Path, Path], None]) -> None:
    """Write a file whole or not at all: a crash must not leave an empty secret. `put`: os.link refuses one
    that exists, os.replace replaces it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret + "\n")
        put(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def too_open(settings: Settings) -> list[Path]:
    """What other users of this machine could read or change: the folder or files of looser modes."""
    if not settings.secrets_dir.is_dir():
        return []
    paths = [settings.secrets_dir, *settings.secrets_dir.iterdir()]
    return [path for path in paths if path.stat().st_mode & 0o077]

"""One Superset a session, on a database of its own with plausible rows of today."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import BrowserContext
from psycopg.rows import dict_row

from infra.local.errors import NotHealthy
from infra.local.secrets import make_secrets
from infra.postgres.prepare import prepare_database
from infra.superset.environment import LOOPBACK
from infra.superset.parts import parts
from infra.superset.sync import sync
from streams.contract.model import Contract
from streams.settings import REPOSITORY, Settings
from tests.conftest import free_port
from tests.infra.superset import contracts as known
from tests.infra.superset.asking import Connection
from tests.infra.superset.plausible import fill
from tests.superset_visitors import Person, administrator, open_browser
from tests.waiting import wait_for_success

BUILD = REPOSITORY / "build"


@pytest.fixture(scope="session")
def installation(postgres: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an installation with migrated databases and secrets of its own, and no rows."""
    home = tmp_path_factory.mktemp("superset")
    name = f"s{secrets.token_hex(6)}"
    settings = Settings(
        home=home,
        postgres_port=postgres["port"],
        postgres_database=name,
        postgres_user=f"owner_{name}",
        postgres_reader=f"reader_{name}",
        superset_port=free_port(),
    )
    settings.secrets_dir.mkdir(mode=0o700)
    (settings.secrets_dir / "postgres_superuser").write_text(str(postgres["password"]), encoding="ascii")
    make_secrets(settings)
    prepare_database(settings)
    return settings


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    """What is deployed."""
    return known.every()


@pytest.fixture(scope="session")
def filled(installation: Settings, contracts: dict[str, Contract]) -> Settings:
    """The installation with rows of today, yesterday and published days."""
    with psycopg.connect(installation.postgres_dsn) as connection:
        fill(connection, contracts, datetime.now(UTC), topic_prefix=installation.topic_prefix)
    return installation


@pytest.fixture
def reader(filled: Settings) -> Iterator[Connection]:
    """The dashboards' own role."""
    with psycopg.connect(filled.reader_dsn, row_factory=dict_row) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner(filled: Settings) -> Iterator[Connection]:
    """A role that may write; what it writes is taken back."""
    with psycopg.connect(filled.postgres_dsn, row_factory=dict_row) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def superset(
    filled: Settings, contracts: dict[str, Contract], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a running Superset that holds the dashboards."""
    (part,) = parts(filled)
    part.prepare()
    sync(filled, contracts)
    log = tmp_path_factory.mktemp("superset-log") / "log"
    environment = {**part.environment, "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
    with log.open("w") as file:
        process = subprocess.Popen(
            part.command, env=environment, cwd=part.directory, stdout=file, stderr=file
        )
    wait_for_success(part.healthy, NotHealthy)
    yield f"http://{LOOPBACK}:{filled.superset_port}"
    process.terminate()
    process.wait(30)


@pytest.fixture(scope="session")
def admin(superset: str, filled: Settings) -> Iterator[Person]:
    """The administrator."""
    person = administrator(superset, filled.secret("superset_admin"))
    yield person
    person.http.close()


@pytest.fixture(scope="session")
def operator(superset: str, filled: Settings, admin: Person) -> Iterator[Person]:
    """An operator."""
    person = Person(superset, "operator", filled.secret("superset_operator"))
    person.datasets = admin.datasets
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    """Headless Chromium of a person who has never been here."""
    with open_browser() as context:
        yield context


@pytest.fixture(scope="session")
def build() -> Path:
    """Where screenshots are kept."""
    BUILD.mkdir(exist_ok=True)
    return BUILD

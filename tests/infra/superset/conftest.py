"""One Superset a session, on a database of its own with plausible rows of today."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from infra.local.part import NotHealthy
from infra.local.secrets import make_secrets
from infra.postgres.prepare import prepare_database
from infra.superset.environment import LOOPBACK
from infra.superset.parts import parts
from infra.superset.sync import sync
from streams.contract.model import Contract
from streams.settings import REPOSITORY, Settings
from tests.conftest import free_port, wait_until
from tests.infra.superset import contracts as known
from tests.infra.superset.plausible import fill

BUILD = REPOSITORY / "build"
CHROMIUM_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZE = {"width": 1500, "height": 900}


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
    wait_until(part.healthy, NotHealthy)
    yield f"http://{LOOPBACK}:{filled.superset_port}"
    process.terminate()
    process.wait(30)


class Person:
    """Somebody who is logged in, over Superset's API. `datasets`: name -> id, which a page would tell."""

    def __init__(self, address: str, name: str, password: str) -> None:
        self.datasets: dict[str, int] = {}
        self.http = httpx.Client(base_url=address, timeout=60)
        answer = self.http.post(
            "/api/v1/security/login", json={"username": name, "password": password, "provider": "db"}
        )
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        token = self.http.get("/api/v1/security/csrf_token/").json()["result"]
        self.http.headers.update({"X-CSRFToken": token, "Referer": address})

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """All objects of that kind that this person sees."""
        found: list[dict[str, Any]] = self.http.get(f"/api/v1/{kind}/?q=(page_size:500)").json()["result"]
        return found

    def rows(self, dataset: str, **query: Any) -> list[dict[str, Any]]:
        """The answer to a chart's question about the data set of that name."""
        answer = self.http.post(
            "/api/v1/chart/data",
            json={
                "datasource": {"id": self.datasets[dataset], "type": "table"},
                "force": True,
                "queries": [{"filters": [], "row_limit": 50_000, **query}],
            },
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        data: list[dict[str, Any]] = answer.json()["result"][0]["data"]
        return data


@pytest.fixture(scope="session")
def admin(superset: str, filled: Settings) -> Iterator[Person]:
    """The administrator."""
    person = Person(superset, "admin", filled.secret("superset_admin"))
    person.datasets |= {each["table_name"]: each["id"] for each in person.listed("dataset")}
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
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "Chromium is missing: `make test` installs it"
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, headless=True, args=list(CHROMIUM_FLAGS), viewport=SIZE
        )
        yield context
        context.close()


@pytest.fixture(scope="session")
def build() -> Path:
    """Where screenshots are kept."""
    BUILD.mkdir(exist_ok=True)
    return BUILD

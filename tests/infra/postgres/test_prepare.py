"""A server by setting is prepared with a superuser's password, or says what its administrator has to do."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.errors import DatabaseNotReady
from infra.local.secrets import make_secrets
from infra.postgres import prepare
from infra.postgres.prepare import prepare_database
from streams.settings import REPOSITORY, Settings

pytestmark = pytest.mark.servers
MADE_FOR_OTHERS = prepare.METADATA


@pytest.fixture
def elsewhere(tmp_path: Path, postgres: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an installation whose PostgreSQL is somebody else's, with nothing in it for us yet."""
    name = f"p{secrets.token_hex(6)}"
    monkeypatch.setattr(prepare, "METADATA", (f"{name}_a",))
    settings = Settings(
        home=tmp_path / "home",
        postgres_local=False,
        postgres_host=str(postgres["host"]),
        postgres_port=int(str(postgres["port"])),
        postgres_database=name,
        postgres_user=f"{name}_owner",
        postgres_reader=f"{name}_reader",
    )
    make_secrets(settings)
    (settings.secrets_dir / f"{name}_a").write_text("a password", encoding="ascii")
    return settings


def with_superuser(settings: Settings, postgres: dict[str, object]) -> Settings:
    return Settings(**{**settings.model_dump(), "postgres_superuser_password": postgres["password"]})


def test_without_a_superuser_it_says_what_is_missing_and_makes_nothing(elsewhere: Settings) -> None:
    with pytest.raises(DatabaseNotReady, match="MINSHENG_POSTGRES_SUPERUSER_PASSWORD") as failure:
        prepare_database(elsewhere)
    assert elsewhere.postgres_database in str(failure.value)


def test_with_a_superuser_everything_is_made_once(elsewhere: Settings, postgres: dict[str, object]) -> None:
    settings = with_superuser(elsewhere, postgres)
    assert conninfo_to_dict(settings.superuser_dsn)["password"] == postgres["password"]
    for _ in range(2):
        prepare_database(settings)
    with psycopg.connect(settings.reader_dsn) as connection:
        assert connection.execute("select count(*) from ops.contract").fetchone() == (0,)
    # From now on the superuser is not needed.
    prepare_database(elsewhere)


def test_the_administrators_page_has_all_that_is_needed_without_a_superusers_password(
    elsewhere: Settings, postgres: dict[str, object]
) -> None:
    page = (REPOSITORY / "docs" / "administrator.md").read_text(encoding="utf-8")
    (statements,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    # names of this test's own, as other tests share the server
    own = elsewhere.postgres_database
    statements = re.sub(r"(?<=role |base |wner )\w+", rf"{own}_\g<0>", statements)
    statements = re.sub(r"<secrets/(\w+)>", lambda found: elsewhere.secret(found[1]), statements)
    with psycopg.connect(make_conninfo(**postgres, dbname="postgres"), autocommit=True) as connection:
        for statement in statements.split(";"):
            connection.execute(statement.encode())
    names = {
        name: f"{own}_{Settings.model_fields[name].default}"
        for name in ("postgres_database", "postgres_user", "postgres_reader")
    }
    settings = Settings(**{**elsewhere.model_dump(), **names})
    prepare_database(settings)
    for dsn in (settings.reader_dsn, *(elsewhere_dsn(settings, own, name) for name in MADE_FOR_OTHERS)):
        with psycopg.connect(dsn) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def elsewhere_dsn(settings: Settings, own: str, name: str) -> str:
    """Of Airflow or Superset to its own database."""
    return make_conninfo(settings.metadata_dsn(name), user=f"{own}_{name}", dbname=f"{own}_{name}")


def test_readers_cannot_enter_the_metadata_of_others(
    elsewhere: Settings, postgres: dict[str, object]
) -> None:
    settings = with_superuser(elsewhere, postgres)
    prepare_database(settings)
    other = settings.reader_dsn.replace(
        f"dbname={settings.postgres_database}", f"dbname={prepare.METADATA[0]}"
    )
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(other)


def test_a_server_that_is_too_old_is_refused(
    elsewhere: Settings, postgres: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "OLDEST", 99)
    with pytest.raises(DatabaseNotReady, match="99 or newer is needed"):
        prepare_database(with_superuser(elsewhere, postgres))

"""The database is made and migrated twice without harm; the reader can only read."""

from __future__ import annotations

import psycopg
import pytest

from infra.postgres.migrate import migrate
from streams.settings import Settings

pytestmark = pytest.mark.servers


def test_migrating_again_changes_nothing(settings: Settings) -> None:
    migrate(settings)
    with psycopg.connect(settings.postgres_dsn) as connection:
        assert connection.execute("select count(*) from ops.contract").fetchone() == (0,)


def test_the_reader_reads_and_cannot_write(settings: Settings) -> None:
    with psycopg.connect(settings.reader_dsn) as connection:
        assert connection.execute("select count(*) from ops.claim").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("delete from ops.claim")

"""What Superset holds, by its metadata database: what was prepared, its assets, and who changed them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from infra.superset.environment import METADATA_DATABASE
from infra.superset.errors import SupersetMissing
from streams.settings import Settings

TABLE_OF_KIND = {"dashboards": "dashboards", "charts": "slices", "datasets": "tables", "databases": "dbs"}


@dataclass(frozen=True)
class Held:
    """An asset as Superset has it. `digest` is of the file it was made from; None if the object is gone."""

    uuid: str
    path: str
    title: str
    digest: str
    is_there: bool
    is_edited: bool


@contextmanager
def connect(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the metadata database. Raises SupersetMissing where there is none."""
    try:
        connection = psycopg.connect(settings.metadata_dsn(METADATA_DATABASE))
    except (psycopg.OperationalError, FileNotFoundError) as error:
        raise SupersetMissing(
            f"Superset's metadata database on {settings.postgres_host}:{settings.postgres_port}"
            f" does not answer ({error}). Start the stack with `minsheng up`, then try again."
        ) from error
    with connection:
        yield connection


def prepared_stamp(settings: Settings) -> str | None:
    """What the metadata database was last prepared with; None if never."""
    with connect(settings) as connection:
        if not _exists(connection, "minsheng_prepared"):
            return None
        row = connection.execute("select stamp from minsheng_prepared").fetchone()
        return str(row[0]) if row else None


def stamp_prepared(settings: Settings, stamp: str) -> None:
    """Write down what the metadata database was prepared with: beside the data, so that both are lost
    together."""
    with connect(settings) as connection:
        connection.execute("create table if not exists minsheng_prepared (stamp text not null)")
        connection.execute("delete from minsheng_prepared")
        connection.execute("insert into minsheng_prepared values (%s)", (stamp,))


def held_assets(settings: Settings) -> dict[str, Held]:
    """Path -> every asset that an earlier bundle brought. Raises SupersetMissing before the first start."""
    with connect(settings) as connection:
        if not _exists(connection, "minsheng_prepared"):
            raise SupersetMissing(
                "Superset was never started here. Start the stack with `minsheng up`, then try again."
            )
        if not _exists(connection, "minsheng_asset"):
            return {}
        rows = connection.execute(
            "select uuid, kind, path, title, digest, changed_on from minsheng_asset"
        ).fetchall()
        changed = {kind: _changed(connection, table) for kind, table in TABLE_OF_KIND.items()}
    return {
        path: Held(str(id_), path, title, digest, id_ in changed[kind], changed[kind].get(id_) != changed_on)
        for id_, kind, path, title, digest, changed_on in rows
    }


def _changed(connection: psycopg.Connection[Any], table: str) -> dict[uuid.UUID, datetime | None]:
    query = sql.SQL("select uuid, changed_on from {}").format(sql.Identifier(table))
    return dict(connection.execute(query).fetchall())


def _exists(connection: psycopg.Connection[Any], table: str) -> bool:
    return connection.execute("select to_regclass(%s)", (table,)).fetchone() != (None,)

"""What PostgreSQL keeps of contracts: those in service, their history, whether their tables are there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg
from psycopg import sql

from infra.deployment.plan import Action, TableChange
from infra.who import who
from streams.contract.model import Contract
from streams.contract.tables import ddl, metric_tables

Deed = Literal["deploy", "back", "retire"]


@dataclass(frozen=True)
class Stored:
    """A source's row of ops.contract."""

    version: str
    text: str
    retired_at: datetime | None
    tables_digest: str | None


@dataclass(frozen=True)
class Entry:
    """A line of a source's history: what was done, when and by whom, and the contract from then on."""

    id: int
    source: str
    version: str
    text: str
    at: datetime
    by: str
    action: Deed


def stored(connection: psycopg.Connection) -> dict[str, Stored]:
    """By source, retired ones too."""
    rows = connection.execute(
        "select source, version, text, retired_at, tables_digest from ops.contract"
    ).fetchall()
    return {source: Stored(*columns) for source, *columns in rows}


def history(connection: psycopg.Connection, source: str) -> list[Entry]:
    """Everything that was done to a source, oldest first."""
    rows = connection.execute(
        "select id, source, version, text, deployed_at, deployed_by, action from ops.contract_history"
        " where source = %s order by id",
        (source,),
    ).fetchall()
    return [Entry(*row) for row in rows]


def write_contract(connection: psycopg.Connection, contract: Contract, reader: str) -> None:
    """Put the contract into service, under the number that its source has or gets."""
    connection.execute(
        """insert into ops.contract (source, number, version, text, tables_digest)
        select %(source)s, coalesce(max(number), 0) + 1, %(version)s, %(text)s, %(digest)s from ops.contract
        on conflict (source) do update set version = excluded.version, text = excluded.text,
            tables_digest = excluded.tables_digest, deployed_at = now(), retired_at = null""",
        {
            "source": contract.source,
            "version": contract.version,
            "text": contract.text,
            "digest": tables_digest(contract, reader),
        },
    )


def write_tables_digest(connection: psycopg.Connection, contract: Contract, reader: str) -> None:
    """Note that the tables are as the contract's statements make them."""
    connection.execute(
        "update ops.contract set tables_digest = %s where source = %s",
        (tables_digest(contract, reader), contract.source),
    )


def retire_contract(connection: psycopg.Connection, source: str) -> bool:
    """Take a source out of service; whether it was in it."""
    return bool(
        connection.execute(
            "update ops.contract set retired_at = now() where source = %s and retired_at is null", (source,)
        ).rowcount
    )


def write_history(connection: psycopg.Connection, source: str, version: str, text: str, action: Deed) -> None:
    connection.execute(
        """insert into ops.contract_history (source, version, text, deployed_by, action)
        values (%s, %s, %s, %s, %s)""",
        (source, version, text, who(), action),
    )


def make_tables(connection: psycopg.Connection, contract: Contract, reader: str) -> None:
    """Make a contract's tables and views where they are missing, and let the reader read them."""
    connection.execute(";\n".join(ddl(contract)).encode())
    role = sql.Identifier(reader)
    for schema, name in relations(contract):
        connection.execute(sql.SQL("grant select on {} to {}").format(sql.Identifier(schema, name), role))


def relations(contract: Contract) -> list[tuple[str, str]]:
    """(schema, name) of the tables and views that a contract's metrics are kept in."""
    return [
        place
        for table in metric_tables(contract)
        for place in (("live", table.name), ("mart", table.revision_name), ("mart", table.name))
    ]


def table_changes(
    connection: psycopg.Connection,
    contracts: Iterable[Contract],
    rows: Mapping[str, Stored],
    reader: str,
) -> dict[str, tuple[TableChange, ...]]:
    """Source -> what becomes of its tables and views."""
    there = set(
        connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('live', 'mart')"
            " union all select schemaname, viewname from pg_views where schemaname in ('live', 'mart')"
        ).fetchall()
    )
    found = {}
    for contract in contracts:
        row = rows.get(contract.source)
        same = row is not None and row.tables_digest in (None, tables_digest(contract, reader))
        found[contract.source] = tuple(
            TableChange(".".join(place), _action(place in there, same)) for place in relations(contract)
        )
    return found


def _action(is_there: bool, same: bool) -> Action:
    if not is_there:
        return "create"
    return "keep" if same else "change"


def tables_digest(contract: Contract, reader: str) -> str:
    """64 hex digits over the statements that make the tables, and over who may read them."""
    return hashlib.sha256("\n".join([*ddl(contract), reader]).encode()).hexdigest()

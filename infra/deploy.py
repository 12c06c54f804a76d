"""Bring contracts to Kafka and PostgreSQL. Idempotent: a second call changes nothing.

Order matters: topics first (an empty topic harms nobody), then tables, reference rows and the contract itself
in one transaction. From its commit on the source exists for live query, gateway, rollup and dashboards.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql

from infra.errors import NotDeployed
from streams import reference
from streams.contract.errors import ContractError, EvolutionError, Problem
from streams.contract.evolution import refuse_breaking
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.contract.tables import ddl, metric_tables
from streams.contract.types import values_of
from streams.settings import Settings
from streams.topics import TopicChange, ensure_topics

Action = Literal["create", "change", "keep"]

TRUTH_LABELS = {"true": "是", "false": "否"}
_LOCK = 0x6465706C  # "depl": one deployment at a time


@dataclass(frozen=True)
class ContractChange:
    """What becomes of one contract. `version` and `deployed_version` are equal where it is kept."""

    source: str
    title: str
    action: Action
    version: str
    deployed_version: str | None


@dataclass(frozen=True)
class Plan:
    """What a deployment does, or would do."""

    contracts: tuple[ContractChange, ...]
    topics: tuple[TopicChange, ...]

    @property
    def changes(self) -> bool:
        """Whether anything is to be done at all."""
        actions = [*(item.action for item in self.contracts), *(item.action for item in self.topics)]
        return any(action != "keep" for action in actions)


def deploy(settings: Settings, contracts: Iterable[Contract], *, dry_run: bool = False) -> Plan:
    """Deploy these contracts; others that are deployed already stay as they are.

    Raises EvolutionError where one may not replace what is deployed (then nothing is changed), KafkaAway,
    psycopg.Error.
    """
    wanted = sorted(contracts, key=lambda contract: contract.source)
    _refuse_stale_texts(wanted)
    with psycopg.connect(settings.postgres_dsn) as connection:
        # Held until the transaction ends: what was compared is what is replaced.
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        deployed = _deployed_texts(connection)
        _refuse_breaking(deployed, wanted)
        changes = tuple(_change(contract, deployed.get(contract.source)) for contract in wanted)
        topics = tuple(ensure_topics(settings, wanted, dry_run=dry_run))
        if not dry_run:
            _write_reference(connection, wanted)
            for contract, change in zip(wanted, changes, strict=True):
                _make_tables(connection, contract, settings.postgres_reader)
                _write_contract(connection, contract, change)
    return Plan(changes, topics)


def retire(settings: Settings, source: str) -> None:
    """Take a source out of service; its topic, tables and numbers stay. Raises NotDeployed."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        retired = connection.execute(
            "update ops.contract set retired_at = now() where source = %s and retired_at is null", (source,)
        ).rowcount
    if not retired:
        raise NotDeployed(
            f"The source '{source}' is not deployed. `minsheng contract list` shows those that are."
        )


@dataclass(frozen=True)
class _Row:
    version: str
    text: str
    retired: bool


def _refuse_stale_texts(contracts: Iterable[Contract]) -> None:
    """What is stored is the text: it must say what the contract says (a copy may have changed in Python)."""
    for contract in contracts:
        if parse_contract(contract.text, f"{contract.source}.yaml").version != contract.version:
            raise ContractError(
                [
                    Problem(
                        f"{contract.source}.yaml",
                        1,
                        "the text is not this contract's",
                        "the text it was read from",
                    )
                ]
            )


def _deployed_texts(connection: psycopg.Connection) -> dict[str, _Row]:
    rows = connection.execute(
        "select source, version, text, retired_at is not null from ops.contract"
    ).fetchall()
    return {source: _Row(version, text, retired) for source, version, text, retired in rows}


def _refuse_breaking(deployed: Mapping[str, _Row], wanted: Iterable[Contract]) -> None:
    problems: list[Problem] = []
    for contract in wanted:
        row = deployed.get(contract.source)
        if row is None or row.version == contract.version:
            continue
        try:
            refuse_breaking(parse_contract(row.text, f"ops.contract[{contract.source}]"), contract)
        except EvolutionError as error:
            problems.extend(error.problems)
    if problems:
        raise EvolutionError(problems)


def _change(contract: Contract, row: _Row | None) -> ContractChange:
    if row is None or row.retired:
        action: Action = "create"
    else:
        action = "keep" if (row.version, row.text) == (contract.version, contract.text) else "change"
    version = None if row is None else row.version
    return ContractChange(contract.source, contract.title, action, contract.version, version)


def _make_tables(connection: psycopg.Connection, contract: Contract, reader: str) -> None:
    connection.execute(";\n".join(ddl(contract)).encode())
    role = sql.Identifier(reader)
    for table in metric_tables(contract):
        for name in (("live", table.name), ("mart", table.revision_name), ("mart", table.name)):
            connection.execute(sql.SQL("grant select on {} to {}").format(sql.Identifier(*name), role))


def _write_contract(connection: psycopg.Connection, contract: Contract, change: ContractChange) -> None:
    if change.action == "keep":
        return
    values = {"source": contract.source, "version": contract.version, "text": contract.text}
    connection.execute(
        """insert into ops.contract (source, number, version, text)
        select %(source)s, coalesce(max(number), 0) + 1, %(version)s, %(text)s from ops.contract
        on conflict (source) do update
        set version = excluded.version, text = excluded.text, deployed_at = now(), retired_at = null""",
        values,
    )
    connection.execute(
        """insert into ops.contract_history (source, version, text, deployed_by)
        values (%(source)s, %(version)s, %(text)s, %(by)s)""",
        {**values, "by": getpass.getuser()},
    )


def _write_reference(connection: psycopg.Connection, contracts: Iterable[Contract]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """insert into ref.division (code, name, level, parent, terrain) values (%s, %s, %s, %s, %s)
            on conflict (code) do update set (name, level, parent, terrain)
                = (excluded.name, excluded.level, excluded.parent, excluded.terrain)
            where (division.name, division.level, division.parent, division.terrain)
                is distinct from (excluded.name, excluded.level, excluded.parent, excluded.terrain)""",
            [(d.code, d.name, d.level, d.parent, d.terrain) for d in reference.divisions()],
        )
        cursor.executemany(
            """insert into ref.label (source, field, value, label) values (%s, %s, %s, %s)
            on conflict (source, field, value) do update set label = excluded.label
            where label.label <> excluded.label""",
            [label for contract in contracts for label in labels(contract)],
        )


def labels(contract: Contract) -> Iterator[tuple[str, str, str, str]]:
    """(source, field, value, Chinese label) of every value that can be listed."""
    for name, spec in contract.fields.items():
        listed = TRUTH_LABELS if spec.type == "bool" else values_of(spec)
        for value, label in listed.items():
            yield contract.source, name, value, label

"""Bring contracts into service, and take them out of it. Idempotent: a second call changes nothing.

What PostgreSQL keeps (tables, reference rows, the contract itself) is one transaction, and its commit is the
moment from which the source exists for live query, gateway, rollup and dashboards. What stands outside comes
before it, in the order of what can be taken back: Superset's import first, which is undone by importing what
was; Kafka's topics last, because deleting a topic ends a live query that has seen it (decision 095).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import psycopg

from infra.deployment import stored as rows_of
from infra.deployment.dashboards import Dashboards
from infra.deployment.life_cycle import write_steps
from infra.deployment.plan import Action, ContractChange, DashboardsChange, Plan, SuiteChange
from infra.deployment.stored import Deed, Stored
from infra.deployment.undo import Undo
from infra.errors import NotDeployed
from streams import reference
from streams.contract.errors import ContractError, EvolutionError, Problem
from streams.contract.evolution import refuse_breaking
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.contract.types import values_of
from streams.registry import TABLE, Known, known
from streams.settings import Settings
from streams.topics import Topic, ensure_topics, list_topics, restore_configs, wanted_topic

TRUTH_LABELS = {"true": "是", "false": "否"}
_LOCK = 0x6465706C  # "depl": one deployment at a time
_ASKED_BY_SUITES = {"fields", "checks", "unique", "metrics", "day_rules"}


def deploy(
    settings: Settings,
    contracts: Iterable[Contract],
    *,
    dry_run: bool = False,
    dashboards: Dashboards | None = None,
    deed: Deed = "deploy",
) -> Plan:
    """Deploy these contracts; others that are deployed already stay as they are. Without `dashboards`
    Superset is left alone.

    Raises EvolutionError where one may not replace what is deployed (then nothing is changed); KafkaAway,
    SupersetError, DeploymentFailed, psycopg.OperationalError when everything is as it was before.
    """
    wanted = sorted(contracts, key=lambda contract: contract.source)
    _refuse_stale_texts(wanted)
    with psycopg.connect(settings.postgres_dsn) as connection, Undo(connection) as undo:
        # Held until the transaction ends: what was compared is what is replaced.
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        before = rows_of.stored(connection)
        _refuse_breaking(before, wanted)
        plan = _planned(settings, connection, wanted, before)
        if dashboards:
            was = known(connection)
            shall_be = _with(was, wanted)
            plan = replace(plan, dashboards=dashboards.plan(shall_be))
        if not dry_run:
            undo.step("tables")
            _store(settings, connection, wanted, before, plan, deed)
            if dashboards and plan.dashboards.changes:
                undo.step("dashboards", lambda: dashboards.bring(was))
                dashboards.bring(shall_be)
            if any(change.action != "keep" for change in plan.topics):
                undo.step("topics")
                _bring_topics(settings, wanted, undo)
            undo.step("commit")
            connection.commit()
    return plan


def retire(
    settings: Settings, source: str, *, dry_run: bool = False, dashboards: Dashboards | None = None
) -> DashboardsChange:
    """Take a source out of service; its topic, tables and numbers stay. What becomes of the dashboards.

    Raises NotDeployed; SupersetError, psycopg.Error when everything is as it was before.
    """
    with psycopg.connect(settings.postgres_dsn) as connection, Undo(connection) as undo:
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        was = known(connection)
        row = rows_of.stored(connection).get(source)
        if row is None or not rows_of.retire_contract(connection, source):
            raise NotDeployed(
                f"The source '{source}' is not deployed. `minsheng contract list` shows those that are."
            )
        rows_of.write_history(connection, source, row.version, row.text, "retire")
        shall_be = known(connection)
        change = dashboards.plan(shall_be) if dashboards else DashboardsChange()
        if dry_run:
            connection.rollback()
            return change
        if dashboards and change.changes:
            undo.step("dashboards", lambda: dashboards.bring(was))
            dashboards.bring(shall_be)
        undo.step("commit")
        connection.commit()
    return change


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


def _refuse_breaking(deployed: Mapping[str, Stored], wanted: Iterable[Contract]) -> None:
    problems: list[Problem] = []
    for contract in wanted:
        row = deployed.get(contract.source)
        if row is None or row.version == contract.version:
            continue
        try:
            refuse_breaking(parse_contract(row.text, f"{TABLE}[{contract.source}]"), contract)
        except EvolutionError as error:
            problems.extend(error.problems)
    if problems:
        raise EvolutionError(problems)


def _with(was: Known, wanted: Iterable[Contract]) -> Known:
    """What is in service once these are."""
    new = {contract.source: contract for contract in wanted}
    return Known(
        {**was.deployed, **new},
        {source: each for source, each in was.retired.items() if source not in new},
        {source: problem for source, problem in was.unreadable.items() if source not in new},
    )


def _planned(
    settings: Settings,
    connection: psycopg.Connection,
    wanted: Sequence[Contract],
    before: Mapping[str, Stored],
) -> Plan:
    tables = rows_of.table_changes(connection, wanted, before, settings.postgres_reader)
    return Plan(
        contracts=tuple(_change(contract, before.get(contract.source)) for contract in wanted),
        topics=tuple(ensure_topics(settings, wanted, dry_run=True)),
        tables=tuple(change for contract in wanted for change in tables[contract.source]),
        suites=tuple(_suite(contract, before.get(contract.source)) for contract in wanted),
    )


def _change(contract: Contract, row: Stored | None) -> ContractChange:
    if row is None or row.retired_at is not None:
        action: Action = "create"
    else:
        action = "keep" if (row.version, row.text) == (contract.version, contract.text) else "change"
    version = None if row is None else row.version
    return ContractChange(contract.source, contract.title, action, contract.version, version)


def _suite(contract: Contract, row: Stored | None) -> SuiteChange:
    """Suites are derived whenever they are asked: what they are derived from says whether they change."""
    detail = (
        f"{len(contract.fields)} fields, {len(contract.checks)} checks, {len(contract.day_rules)} day rules"
    )
    if row is None or row.retired_at is not None:
        return SuiteChange(contract.source, "create", detail)
    if row.version == contract.version:
        return SuiteChange(contract.source, "keep", detail)
    before = parse_contract(row.text, f"{TABLE}[{contract.source}]")
    same = before.model_dump(include=_ASKED_BY_SUITES) == contract.model_dump(include=_ASKED_BY_SUITES)
    return SuiteChange(contract.source, "keep" if same else "change", detail)


def _store(  # noqa: PLR0917 (what a deployment knows by then)
    settings: Settings,
    connection: psycopg.Connection,
    wanted: Sequence[Contract],
    before: Mapping[str, Stored],
    plan: Plan,
    deed: Deed,
) -> None:
    """Reference rows, tables and contracts. What is as it should be is not touched: a view that is made
    again waits for its readers, and keeps others waiting."""
    reader = settings.postgres_reader
    _write_reference(connection, wanted)
    write_steps(connection, wanted)
    touched = {change.relation for change in plan.tables if change.action != "keep"}
    for contract, change in zip(wanted, plan.contracts, strict=True):
        row = before.get(contract.source)
        names = {".".join(place) for place in rows_of.relations(contract)}
        if names & touched or row is None or row.tables_digest is None:
            rows_of.make_tables(connection, contract, reader)
            rows_of.write_tables_digest(connection, contract, reader)
        if change.action != "keep":
            rows_of.write_contract(connection, contract, reader)
            rows_of.write_history(connection, contract.source, contract.version, contract.text, deed)


def _bring_topics(settings: Settings, wanted: Sequence[Contract], undo: Undo) -> None:
    """Create and alter. Undone is what was altered; a topic that was made is left, empty as it is."""
    names = {wanted_topic(contract, settings).name: contract for contract in wanted}
    there = {topic.name: topic for topic in list_topics(settings) if topic.name in names}
    missing = ", ".join(sorted(names.keys() - there.keys()))
    if missing:
        undo.left(
            f"Made for it and left there, empty: {missing}. Nobody writes to a topic of no source; deleting"
            " it would end a live query that has seen it, and the next deployment takes it as it is."
        )
    undo.also(
        lambda: restore_configs(settings, [_as_it_was(there[name], settings, names[name]) for name in there])
    )
    ensure_topics(settings, wanted)


def _as_it_was(topic: Topic, settings: Settings, contract: Contract) -> Topic:
    """The topic with those of its configurations that the contract sets."""
    ours = wanted_topic(contract, settings).configs
    return replace(topic, configs={key: value for key, value in topic.configs.items() if key in ours})


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
    for name, spec in contract.columns.items():
        listed = TRUTH_LABELS if spec.type == "bool" else values_of(spec)
        for value, label in listed.items():
            yield contract.source, name, value, label

"""What deploying a contract would make: topic, tables, charts, tasks. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from infra.superset.assets import Section
from infra.superset.pages.source import source_page
from streams.contract.model import Contract
from streams.contract.tables import ddl, metric_tables
from streams.topic_name import topic_name

_TASKS = (
    ("daily_rollup", "roll_up_all, publish[{source}]"),
    ("late_days", "publish[{source}], where a day is due"),
    ("live_validation", "validate, for the minutes of {source}"),
    ("reconcile", "the ledger of {source}"),
    ("running_senders", "the numbers that senders of {source} give their events"),
)


@dataclass(frozen=True)
class Pieces:
    """charts: (section, title) on the source's own page. tasks: (DAG, what of it). sql: makes the tables."""

    topic: str
    partitions: int
    tables: tuple[str, ...]
    sql: tuple[str, ...]
    page: str
    charts: tuple[tuple[str, str], ...]
    tasks: tuple[tuple[str, str], ...]


def pieces(contract: Contract, topic_prefix: str) -> Pieces:
    """Everything that follows from the contract and is not there before it is deployed."""
    only = {contract.source: contract}
    page = source_page(contract, only, only)
    charts: list[tuple[str, str]] = []
    section = ""
    for row in page.rows:
        if isinstance(row, Section):
            section = row.title
        elif isinstance(row, tuple):
            charts += [(section, chart.title) for chart in row]
    tables = [
        name
        for table in metric_tables(contract)
        for name in (f"live.{table.name}", f"mart.{table.revision_name}", f"mart.{table.name}")
    ]
    return Pieces(
        topic=topic_name(topic_prefix, contract.source),
        partitions=contract.topic.partitions,
        tables=tuple(tables),
        sql=tuple(ddl(contract)),
        page=f"/superset/dashboard/{page.slug}/",
        charts=tuple(charts),
        tasks=tuple((dag, what.format(source=contract.source)) for dag, what in _TASKS),
    )

"""What a revision of a day says, measure by measure, and how two revisions differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from psycopg import sql

from spark_jobs.rollup.ledger import Connection
from streams.contract.model import Contract
from streams.contract.tables import metric_tables

EVENTS = "events"
_ADDED = {"count": "coalesce(sum({}), 0)", "sum": "coalesce(sum({}), 0)", "min": "min({})", "max": "max({})"}
_DISTINCT = """
    select metric || '.' || measure, value from mart.distinct_day_revision
    where source = %s and event_day = %s and revision = %s and dimensions = '{}'
"""
_ACCEPTED = "select accepted from mart.publication where source = %s and event_day = %s and revision = %s"


@dataclass(frozen=True)
class Change:
    """One measure of one day: what readers see, and what they would see. `adds_up`: over days, too."""

    source: str
    day: date
    measure: str
    title: str
    published: int | None
    staged: int | None
    adds_up: bool

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "day": self.day.isoformat()}


def measures(
    connection: Connection, contract: Contract, day: date, revision: int | None
) -> dict[str, int | None]:
    """`<metric>.<column>` -> value over the whole day, and `events`; nothing without a revision."""
    if revision is None:
        return {}
    at = (contract.source, day, revision)
    found: dict[str, int | None] = {}
    for (accepted,) in connection.execute(_ACCEPTED, at):
        found[EVENTS] = accepted
    for table in metric_tables(contract):
        if not table.columns:
            continue
        query = sql.SQL("select {} from {} where event_day = %s and revision = %s").format(
            sql.SQL(", ").join(
                sql.SQL(_ADDED[column.aggregate] + "::bigint").format(sql.Identifier(column.name))
                for column in table.columns
            ),
            sql.Identifier("mart", table.revision_name),
        )
        ((*values,),) = connection.execute(query, (day, revision)).fetchall()
        names = (f"{table.metric}.{column.name}" for column in table.columns)
        found.update(zip(names, values, strict=True))
    found.update(connection.execute(_DISTINCT, at).fetchall())
    return found


def changes(
    contract: Contract, day: date, published: Mapping[str, int | None], staged: Mapping[str, int | None]
) -> list[Change]:
    """The measures that would change, in the contract's order. Pure."""
    known = titles(contract)
    return [
        Change(contract.source, day, name, title, published.get(name), staged.get(name), adds_up)
        for name, (title, adds_up) in known.items()
        if published.get(name) != staged.get(name)
    ]


def titles(contract: Contract) -> dict[str, tuple[str, bool]]:
    """Measure as `measures` names it -> its title, and whether its values of days add up."""
    found = {EVENTS: ("入账事件", True)}
    for table in metric_tables(contract):
        for column in table.columns:
            adds_up = column.aggregate in ("count", "sum")
            found[f"{table.metric}.{column.name}"] = (f"{table.title}·{column.title}", adds_up)
        for measure in table.distinct:
            title = contract.metrics[table.metric].measures[measure].title
            found[f"{table.metric}.{measure}"] = (f"{table.title}·{title}", False)
    return found


def summed(found: Iterable[Change]) -> list[tuple[str, str, int, int, int]]:
    """Source, title, days that change, published, staged: over the changed days, of measures that add up."""
    sums: dict[tuple[str, str], list[int]] = {}
    for each in found:
        if each.adds_up:
            total = sums.setdefault((each.source, each.title), [0, 0, 0])
            total[0] += 1
            total[1] += each.published or 0
            total[2] += each.staged or 0
    return [(source, title, days, old, new) for (source, title), (days, old, new) in sums.items()]

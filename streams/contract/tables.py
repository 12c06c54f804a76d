"""Tables of a contract's metrics in PostgreSQL: live minutes and daily revisions. Pure: text in, text out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from streams.contract.model import Contract, Measure, Metric

Additive = Literal["count", "sum", "min", "max"]


@dataclass(frozen=True)
class Column:
    """A bigint column: `aggregate` of `field` (None: of rows), made for the measure of that name.

    A mean has two, `<measure>__sum` and `<measure>__count` (of rows where the field is not null).
    min and max may be null; count and sum are 0 where there is nothing.
    """

    name: str
    title: str
    measure: str
    aggregate: Additive
    field: str | None

    @property
    def nullable(self) -> bool:
        return self.aggregate in ("min", "max")

    def merged(self, old: str, new: str) -> str:
        """PostgreSQL that merges an older and a newer value of this column."""
        function = {"min": "least", "max": "greatest"}.get(self.aggregate)
        return f"{function}({old}, {new})" if function else f"{old} + {new}"


@dataclass(frozen=True)
class MetricTable:
    """Where a metric is kept. Names are without schema and without quotes; quote them in SQL.

    live.<name>: minute, dimensions, columns. mart.<revision_name>: event_day, revision, dimensions, columns.
    mart.<name>: a view, the current revision of each day. Distinct measures have no column: see `distinct`.
    """

    source: str
    metric: str
    title: str
    dimensions: tuple[str, ...]
    columns: tuple[Column, ...]
    distinct: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.source}__{self.metric}"

    @property
    def revision_name(self) -> str:
        return f"{self.name}__revision"


def metric_tables(contract: Contract) -> tuple[MetricTable, ...]:
    """One for each metric, in the contract's order."""
    return tuple(_table(contract.source, name, metric) for name, metric in contract.metrics.items())


def ddl(contract: Contract) -> list[str]:
    """Statements that make the contract's tables and views where they are missing; safe to run again."""
    return [line for table in metric_tables(contract) for line in _statements(table, contract)]


def _table(source: str, name: str, metric: Metric) -> MetricTable:
    columns = [column for key, measure in metric.measures.items() for column in _columns(key, measure)]
    distinct = [key for key, measure in metric.measures.items() if measure.aggregate == "distinct"]
    return MetricTable(source, name, metric.title, metric.by, tuple(columns), tuple(distinct))


def _columns(name: str, measure: Measure) -> tuple[Column, ...]:
    match measure.aggregate:
        case "distinct":
            return ()
        case "mean":
            return (
                Column(f"{name}__sum", f"{measure.title}（总和）", name, "sum", measure.field),
                Column(f"{name}__count", f"{measure.title}（笔数）", name, "count", measure.field),
            )
        case aggregate:
            return (Column(name, measure.title, name, aggregate, measure.field),)


@dataclass(frozen=True)
class _Relation:
    """A table or view of a metric: its quoted name, its Chinese title, its columns before the dimensions."""

    kind: Literal["table", "view"]
    name: str
    title: str
    leading: Mapping[str, tuple[str, str]]
    """column -> (PostgreSQL type, Chinese title)"""


_MINUTE = {"minute": ("timestamptz", "分钟")}
_DAY = {"event_day": ("date", "日期"), "revision": ("int", "版本")}


def _statements(table: MetricTable, contract: Contract) -> list[str]:
    title = f"{contract.title}·{table.title}"
    live = _Relation("table", f'live."{table.name}"', f"{title}（实时，按分钟）", _MINUTE)
    revisions = _Relation("table", f'mart."{table.revision_name}"', f"{title}（日终，各版本）", _DAY)
    current = _Relation("view", f'mart."{table.name}"', f"{title}（日终）", _DAY)
    return [
        _create(live, table),
        _create(revisions, table),
        _view(current, revisions, table),
        *(text for relation in (live, revisions, current) for text in _comments(relation, table, contract)),
    ]


def _create(relation: _Relation, table: MetricTable) -> str:
    columns = [
        *(f"{_quoted(name)} {kind} not null" for name, (kind, _) in relation.leading.items()),
        *(f"{_quoted(name)} text" for name in table.dimensions),
        *(f"{_quoted(c.name)} bigint" + ("" if c.nullable else " not null default 0") for c in table.columns),
        f"unique nulls not distinct ({', '.join(map(_quoted, (*relation.leading, *table.dimensions)))})",
    ]
    body = ",\n    ".join(columns)
    # Every batch updates the running minutes: room in the page keeps those updates off the index.
    return f"create table if not exists {relation.name} (\n    {body}\n) with (fillfactor = 80)"


def _view(current: _Relation, revisions: _Relation, table: MetricTable) -> str:
    columns = (*current.leading, *table.dimensions, *(column.name for column in table.columns))
    selected = ", ".join(f"r.{_quoted(column)}" for column in columns)
    same = f"p.source = {_literal(table.source)} and p.event_day = r.event_day and p.revision = r.revision"
    return (
        f"create or replace view {current.name} as\n    select {selected}, p.published_at"  # noqa: S608 (quoted names)
        f"\n    from {revisions.name} r join mart.publication p on {same}\n    where p.is_current"
    )


def _comments(relation: _Relation, table: MetricTable, contract: Contract) -> list[str]:
    titles = {
        **{name: title for name, (_, title) in relation.leading.items()},
        **{name: contract.columns[name].title for name in table.dimensions},
        **{column.name: column.title for column in table.columns},
    }
    return [
        f"comment on {relation.kind} {relation.name} is {_literal(relation.title)}",
        *(f"comment on column {relation.name}.{_quoted(c)} is {_literal(t)}" for c, t in titles.items()),
    ]


def _quoted(name: str) -> str:
    """Always quoted: a field may be called order or user."""
    return f'"{name}"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

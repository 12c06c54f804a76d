"""Tables of a contract's metrics in PostgreSQL: live minutes and daily revisions. Pure: text in, text out."""

from __future__ import annotations

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
    """Statements that make the contract's tables and views where they are missing. Running them again is safe."""
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


def _statements(table: MetricTable, contract: Contract) -> list[str]:
    live, revisions, current = (
        f'live."{table.name}"',
        f'mart."{table.revision_name}"',
        f'mart."{table.name}"',
    )
    return [
        _create(live, ("minute timestamptz not null",), ("minute",), table),
        _create(
            revisions, ("event_day date not null", "revision int not null"), ("event_day", "revision"), table
        ),
        _view(current, revisions, table),
        *_comments(
            "table",
            live,
            f"{contract.title}·{table.title}（实时，按分钟）",
            ("minute", "分钟"),
            table,
            contract,
        ),
        *_comments(
            "table",
            revisions,
            f"{contract.title}·{table.title}（日终，各版本）",
            ("event_day", "日期"),
            table,
            contract,
        ),
        *_comments(
            "view", current, f"{contract.title}·{table.title}（日终）", ("event_day", "日期"), table, contract
        ),
    ]


def _create(name: str, when: tuple[str, ...], key: tuple[str, ...], table: MetricTable) -> str:
    columns = [
        *when,
        *(f'"{dimension}" text' for dimension in table.dimensions),
        *(f'"{c.name}" bigint' + ("" if c.nullable else " not null default 0") for c in table.columns),
        f"unique nulls not distinct ({', '.join(map(_quoted, (*key, *table.dimensions)))})",
    ]
    # Every batch updates the running minutes: room in the page keeps those updates off the index.
    body = ",\n    ".join(columns)
    return f"create table if not exists {name} (\n    {body}\n) with (fillfactor = 80)"


def _view(name: str, revisions: str, table: MetricTable) -> str:
    columns = ("event_day", "revision", *table.dimensions, *(column.name for column in table.columns))
    return (
        f"create or replace view {name} as\n    select {', '.join(f'r.{_quoted(column)}' for column in columns)}"
        f", p.published_at\n    from {revisions} r join mart.publication p"
        f" on p.source = {_literal(table.source)} and p.event_day = r.event_day and p.revision = r.revision"
        "\n    where p.is_current"
    )


def _comments(
    kind: str, name: str, title: str, when: tuple[str, str], table: MetricTable, contract: Contract
) -> list[str]:
    titles = [
        when,
        *((dimension, contract.fields[dimension].title) for dimension in table.dimensions),
        *((column.name, column.title) for column in table.columns),
    ]
    return [
        f"comment on {kind} {name} is {_literal(title)}",
        *(f"comment on column {name}.{_quoted(column)} is {_literal(text)}" for column, text in titles),
    ]


def _quoted(name: str) -> str:
    """Always quoted: a field may be called order or user."""
    return f'"{name}"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

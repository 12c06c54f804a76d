"""The dimensions of a metric and their Chinese labels, joined from ref.division and ref.label."""

from __future__ import annotations

from dataclasses import dataclass

from infra.superset.assets import Column
from infra.superset.data import sql
from streams.contract.model import Contract

LABEL = "__label"
SOURCE_COLUMNS = (Column("source", "来源（代码）"), Column("source" + LABEL, "来源"))
COUNTY_COLUMNS = (Column("division", "区县（代码）"), Column("division" + LABEL, "区县"))
"""A value, which filters and row-level security go by, and its label: of rows of several sources."""


@dataclass(frozen=True)
class Dimension:
    """A field that a metric is grouped by."""

    source: str
    field: str
    title: str
    is_division: bool

    @property
    def label_column(self) -> str:
        return self.field + LABEL

    @property
    def columns(self) -> tuple[Column, Column]:
        """The value, which row-level security goes by, and its label."""
        return Column(self.field, f"{self.title}（代码）"), Column(self.label_column, self.title)

    def join(self, rows: str) -> str:
        """A left join of the label table to the alias `rows`; never more than one label a row."""
        alias, column = sql.name(f"label of {self.field}"), sql.name(rows, self.field)
        if self.is_division:
            return f"left join ref.division {alias} on {alias}.code = {column}"
        return (
            f"left join ref.label {alias} on {alias}.source = {sql.text(self.source)}"
            f" and {alias}.field = {sql.text(self.field)} and {alias}.value = {column}"
        )

    def label(self, rows: str) -> str:
        """The label, the value where there is none, and a word for what was not given."""
        alias = sql.name(f"label of {self.field}")
        shown = f"{alias}.name" if self.is_division else f"{alias}.label"
        value = sql.inert(sql.name(rows, self.field))
        return f"coalesce({shown}, {value}, {sql.text(sql.NOT_GIVEN)})"


def dimensions(contract: Contract, metric: str) -> tuple[Dimension, ...]:
    """The metric's dimensions in the contract's order."""
    return tuple(
        Dimension(
            contract.source, field, contract.columns[field].title, contract.columns[field].type == "division"
        )
        for field in contract.metrics[metric].by
    )

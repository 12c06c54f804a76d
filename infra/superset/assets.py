"""What a bundle holds, as values: data sets, charts and dashboards, each able to write itself as YAML.

Superset knows each by its UUID. Ours are derived from their keys, so the same contract gives the same
objects on every machine, and a second import finds what the first one made.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://minsheng/superset")
VERSION = "1.0.0"
DATABASE = "minsheng"
REFRESH_SECONDS = 10


def stable_uuid(kind: str, key: str) -> str:
    """The UUID of the object of that kind and key, the same everywhere and always."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{key}"))


@dataclass(frozen=True)
class Column:
    """A column of a data set; `title` is what operators read."""

    name: str
    title: str
    type: str = "TEXT"

    @property
    def is_time(self) -> bool:
        return self.type in {"TIMESTAMP", "DATE"}

    def asset(self) -> dict[str, Any]:
        return {
            "column_name": self.name,
            "verbose_name": self.title,
            "is_dttm": self.is_time,
            "is_active": True,
            "type": self.type,
            "groupby": True,
            "filterable": True,
            "expression": None,
            "description": None,
            "python_date_format": None,
            "extra": {},
        }


@dataclass(frozen=True)
class Figure:
    """A number that charts show: an aggregate over a data set. `number_format` is d3's."""

    name: str
    title: str
    expression: str
    number_format: str = ",d"

    def asset(self) -> dict[str, Any]:
        return {
            "metric_name": self.name,
            "verbose_name": self.title,
            "metric_type": None,
            "expression": self.expression,
            "description": None,
            "d3format": self.number_format,
            "currency": None,
            "extra": {},
            "warning_text": None,
        }


@dataclass(frozen=True)
class Dataset:
    """A query with named columns and figures. `key` is its name in Superset too."""

    key: str
    title: str
    sql: str
    columns: tuple[Column, ...]
    figures: tuple[Figure, ...] = ()
    time_column: str | None = None

    @property
    def uuid(self) -> str:
        return stable_uuid("dataset", self.key)

    def asset(self) -> dict[str, Any]:
        return {
            "table_name": self.key,
            "main_dttm_col": self.time_column,
            "description": self.title,
            "default_endpoint": None,
            "offset": 0,
            "cache_timeout": None,
            "catalog": None,
            "schema": "live",
            "sql": self.sql,
            "params": None,
            "template_params": None,
            "filter_select_enabled": True,
            "fetch_values_predicate": None,
            "extra": None,
            "normalize_columns": False,
            "always_filter_main_dttm": False,
            "uuid": self.uuid,
            "metrics": [figure.asset() for figure in self.figures],
            "columns": [column.asset() for column in self.columns],
            "version": VERSION,
            "database_uuid": stable_uuid("database", DATABASE),
        }


@dataclass(frozen=True)
class Chart:
    """A picture of a data set. `width` in twelfths of a row; `height` in units of eight pixels.

    `is_excerpt`: that not all rows are shown is what it is for, and no warning.
    """

    key: str
    title: str
    dataset: Dataset
    kind: str
    params: Mapping[str, Any]
    width: int
    height: int
    is_excerpt: bool = False

    @property
    def uuid(self) -> str:
        return stable_uuid("chart", self.key)

    def asset(self) -> dict[str, Any]:
        return {
            "slice_name": self.title,
            "description": None,
            "certified_by": None,
            "certification_details": None,
            "viz_type": self.kind,
            "params": {"viz_type": self.kind, "extra_form_data": {}, **self.params},
            "query_context": None,
            "cache_timeout": None,
            "uuid": self.uuid,
            "version": VERSION,
            "dataset_uuid": self.dataset.uuid,
        }


@dataclass(frozen=True)
class Section:
    """A heading over the rows that follow."""

    title: str


@dataclass(frozen=True)
class Note:
    """A line of Markdown between the rows: where to look further."""

    text: str


@dataclass(frozen=True)
class Filter:
    """A choice of values of `column` that narrows every chart whose data set has that column."""

    key: str
    title: str
    dataset: Dataset
    column: str


@dataclass(frozen=True)
class Period:
    """A choice of a period, which takes the place of the period that the charts of the page have."""

    key: str
    title: str


Row = tuple[Chart, ...]


@dataclass(frozen=True)
class Dashboard:
    """A page: rows of charts, with headings between them."""

    slug: str
    title: str
    about: str
    rows: tuple[Row | Section | Note, ...]
    filters: tuple[Filter | Period, ...] = ()
    refresh_seconds: int = REFRESH_SECONDS

    @property
    def charts(self) -> tuple[Chart, ...]:
        return tuple(chart for row in self.rows if isinstance(row, tuple) for chart in row)

    @property
    def uuid(self) -> str:
        return stable_uuid("dashboard", self.slug)

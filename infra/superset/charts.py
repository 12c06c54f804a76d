"""The few kinds of chart that the pages use, with the looks that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.superset.assets import Chart, Dataset

TILE_HEIGHT = 17
HALF_HEIGHT = 40
RED = "#d1383d"
PALE_RED, PALE_AMBER, PALE_GREEN = "#f8c9cb", "#fbe6a8", "#c9ecd7"
# Without titles at its axes a chart needs no room for them.
MARGINS = {"x_axis_title_margin": 0, "y_axis_title_margin": 0}
MINUTES_OF_A_DAY = 1440
MOST_SERIES = 30
NEWEST_DAYS = 92
PAGE_ROWS = 100
MOST_PAGED_ROWS = 100_000
BAR_PIXELS, UNIT_PIXELS, HEAD_UNITS = 20, 8, 10


def where(column: str, value: str | int | bool) -> dict[str, Any]:
    """A filter of a chart: `column` equals `value`."""
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": "==",
        "comparator": value,
    }


def given(column: str) -> dict[str, Any]:
    """A filter of a chart: rows that have a value of `column`."""
    return {"clause": "WHERE", "expressionType": "SIMPLE", "subject": column, "operator": "IS NOT NULL"}


def newest_days(column: str = "event_day") -> dict[str, Any]:
    """A filter of a chart: the days of the last three months, until a person chooses another period."""
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": "TEMPORAL_RANGE",
        "comparator": f"DATEADD(DATETIME('today'), -{NEWEST_DAYS}, day) : ",
    }


def warn(column: str, above: float, color: str) -> dict[str, Any]:
    """A rule of colour: cells of `column` above that number; in a tile, its figure's title."""
    return {
        "column": column,
        "operator": ">",
        "targetValue": above,
        "colorScheme": color,
        "useGradient": False,
    }


def tile(
    key: str,
    title: str,
    dataset: Dataset,
    figure: str,
    subtitle: str,
    *,
    width: int = 2,
    height: int = TILE_HEIGHT,
    filters: Sequence[Mapping[str, Any]] = (),
    rules: Sequence[Mapping[str, Any]] = (),
    is_day: bool = False,
) -> Chart:
    """One number, large, with a line below it that says what kind of number it is.

    `is_day`: the number is milliseconds, shown as a date.
    """
    params = {
        "metric": figure,
        "adhoc_filters": list(filters),
        "header_font_size": 0.6,
        "subtitle": subtitle,
        "subtitle_font_size": 0.2,
        "show_metric_name": False,
        "y_axis_format": _format(dataset, figure),
        "conditional_formatting": list(rules),
        "force_timestamp_formatting": is_day,
        "time_format": "%Y-%m-%d",
    }
    return Chart(key, title, dataset, "big_number_total", params, width, height)


def minutes(
    key: str,
    title: str,
    dataset: Dataset,
    figure: str,
    *,
    by: str | None,
    width: int,
    height: int = HALF_HEIGHT,
) -> Chart:
    """A series by minute of the day, stacked by `by` where given; minutes without events are zero."""
    params = {
        **MARGINS,
        "x_axis": dataset.time_column,
        "time_grain_sqla": "PT1M",
        "metrics": [figure],
        "groupby": [by] if by else [],
        "adhoc_filters": [],
        "row_limit": MINUTES_OF_A_DAY * MOST_SERIES,
        "truncate_metric": True,
        "show_empty_columns": True,
        "resample_rule": "1T",
        "resample_method": "zerofill",
        "comparison_type": "values",
        "stack": "Stack",
        "seriesType": "line",
        "opacity": 0.45,
        "show_legend": by is not None,
        "legendType": "scroll",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "x_axis_time_format": "%H:%M",
        "tooltipTimeFormat": "%H:%M",
        "y_axis_format": _format(dataset, figure),
        "color_scheme": "minsheng",
    }
    return Chart(key, title, dataset, "echarts_area", params, width, height)


def ranked(
    key: str,
    title: str,
    dataset: Dataset,
    figure: str,
    by: str,
    *,
    width: int,
    height: int = HALF_HEIGHT,
    filters: Sequence[Mapping[str, Any]] = (),
) -> Chart:
    """Horizontal bars, the largest on top; as many as `fitting` says."""
    params = {
        **MARGINS,
        "x_axis": by,
        "metrics": [figure],
        "groupby": [],
        "adhoc_filters": list(filters),
        "orientation": "horizontal",
        "x_axis_sort": figure,
        "x_axis_sort_asc": True,
        "order_desc": True,
        "row_limit": fitting(height),
        "truncate_metric": True,
        "show_legend": False,
        "show_value": True,
        "xAxisLabelInterval": "0",
        "rich_tooltip": True,
        "y_axis_format": _format(dataset, figure),
        "color_scheme": "minsheng",
    }
    return Chart(key, title, dataset, "echarts_timeseries_bar", params, width, height)


def fitting(height: int) -> int:
    """How many horizontal bars a chart of that height has room for, each with its name."""
    return (height - HEAD_UNITS) * UNIT_PIXELS // BAR_PIXELS


def days(
    key: str,
    title: str,
    dataset: Dataset,
    figure: str,
    *,
    by: str | None,
    width: int,
    height: int = HALF_HEIGHT,
    filters: Sequence[Mapping[str, Any]] = (),
    stacked: bool = False,
) -> Chart:
    """Columns by day, beside each other or on top of each other where `by` is given."""
    params = {
        **MARGINS,
        "x_axis": dataset.time_column,
        "time_grain_sqla": "P1D",
        "metrics": [figure],
        "groupby": [by] if by else [],
        "adhoc_filters": list(filters),
        "orientation": "vertical",
        "row_limit": 10_000,
        "truncate_metric": True,
        "stack": "Stack" if stacked else None,
        "show_legend": by is not None,
        "legendType": "scroll",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "x_axis_time_format": "%m-%d",
        "tooltipTimeFormat": "%Y-%m-%d",
        "y_axis_format": _format(dataset, figure),
        "color_scheme": "minsheng",
    }
    return Chart(key, title, dataset, "echarts_timeseries_bar", params, width, height)


def table(
    key: str,
    title: str,
    dataset: Dataset,
    columns: Sequence[str],
    *,
    width: int,
    height: int = HALF_HEIGHT,
    filters: Sequence[Mapping[str, Any]] = (),
    order: Sequence[tuple[str, bool]] = (),
    formats: Mapping[str, str] | None = None,
    widths: Mapping[str, int] | None = None,
    rules: Sequence[Mapping[str, Any]] = (),
    bars: Sequence[str] = (),
    right: Sequence[str] = (),
    most: int = 200,
    is_paged: bool = False,
    is_excerpt: bool = False,
) -> Chart:
    """Rows as they are. HTML is off: what an event wrote into a text field is shown as the text that it is.

    `order` holds (column, ascending); `bars` names the columns that draw their size into the cell, `right`
    those of text that stands on the right, as numbers do. `most` rows are shown, unless `is_paged`: then all
    of them, page by page, each asked for when somebody turns to it.
    """
    dates = {column.name for column in dataset.columns if column.type == "DATE"}
    config = {
        column: {
            **({"d3NumberFormat": (formats or {})[column]} if column in (formats or {}) else {}),
            **({"columnWidth": (widths or {})[column]} if column in (widths or {}) else {}),
            **({"d3TimeFormat": "%Y-%m-%d"} if column in dates else {}),
            **({"horizontalAlign": "right"} if column in right else {}),
            "showCellBars": column in bars,
        }
        for column in columns
    }
    params = {
        "query_mode": "raw",
        "all_columns": list(columns),
        "order_by_cols": [f'["{column}", {str(ascending).lower()}]' for column, ascending in order],
        "adhoc_filters": list(filters),
        "row_limit": MOST_PAGED_ROWS if is_paged else most,
        "server_pagination": is_paged,
        "server_page_length": PAGE_ROWS,
        "page_length": 0,
        "include_search": False,
        "table_timestamp_format": "%Y-%m-%d %H:%M:%S",
        "show_cell_bars": bool(bars),
        "color_pn": False,
        "align_pn": False,
        "allow_rearrange_columns": False,
        "allow_render_html": False,
        "column_config": config,
        "conditional_formatting": list(rules),
    }
    return Chart(key, title, dataset, "table", params, width, height, is_excerpt)


def _format(dataset: Dataset, figure: str) -> str:
    return next(each.number_format for each in dataset.figures if each.name == figure)

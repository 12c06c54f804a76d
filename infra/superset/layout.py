"""A dashboard as Superset's YAML: where each chart stands on the page, and how the page behaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.superset.assets import VERSION, Chart, Dashboard, Filter, Note, Period, Row, Section

GRID = ["ROOT_ID", "GRID_ID"]
COLORS = "minsheng"
COLUMNS, NOTE_HEIGHT = 12, 7

# The table chart writes N/A into an empty cell, in every language (formatValue.ts, 6.1.0).
# One that is paged by the server asks how many rows a page shall have (0, it says, where there is one page),
# and in which column to search, by its name in SQL.
TABLES = """\
td.dt-is-null { font-size: 0; }
td.dt-is-null::after { content: "—"; font-size: 12px; }
.dt-controls { display: none; }
"""


def dashboard_asset(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard's file. Chart numbers are places on this page; Superset replaces them by its own ids."""
    numbers = {chart.key: number for number, chart in enumerate(dashboard.charts, start=1)}
    return {
        "dashboard_title": dashboard.title,
        "description": dashboard.about,
        "css": _css(dashboard),
        "slug": dashboard.slug,
        "certified_by": None,
        "certification_details": None,
        "published": True,
        "uuid": dashboard.uuid,
        "position": _position(dashboard, numbers),
        "metadata": _metadata(dashboard),
        "version": VERSION,
    }


def _css(dashboard: Dashboard) -> str:
    titles = sorted({chart.title for chart in dashboard.charts if chart.is_excerpt})
    return TABLES + "".join(
        f'[data-test-chart-name="{title}"] .header-controls .anticon-warning {{ display: none; }}\n'
        for title in titles
    )


def _position(dashboard: Dashboard, numbers: Mapping[str, int]) -> dict[str, Any]:
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard.title}},
    }
    children = []
    for number, row in enumerate(dashboard.rows, start=1):
        for element in _elements(number, row, numbers):
            position[element["id"]] = element
            if element["parents"] == GRID:
                children.append(element["id"])
    position["GRID_ID"] = {"type": "GRID", "id": "GRID_ID", "children": children, "parents": ["ROOT_ID"]}
    return position


def _elements(number: int, row: Row | Section | Note, numbers: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """The element of the page's grid, then what stands in it."""
    if isinstance(row, Section):
        yield _heading(number, row)
    elif isinstance(row, Note):
        element = _row(number, [f"MARKDOWN-{number}"])
        yield element
        yield _markdown(number, row, element["id"])
    else:
        element = _row(number, [f"CHART-{chart.key}" for chart in row])
        yield element
        yield from (_chart(each, element["id"], numbers[each.key]) for each in row)


def _heading(number: int, section: Section) -> dict[str, Any]:
    meta = {"text": section.title, "headerSize": "MEDIUM_HEADER", "background": "BACKGROUND_TRANSPARENT"}
    return {"type": "HEADER", "id": f"HEADER-{number}", "children": [], "parents": GRID, "meta": meta}


def _markdown(number: int, note: Note, row: str) -> dict[str, Any]:
    meta = {"width": COLUMNS, "height": NOTE_HEIGHT, "code": note.text}
    parents = [*GRID, row]
    return {"type": "MARKDOWN", "id": f"MARKDOWN-{number}", "children": [], "parents": parents, "meta": meta}


def _row(number: int, children: list[str]) -> dict[str, Any]:
    return {
        "type": "ROW",
        "id": f"ROW-{number}",
        "children": children,
        "parents": GRID,
        "meta": {"background": "BACKGROUND_TRANSPARENT"},
    }


def _chart(chart: Chart, row: str, number: int) -> dict[str, Any]:
    return {
        "type": "CHART",
        "id": f"CHART-{chart.key}",
        "children": [],
        "parents": [*GRID, row],
        "meta": {
            "chartId": number,
            "height": chart.height,
            "width": chart.width,
            "sliceName": chart.title,
            "uuid": chart.uuid,
        },
    }


def _metadata(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "refresh_frequency": dashboard.refresh_seconds,
        "timed_refresh_immune_slices": [],
        "expanded_slices": {},
        "color_scheme": COLORS,
        "label_colors": {},
        "cross_filters_enabled": True,
        "filter_bar_orientation": "HORIZONTAL",
        "native_filter_configuration": [_filter(each) for each in dashboard.filters],
    }


def _filter(each: Filter | Period) -> dict[str, Any]:
    common = {
        "id": f"NATIVE_FILTER-{each.key}",
        "name": each.title,
        "type": "NATIVE_FILTER",
        "description": "",
        "cascadeParentIds": [],
        "tabsInScope": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
    }
    if isinstance(each, Period):
        return {
            **common,
            "filterType": "filter_time",
            "targets": [{}],
            "controlValues": {"enableEmptyFilter": False},
        }
    return {
        **common,
        "filterType": "filter_select",
        "targets": [{"datasetUuid": each.dataset.uuid, "column": {"name": each.column}}],
        "controlValues": {
            "enableEmptyFilter": False,
            "defaultToFirstItem": False,
            "multiSelect": True,
            "searchAllOptions": False,
            "inverseSelection": False,
        },
    }

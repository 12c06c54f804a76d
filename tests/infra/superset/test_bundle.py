"""The bundle is the same for the same contracts, whole for every contract, and holds no secret."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest
import yaml

from infra.superset.bundle import Connection, bundle, pages
from infra.superset.data.quarantine import reasons_today
from infra.superset.pages.source import slug
from streams.contract.model import Contract
from streams.contract.tables import metric_tables
from streams.reasons import REASONS
from tests.infra.superset import contracts as known

CONNECTION = Connection("127.0.0.1", 5432, "minsheng", "reader")
PREFIX = "events."
EVERY = {**known.every(), **known.city()}
PAGES = pages(EVERY, PREFIX)
STATES = {"对账差额", "未解除告警数"}  # what stands now, not what was counted since midnight


def of(contracts: dict[str, Contract]) -> dict[str, str]:
    return bundle(contracts, CONNECTION, PREFIX)


@cache
def parsed(kind: str, *sources: str) -> list[dict[str, Any]]:
    """The assets of that kind for those sources."""
    files = of({source: EVERY[source] for source in sources})
    return [yaml.safe_load(text) for path, text in files.items() if path.startswith(f"{kind}/")]


def test_the_order_of_deployment_changes_nothing() -> None:
    assert of(EVERY) == of(dict(reversed(EVERY.items())))


BOOKS = {"daily", "differences", "ledger"}
"""Pages whose numbers are of days that are over, or say themselves which is which."""


def test_the_bundle_holds_no_password() -> None:
    (database,) = parsed("databases", *EVERY)
    assert database["sqlalchemy_uri"] == "postgresql+psycopg2://reader:XXXXXXXXXX@127.0.0.1:5432/minsheng"


def test_a_platform_without_contracts_has_its_own_pages() -> None:
    assert {each["slug"] for each in parsed("dashboards")} == {
        "today", "daily", "differences", "ledger", "quarantine",
    }  # fmt: skip


def test_the_overview_leads_to_the_quarantine() -> None:
    (overview,) = (each for each in parsed("dashboards") if each["slug"] == "today")
    (note,) = (each for name, each in overview["position"].items() if name.startswith("MARKDOWN"))
    assert note["meta"]["code"].endswith("(/superset/dashboard/quarantine/)")
    assert note["id"] in overview["position"][note["parents"][-1]]["children"]


def test_a_new_contract_adds_a_page_and_leaves_the_pages_of_others_alone() -> None:
    before = of(known.own())
    after = of(EVERY)
    own = {path for path in before if path.startswith(("dashboards/live-", "charts/live-"))}
    assert {path for path in own if after.get(path) != before[path]} == set()


def test_every_reference_within_the_bundle_is_met() -> None:
    charts = {each["uuid"]: each for each in parsed("charts", *EVERY)}
    datasets = {each["uuid"] for each in parsed("datasets", *EVERY)}
    assert {each["dataset_uuid"] for each in charts.values()} <= datasets
    for dashboard in parsed("dashboards", *EVERY):
        placed = [
            each
            for each in dashboard["position"].values()
            if isinstance(each, dict) and each["type"] == "CHART"
        ]
        assert {each["meta"]["uuid"] for each in placed} <= charts.keys()
        for each in dashboard["metadata"]["native_filter_configuration"]:
            if each["filterType"] == "filter_select":
                assert each["targets"][0]["datasetUuid"] in datasets


def test_charts_of_published_days_show_the_newest_until_a_period_is_chosen() -> None:
    """The period is the charts' own: the data sets hold every day, whatever today is."""
    for page in PAGES:
        for chart in page.charts:
            if chart.dataset.key.startswith("daily ") and chart.title != "最新日终":
                subjects = [
                    each["subject"]
                    for each in chart.params["adhoc_filters"]
                    if each["operator"] == "TEMPORAL_RANGE"
                ]
                assert subjects == ["event_day"], chart.key
                assert "now()" not in chart.dataset.sql
    (report,) = (each for each in parsed("dashboards") if each["slug"] == "daily")
    kinds = {each["filterType"] for each in report["metadata"]["native_filter_configuration"]}
    assert kinds == {"filter_select", "filter_time"}


def test_no_uuid_and_no_key_is_given_twice() -> None:
    for kind in ("charts", "datasets", "dashboards"):
        counted = Counter(each["uuid"] for each in parsed(kind, *EVERY))
        assert counted.most_common(1)[0][1] == 1
    charts = [chart for page in PAGES for chart in page.charts]
    assert len({chart.key for chart in charts}) == len(charts)


def test_a_row_is_never_wider_than_the_page() -> None:
    for page in PAGES:
        for row in page.rows:
            if isinstance(row, tuple):
                assert 0 < sum(chart.width for chart in row) <= 12


@pytest.mark.parametrize("contract", EVERY.values(), ids=EVERY)
def test_a_source_page_shows_every_measure_and_every_dimension(contract: Contract) -> None:
    page = next(each for each in PAGES if each.slug == slug(contract.source))
    tables = [chart for chart in page.charts if chart.kind == "table"]
    for metric in metric_tables(contract):
        spec = contract.metrics[metric.metric]
        of_metric = [
            chart for chart in tables if chart.dataset.key == f"live {contract.source} {metric.metric} values"
        ]
        assert len(of_metric) == len(metric.dimensions)
        for chart in of_metric:
            assert set(spec.measures) <= set(chart.params["all_columns"])
        for field in metric.dimensions:
            assert any(contract.fields[field].title in chart.title for chart in of_metric)
    tiles = [chart for chart in page.charts if chart.kind == "big_number_total"]
    for measures in (metric.measures for metric in contract.metrics.values()):
        for measure in measures.values():
            assert any(tile.title == f"{measure.title} · 实时" for tile in tiles), measure.title


@pytest.mark.parametrize("contract", EVERY.values(), ids=EVERY)
def test_a_distinct_count_is_never_added_up(contract: Contract) -> None:
    for metric in metric_tables(contract):
        for name in metric.distinct:
            figures = [
                figure
                for dataset in parsed("datasets", contract.source)
                for figure in dataset["metrics"]
                if f'"{name}"' in figure["expression"]
            ]
            assert {figure["expression"] for figure in figures} == {f'coalesce(max("{name}"), 0)'}


def test_no_table_renders_html() -> None:
    tables = [each for each in parsed("charts", *EVERY) if each["viz_type"] == "table"]
    assert len(tables) > 10
    assert {each["params"]["allow_render_html"] for each in tables} == {False}


def test_bars_have_room_for_their_names_and_say_where_others_may_be_left_out() -> None:
    for page in PAGES:
        for chart in page.charts:
            if chart.params.get("orientation") == "horizontal":
                most = chart.params["row_limit"]
                assert most >= 10
                assert most * 20 <= (chart.height - 10) * 8, chart.key
                if chart.params["x_axis"] == "reason" and chart.kind.endswith("bar"):
                    assert f"前 {most} 种" in chart.title


def test_tables_of_whole_periods_are_paged_and_not_cut() -> None:
    for page in PAGES:
        for chart in page.charts:
            of_period = [
                each for each in chart.params["adhoc_filters"] if each["operator"] == "TEMPORAL_RANGE"
            ]
            if chart.kind == "table" and of_period:
                assert chart.params["server_pagination"], chart.key
                assert chart.params["row_limit"] >= 100_000


def test_every_reason_is_shown_by_its_title() -> None:
    query = reasons_today(EVERY).sql
    assert {code for code, wording in REASONS.items() if f"'{wording.title}'" not in query} == set()


def test_every_live_number_says_that_it_is_live() -> None:
    for page in pages(known.own(), PREFIX):
        for chart in page.charts:
            if page.slug not in BOOKS and chart.kind == "big_number_total" and chart.title not in STATES:
                assert chart.title.endswith(" · 实时")

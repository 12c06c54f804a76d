"""A plan as people read it."""

from __future__ import annotations

from infra.deployment.plan import (
    ContractChange,
    DashboardsChange,
    Line,
    Plan,
    SuiteChange,
    TableChange,
)
from streams.topics import TopicChange


def test_a_plan_changes_something_if_any_part_of_it_does() -> None:
    kept = Plan(
        (ContractChange("a", "甲", "keep", "1", "1"),),
        (TopicChange("events.a", "keep", ""),),
        (TableChange("live.a__m", "keep"),),
        (SuiteChange("a", "keep", ""),),
        DashboardsChange(unchanged=9),
    )
    assert not kept.changes
    assert Plan(kept.contracts, tables=(TableChange("live.a__m", "create"),)).changes
    assert Plan(kept.contracts, topics=(TopicChange("events.a", "alter", ""),)).changes
    assert Plan(kept.contracts, suites=(SuiteChange("a", "change", ""),)).changes
    assert Plan(kept.contracts, dashboards=DashboardsChange(remove=("charts/x.yaml",))).changes
    assert not Plan(kept.contracts, dashboards=DashboardsChange(skipped="no Superset")).changes


def test_lines_name_pages_and_count_charts() -> None:
    plan = Plan(
        (ContractChange("a", "甲", "change", "2", "1"),),
        dashboards=DashboardsChange(
            create=("dashboards/live-a.yaml", "charts/a.yaml", "datasets/minsheng/a.yaml"),
            change=("dashboards/today.yaml",),
            unchanged=3,
        ),
    )
    assert list(plan.lines()) == [
        Line("change", "contract", "a", "2 (was 1) 甲"),
        Line("create", "dashboard", "live-a", ""),
        Line("change", "dashboard", "today", ""),
        Line("change", "dashboards", "charts and data sets", "2 of them"),
        Line("keep", "dashboards", "all the rest", "3 objects"),
    ]


def test_what_is_left_alone_is_said() -> None:
    (line,) = Plan((), dashboards=DashboardsChange(skipped="Superset was never started here.")).lines()
    assert line == Line("skip", "dashboards", "Superset", "Superset was never started here.")

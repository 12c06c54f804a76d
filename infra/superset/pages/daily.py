"""日终报表: the published days of every source, with their revisions."""

from __future__ import annotations

from collections.abc import Mapping

from infra.superset.assets import Dashboard, Filter, Period, Section
from infra.superset.charts import RED, days, newest_days, table, tile, warn
from infra.superset.data.daily import daily_measures, published_days, validations
from streams.contract.model import Contract

SLUG = "daily"
REFRESH_SECONDS = 60


def daily(contracts: Mapping[str, Contract]) -> Dashboard:
    """The page over all published days."""
    published, measures, checked = (
        published_days(contracts),
        daily_measures(contracts),
        validations(contracts),
    )
    newest = [newest_days()]
    return Dashboard(
        slug=SLUG,
        refresh_seconds=REFRESH_SECONDS,
        title="日终报表",
        about="每日终了核对后发布的数字；迟到事件使某日重算时修订号加一，页面总显示最新修订。默认近三个月，可选日期。",
        rows=(
            (
                tile(
                    "daily-newest",
                    "最新日终",
                    published,
                    "newest__figure",
                    "日终，每日次日发布",
                    width=3,
                    is_day=True,
                ),
                tile(
                    "daily-days",
                    "已发布天数",
                    published,
                    "days__figure",
                    "天，默认近三个月",
                    width=3,
                    filters=newest,
                ),
                tile(
                    "daily-revision",
                    "最高修订号",
                    published,
                    "revisions__figure",
                    "日终修订",
                    width=3,
                    filters=newest,
                ),
                tile(
                    "daily-failed",
                    "校验未通过",
                    checked,
                    "failed__figure",
                    "项，默认近三个月",
                    width=3,
                    filters=newest,
                    rules=[warn("未通过", 0, RED)],
                ),
            ),
            (
                days(
                    "daily-accepted",
                    "每日入账（日终）",
                    published,
                    "accepted__figure",
                    by="source__label",
                    width=12,
                    filters=newest,
                    height=36,
                ),
            ),
            Section("指标：环比与同比"),
            (
                table(
                    "daily-measures",
                    "日终指标",
                    measures,
                    [
                        "event_day",
                        "source__label",
                        "measure",
                        "value__text",
                        "previous__text",
                        "change_percent",
                        "last_year__text",
                        "year_percent",
                        "revision",
                        "published",
                    ],
                    width=12,
                    filters=newest,
                    height=56,
                    order=[("event_day", False), ("source", True), ("position", True)],
                    formats={
                        **dict.fromkeys(("change_percent", "year_percent"), "+,.1f"),
                        "revision": "d",
                    },
                    right=["value__text", "previous__text", "last_year__text"],
                    is_paged=True,
                ),
            ),
            Section("发布与校验"),
            (
                table(
                    "daily-publications",
                    "日终发布：修订号与发布时间",
                    published,
                    [
                        "event_day",
                        "source__label",
                        "revision",
                        "published",
                        "reason",
                        "accepted",
                        "quarantined",
                        "duplicate",
                        "conflict",
                    ],
                    width=12,
                    filters=newest,
                    height=48,
                    order=[("event_day", False), ("source", True)],
                    formats={
                        **dict.fromkeys(("accepted", "quarantined", "duplicate", "conflict"), ",d"),
                        "revision": "d",
                    },
                    is_paged=True,
                ),
            ),
            (
                table(
                    "daily-validations",
                    "校验结果",
                    checked,
                    [
                        "validated",
                        "scope",
                        "source__label",
                        "event_day",
                        "revision",
                        "verdict",
                        "evaluated",
                        "failed",
                        "failures",
                    ],
                    width=12,
                    filters=newest,
                    height=48,
                    order=[("validated", False)],
                    formats={"revision": "d", "evaluated": "d", "failed": "d"},
                    is_paged=True,
                ),
            ),
        ),
        filters=(
            Filter("daily-source", "来源", published, "source__label"),
            Period("daily-period", "日期"),
        ),
    )

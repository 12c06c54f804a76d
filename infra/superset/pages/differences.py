"""实时与日终: each published day beside what live has counted, and why the two differ."""

from __future__ import annotations

from collections.abc import Mapping

from infra.superset.assets import Dashboard, Filter, Period, Section
from infra.superset.charts import PALE_RED, RED, newest_days, ranked, table, tile, warn
from infra.superset.data.differences import live_and_published, rows_of_difference
from streams.contract.model import Contract

SLUG = "differences"
REFRESH_SECONDS = 60
TILES = (
    ("live", "实时", ""),
    ("final", "日终", ""),
    ("difference", "相差", ""),
    ("unexplained", "没有找到原因", "，应为 0"),
)


def differences_page(contracts: Mapping[str, Contract]) -> Dashboard:
    """The page over all published days."""
    both, rows = live_and_published(contracts), rows_of_difference(contracts)
    newest = [newest_days()]
    numbers = ("live", "final", "difference", "unexplained")
    return Dashboard(
        slug=SLUG,
        refresh_seconds=REFRESH_SECONDS,
        title="实时与日终",
        about="每一已发布日的实时数与日终数，相差多少、为什么。实时 + 各行原因 = 日终。",
        rows=(
            tuple(
                tile(
                    f"differences-{name}",
                    title,
                    both,
                    f"{name}__figure",
                    f"件，默认近三个月{expected}",
                    width=3,
                    filters=newest,
                    rules=[warn(title, 0, RED)] if expected else [],
                )
                for name, title, expected in TILES
            ),
            (
                table(
                    "differences-days",
                    "实时、日终与修订",
                    both,
                    ["event_day", "source__label", *numbers, "revision", "published", "reason"],
                    width=12,
                    height=52,
                    filters=newest,
                    order=[("event_day", False), ("source", True)],
                    formats={**dict.fromkeys(numbers, ",d"), "difference": "+,d", "revision": "d"},
                    rules=[warn("unexplained", 0, PALE_RED) | {"operator": "≠"}],
                    is_paged=True,
                ),
            ),
            Section("为什么不同"),
            (
                table(
                    "differences-rows",
                    "实时 + 以下各行 = 日终",
                    rows,
                    ["event_day", "source__label", "cause", "events"],
                    width=8,
                    height=52,
                    filters=newest,
                    order=[("event_day", False), ("source", True), ("position", True)],
                    formats={"events": "+,d"},
                    is_paged=True,
                ),
                ranked(
                    "differences-causes",
                    "各原因的事件数",
                    rows,
                    "events__figure",
                    "cause",
                    width=4,
                    height=52,
                    filters=newest,
                ),
            ),
        ),
        filters=(
            Filter("differences-source", "来源", both, "source__label"),
            Period("differences-period", "日期"),
        ),
    )

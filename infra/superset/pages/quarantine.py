"""隔离区: what is in quarantine, whose share it is, and what became of it. Masked; originals are not here."""

from __future__ import annotations

from collections.abc import Mapping

from infra.superset.assets import Dashboard, Filter, Section
from infra.superset.charts import PALE_AMBER, PALE_RED, fitting, ranked, table, tile, warn, where
from infra.superset.data.quarantine_work import conflicts, events, groups
from spark_jobs.replay.selection import OPEN
from streams.contract.model import Contract

SLUG = "quarantine"
TITLE = "隔离区"
REFRESH_SECONDS = 60
BARS_HEIGHT = 56
LARGE_SHARE_PERCENT = 10


def quarantine_page(contracts: Mapping[str, Contract]) -> Dashboard:
    """The page over all sources: groups, newest events, conflicts."""
    work, single, twice = groups(contracts), events(contracts), conflicts(contracts)
    still = [where("state", OPEN)]
    return Dashboard(
        slug=SLUG,
        refresh_seconds=REFRESH_SECONDS,
        title=TITLE,
        about="不符合规则的事件：没有计入，也没有丢。近三个月。核实后用 minsheng quarantine 重放或关闭。",
        rows=(
            (
                tile("quarantine-open", f"{OPEN} · 实时", single, "open__figure", "条，近三个月", width=3),
                tile(
                    "quarantine-replayed", "已重放 · 实时", single, "replayed__figure", "条，已入账", width=3
                ),
                tile("quarantine-closed", "已关闭 · 实时", single, "closed__figure", "条，不计入", width=3),
                tile(
                    "quarantine-conflicts",
                    "冲突 · 实时",
                    twice,
                    "conflicts__figure",
                    "条，先到的计入",
                    width=3,
                ),
            ),
            (
                table(
                    "quarantine-groups",
                    "按来源、地点、原因",
                    work,
                    [
                        "source__label",
                        "division__label",
                        "place",
                        "reason",
                        "state",
                        "events",
                        "share_percent",
                        "first_seen",
                        "last_seen",
                    ],
                    width=12,
                    height=56,
                    order=[("events", False)],
                    formats={"events": ",d", "share_percent": ",.1f"},
                    bars=["events"],
                    rules=[
                        warn("share_percent", LARGE_SHARE_PERCENT, PALE_AMBER),
                        warn("share_percent", 5 * LARGE_SHARE_PERCENT, PALE_RED),
                    ],
                    most=500,
                ),
            ),
            (
                ranked(
                    "quarantine-reasons",
                    f"待核实 · 按原因（前 {fitting(BARS_HEIGHT)} 种）",
                    work,
                    "events__figure",
                    "reason",
                    width=4,
                    height=BARS_HEIGHT,
                    filters=still,
                ),
                ranked(
                    "quarantine-sources",
                    "待核实 · 按来源",
                    single,
                    "open__figure",
                    "source__label",
                    width=4,
                    height=BARS_HEIGHT,
                    filters=still,
                ),
                ranked(
                    "quarantine-counties",
                    "待核实 · 按区县",
                    single,
                    "open__figure",
                    "division__label",
                    width=4,
                    height=BARS_HEIGHT,
                    filters=still,
                ),
            ),
            Section("逐条"),
            (
                table(
                    "quarantine-events",
                    "最近隔离的事件",
                    single,
                    [
                        "number",
                        "received",
                        "source__label",
                        "division__label",
                        "place",
                        "reason",
                        "excerpt",
                        "state",
                        "state_at",
                        "state_by",
                    ],
                    width=12,
                    height=56,
                    order=[("received", False)],
                    formats={"number": "d"},
                    is_paged=True,
                ),
            ),
            Section("冲突：编号相同、内容不同"),
            (
                table(
                    "quarantine-conflict-rows",
                    "最近的冲突",
                    twice,
                    ["number", "received", "source__label", "event_day", "first_place", "second_place"],
                    width=12,
                    order=[("received", False)],
                    formats={"number": "d"},
                    is_paged=True,
                ),
            ),
        ),
        filters=(
            Filter("quarantine-source", "来源", work, "source__label"),
            Filter("quarantine-county", "区县", work, "division__label"),
            Filter("quarantine-reason", "原因", work, "reason"),
            Filter("quarantine-state", "状态", work, "state"),
        ),
    )

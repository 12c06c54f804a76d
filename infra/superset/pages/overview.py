"""今日总览: every source now."""

from __future__ import annotations

from collections.abc import Mapping

from infra.superset.assets import Dashboard, Filter, Note, Section
from infra.superset.charts import (
    HALF_HEIGHT,
    PALE_AMBER,
    PALE_GREEN,
    PALE_RED,
    RED,
    fitting,
    given,
    minutes,
    ranked,
    table,
    tile,
    warn,
)
from infra.superset.data.ledger import ledger_of_today, open_alerts
from infra.superset.data.overview import AGE, STALE_SECONDS, all_minutes_of_today, freshness
from infra.superset.data.quarantine import quarantined_today, reasons_today
from infra.superset.pages import quarantine
from infra.superset.pages.source_tiles import rows_of
from streams.contract.model import Contract

SLUG = "today"
SILENT_SECONDS = 3600


def overview(contracts: Mapping[str, Contract], topic_prefix: str) -> Dashboard:
    """The page over all deployed sources."""
    numbers, fresh = all_minutes_of_today(contracts), freshness(contracts)
    ledger, alerts = ledger_of_today(contracts, topic_prefix), open_alerts(contracts)
    waiting, reasons = quarantined_today(contracts), reasons_today(contracts)
    tiles = (
        tile("today-visits", "今日人次 · 实时", numbers, "visits__figure", "人次，今日零时起"),
        tile("today-events", "今日事件数 · 实时", numbers, "events__figure", "件，全部来源，今日零时起"),
        tile("today-amount", "今日金额 · 实时", numbers, "amount_wan__figure", "万元，今日零时起"),
        tile(
            "today-age",
            "数据龄 · 实时",
            fresh,
            "age__figure",
            "秒前的数字",
            rules=[warn(AGE, STALE_SECONDS, RED)],
        ),
        tile("today-quarantine", "今日隔离 · 实时", waiting, "events__figure", "条，待核实"),
        tile("today-in-flight", "在途 · 实时", ledger, "in_flight__figure", "条，已接收未入账"),
        tile(
            "today-residue", "对账差额", ledger, "residue__figure", "条，应为 0", rules=[warn("差额", 0, RED)]
        ),
        tile(
            "today-open-alerts",
            "未解除告警数",
            alerts,
            "alerts__figure",
            "条，详见下表",
            rules=[warn("未解除告警", 0, RED)],
        ),
    )
    sources = table(
        "today-sources",
        "各来源 · 实时",
        fresh,
        [
            "source__label",
            "events",
            "amount_yuan",
            "quarantined",
            "last_event",
            "event_age_seconds",
            "age_seconds",
        ],
        width=7,
        order=[("position", True)],
        formats={
            "events": ",d",
            "amount_yuan": ",.2f",
            "quarantined": ",d",
            "event_age_seconds": ",d",
            "age_seconds": ",d",
        },
        rules=[
            warn("event_age_seconds", SILENT_SECONDS, PALE_AMBER),
            warn("age_seconds", STALE_SECONDS, PALE_RED),
        ],
    )
    books = table(
        "today-ledger",
        "今日对账：已接收 = 入账 + 隔离 + 重复 + 冲突 + 在途",
        ledger,
        [
            "source__label",
            "received",
            "accepted",
            "quarantined",
            "duplicate",
            "conflict",
            "in_flight",
            "residue",
        ],
        width=7,
        height=32,
        order=[("position", True)],
        formats=dict.fromkeys(
            ("received", "accepted", "quarantined", "duplicate", "conflict", "in_flight", "residue"), ",d"
        ),
        rules=[
            {
                "column": "residue",
                "operator": "≠",
                "targetValue": 0,
                "colorScheme": PALE_RED,
                "useGradient": False,
            },
            {
                "column": "residue",
                "operator": "=",
                "targetValue": 0,
                "colorScheme": PALE_GREEN,
                "useGradient": False,
            },
        ],
    )
    return Dashboard(
        slug=SLUG,
        title="今日总览",
        about="人次、事件数、金额、新鲜度、隔离与对账。每 10 秒刷新，按北京时间零时换日。",
        rows=(
            *rows_of(tiles, most=len(tiles) // 2),
            (
                minutes(
                    "today-minutes",
                    "分钟事件数 · 实时",
                    numbers,
                    "events__figure",
                    by="source__label",
                    width=8,
                ),
                ranked(
                    "today-counties",
                    "各区县人次 · 实时",
                    numbers,
                    "visits__figure",
                    "division__label",
                    filters=[given("division")],
                    width=4,
                ),
            ),
            (
                sources,
                ranked(
                    "today-counties-amount",
                    "各区县金额（万元）· 实时",
                    numbers,
                    "amount_wan__figure",
                    "division__label",
                    filters=[given("division")],
                    width=5,
                ),
            ),
            (
                books,
                table(
                    "today-alerts",
                    "未解除告警",
                    alerts,
                    ["raised", "source__label", "message"],
                    width=5,
                    height=32,
                    order=[("raised", False)],
                ),
            ),
            Section("隔离区"),
            Note(
                f"[全部隔离事件、占比与处理状态：{quarantine.TITLE}](/superset/dashboard/{quarantine.SLUG}/)"
            ),
            (
                ranked(
                    "today-reasons",
                    f"隔离原因 · 实时（前 {fitting(HALF_HEIGHT)} 种）",
                    reasons,
                    "events__figure",
                    "reason",
                    width=4,
                ),
                table(
                    "today-quarantined",
                    "最近隔离的事件",
                    waiting,
                    ["received", "source__label", "division__label", "place", "reasons", "excerpt", "state"],
                    width=8,
                    order=[("received", False)],
                    most=50,
                    is_excerpt=True,
                ),
            ),
        ),
        filters=(
            Filter("today-source", "来源", numbers, "source__label"),
            Filter("today-county", "区县", numbers, "division__label"),
        ),
    )

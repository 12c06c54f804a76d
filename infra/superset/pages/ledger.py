"""账实相符: where every event is, by day of receipt, by hour, and by senders that number theirs."""

from __future__ import annotations

from collections.abc import Mapping

from infra.superset.assets import Dashboard, Filter, Period, Section
from infra.superset.charts import PALE_RED, RED, newest_days, table, tile, warn
from infra.superset.data.ledger import SHOWN, ledger_of_days, ledger_of_hours, ledger_of_today, senders
from streams.contract.model import Contract

SLUG = "ledger"


def ledger_page(contracts: Mapping[str, Contract], topic_prefix: str) -> Dashboard:
    """The page over all sources and days of receipt."""
    today, days = ledger_of_today(contracts, topic_prefix), ledger_of_days(contracts, topic_prefix)
    hours, numbered = ledger_of_hours(contracts), senders(contracts)
    newest = [newest_days("received_day")]
    residues = ("residue", "archive_residue", "lost_upstream")
    shown = (
        "acknowledged", "refused", "received", *SHOWN, "in_flight", "residue", "archived", "to_archive",
        "archive_residue", "lost_upstream",
    )  # fmt: skip
    of_hour = ("sent", "carried", *SHOWN, "in_flight", "residue", "worst_residue")
    of_sender = ("events", "numbered", "lowest", "highest", "missing", "repeated", "unreadable")
    return Dashboard(
        slug=SLUG,
        title="账实相符",
        about="已接收 = 入账 + 隔离 + 重复 + 冲突 + 在途。Kafka、实时、归档各自计数，差额应为 0。"
        "「其中重放」是入账的一部分：先隔离，后重放。",
        rows=(
            (
                tile(
                    "ledger-residue",
                    "今日对账差额",
                    today,
                    "residue__figure",
                    "条，应为 0",
                    width=3,
                    rules=[warn("差额", 0, RED)],
                ),
                tile("ledger-in-flight", "今日在途 · 实时", today, "in_flight__figure", "条", width=3),
                tile(
                    "ledger-archive-residue",
                    "归档差额",
                    days,
                    "archive_residue__figure",
                    "条，近三个月，应为 0",
                    width=3,
                    filters=newest,
                    rules=[warn("归档差额", 0, RED)],
                ),
                tile(
                    "ledger-missing",
                    "发送方缺号",
                    numbered,
                    "missing__figure",
                    "个，近三个月",
                    width=3,
                    filters=newest,
                    rules=[warn("缺号", 0, RED)],
                ),
            ),
            Section("按接收日"),
            (
                table(
                    "ledger-days",
                    "已接收 = 入账 + 隔离 + 重复 + 冲突 + 在途；归档与上游各自计数",
                    days,
                    ["received_day", "source__label", *shown],
                    width=12,
                    height=56,
                    filters=newest,
                    order=[("received_day", False), ("source", True)],
                    formats=dict.fromkeys(shown, ",d"),
                    rules=[warn(each, 0, PALE_RED) | {"operator": "≠"} for each in residues],
                    is_paged=True,
                ),
            ),
            Section("近 24 小时"),
            (
                table(
                    "ledger-hours",
                    "每小时：已接收 + 上时在途 = 入账 + 隔离 + 重复 + 冲突 + 在途",
                    hours,
                    ["local_hour", "source__label", *of_hour],
                    width=12,
                    height=48,
                    order=[("local_hour", False), ("source", True)],
                    formats=dict.fromkeys(of_hour, ",d"),
                    rules=[warn("worst_residue", 0, PALE_RED)],
                    is_paged=True,
                ),
            ),
            Section("发送方序号"),
            (
                table(
                    "ledger-senders",
                    "带序号的发送方：缺号与重号（当天每小时、次日凌晨核对）",
                    numbered,
                    ["received_day", "source__label", "sender", *of_sender, "gaps"],
                    width=12,
                    height=48,
                    filters=newest,
                    order=[("received_day", False), ("source", True)],
                    formats=dict.fromkeys(of_sender, "d"),
                    rules=[warn("missing", 0, PALE_RED), warn("repeated", 0, PALE_RED)],
                    is_paged=True,
                ),
            ),
        ),
        filters=(
            Filter("ledger-source", "来源", days, "source__label"),
            Period("ledger-period", "日期"),
        ),
    )

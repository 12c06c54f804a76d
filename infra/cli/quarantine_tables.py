"""Quarantine as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli.output import out, wide
from infra.quarantine import wording
from infra.quarantine.reading import Group, Quarantined
from streams.contract.model import Contract
from streams.zone import ZONE


def console() -> Console:
    """As wide as the terminal, or wide enough for a file."""
    return wide(highlight=True)


def groups_table(found: list[Group], contracts: Mapping[str, Contract]) -> Table:
    """A row a group, with its share."""
    table = Table("来源", "地点", "原因", "代码", box=None, pad_edge=False)
    for heading in ("条数", "占该地点"):
        table.add_column(heading, justify="right")
    for heading in ("最早", "最近"):
        table.add_column(heading)
    for each in found:
        contract = contracts.get(each.source)
        table.add_row(
            Text(contract.title if contract else each.source),
            Text(each.place or wording.UNKNOWN_PLACE),
            Text(wording.title(each.code, each.field, contract)),
            Text(each.code),
            f"{each.events:,}",
            "-" if each.share is None else wording.percent(each.share),
            short(each.first_seen),
            short(each.last_seen),
        )
    return table


def events_table(found: list[Quarantined], contracts: Mapping[str, Contract]) -> Table:
    """A row an event."""
    table = Table("编号", "接收时间", "来源", "地点", "原因", "状态", box=None, pad_edge=False)
    for each in found:
        contract = contracts.get(each.source)
        said = "；".join(wording.title(r.get("code") or "", r.get("field"), contract) for r in each.reasons)
        table.add_row(
            str(each.id),
            short(each.received_at),
            Text(contract.title if contract else each.source),
            Text(each.place or wording.UNKNOWN_PLACE),
            Text(said),
            each.state,
        )
    return table


def print_event(event: Quarantined, told: Mapping[str, Any], contracts: Mapping[str, Contract]) -> None:
    """One event with everything that is known of it; `told` as `show --json` has it."""
    contract = contracts.get(event.source)
    place = f"{event.topic}/{event.partition}/{event.offset}"
    lines = [
        f"编号　　{event.id}　{event.state}",
        f"来源　　{contract.title if contract else event.source}（{event.source}）",
        f"地点　　{event.place or wording.UNKNOWN_PLACE}　区县 {event.division or '-'}",
        f"接收　　{short(event.received_at)}　原始位置 {place}",
        f"事件　　{event.event_id or '-'}　时间 {short(event.event_time) if event.event_time else '-'}",
        "原因",
        *(
            f"　　{each['text']}　[{each['code']}{' ' + str(each['field']) if each['field'] else ''}]"
            for each in wording.reasons(event, contracts)
        ),
        f"摘录　　{event.excerpt}",
    ]
    lines += [f"{each['at']}　{each['state']}　{each['by']}　{each['note']}" for each in told["history"]]
    if told["replayed"]:
        lines.append(f"重放　　{told['replayed']}")
    if "original" in told:
        lines.append(f"原文　　{told['original']}")
    for line in lines:
        out.print(Text(_inert(line)), soft_wrap=True)


def print_report(report: Mapping[str, Any], contracts: Mapping[str, Contract], *, dry_run: bool) -> None:
    """What a replay did, or would do: outcomes, what still fails and why, what changes in which day."""
    verb = "将入账" if dry_run else "已入账"
    to = console()
    to.print(
        f"选中 {report['selected']:,} 条：{verb} {report['accepted']:,}，重复 {report['duplicate']:,}，"
        f"冲突 {report['conflict']:,}，仍隔离 {report['still_quarantined']:,}，"
        f"原文已不在 {report['original_lost']:,}"
    )
    if dry_run and report["pieces"] > 1:
        to.print(
            f"分 {report['pieces']:,} 次试算后相加：同一编号或同一个「只能一次」落在两次里的，都算作将入账，"
            "执行时只计一次。要精确的，用 --from、--to 分段试算。"
        )
    if report["reasons"]:
        table = Table("来源", "仍不符合", "代码", "条数", box=None, pad_edge=False)
        for each in report["reasons"]:
            contract = contracts.get(each["source"])
            said = wording.title(each["code"], each["field"], contract)
            table.add_row(
                Text(contract.title if contract else each["source"]),
                Text(said),
                Text(each["code"]),
                f"{each['events']:,}",
            )
        to.print(table)
    if report["days"]:
        table = Table("日期", "来源", "增加的事件", "指标", "变化", box=None, pad_edge=False)
        for day in report["days"]:
            source = contracts[day["source"]].title
            measures = "\n".join(each["title"] for each in day["measures"])
            changes = "\n".join(wording.added(each["added"], each["unit"]) for each in day["measures"])
            table.add_row(day["day"], Text(source), f"{day['events']:,}", Text(measures), changes)
        to.print(table)
        to.print(
            "「多少人」一类的数、最大值和最小值不能相加，未列出。日终会自动重新发布。"
            if dry_run
            else "日终会自动重新发布。"
        )


def _inert(line: str) -> str:
    """What a stranger sent, without anything that a terminal would obey."""
    return "".join(each if each.isprintable() or each == "　" else f"\\x{ord(each):02x}" for each in line)


def short(moment: datetime) -> str:
    """Wall-clock time of Asia/Shanghai."""
    return f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"

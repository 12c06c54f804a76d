"""An outcome for readers: as JSON, and as an HTML page that loads nothing and in which nothing acts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from html import escape
from typing import Any

import pyarrow as pa

from infra.trial.outcome import ACCEPTED, CONFLICT, DUPLICATE, REFUSED, Outcome, day_of
from infra.trial.picture import picture
from infra.trial.pieces import Pieces
from infra.trial.ratios import with_ratios
from streams.contract.model import Contract
from streams.contract.types import values_of
from streams.reasons import REASONS
from streams.zone import ZONE

MOST_ROWS = 200
NAMES = {ACCEPTED: "接收", REFUSED: "拒收", DUPLICATE: "重复", CONFLICT: "冲突"}
_STYLE = """
body { font: 15px/1.6 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif; max-width: 1100px;
margin: 2em auto; }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px; } th, td { border: 1px solid #ddd;
padding: 2px 8px; text-align: left; vertical-align: top; } td.n { text-align: right; }
th { background: #f4f4f4; }
pre { background: #f7f7f7; padding: 1em; overflow: auto; font-size: 12px; } h2 { margin-top: 2em; }
"""


def fullest_day(outcome: Outcome) -> date | None:
    """The day with the most events, which the picture shows."""
    totals: dict[date, int] = {}
    for (day, _), counts in outcome.hours.items():
        totals[day] = totals.get(day, 0) + counts.total()
    return max(sorted(totals), key=lambda day: totals[day], default=None)


def drawn(outcome: Outcome) -> str:
    """The fullest day's picture (SVG)."""
    day = fullest_day(outcome) or datetime.now(ZONE).date()
    hours = {hour: counts for (d, hour), counts in outcome.hours.items() if d == day}
    repeats = {name: outcome.counts[name] for name in (DUPLICATE, CONFLICT)}
    return picture(outcome.contract.title, day, hours, repeats)


def as_json(outcome: Outcome, pieces: Pieces, origin: str) -> dict[str, Any]:
    """Everything, tables up to MOST_ROWS rows."""
    return {
        "source": outcome.contract.source,
        "version": outcome.contract.version,
        "events_from": origin,
        "events": outcome.events,
        "counts": {name: outcome.counts[name] for name in NAMES},
        "by_code": dict(outcome.codes.most_common()),
        "refused": [
            {"line": each.line, "reasons": [{"code": c, "field": f, "text": t} for c, f, t in each.reasons]}
            for each in outcome.refused[:MOST_ROWS]
        ],
        "quarantine": [_told(row) for row in outcome.quarantine[:MOST_ROWS]],
        "minutes": {name: rows_of(table, "minute") for name, table in outcome.minutes.items()},
        "days": {name: rows_of(table, "event_day") for name, table in shown_days(outcome).items()},
        "topic": {"name": pieces.topic, "partitions": pieces.partitions},
        "tables": list(pieces.tables),
        "sql": list(pieces.sql),
        "dashboard": {"page": pieces.page, "charts": [list(chart) for chart in pieces.charts]},
        "tasks": [list(task) for task in pieces.tasks],
    }


def shown_days(outcome: Outcome) -> dict[str, pa.Table]:
    """The day tables with their ratios."""
    return {
        name: with_ratios(outcome.contract, name.partition("__")[2], table)
        for name, table in outcome.days.items()
    }


def rows_of(table: pa.Table, bucket: str) -> dict[str, Any]:
    """How many rows a table has, and the first of them with times for people."""
    shown = table.slice(0, MOST_ROWS).to_pylist()
    for row in shown:
        if bucket == "minute":
            row["minute"] = datetime.fromtimestamp(row["minute"] * 60, UTC).astimezone(ZONE).isoformat()
        else:
            row["event_day"] = day_of(row["event_day"]).isoformat()
    return {"rows": table.num_rows, "shown": shown}


def page(outcome: Outcome, pieces: Pieces, origin: str) -> str:
    """The report. Whatever an event holds stands in it as text."""
    contract = outcome.contract
    parts = [
        "<!doctype html><html lang='zh-CN'><head><meta charset='utf-8'>",
        "<meta http-equiv='Content-Security-Policy'"
        " content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(contract.title)} 试运行</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(contract.title)}（{escape(contract.source)}）试运行</h1>",
        f"<p>{escape(contract.about)}。主管：{escape(contract.owner)}。契约版本 {contract.version}。"
        f"事件来自：{escape(origin)}。没有部署任何东西。</p>",
        _table(["结果", "事件数"], [(name, outcome.counts[key]) for key, name in NAMES.items()]),
        drawn(outcome),
        "<h2>拒收原因</h2>",
        _table(
            ["原因", "代码", "事件数"], [(_title(contract, c), c, n) for c, n in outcome.codes.most_common()]
        ),
        _table(
            ["行号", "字段", "原因"],
            [
                (each.line, field or "", text)
                for each in outcome.refused[:MOST_ROWS]
                for _, field, text in each.reasons
            ],
        ),
    ]
    for heading, tables, bucket in (
        ("日终（按天）", shown_days(outcome), "event_day"),
        ("实时（按分钟）", outcome.minutes, "minute"),
    ):
        parts.append(f"<h2>{heading}</h2>")
        for name, table in tables.items():
            parts.append(_measured(contract, name, table, bucket))
    parts += [
        "<h2>隔离区（入库前已脱敏）</h2>",
        _table(
            ["事件编号", "事件时间", "地点", "原因", "摘录"],
            [
                (
                    r["event_id"],
                    r["event_at"],
                    r["place"],
                    "，".join(x["code"] for x in r["reasons"] or ()),
                    r["excerpt"],
                )
                for r in outcome.quarantine[:MOST_ROWS]
            ],
        ),
        "<h2>部署时将创建</h2>",
        f"<p>主题 {escape(pieces.topic)}（{pieces.partitions} 个分区）；看板 {escape(pieces.page)}</p>",
        _table(["看板分区", "图表"], pieces.charts),
        _table(["DAG", "任务"], pieces.tasks),
        _sql(pieces.sql),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _sql(statements: Sequence[str]) -> str:
    text = ";\n".join(statements)
    return f"<pre>{escape(text)};</pre>"


def _measured(contract: Contract, name: str, table: pa.Table, bucket: str) -> str:
    """A table of a metric with Chinese headings and labels."""
    metric = contract.metrics[name.partition("__")[2]]
    found = rows_of(table, bucket)
    titles = {"minute": "分钟", "event_day": "日期"} | {d: contract.columns[d].title for d in metric.by}
    titles |= {key: measure.title for key, measure in metric.measures.items()}
    titles |= {key: ratio.title for key, ratio in metric.ratios.items()}
    units = {key: measure.unit for key, measure in metric.measures.items()}
    units |= {key: ratio.unit for key, ratio in metric.ratios.items()}
    money = {key for key, unit in units.items() if unit == "fen"}
    titles |= {key: f"{titles[key]}（元）" for key in money}
    titles |= {key: f"{titles[key]}（%）" for key, unit in units.items() if unit == "percent"}
    labels = {d: values_of(contract.columns[d]) for d in metric.by}
    rows = [
        [
            f"{cell / 100:,.2f}"
            if column in money and cell is not None
            else labels.get(column, {}).get(cell, cell)
            for column, cell in row.items()
        ]
        for row in found["shown"]
    ]
    headings = [titles.get(column, column) for column in table.column_names]
    more = f"<p>共 {found['rows']:,} 行，显示前 {len(rows):,} 行。</p>" if found["rows"] > len(rows) else ""
    return f"<h3>{escape(metric.title)} <code>{escape(name)}</code></h3>{more}{_table(headings, rows)}"


def _table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else "<p>（无）</p>"


def _cell(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (
            f"<td class='n'>{value:,}</td>" if isinstance(value, int) else f"<td class='n'>{value:,.2f}</td>"
        )
    if isinstance(value, datetime):
        value = value.astimezone(ZONE).isoformat(sep=" ", timespec="seconds")
    return f"<td>{escape('' if value is None else str(value))}</td>"


def _title(contract: Contract, code: str) -> str:
    kind, _, name = code.partition(":")
    if kind == "check" and name in contract.checks:
        return contract.checks[name].title
    if kind == "unique" and name in contract.unique:
        return contract.unique[name].title
    return REASONS[code].title if code in REASONS else code


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}

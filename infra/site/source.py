"""What a source's page says, as plain values for the template."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from streams import reasons
from streams.contract.exports.document import document
from streams.contract.model import NESTED, Contract, FieldSpec
from streams.contract.scalars import WEEKDAYS
from streams.contract.types import NAMED_TYPES, max_length_of, range_of, values_of
from streams.envelope import Reason

MOST_VALUES = 40


@dataclass(frozen=True)
class FieldRow:
    """A field, or one within an object or a list (then `depth` is 1)."""

    name: str
    title: str
    type: str
    about: str
    depth: int
    rules: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    is_optional: bool
    is_personal: bool


def field_rows(fields: Mapping[str, FieldSpec], depth: int = 0) -> Iterator[FieldRow]:
    """Each field and what holds for its values, in Chinese."""
    for name, spec in fields.items():
        listed = () if spec.type in NESTED else tuple(values_of(spec).items())
        yield FieldRow(
            name,
            spec.title,
            spec.type,
            spec.about or "",
            depth,
            tuple(_rules(spec)),
            listed[:MOST_VALUES],
            spec.optional,
            spec.pii is not None,
        )
        if spec.type in NESTED:
            yield from field_rows(spec.fields, depth + 1)


def _rules(spec: FieldSpec) -> Iterator[str]:
    if spec.type == "object":
        yield "对象，包含以下字段"
        return
    if spec.type == "list":
        yield f"列表，至多 {spec.most_items} 项，每项包含以下字段"
        return
    named = NAMED_TYPES[spec.type]
    if listed := len(values_of(spec)):
        yield "以下取值之一" if listed <= MOST_VALUES else f"共 {listed} 个取值之一，列出前 {MOST_VALUES} 个"
    elif named.reason.startswith("{title}应为"):
        yield named.reason.format(title="")
    if spec.pattern:
        yield f"格式：{spec.pattern}"
    if spec.range or (named.range and not spec.pii):
        low, high = range_of(spec) or ("", "")
        yield f"范围：{low:,} 至 {high:,}" if spec.range else f"不超出 {low:,} 至 {high:,}"
    if not values_of(spec) and (longest := max_length_of(spec)):
        yield f"至多 {longest} 个字符"
    if named.checksum:
        yield named.checksum_reason.format(title="").replace("不对", "须正确")
    if spec.pii:
        yield "个人信息：送入时以原值填报，入口即换成令牌"


@dataclass(frozen=True)
class BadRow:
    """A counter-example: what is wrong with it, as a person reads it, and as it stands in the contract."""

    code: str
    sentence: str
    written: str


def bad_rows(contract: Contract) -> list[BadRow]:
    """Counter-examples with the reason that an operator reads."""
    written = document(contract)["examples"].get("bad", [])
    rows = []
    for example, said in zip(contract.examples.bad, written, strict=True):
        reason = Reason(example.because, example.field, None)
        sentence = reasons.text(reason, contract).partition("：")[2]
        shown = {key: value for key, value in said.items() if key not in ("because", "field")}
        rows.append(BadRow(example.because, sentence, json.dumps(shown, ensure_ascii=False)))
    return rows


def pretty(value: Any) -> str:
    """JSON for people."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def opening(contract: Contract) -> list[tuple[str, str]]:
    """Weekdays in Chinese and the hours of opening on them."""
    written = document(contract)["expect"]["open"]
    return [
        ("至".join(_DAYS[day] for day in days.split("-")), span.replace("-", "–"))
        for days, span in written.items()
    ]


_DAYS = dict(zip(WEEKDAYS, ("周一", "周二", "周三", "周四", "周五", "周六", "周日"), strict=True))


def hours(contract: Contract) -> list[tuple[int, float]]:
    """(hour, percent of the day's events) for 0 to 23."""
    return [(hour, contract.expect.by_hour.get(hour, 0.0)) for hour in range(24)]


def span(length: timedelta) -> str:
    """A duration in Chinese."""
    for unit, name in (
        (timedelta(days=1), "天"),
        (timedelta(hours=1), "小时"),
        (timedelta(minutes=1), "分钟"),
    ):
        if length >= unit and length % unit == timedelta(0):
            return f"{length // unit} {name}"
    return f"{length // timedelta(seconds=1)} 秒"

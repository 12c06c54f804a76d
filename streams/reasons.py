"""What an operator reads: each code of a reason for which an event is refused, as a title and as a sentence.

The one catalogue of these texts: of the judge's reasons, and of those that only a way in gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from streams.contract import places
from streams.contract.model import NESTED, Check, Contract, Unique
from streams.contract.types import NAMED_TYPES, max_length_of, range_of
from streams.envelope import Reason
from streams.judge.uniqueness import CODE as UNIQUE

CHECK = "check:"
"""A code that begins so is followed by the name of one of the contract's checks."""

_JSON = {
    "string": "文本",
    "integer": "整数",
    "number": "数字",
    "boolean": "true 或 false",
    "object": "对象",
    "list": "列表",
}

UNKNOWN_SOURCE_TITLE = "未知来源"


class Wording(NamedTuple):
    """`title`: short, for charts that count; `sentence`: for one event, with values to be filled in."""

    title: str
    sentence: str


REASONS: Mapping[str, Wording] = MappingProxyType(
    {
        "not_json": Wording("不是合法 JSON", "内容不是合法的 JSON"),
        "not_utf8": Wording("编码不是 UTF-8", "内容不是 UTF-8 编码"),
        "duplicate_key": Wording("键重复", "同一个键在 JSON 中出现了两次"),
        "too_deep": Wording("嵌套过深", "JSON 嵌套过深"),
        "too_large": Wording("事件过大", "事件过大，超过 65536 字节"),
        "not_an_object": Wording("不是 JSON 对象", "内容不是 JSON 对象"),
        "bad_envelope": Wording("信封不合规范", "CloudEvents 信封不合规：{field}{fault}"),
        "unknown_source": Wording("来源未登记或已停用", "没有这个来源的数据契约，或该来源已停用"),
        "wrong_topic": Wording("主题与来源不符", "事件类型「{detail}」与所在主题不符"),
        "bad_time": Wording("时间无法识别", "事件时间不合规（应为带时区的 RFC 3339 时间）"),
        "too_old": Wording("时间过早", "事件时间「{detail}」过早，超出可接收的期限"),
        "too_new": Wording("时间超前", "事件时间「{detail}」晚于可接收的期限"),
        "missing": Wording("缺失", "缺少「{title}」"),
        "unknown_field": Wording("未约定的字段", "多出了契约中没有的字段「{field}」"),
        "wrong_type": Wording("类型不符", "「{title}」类型不对：应为{kind}，收到「{detail}」"),
        "bad_pattern": Wording("格式不符", "{form}，收到「{detail}」"),
        "too_long": Wording("内容过长", "「{title}」过长（上限 {longest} 个字符）"),
        "too_many": Wording("项数过多", "「{title}」有 {detail} 项，上限 {most} 项"),
        "out_of_range": Wording("超出范围", "「{title}」超出范围（{low} 至 {high}），收到「{detail}」"),
        "not_in_enum": Wording("取值不在约定内", "「{title}」不在允许的取值之中，收到「{detail}」"),
        "bad_checksum": Wording("校验码不符", "{checksum}，收到「{detail}」"),
        "untokenised": Wording("个人信息未脱敏", "「{title}」含有未脱敏的个人信息"),
        "other_version": Wording(
            "按其他版本契约生成", "事件按契约的另一版本（{detail}）生成，已按现行版本判定"
        ),
        "undecidable": Wording("无法判定", "事件无法判定，请联系平台管理员"),
        # Given by a way in alone; the judge never sees these events.
        "forbidden_source": Wording("密钥无权报送", "该密钥无权报送这一来源的事件"),
        "too_many_cells": Wording("列数多于表头", "该行的列数多于表头"),
        "unreadable_cell": Wording("单元格过长", "该行含有过长的单元格"),
    }
)
"""By code; `check:<name>` and `unique:<name>` read as the title of that rule instead: see `rule_title`."""

_FAULTS = {
    "missing": "缺少",
    "not 1.0": "不是 1.0",
    "not a string": "不是文本",
    "not an object": "不是对象",
    "not JSON": "不是 JSON 类型",
    "empty": "为空",
    "control character": "含有控制字符",
    "not a URI reference": "不是 URI",
    "not the name of a source": "不是来源名称",
    "integer beyond 32 bits": "超出 32 位整数",
    "neither text, integer nor boolean": "类型不对",
}
_UNKNOWN_VALUE = "……"


def text(
    reason: Reason,
    contract: Contract | None,
    *,
    source: str = UNKNOWN_SOURCE_TITLE,
    place: str | None = None,
) -> str:
    """The sentence of a reason, naming source, place and field; `source` is read where no contract has it."""
    title = contract.title if contract else source
    whose = f"「{title}」" + (f"（{place}）" if place else "")
    return f"{whose}：{_fault(reason, contract)}"


def rule_title(code: str, contract: Contract | None) -> str | None:
    """The title of the check or rule of uniqueness that a code names; None where it names neither.

    A rule that the contract has no more is called by its name.
    """
    kind, colon, name = code.partition(":")
    if kind + colon not in (CHECK, UNIQUE):
        return None
    rules: Mapping[str, Check | Unique] = {}
    if contract is not None:
        rules = contract.checks if kind + colon == CHECK else contract.unique
    return rules[name].title if name in rules else f"未通过校验「{name}」"


def _fault(reason: Reason, contract: Contract | None) -> str:
    title = rule_title(reason.code, contract)
    if title is not None:
        return f"{title}（{reason.detail}）" if reason.detail else title
    wording = REASONS.get(reason.code)
    if wording is None:
        return f"未通过校验「{reason.code}」"
    return wording.sentence.format_map(_values(reason, contract))


def _values(reason: Reason, contract: Contract | None) -> dict[str, object]:
    """What a template may name. The detail may hold braces of its own: it is a value, never a template."""
    detail = reason.detail if reason.detail is not None else _UNKNOWN_VALUE
    values: dict[str, object] = {
        "detail": detail,
        "field": reason.field or "",
        "title": reason.field or "",
        "fault": _FAULTS.get(detail, "不合规"),
        **dict.fromkeys(("kind", "longest", "low", "high", "most"), _UNKNOWN_VALUE),
    }
    values["form"] = values["checksum"] = f"「{reason.field or ''}」格式不对"
    spec = places.spec_at(contract, reason.field) if contract else None
    if spec is None:
        return values
    if spec.type in NESTED:
        # What is wrong with one of its items is the item's: a list where an object belongs.
        kind = "object" if (reason.field or "").endswith("]") else spec.type
        return values | {"title": spec.title, "kind": _JSON[kind], "most": spec.most_items}
    named = NAMED_TYPES[spec.type]
    title = f"「{spec.title}」"
    values |= {"title": spec.title, "kind": _JSON[named.json], "longest": max_length_of(spec)}
    values |= dict(zip(("low", "high"), range_of(spec) or (), strict=False))
    values["form"] = named.reason.format(title=title)
    values["checksum"] = named.checksum_reason.format(title=title)
    return values

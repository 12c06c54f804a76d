"""What an operator reads: every code of a reason as a Chinese sentence that names source, place and field."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES, max_length_of, range_of
from streams.envelope import Reason

CHECK = "check:"
"""A code that begins so is followed by the name of one of the contract's checks."""

_JSON = {"string": "文本", "integer": "整数", "number": "数字", "boolean": "true 或 false"}

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "not_json": "内容不是合法的 JSON",
        "not_utf8": "内容不是 UTF-8 编码",
        "duplicate_key": "同一个键在 JSON 中出现了两次",
        "too_deep": "JSON 嵌套过深",
        "too_large": "事件过大（{detail} 字节，上限 65536 字节）",
        "not_an_object": "内容不是 JSON 对象",
        "bad_envelope": "CloudEvents 信封不合规：{field}{fault}",
        "unknown_source": "没有这个来源的数据契约",
        "wrong_topic": "事件类型「{detail}」与所在主题不符",
        "bad_time": "事件时间不合规（应为带时区的 RFC 3339 时间）",
        "too_old": "事件时间「{detail}」过早，超出可接收的期限",
        "too_new": "事件时间「{detail}」晚于可接收的期限",
        "missing": "缺少「{title}」",
        "unknown_field": "多出了契约中没有的字段「{field}」",
        "wrong_type": "「{title}」类型不对：应为{kind}，收到「{detail}」",
        "bad_pattern": "{form}，收到「{detail}」",
        "too_long": "「{title}」过长（上限 {longest} 个字符）",
        "out_of_range": "「{title}」超出范围（{low} 至 {high}），收到「{detail}」",
        "not_in_enum": "「{title}」不在允许的取值之中，收到「{detail}」",
        "bad_checksum": "{checksum}，收到「{detail}」",
        "untokenised": "「{title}」含有未脱敏的个人信息",
        "undecidable": "事件无法判定，请联系平台管理员",
    }
)
"""Code -> template; `check:<name>` reads as the title of that check instead."""

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


def text(reason: Reason, contract: Contract | None, *, source: str = "", place: str | None = None) -> str:
    """The sentence of a reason. Where there is no contract, `source` is named as it stands."""
    title = contract.title if contract else source
    whose = f"「{title}」" + (f"（{place}）" if place else "")
    return f"{whose}：{_fault(reason, contract)}"


def _fault(reason: Reason, contract: Contract | None) -> str:
    if reason.code.startswith(CHECK):
        check = contract.checks.get(reason.code.removeprefix(CHECK)) if contract else None
        return check.title if check else f"未通过校验「{reason.code.removeprefix(CHECK)}」"
    template = REASONS.get(reason.code)
    if template is None:
        return f"未通过校验「{reason.code}」"
    return template.format_map(_values(reason, contract))


def _values(reason: Reason, contract: Contract | None) -> dict[str, object]:
    """What a template may name. The detail may hold braces of its own: it is a value, never a template."""
    detail = reason.detail if reason.detail is not None else _UNKNOWN_VALUE
    values: dict[str, object] = {
        "detail": detail,
        "field": reason.field or "",
        "title": reason.field or "",
        "fault": _FAULTS.get(detail, "不合规"),
        **dict.fromkeys(("kind", "longest", "low", "high"), _UNKNOWN_VALUE),
    }
    values["form"] = values["checksum"] = f"「{reason.field or ''}」格式不对"
    spec = contract.fields.get(reason.field or "") if contract else None
    if spec is None:
        return values
    named = NAMED_TYPES[spec.type]
    title = f"「{spec.title}」"
    values |= {"title": spec.title, "kind": _JSON[named.json], "longest": max_length_of(spec)}
    values |= dict(zip(("low", "high"), range_of(spec) or (), strict=False))
    values["form"] = named.reason.format(title=title)
    values["checksum"] = named.checksum_reason.format(title=title)
    return values

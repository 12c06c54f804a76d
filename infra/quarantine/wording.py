"""How operators read a reason, a group and a change of numbers."""

from __future__ import annotations

from collections.abc import Mapping

from infra.quarantine.reading import Group, Quarantined
from streams.contract import places
from streams.contract.model import Contract
from streams.envelope import Reason
from streams.reasons import REASONS, rule_title, text

UNKNOWN_PLACE = "（地点不明）"
FEN = 100


def title(code: str, field: str | None, contract: Contract | None) -> str:
    """A reason in a few words: the field's title and what is wrong, or the title of the rule."""
    rule = rule_title(code, contract)
    if rule is not None:
        return rule
    wording = REASONS[code].title if code in REASONS else code
    if not field:
        return wording
    spec = places.spec_at(contract, field) if contract else None
    return f"{spec.title if spec else field}：{wording}"


def sentence(group: Group, contract: Contract | None) -> str:
    """`食堂编号 ST302001 的 12% 餐费应等于补贴加自付`: a group as an operator says it."""
    what = title(group.code, group.field, contract)
    if group.place is None or contract is None or group.share is None:
        return f"{group.place or UNKNOWN_PLACE}：{what}"
    key = contract.fields[contract.topic.key].title
    return f"{key} {group.place} 的 {percent(group.share)} {what}"


def percent(share: float) -> str:
    """0.1234 as `12%`; what is less than one percent keeps a digit, so that it is not nothing."""
    return f"{share:.0%}" if share >= 0.01 or share == 0 else f"{max(share, 0.0001):.2%}"  # noqa: PLR2004 (a percent)


def reasons(event: Quarantined, contracts: Mapping[str, Contract]) -> list[dict[str, str | None]]:
    """Every reason of an event: code, field, and the whole sentence with source and place."""
    contract = contracts.get(event.source)
    return [
        {
            "code": each.get("code"),
            "field": each.get("field"),
            "text": text(
                Reason(each.get("code") or "", each.get("field"), each.get("detail")),
                contract,
                source=event.source,
                place=event.place,
            ),
        }
        for each in event.reasons
    ]


def added(number: int, unit: str | None) -> str:
    """A change with its sign; fen as fen and as yuan."""
    return f"{number:+,} 分（{number / FEN:+,.2f} 元）" if unit == "fen" else f"{number:+,}"

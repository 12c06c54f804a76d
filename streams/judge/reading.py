"""An event taken apart the slow way, so that every fault of its form has a name. Pure, one event at a time.

Only rows that the fast statement could not pass come here. What a value means (ranges, patterns, checks) is
left to the slow statement; here it is JSON, envelope, fields and types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from streams import strict_json
from streams.envelope import Reason, envelope_reasons
from streams.judge.mask import mask, names_a_person
from streams.judge.plan import FieldPlan, Plan
from streams.judge.sql import DECIMAL, MAX_BYTES

SHOWN = 80
"""Characters of a value that a reason quotes."""

_BIGINT = range(-(2**63), 2**63)
_DECIMAL = re.compile(DECIMAL, re.ASCII)
_WHOLE_DIGITS = 14
_UNKNOWN_SHOWN = 5
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass
class Reading:
    """What was found in one event. An attribute or field with a reason is None, as an absent one is."""

    reasons: list[Reason] = field(default_factory=list)
    event_id: str | None = None
    source: str | None = None
    time: str | None = None
    texts: dict[str, str | None] = field(default_factory=dict)

    @property
    def faulty(self) -> frozenset[str]:
        """Fields that have a reason already."""
        return frozenset(reason.field for reason in self.reasons if reason.field is not None)


def read(value: bytes | None, plan: Plan) -> Reading:
    """Everything that can be said of a value without the contract's rules on values."""
    event = _object_of(value)
    if isinstance(event, Reason):
        return Reading([event])
    reading = Reading(envelope_reasons(event))
    faulty = reading.faulty
    if "specversion" in faulty:
        return reading
    reading.event_id, reading.source = (
        event[name] if name not in faulty else None for name in ("id", "source")
    )
    reading.time = _castable(event["time"]) if "time" not in faulty else None
    if "type" not in faulty and event["type"] != plan.source:
        reading.reasons.append(Reason("wrong_topic", "type", shown(event["type"])))
        # Another source's data would only be found to lack everything.
        return reading
    if isinstance(event.get("data"), Mapping):
        _read_data(event["data"], plan, reading)
    return reading


def shown(value: Any) -> str:
    """A value as a reason may quote it: masked, inert, short."""
    return mask(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), SHOWN)


def _object_of(value: bytes | None) -> Mapping[str, Any] | Reason:
    if not value:
        return Reason("not_json", None, "empty")
    if len(value) > MAX_BYTES:
        return Reason("too_large", None, str(len(value)))
    try:
        event = strict_json.loads(value)
    except strict_json.JsonRefused as refused:
        return Reason(refused.code, None, mask(refused.detail, SHOWN))
    return event if isinstance(event, Mapping) else Reason("not_an_object", None, None)


def _castable(time: str) -> str:
    """RFC 3339 in the spelling that DuckDB casts; a leap second counts as the second before it."""
    time = time.upper()
    return time[:17] + "59" + time[19:] if time[17:19] == "60" else time


def _read_data(data: Mapping[str, Any], plan: Plan, reading: Reading) -> None:
    known = {spec.name for spec in plan.fields}
    for spec in plan.fields:
        found = _value(spec, data.get(spec.name))
        if isinstance(found, Reason):
            reading.reasons.append(found)
        else:
            reading.texts[spec.name] = found
    reading.reasons.extend(_unknown(data, known))


def _unknown(data: Mapping[str, Any], known: set[str]) -> Iterator[Reason]:
    unknown = [name for name in data if name not in known]
    for name in unknown[:_UNKNOWN_SHOWN]:
        yield Reason("unknown_field", shown(name), None)
    if len(unknown) > _UNKNOWN_SHOWN:
        yield Reason("unknown_field", None, str(len(unknown)))


def _value(spec: FieldPlan, value: Any) -> str | Reason | None:  # noqa: PLR0911 (one for each JSON type)
    """The text of a field's value, None where it is absent, or what is wrong with it."""
    if value is None:
        return None if spec.optional else Reason("missing", spec.name, None)
    if spec.personal and not isinstance(value, str):
        return Reason("untokenised", spec.name, None)
    match spec.json:
        case "string" if isinstance(value, str):
            return _text(spec, value)
        case "boolean" if isinstance(value, bool):
            return "true" if value else "false"
        case "integer" if _is_whole(value):
            return str(int(value)) if int(value) in _BIGINT else _beyond(spec, value)
        case "number" if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _decimal(spec, value)
        case _:
            return Reason(
                "wrong_type", spec.name, shown(value) if not isinstance(value, str) else f"“{shown(value)}”"
            )


def _text(spec: FieldPlan, value: str) -> str | Reason:
    if _UNSTORABLE.search(value):
        return Reason("bad_pattern", spec.name, None if spec.personal else shown(value))
    if spec.free_text and names_a_person(value):
        return Reason("untokenised", spec.name, None)
    return value


def _is_whole(value: Any) -> bool:
    """12 and 12.0 are whole numbers, as in JSON Schema; "12" and true are none."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _decimal(spec: FieldPlan, value: int | float) -> str | Reason:
    # repr gives the shortest decimal of a double, which is what DuckDB makes of it too.
    text = format(Decimal(repr(value)), "f")
    if len(text.lstrip("-").partition(".")[0]) > _WHOLE_DIGITS:
        return _beyond(spec, value)
    if not _DECIMAL.fullmatch(text):
        return Reason("bad_pattern", spec.name, shown(value))
    return text


def _beyond(spec: FieldPlan, value: int | float) -> Reason:
    return Reason("out_of_range", spec.name, shown(value))

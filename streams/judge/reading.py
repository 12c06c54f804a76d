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
from streams.contract import places
from streams.envelope import Reason, envelope_reasons
from streams.judge.mask import mask, names_a_person
from streams.judge.plan import FieldPlan, Plan
from streams.judge.sql import DECIMAL, MAX_BYTES
from streams.tokens import is_token

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
    schema: str | None = None
    texts: dict[str, str | None] = field(default_factory=dict)
    """By flat name."""
    items: dict[str, list[dict[str, str | None]]] = field(default_factory=dict)
    """List -> texts of its items; one that is no object, or whose value is faulty, lacks them."""
    persons: list[str] = field(default_factory=list)
    """Texts that stand where a token belongs."""

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
    schema = event.get("dataschema")
    reading.schema = schema if isinstance(schema, str) and "dataschema" not in faulty else None
    reading.time = _castable(event["time"]) if "time" not in faulty else None
    if "type" not in faulty and event["type"] != plan.source:
        reading.reasons.append(Reason("wrong_topic", "type", shown(event["type"])))
        # Another source's data would only be found to lack everything.
        return reading
    if isinstance(event.get("data"), Mapping):
        _read_data(event["data"], plan, reading)
    return reading


def value_at(reading: Reading, field: str | None, number: int, within: str | None) -> str | None:
    """The text of a field, or of that of a list's item (the first is number 1)."""
    texts = reading.texts if within is None else reading.items[within][number - 1]
    return texts.get(field or "")


def shown(value: Any) -> str:
    """A value as a reason may quote it: masked, inert, short."""
    return mask(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), SHOWN)


def _object_of(value: bytes | None) -> Mapping[str, Any] | Reason:
    if not value:
        return Reason("not_json", None, "empty")
    if len(value) > MAX_BYTES:
        return Reason("too_large")
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
    for spec in plan.fields:
        value = data.get(spec.name)
        if value is not None and spec.json == "list":
            _read_list(spec, value, reading)
        elif value is not None and spec.json == "object":
            if isinstance(value, Mapping):
                reading.texts |= _read_members(spec, value, spec.name, reading)
            else:
                reading.reasons.append(_wrong_type(spec.name, value))
        else:
            _keep(_value(spec, value, spec.name), spec.name, reading.texts, reading)
            reading.persons.extend(_untokenised(spec, value))
    reading.reasons.extend(_unknown(data, frozenset(spec.name for spec in plan.fields)))


def _read_list(spec: FieldPlan, value: Any, reading: Reading) -> None:
    if not isinstance(value, list):
        reading.reasons.append(_wrong_type(spec.name, value))
    elif len(value) > spec.most:
        # Nobody reads what is in it: a sender's mistake is not worth 20,000 reasons.
        reading.reasons.append(Reason("too_many", spec.name, str(len(value))))
    else:
        reading.items[spec.name] = [
            _read_item(spec, each, places.item(spec.name, number), reading)
            for number, each in enumerate(value, 1)
        ]


def _read_item(spec: FieldPlan, value: Any, place: str, reading: Reading) -> dict[str, str | None]:
    if isinstance(value, Mapping):
        texts = _read_members(spec, value, place, reading)
        return {field.name: texts.get(places.within(place, field.name)) for field in spec.fields}
    reading.reasons.append(_wrong_type(place, value))
    return {}


def _read_members(
    spec: FieldPlan, value: Mapping[str, Any], place: str, reading: Reading
) -> dict[str, str | None]:
    """Texts of the fields within an object, by their places."""
    texts: dict[str, str | None] = {}
    for inner in spec.fields:
        where = places.within(place, inner.name)
        _keep(_value(inner, value.get(inner.name), where), where, texts, reading)
        reading.persons.extend(_untokenised(inner, value.get(inner.name)))
    reading.reasons.extend(_unknown(value, spec.known, places.within(place, "")))
    return texts


def _untokenised(spec: FieldPlan, value: Any) -> Iterator[str]:
    """Texts of a personal field's value that are no tokens: names have no form that a mask could know."""
    if not spec.personal or value is None:
        return
    if isinstance(value, str):
        if not is_token(value):
            yield value
    elif isinstance(value, Mapping):
        yield from (text for each in value.values() for text in _untokenised(spec, each))
    elif isinstance(value, list):
        yield from (text for each in value for text in _untokenised(spec, each))


def _keep(found: str | Reason | None, place: str, texts: dict[str, str | None], reading: Reading) -> None:
    if isinstance(found, Reason):
        reading.reasons.append(found)
    else:
        texts[place] = found


def _unknown(data: Mapping[str, Any], known: frozenset[str], place: str = "") -> Iterator[Reason]:
    unknown = [name for name in data if name not in known]
    for name in unknown[:_UNKNOWN_SHOWN]:
        yield Reason("unknown_field", place + shown(name), None)
    if len(unknown) > _UNKNOWN_SHOWN:
        yield Reason("unknown_field", place.removesuffix("__") or None, str(len(unknown)))


def _value(spec: FieldPlan, value: Any, place: str) -> str | Reason | None:  # noqa: PLR0911 (one for each JSON type)
    """The text of a field's value, None where it is absent, or what is wrong with it."""
    if value is None:
        return None if spec.optional else Reason("missing", place, None)
    if spec.personal and not isinstance(value, str):
        return Reason("untokenised", place, None)
    match spec.json:
        case "string" if isinstance(value, str):
            return _text(spec, value, place)
        case "boolean" if isinstance(value, bool):
            return "true" if value else "false"
        case "integer" if _is_whole(value):
            return str(int(value)) if int(value) in _BIGINT else _beyond(place, value)
        case "number" if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _decimal(value, place)
        case _:
            return _wrong_type(place, value)


def _wrong_type(place: str, value: Any) -> Reason:
    return Reason("wrong_type", place, shown(value) if not isinstance(value, str) else f"“{shown(value)}”")


def _text(spec: FieldPlan, value: str, place: str) -> str | Reason:
    if _UNSTORABLE.search(value):
        return Reason("bad_pattern", place, None if spec.personal else shown(value))
    if spec.free_text and names_a_person(value):
        return Reason("untokenised", place, None)
    return value


def _is_whole(value: Any) -> bool:
    """12 and 12.0 are whole numbers, as in JSON Schema; "12" and true are none."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _decimal(value: int | float, place: str) -> str | Reason:
    # repr gives the shortest decimal of a double, which is what DuckDB makes of it too.
    text = format(Decimal(repr(value)), "f")
    if len(text.lstrip("-").partition(".")[0]) > _WHOLE_DIGITS:
        return _beyond(place, value)
    if not _DECIMAL.fullmatch(text):
        return Reason("bad_pattern", place, shown(value))
    return text


def _beyond(place: str, value: int | float) -> Reason:
    return Reason("out_of_range", place, shown(value))

"""A property of the Open Data Contract Standard -> a field, and what of it is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from streams.authoring import hints
from streams.authoring.headings import name_of
from streams.contract import patterns
from streams.contract.model import NESTED, FieldSpec
from streams.contract.rules.fields import RESERVED
from streams.contract.types import NAMED_TYPES

LONGEST = 2_000
PERSONAL = ("pii", "personal", "sensitive", "restricted", "confidential")
_IGNORED_OPTIONS = (
    "format",
    "minLength",
    "timezone",
    "defaultTimezone",
    "multipleOf",
    "uniqueItems",
    "minItems",
)
_MOST_PLACES = 4


class Lost(NamedTuple):
    """Something that was not carried over: where it stands in the ODCS file, and why."""

    where: str
    why: str


def field_of(
    written: Mapping[str, Any], where: str, lost: list[Lost], *, within: bool = False
) -> FieldSpec | None:
    """The field; None where the contract language has no place for it, which `lost` then says."""
    title = " ".join(str(written.get("businessName") or written.get("name") or "field").split())[:60].strip()
    common: dict[str, Any] = {"title": title or "field"}
    if written.get("description"):
        common["about"] = " ".join(str(written["description"]).split())[:1000]
    if not (written.get("required") or written.get("primaryKey")):
        common["optional"] = True
    logical = str(written.get("logicalType") or "string")
    _note_lost(written, where, lost)
    if logical in ("object", "array"):
        return _nested(written, logical, common, where, lost, within=within)
    return _plain(written, logical, common, where, lost)


def _plain(
    written: Mapping[str, Any], logical: str, common: dict[str, Any], where: str, lost: list[Lost]
) -> FieldSpec | None:
    physical = str(written.get("physicalType") or "")
    options = written.get("logicalTypeOptions") or {}
    kind = physical if physical in NAMED_TYPES else _kind(written, logical)
    if kind is None:
        lost.append(Lost(where, f"logicalType {logical}: the contract language has no such type"))
        return None
    named = NAMED_TYPES[kind]
    if named.personal:
        return FieldSpec.model_validate({**common, "type": kind, "pii": "tokenise"})
    if _is_personal(written):
        lost.append(
            Lost(where, "classified as personal, and of no kind that tokens can be made of: left out")
        )
        return None
    said: dict[str, Any] = {**common, "type": kind}
    values = _values(written)
    if values and kind == "text":
        said |= {"type": "enum", "values": values}
    elif kind == "text":
        said |= _text_options(options, where, lost)
    elif named.number or kind == "decimal":
        said |= _range(options, kind, where, lost)
    return FieldSpec.model_validate(said)


def _kind(written: Mapping[str, Any], logical: str) -> str | None:
    names = f"{written.get('name')} {written.get('businessName') or ''}"
    if logical == "string":
        for hint, kind in (
            (hints.IDENTITY, "cn_id"),
            (hints.PHONE, "mobile"),
            (hints.BANK_CARD, "bank_card"),
            (hints.PLATE, "plate"),
            (hints.HOME, "address"),
        ):
            if names in hint:
                return kind
        return "text"
    if logical == "integer":
        low = (written.get("logicalTypeOptions") or {}).get("minimum")
        return "count" if isinstance(low, int) and low >= 0 else "int"
    return {"number": "decimal", "boolean": "bool", "date": "date", "timestamp": "timestamp"}.get(logical)


def _nested(
    written: Mapping[str, Any],
    logical: str,
    common: dict[str, Any],
    where: str,
    lost: list[Lost],
    *,
    within: bool,
) -> FieldSpec | None:
    inside = written if logical == "object" else written.get("items") or {}
    properties = inside.get("properties") or []
    if within or not properties or (logical == "array" and inside.get("logicalType") != "object"):
        why = (
            "nested more than one level deep"
            if within
            else "a list of plain values, or an object without properties"
        )
        lost.append(Lost(where, f"{why}: send an event of its own for each"))
        return None
    fields: dict[str, FieldSpec] = {}
    for each in properties:
        spec = field_of(each, f"{where}.{each.get('name')}", lost, within=True)
        if spec is not None and spec.type not in NESTED:
            fields[name_of(str(each.get("name") or "field"), fields, RESERVED)] = spec
    if not fields:
        return None
    if all(spec.optional for spec in fields.values()):
        first = next(iter(fields))
        fields[first] = fields[first].model_copy(update={"optional": False})
        lost.append(
            Lost(f"{where}.{first}", "made required: an object whose fields may all be absent says nothing")
        )
    kind = "object" if logical == "object" else "list"
    return FieldSpec.model_validate({**common, "type": kind, "fields": fields})


def _is_personal(written: Mapping[str, Any]) -> bool:
    words = [str(written.get("classification") or ""), *map(str, written.get("tags") or ())]
    named = f"{written.get('name')} {written.get('businessName') or ''}"
    return (
        any(word.lower() in PERSONAL for word in words) or named in hints.PERSON_NAME or named in hints.EMAIL
    )


def _values(written: Mapping[str, Any]) -> dict[str, str]:
    """Values and labels of an enumeration (3.2) or of a rule on valid values (3.1)."""
    listed = [
        (each.get("value"), each.get("label")) if isinstance(each, Mapping) else (each, None)
        for each in written.get("enum") or ()
    ]
    for rule in written.get("quality") or ():
        arguments = rule.get("arguments") if isinstance(rule.get("arguments"), Mapping) else {}
        listed += [(value, None) for value in arguments.get("validValues") or rule.get("validValues") or ()]
    return {
        str(value): str(label or value)[:60]
        for value, label in listed
        if value is not None and str(value).strip()
    }


def _text_options(options: Mapping[str, Any], where: str, lost: list[Lost]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    longest = options.get("maxLength")
    if isinstance(longest, int) and 1 <= longest <= LONGEST:
        said["max_length"] = longest
    pattern = options.get("pattern")
    if isinstance(pattern, str) and pattern:
        whole = re.sub(r"\A(?:\\A|\^)|(?:\\z|\\Z|\$)\Z", "", pattern)
        refused = patterns.refusal(whole)
        if refused is None:
            said["pattern"] = whole
        else:
            lost.append(Lost(where, f"pattern {pattern}: {refused[0]}. {refused[1]}"))
    return said


def _range(options: Mapping[str, Any], kind: str, where: str, lost: list[Lost]) -> dict[str, Any]:
    low, high = (options.get(key) for key in ("minimum", "maximum"))
    if low is None and high is None:
        return {}
    own_low, own_high = NAMED_TYPES[kind].range or (0, 0)
    bounds = [_bound(low, own_low), _bound(high, own_high)]
    whole = NAMED_TYPES[kind].json == "integer"
    if None in bounds or (whole and any(isinstance(bound, Decimal) for bound in bounds)):
        lost.append(Lost(where, f"minimum {low}, maximum {high}: not bounds of type {kind}"))
        return {}
    return {"range": (max(bounds[0], own_low), min(bounds[1], own_high))}


def _bound(value: Any, own: int) -> Any:
    if value is None:
        return own
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    exact = Decimal(str(value))
    if exact == exact.to_integral_value():
        return int(exact)
    return exact if -int(exact.as_tuple().exponent) <= _MOST_PLACES else None


def _note_lost(written: Mapping[str, Any], where: str, lost: list[Lost]) -> None:
    lost.extend(Lost(where, why) for why in _lost_words(written))


def _lost_words(written: Mapping[str, Any]) -> Iterator[str]:
    options = written.get("logicalTypeOptions") or {}
    ignored = [key for key in ("exclusiveMinimum", "exclusiveMaximum", *_IGNORED_OPTIONS) if key in options]
    if ignored:
        yield f"options {', '.join(ignored)}"
    if written.get("unique") or written.get("primaryKey"):
        yield "unique: make it the event's own id, or write a rule under `unique`"
    for key in ("transformLogic", "encryptedName", "relationships", "map"):
        if written.get(key):
            yield key
    for rule in written.get("quality") or ():
        arguments = rule.get("arguments") if isinstance(rule.get("arguments"), Mapping) else {}
        if not (
            arguments.get("validValues") or rule.get("validValues") or rule.get("metric") == "nullValues"
        ):
            name = rule.get("name") or rule.get("metric") or rule.get("type")
            yield f"quality rule {name}: write it as a check or a day rule"

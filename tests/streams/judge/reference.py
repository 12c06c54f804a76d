"""The judge's rules again, written plainly and apart from it: one event, json and stdnum, no SQL, no short
cuts.

`judge_plainly` gives the set of (code, field) that an event must be rejected for, and for an accepted one
what must come out of it. Checks are given as Python functions, so that nothing here parses SQL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from typing import Any
from zoneinfo import ZoneInfo

from stdnum import luhn
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from streams.contract.model import Contract, FieldSpec
from streams.contract.types import NAMED_TYPES

Checks = Mapping[str, Callable[[Mapping[str, Any]], bool | None]]
Found = set[tuple[str, str | None]]

UNREADABLE = frozenset({"not_json", "not_utf8", "duplicate_key", "too_deep", "too_large"})
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](([01]\d|2[0-3]):[0-5]\d:)([0-5]\d|60)(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_URI = re.compile(r"([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_KNOWN = {"specversion", "id", "source", "type", "time", "datacontenttype", "data"}


class UnreadableError(ValueError):
    pass


@dataclass
class Outcome:
    event_at: datetime
    claim_id: bytes
    content: int
    event_day: int
    minute: int
    values: dict[str, Any]


def judge_plainly(  # noqa: PLR0911, PLR0912 (one rule after the other, on purpose)
    value: bytes | None, received: datetime, contract: Contract, checks: Checks
) -> tuple[Found, Outcome | None]:
    try:
        document = parsed(value)
    except UnreadableError:
        return {("unreadable", None)}, None
    if not isinstance(document, dict):
        return {("not_an_object", None)}, None
    if document.get("specversion") != "1.0" or not isinstance(document["specversion"], str):
        return {("bad_envelope", "specversion")}, None
    found: Found = set()
    for name in ("id", "source", "type"):
        if not _is_attribute(name, document.get(name)):
            found.add(("bad_envelope", name))
    moment = _moment(document.get("time"))
    if not isinstance(document.get("time"), str):
        found.add(("bad_envelope", "time"))
    elif not document["time"] or moment is None:
        found.add(("bad_time", "time"))
    if not isinstance(document.get("data"), dict):
        found.add(("bad_envelope", "data"))
    content_type = document.get("datacontenttype")
    if content_type is not None and content_type != "application/json":
        found.add(("bad_envelope", "datacontenttype"))
    for name in document.keys() - _KNOWN:
        if not re.fullmatch(r"[a-z0-9]{1,20}", name):
            found.add(("bad_envelope", None))
        elif not _is_extension(name, document[name]):
            found.add(("bad_envelope", name))
    for name in document.keys() - {"data"}:
        attribute = document[name]
        if (
            isinstance(attribute, str)
            and (("bad_envelope", name) not in found)
            and _names_somebody(attribute)
        ):
            found.add(("untokenised", name))
    if moment is not None:
        if moment < received - contract.accept.past:
            found.add(("too_old", "time"))
        if moment > received + contract.accept.future:
            found.add(("too_new", "time"))
    if ("bad_envelope", "type") not in found and document["type"] != contract.source:
        return found | {("wrong_topic", "type")}, None
    if not isinstance(document.get("data"), dict):
        return found, None
    values = _data(document["data"], contract, found)
    sound = {name: value for name, value in values.items() if value is not None}
    for name, check in checks.items():
        if check({field: sound.get(field) for field in contract.columns}) is False:
            found.add((f"check:{name}", None))
    said = document.get("dataschema")
    pattern = f"(?:.*[/:])?{contract.source}[/:]([0-9a-f]{{12}})"
    version = re.fullmatch(pattern, said, re.DOTALL) if isinstance(said, str) else None
    other = version is not None and version[1] != contract.version
    if found and other:
        found.add(("other_version", "dataschema"))
    if found or moment is None:
        return found, None
    return found, _outcome(document, moment, values, contract)


def parsed(value: bytes | None) -> Any:
    """Strict JSON of at most 64 KiB and 16 levels. Raises UnreadableError."""
    if not value or len(value) > 65_536:
        raise UnreadableError
    try:
        text = value.decode().removeprefix("\ufeff")
        if _depth(text) > 16:
            raise UnreadableError
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_no, parse_float=_float, parse_int=_int
        )
    except ValueError as error:
        raise UnreadableError from error


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in re.sub(r'"(\\.|[^"\\])*"', "", text):
        depth += (mark in "[{") - (mark in "]}")
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise UnreadableError
    return dict(pairs)


def _no(text: str) -> None:
    raise UnreadableError


def _float(text: str) -> float:
    number = float(text)
    if number - number != 0:  # infinite
        raise UnreadableError
    return number


def _int(text: str) -> int:
    if len(text) > 40:
        raise UnreadableError
    return int(text)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 512 and not _CONTROL.search(value)


def _is_attribute(name: str, value: Any) -> bool:
    if not _is_text(value) or not value:
        return False
    if name == "source":
        return _URI.fullmatch(value) is not None
    return name != "type" or re.fullmatch(r"[a-z][a-z0-9_]{1,29}", value) is not None


def _is_extension(name: str, value: Any) -> bool:
    if isinstance(value, int):
        return isinstance(value, bool) or -(2**31) <= value < 2**31
    return value is None or (_is_text(value) and (bool(value) or name not in ("subject", "dataschema")))


def _names_somebody(text: str) -> bool:
    """Of numbers in one piece only, and of mobiles only where no letter adjoins."""
    for number in re.findall(r"(?<!\d)\d{16,19}(?!\d)|(?<!\d)\d{17}[Xx]", text, re.ASCII):
        if number.startswith("62") and luhn.is_valid(number):
            return True
        weighted = sum(2 ** (17 - place) * int(digit) for place, digit in enumerate(number[:17]))
        if len(number) == 18 and "10X98765432"[weighted % 11] == number[-1].upper():
            born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
            if born >= "1890" and _is_day(born):
                return True
    return re.search(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])", text, re.ASCII) is not None


def _moment(text: Any) -> datetime | None:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    day, hour_minute, _, second, fraction, offset, _ = match.groups()
    micros = ((fraction or ".0")[1:] + "000000")[:6]
    try:
        return datetime.fromisoformat(
            f"{day}T{hour_minute}{min(int(second), 59):02d}.{micros}{'+00:00' if offset in 'Zz' else offset}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _data(data: dict[str, Any], contract: Contract, found: Found) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, spec in contract.fields.items():
        value = data.get(name)
        if spec.type not in ("object", "list") or value is None:
            _field(spec, value, name, values, found)
        elif spec.type == "object" and isinstance(value, dict):
            _members(spec, value, name, values, found)
        elif spec.type == "list" and isinstance(value, list):
            if len(value) > (spec.max_items or 100):
                found.add(("too_many", name))
                continue
            values[f"{name}__count"] = len(value)
            values[name] = []
            for number, each in enumerate(value, 1):
                item: dict[str, Any] = {}
                values[name].append(item)
                if not isinstance(each, dict):
                    found.add(("wrong_type", f"{name}[{number}]"))
                    continue
                _members(spec, each, f"{name}[{number}]", item, found)
        else:
            found.add(("wrong_type", name))
    _unknown(data, contract.fields, "", found)
    return values


def _members(spec: FieldSpec, data: dict[str, Any], place: str, values: dict[str, Any], found: Found) -> None:
    for key, inner in spec.fields.items():
        _field(inner, data.get(key), f"{place}__{key}", values, found)
    _unknown(data, spec.fields, f"{place}__", found)


def _field(spec: FieldSpec, value: Any, place: str, values: dict[str, Any], found: Found) -> None:
    if value is None:
        if not spec.optional:
            found.add(("missing", place))
        return
    faults = {(code, place) for code in _faults(spec, value)}
    found |= faults
    # A value of the right type takes part in the checks even where a rule of its own is broken.
    if ("wrong_type", place) not in faults:
        values[place] = _typed(spec, value)


def _unknown(data: dict[str, Any], known: Mapping[str, FieldSpec], place: str, found: Found) -> None:
    unknown = [name for name in data if name not in known]
    found |= {("unknown_field", place + name) for name in unknown[:5]}
    if len(unknown) > 5:
        found.add(("unknown_field", place.removesuffix("__") or None))


def _faults(spec: FieldSpec, value: Any) -> set[str]:  # noqa: PLR0911 (the same)
    if spec.pii:
        if isinstance(value, str) and re.search("[\x00\ud800-\udfff]", value):
            return {"bad_pattern"}
        return (
            set() if isinstance(value, str) and re.fullmatch(r"tk_[0-9a-f]{32}", value) else {"untokenised"}
        )
    named = NAMED_TYPES[spec.type]
    match named.json:
        case "boolean":
            return set() if isinstance(value, bool) else {"wrong_type"}
        case "string":
            return _text_faults(spec, value) if isinstance(value, str) else {"wrong_type"}
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return {"wrong_type"}
    if named.json == "integer" and value != int(value):
        return {"wrong_type"}
    low, high = spec.range or named.range or (0, 0)
    exact = Decimal(repr(value))
    faults = set()
    if named.json == "number" and abs(exact) < 10**14 and exact != round(exact, 4):
        return {"bad_pattern"}
    if not low <= exact <= high:
        faults.add("out_of_range")
    return faults


def _text_faults(spec: FieldSpec, value: str) -> set[str]:  # noqa: PLR0911 (the same)
    if re.search("[\x00\ud800-\udfff]", value):
        return {"bad_pattern"}
    match spec.type:
        case "enum":
            return set() if value in (spec.values or {}) else {"not_in_enum"}
        case "division" | "township":
            return set() if value in NAMED_TYPES[spec.type].labels else {"not_in_enum"}
        case "date":
            return set() if _is_date(value) else {"bad_pattern"}
        case "timestamp":
            year = (
                value[:2] in ("19", "20")
                and "T" in value
                and not value.endswith("z")
                and value[17:19] != "60"
            )
            return set() if year and _moment(value) else {"bad_pattern"}
        case "uscc":
            if not re.fullmatch(r"\d{8}[0-9A-HJ-NPQRTUWXY]{10}", value, re.ASCII):
                return {"bad_pattern"}
            return set() if _is_uscc(value) else {"bad_checksum"}
    if spec.pattern is None and re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", value):
        return {"untokenised"}
    faults = set()
    if len(value) > (spec.max_length or 200):
        faults.add("too_long")
    if spec.pattern is not None and not re.fullmatch(spec.pattern, value, re.ASCII):
        faults.add("bad_pattern")
    return faults


def _is_day(value: str) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_date(value: str) -> bool:
    try:
        return re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", value, re.ASCII) is not None and bool(
            date.fromisoformat(value)
        )
    except ValueError:
        return False


def _is_uscc(value: str) -> bool:
    try:
        # stdnum looks at the form of the first characters too; only the check digit counts here.
        return bool(uscc.calc_check_digit(value[:-1]) == value[-1])
    except (ValidationError, ValueError):
        return False


def _typed(spec: FieldSpec, value: Any) -> Any:
    kind = NAMED_TYPES[spec.type]
    if kind.json == "integer":
        return int(value) if -(2**63) <= value < 2**63 else None
    if kind.json == "number":
        return Decimal(repr(value))
    return value


def _outcome(
    document: dict[str, Any], moment: datetime, values: dict[str, Any], contract: Contract
) -> Outcome:
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    columns = {
        name: spec
        for name, spec in contract.columns.items()
        if name.removesuffix("__count") not in contract.lists
    }
    parts = [contract.source, str(micros), *_parts({**columns, **contract.lists}, values, "")]
    content = md5("\x1f".join(parts).encode(), usedforsecurity=False).digest()
    claim = md5(f"{document['source']}\x1f{document['id']}".encode(), usedforsecurity=False).digest()
    return Outcome(
        event_at=moment,
        claim_id=claim,
        content=int.from_bytes(content[:8], "little", signed=True),
        event_day=(moment.astimezone(_SHANGHAI).date() - date(1970, 1, 1)).days,
        minute=micros // 60_000_000,
        values=values,
    )


def _parts(specs: Mapping[str, FieldSpec], values: Mapping[str, Any], place: str) -> list[str]:
    required = sorted(name for name, spec in specs.items() if not spec.optional)
    optional = sorted(name for name, spec in specs.items() if spec.optional and place + name in values)
    return [
        *(_text(specs[name], values[place + name], name) for name in required),
        *(f"{name}={_text(specs[name], values[place + name], name)}" for name in optional),
    ]


def _text(spec: FieldSpec, value: Any, name: str) -> str:
    if spec.type == "list":
        items = (_parts(spec.fields, item, f"{name}[{n}]__") for n, item in enumerate(value, 1))
        return "\x1d".join("\x1e".join(parts) for parts in items)
    match NAMED_TYPES[spec.type].json:
        case "boolean":
            return "true" if value else "false"
        case "number":
            return f"{value:.4f}".replace("-0.0000", "0.0000")
        case "integer":
            return str(value)
    if spec.type == "timestamp":
        moment = _moment(value)
        assert moment is not None
        return str((moment - _EPOCH) // timedelta(microseconds=1))
    return str(value)

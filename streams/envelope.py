"""The CloudEvents 1.0 envelope of an event: what a sender must say about it before its data counts.

Pure: values in, reasons out. An envelope is a dict as it comes from JSON: the context attributes and `data`.
Source of the rules: CloudEvents specification 1.0.2, sections "Type System" and "Context Attributes", and
its JSON format. Narrower than the specification where the platform needs it: `time` is required and has an
offset, `data` is a JSON object, `data_base64` is refused. Attributes go to Kafka and into the lake as they
are, so none may hold the number of a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from streams.judge.identifiers import identifies_a_person

SPEC_VERSION = "1.0"
CODE = "bad_envelope"
PERSONAL = "untokenised"
MAX_TEXT = 512
MAX_EXTENSIONS = 16
JSON_TYPE = re.compile(r"\A(application|text)/([a-z0-9.+-]+\+)?json(\s*;.*)?\Z", re.IGNORECASE)

_NAME = re.compile(r"\A[a-z0-9]{1,20}\Z")
_TYPE = re.compile(r"\A[a-z][a-z0-9_]{1,29}\Z")
# RFC 3986 URI-reference by its characters: no blanks, no quotes, `%` only as an escape.
_URI_REFERENCE = re.compile(r"\A(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+\Z")
_RFC3339 = re.compile(
    r"\A\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d{1,9})?"
    r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)\Z",
    re.ASCII,
)
# C0 and C1 controls, surrogates and non-characters: the specification forbids them in any attribute.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_INT32 = range(-(2**31), 2**31)


class Reason(NamedTuple):
    """Why an event is refused: a code of streams.reasons, the field, what was seen (never personal)."""

    code: str
    field: str | None = None
    detail: str | None = None


def is_rfc3339(text: str) -> bool:
    """Whether the text is a time of RFC 3339 that exists: with offset, real day of its month."""
    if not _RFC3339.match(text):
        return False
    try:
        datetime.fromisoformat(text[:10])  # 30 February; time and offset are right by their digits
    except ValueError:
        return False
    return True


def envelope_reasons(event: Mapping[str, Any]) -> list[Reason]:
    """What is wrong with the envelope, in the order in which a reader meets it; empty if nothing is."""
    if event.get("specversion") != SPEC_VERSION:
        return [Reason(CODE, "specversion", "missing" if "specversion" not in event else "not 1.0")]
    reasons = [reason for name in ("id", "source", "type", "time") if (reason := _required(event, name))]
    if not isinstance(event.get("data"), Mapping):
        reasons.append(Reason(CODE, "data", "missing" if "data" not in event else "not an object"))
    kind = event.get("datacontenttype")
    if kind is not None and not (isinstance(kind, str) and JSON_TYPE.match(kind)):
        reasons.append(Reason(CODE, "datacontenttype", "not JSON"))
    elif kind is not None and identifies_a_person(kind):
        reasons.append(Reason(PERSONAL, "datacontenttype"))
    extensions = [name for name in event if name not in _KNOWN]
    if len(extensions) > MAX_EXTENSIONS:
        reasons.append(Reason(CODE, None, f"more than {MAX_EXTENSIONS} extensions"))
    optional = (name for name in ("subject", "dataschema", *extensions[:MAX_EXTENSIONS]) if name in event)
    reasons.extend(reason for name in optional if (reason := _optional(name, event[name])))
    return reasons


_KNOWN = frozenset(
    ("specversion", "id", "source", "type", "time", "datacontenttype", "dataschema", "subject", "data")
)


def _required(event: Mapping[str, Any], name: str) -> Reason | None:
    value = event.get(name)
    if value is None:
        return Reason(CODE, name, "missing")
    if not isinstance(value, str):
        return Reason(CODE, name, "not a string")
    fault = _text_fault(value) or _FAULTS[name](value)
    if fault:
        return Reason("bad_time" if name == "time" else CODE, name, fault)
    return Reason(PERSONAL, name) if identifies_a_person(value) else None


def _optional(name: str, value: Any) -> Reason | None:
    if not _NAME.match(name) or identifies_a_person(name):
        # What a sender wrote as a name is shown nowhere: it may be anything.
        return Reason(CODE, None, "attribute name not of a-z and 0-9, longer than 20, or a person's number")
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if value in _INT32 else Reason(CODE, name, "integer beyond 32 bits")
    if not isinstance(value, str):
        return Reason(CODE, name, "neither text, integer nor boolean")
    if fault := _text_fault(value, empty=name not in ("subject", "dataschema")):
        return Reason(CODE, name, fault)
    return Reason(PERSONAL, name) if identifies_a_person(value) else None


def _text_fault(value: str, *, empty: bool = False) -> str | None:
    if not value and not empty:
        return "empty"
    if len(value) > MAX_TEXT:
        return f"longer than {MAX_TEXT}"
    return "control character" if _FORBIDDEN.search(value) else None


_FAULTS: Mapping[str, Callable[[str], str | None]] = {
    "id": lambda value: None,
    "source": lambda value: None if _URI_REFERENCE.match(value) else "not a URI reference",
    "type": lambda value: None if _TYPE.match(value) else "not the name of a source",
    "time": lambda value: None if is_rfc3339(value) else "not RFC 3339 with an offset",
}

"""The three content modes of the CloudEvents HTTP binding 1.0.2: structured, binary, batched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

from streams.gateway.answers import Problem
from streams.gateway.body import Limits
from streams.strict_json import JsonRefused, loads

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
BINARY = "application/json"

Mode = Literal["structured", "binary", "batched"]
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9._-]+)", re.IGNORECASE)


class Incoming(NamedTuple):
    """The events of a request, as they came, and whether each wants a verdict of its own."""

    events: Sequence[Any]
    mode: Mode


def content_mode(content_type: str, *, has_headers: bool) -> Mode:
    """The mode of a request by its content type. Raises Problem."""
    media_type = content_type.partition(";")[0].strip().lower()
    charset = _CHARSET.search(content_type)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        raise Problem("media_type", f"charset {charset[1]}")
    if media_type == STRUCTURED:
        return "structured"
    if media_type == BATCHED:
        return "batched"
    if media_type == BINARY and has_headers:
        return "binary"
    raise Problem("media_type")


def read_events(headers: Sequence[tuple[str, str]], body: bytes, limits: Limits) -> Incoming:
    """The events of a request. `headers` in lower case, in order, with repeats. Raises Problem."""
    content_type = next((value for name, value in headers if name == "content-type"), "")
    attributes = [(name[3:], value) for name, value in headers if name.startswith("ce-")]
    mode = content_mode(content_type, has_headers=bool(attributes))
    value = _json(body, limits)
    if mode == "structured":
        return Incoming([value], mode)
    if mode == "binary":
        return Incoming([{**_attributes(attributes), "datacontenttype": BINARY, "data": value}], mode)
    if not isinstance(value, list):
        raise Problem("not_a_batch")
    if not value:
        raise Problem("empty_batch")
    if len(value) > limits.batch:
        raise Problem("batch_too_large", f"{len(value)} events, at most {limits.batch}")
    return Incoming(value, mode)


def _json(body: bytes, limits: Limits) -> Any:
    try:
        return loads(body, max_depth=limits.depth)
    except JsonRefused as error:
        raise Problem(error.code, error.detail) from error


def _attributes(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    repeated = [name for name, count in Counter(name for name, _ in headers).items() if count > 1]
    if repeated:
        raise Problem("bad_header", "repeated", f"ce-{repeated[0]}")
    return {name: _decode(name, value) for name, value in headers if name not in ("data", "datacontenttype")}


def _decode(name: str, value: str) -> str:
    # Section 3.1.3.2 of the binding: percent-encoded UTF-8, possibly within double quotes.
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode("utf-8")
    except UnicodeError as error:
        raise Problem("bad_header", "not UTF-8", f"ce-{name}") from error

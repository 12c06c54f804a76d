"""What the gateway's OpenAPI document says about its routes."""

from __future__ import annotations

from typing import Any

_EXAMPLE = {
    "specversion": "1.0",
    "id": "2026-05-04-000017",
    "source": "/wenzhou/minzheng/canteen",
    "type": "name_of_a_contract",
    "time": "2026-05-04T11:32:08+08:00",
    "datacontenttype": "application/json",
    "data": {"division": "330302"},
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "title": "CloudEvent",
    "description": "CloudEvents 1.0 (JSON). `type` names the contract; `source` and `id` together make the"
    " event unique: what is sent again under both counts once. Personal values are sent as they are and"
    " tokenised here.",
    "required": ["specversion", "id", "source", "type", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 512},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1, "maxLength": 512},
        "type": {"type": "string", "pattern": "^[a-z][a-z0-9_]{1,29}$"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object"},
    },
    "example": _EXAMPLE,
}
_REASON = {
    "type": "object",
    "properties": {
        "code": {"type": "string"},
        "field": {"type": ["string", "null"]},
        "reason": {"type": "string", "description": "in Chinese, for operators"},
    },
}
_VERDICT = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": {"type": ["string", "null"]},
        "status": {"enum": [202, 403, 422, 503]},
        **_REASON["properties"],  # type: ignore[dict-item] # a schema is nested dicts
        "reasons": {"type": "array", "items": _REASON},
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["title", "status", "code", "reason"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        **_REASON["properties"],  # type: ignore[dict-item] # a schema is nested dicts
        "detail": {"type": ["string", "null"]},
        "events": {"type": "array", "items": _VERDICT},
    },
}
_BATCH = {
    "type": "object",
    "required": ["accepted", "refused", "events"],
    "properties": {
        "accepted": {"type": "integer"},
        "refused": {"type": "integer"},
        "events": {"type": "array", "items": _VERDICT, "description": "one verdict for each event, in order"},
    },
}
_BINARY_HEADERS = [
    {"name": f"ce-{name}", "in": "header", "required": False, "schema": {"type": "string"}}
    for name in ("specversion", "id", "source", "type", "time")
]


def _answer(text: str, schema: dict[str, Any], media_type: str = "application/json") -> dict[str, Any]:
    return {"description": text, "content": {media_type: {"schema": schema}}}


def _problem(text: str) -> dict[str, Any]:
    return _answer(text, _PROBLEM, "application/problem+json")


ABOUT: dict[str, Any] = {
    "title": "民生事件网关",
    "summary": "Takes public-service events as CloudEvents 1.0 over HTTP.",
    "description": "事件经校验、个人信息脱敏后写入消息系统；只有消息系统确认之后才答复“已接收”。"
    "同一 `source` 与 `id` 的事件可以放心重发，只计一次。",
    "version": "1",
}
EVENTS: dict[str, Any] = {
    "summary": "报送一条或一批事件",
    "status_code": 202,
    "responses": {
        202: _answer("Kafka has acknowledged the event.", _VERDICT),
        207: _answer("A batch: one verdict for each event.", _BATCH),
        400: _problem("Not JSON, a duplicate key, a broken gzip, nesting too deep, an empty batch."),
        401: _problem("No API key, or one that is not valid."),
        403: _problem("The key may not send events of this source."),
        408: _problem("The body did not come in time."),
        413: _problem("The body, what it inflates to, or the batch is too large."),
        415: _problem("A content type or encoding that is not taken."),
        422: _problem("The event is refused, with code, field and reason."),
        503: _problem("Kafka did not acknowledge: send the same again after Retry-After; it counts once."),
    },
    "openapi_extra": {
        "security": [{"bearer": []}, {"header": []}],
        "parameters": _BINARY_HEADERS,
        "requestBody": {
            "required": True,
            "description": "`Content-Encoding: gzip` is understood.",
            "content": {
                "application/cloudevents+json": {"schema": _EVENT},
                "application/cloudevents-batch+json": {
                    "schema": {"type": "array", "minItems": 1, "items": _EVENT},
                    "example": [_EXAMPLE],
                },
                "application/json": {
                    "schema": {"type": "object", "description": "`data` alone; the rest in ce- headers"},
                    "example": _EXAMPLE["data"],
                },
            },
        },
    },
}
HEALTH: dict[str, Any] = {"summary": "进程是否存活"}
READY: dict[str, Any] = {
    "summary": "是否可以接收事件",
    "responses": {503: {"description": "What it waits for: PostgreSQL, contracts, Kafka."}},
}
SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}

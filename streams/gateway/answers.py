"""What the gateway answers: RFC 9457 problems with code, field and Chinese reason, and verdicts of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response

from streams.admission import Verdict
from streams.contract.model import Contract
from streams.envelope import Reason
from streams.reasons import REASONS
from streams.reasons import text as reason_text

RETRY_AFTER_SECONDS = 5

# Codes of the request as a whole: (status, Chinese text). Codes of an event stand in streams.reasons.
TEXTS: Mapping[str, tuple[int, str]] = {
    "no_key": (401, "请求没有携带接口密钥：请在 Authorization: Bearer 或 X-API-Key 中提供"),
    "bad_key": (401, "接口密钥无效或已被撤销，请向平台管理员申请"),
    "forbidden_source": (403, REASONS["forbidden_source"].sentence),
    "not_found": (404, "没有这个地址；报送事件用 POST /v1/events，接口文档在 /docs"),
    "method_not_allowed": (405, "这个地址不支持该请求方法；报送事件用 POST /v1/events"),
    "bad_length": (400, "Content-Length 不是有效的数字"),
    "empty_body": (400, "请求正文为空"),
    "empty_batch": (400, "批量请求中没有事件"),
    "not_a_batch": (400, "批量请求的正文应为事件数组"),
    "not_json": (400, REASONS["not_json"].sentence),
    "not_utf8": (400, REASONS["not_utf8"].sentence),
    "duplicate_key": (400, REASONS["duplicate_key"].sentence),
    "too_deep": (400, REASONS["too_deep"].sentence),
    "bad_header": (400, "ce- 请求头有误"),
    "bad_gzip": (400, "gzip 正文已损坏"),
    "slow_body": (408, "正文未在规定时间内传完"),
    "body_too_large": (413, "正文超过大小上限"),
    "inflated_too_large": (413, "解压后的正文超过大小上限"),
    "batch_too_large": (413, "批量请求中的事件过多，请分批报送"),
    "media_type": (
        415,
        "Content-Type 应为 application/cloudevents+json、application/cloudevents-batch+json，"
        "或带 ce- 请求头的 application/json",
    ),
    "content_encoding": (415, "Content-Encoding 只支持 gzip"),
    "internal": (500, "网关内部错误，事件未被确认；请联系平台管理员，并告知响应头 X-Request-Id"),
    "kafka_away": (503, "消息系统暂不可用，事件未被确认，请稍后原样重发（不会重复计数）"),
    "timeout": (503, "未能在规定时间内得到确认，请稍后原样重发（不会重复计数）"),
    "busy": (503, "网关繁忙，请稍后原样重发（不会重复计数）"),
    "not_ready": (503, "网关尚未就绪（没有可用的数据契约），请稍后重发"),
    "keys_unreadable": (503, "网关的密钥文件不可用，请联系平台管理员"),
}


class Problem(Exception):
    """A request that is answered by one problem as a whole. Raised inside the gateway only."""

    def __init__(self, code: str, detail: str | None = None, field: str | None = None) -> None:
        self.code = code
        self.detail = detail
        self.field = field
        self.status, self.text = TEXTS[code]
        super().__init__(code)


def problem_response(problem: Problem, **members: Any) -> Response:
    """A problem as application/problem+json; 401 says how to authenticate, 503 when to come back."""
    body = {
        "type": "about:blank",
        "title": problem.text,
        "status": problem.status,
        "code": problem.code,
        "field": problem.field,
        "reason": problem.text,
        "detail": problem.detail,
        **members,
    }
    headers = {}
    if problem.status == 401:  # noqa: PLR2004 (Unauthorized)
        headers["WWW-Authenticate"] = 'Bearer realm="minsheng"'
    if problem.status == 503:  # noqa: PLR2004 (Service Unavailable)
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return json_response(problem.status, body, "application/problem+json", headers)


def json_response(
    status: int,
    body: Any,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    return Response(orjson.dumps(body), status, dict(headers or {}), media_type)


def event_answer(verdict: Verdict, status: int, contracts: Mapping[str, Contract]) -> dict[str, Any]:
    """What is said about one event: 202 taken, 403 or 422 refused with its reasons, 503 to be sent again."""
    answer: dict[str, Any] = {"id": verdict.event_id, "status": status}
    if verdict.reasons:
        answer["reasons"] = _reasons(verdict.reasons, contracts.get(verdict.source))
        answer.update(answer["reasons"][0])
    return answer


def refused_response(answer: Mapping[str, Any]) -> Response:
    """The problem of a single event that was refused."""
    body = {"type": "about:blank", "title": "事件未通过校验", **answer}
    return json_response(answer["status"], body, "application/problem+json")


def _reasons(reasons: Sequence[Reason], contract: Contract | None) -> list[dict[str, Any]]:
    return [
        {"code": reason.code, "field": reason.field, "reason": reason_text(reason, contract)}
        for reason in reasons
    ]

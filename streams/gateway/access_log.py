"""One structured line a request: who, what, how long, what came of it. Never a body, a key or a query."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger("access")
SERVER_ERROR = 500


class AccessLog:
    """ASGI middleware. Handlers add to the line by `scope["state"]["access"]`, a dict.

    The answer carries the line's `request` in X-Request-Id, so that a sender can name it to an operator.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request = uuid4().hex[:16]
        line: dict[str, Any] = {"request": request, "method": scope["method"], "path": scope["path"][:200]}
        scope.setdefault("state", {})["access"] = line

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                line["status"] = message["status"]
                headers = [
                    (b"x-request-id", request.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"cache-control", b"no-store"),
                ]
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            client = scope.get("client")
            line["client"] = client[0] if client else None
            line["milliseconds"] = round((time.perf_counter() - started) * 1000, 1)
            status = line.setdefault("status", None)
            emit = log.error if status is None or status >= SERVER_ERROR else log.info
            emit("request", **line)

"""One connection to the gateway, kept open; bodies out, answers in."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
MOST_ANSWER_BYTES = 32 * 2**20
COMPRESS_BYTES = 1024


class ConnectionLost(Exception):
    """No answer came: nobody knows whether the request arrived."""


@dataclass(frozen=True)
class Answer:
    """HTTP status, the body's JSON (None if it has none), how long to wait where the gateway says so."""

    status: int
    body: Any
    retry_after_seconds: float | None


class Connection:
    """Not safe to share between threads."""

    def __init__(
        self, address: str, key: str, timeout_seconds: float, tls: ssl.SSLContext | None, *, allow_http: bool
    ) -> None:
        """Raises ValueError for an address that is none, or over which persons' data would go in the open."""
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or parts.hostname is None:
            raise ValueError(f"{address!r} is no address; write for example https://gateway.example.gov.cn")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not allow_http:
            raise ValueError(
                f"{address} is not encrypted, and events hold personal data: use https, or allow_http=True in"
                " a network that is protected otherwise"
            )
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/") + "/v1/events"
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._timeout = timeout_seconds
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/cloudevents-batch+json",
            "User-Agent": "minsheng-client",
        }
        self._open: http.client.HTTPConnection | None = None

    def post(self, body: bytes) -> Answer:
        """Send a body, compressed where that pays. Raises ConnectionLost."""
        headers = dict(self._headers)
        if len(body) > COMPRESS_BYTES:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        try:
            connection = self._connected()
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            content = response.read(MOST_ANSWER_BYTES)
            if response.will_close:
                self.close()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionLost(f"{type(error).__name__}: {error}") from error
        return Answer(response.status, _json(content), _seconds(response.getheader("Retry-After")))

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _connected(self) -> http.client.HTTPConnection:
        if self._open is None:
            if self._tls is None:
                self._open = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
            else:
                self._open = http.client.HTTPSConnection(
                    self._host, self._port, timeout=self._timeout, context=self._tls
                )
        return self._open


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _seconds(text: str | None) -> float | None:
    """Retry-After as seconds; as a date, which the gateway never sends, it is not understood."""
    return float(text) if text is not None and text.isascii() and text.isdecimal() else None

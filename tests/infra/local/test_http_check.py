"""A server of the stack is asked itself, and says what is wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.local.errors import NotHealthy
from infra.local.http_check import check_http
from tests.conftest import free_port


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 503)
        self.end_headers()
        self.wfile.write(b"no room")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_server_that_answers_is_healthy_whatever_proxy_is_set(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    check_http(f"{server}/health")


def test_another_answer_is_shown(server: str) -> None:
    with pytest.raises(NotHealthy, match="answers 503: no room"):
        check_http(f"{server}/other")


def test_no_answer_is_no_health() -> None:
    url = f"http://127.0.0.1:{free_port()}/health"
    with pytest.raises(NotHealthy, match=f"{url}: ConnectError"):
        check_http(url)

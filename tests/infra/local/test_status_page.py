"""The status page shows every part, inertly, and serves Data Docs and nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from infra.local.status import PartStatus
from infra.local.status_page import page, serve
from streams.settings import Settings
from streams.zone import ZONE
from tests.conftest import free_port

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=ZONE)


def test_what_a_part_says_is_text_and_never_markup() -> None:
    evil = '<script>alert("x")</script><img src=x onerror=y> $name ${state}'
    shown = page([PartStatus("kafka", "消息<b>总线", "unhealthy", NOW, 1, 3 * 1024**2, evil)], NOW)
    assert "<script>" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;" in shown
    assert "$name ${state}" in shown
    assert "消息&lt;b&gt;总线" in shown


def test_states_are_in_chinese_with_times_of_the_city() -> None:
    found = [
        PartStatus("kafka", "消息总线", "healthy", NOW, 1, 300 * 1024**2, ""),
        PartStatus("stream", "实时计算", "failing", NOW, None, None, "退出"),
    ]
    shown = page(found, NOW)
    assert "2 个组件，1 个正常" in shown
    assert "300 MiB" in shown
    assert "反复失败" in shown
    assert "05-04 08:30:00" in shown


@pytest.fixture
def site(tmp_path: Path) -> Iterator[httpx.Client]:
    settings = Settings(home=tmp_path / "home", status_port=free_port())
    docs = settings.home / "data_docs"
    docs.mkdir(parents=True)
    (docs / "index.html").write_text("<h1>docs</h1>", encoding="utf-8")
    (docs / "empty").mkdir()
    (settings.home / "secrets").mkdir()
    (settings.home / "secrets" / "tokens").write_text("secret", encoding="ascii")
    with serve(settings) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with httpx.Client(base_url=f"http://127.0.0.1:{settings.status_port}", trust_env=False) as client:
            yield client
        server.shutdown()


def test_page_and_json_name_the_same_parts(site: httpx.Client) -> None:
    shown, told = site.get("/"), site.get("/status.json")
    names = [part["name"] for part in told.json()]
    assert {"kafka", "postgres", "stream", "gateway"} <= set(names)
    assert all(f"({name})" in shown.text for name in names)
    assert {part["state"] for part in told.json()} == {"stopped"}


def test_no_answer_lets_anything_run(site: httpx.Client) -> None:
    for path in ("/", "/status.json", "/live", "/data_docs/index.html", "/nothing"):
        policy = site.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy


def test_data_docs_are_served(site: httpx.Client) -> None:
    assert site.get("/data_docs/index.html").text == "<h1>docs</h1>"
    assert site.get("/data_docs/").text == "<h1>docs</h1>"


@pytest.mark.parametrize(
    "path",
    [
        "/data_docs/empty/",
        "/secrets/tokens",
        "/data_docs/../secrets/tokens",
        "/data_docs/%2e%2e/secrets/tokens",
    ],
)
def test_nothing_else_is_served(site: httpx.Client, path: str) -> None:
    with socket.create_connection(
        (site.base_url.host, site.base_url.port or 80)
    ) as raw:  # no client tidies it up
        raw.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while piece := raw.recv(65536):
            answer += piece
    assert b" 404 " in answer.splitlines()[0]
    assert b"secret" not in answer.replace(b"/secrets/", b"")


def test_other_methods_are_refused(site: httpx.Client) -> None:
    assert site.post("/", content=b"x").status_code == 501

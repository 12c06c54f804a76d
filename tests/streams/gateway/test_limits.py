"""Hostile requests: a clear status and code for each, nothing in the topic, the next good one is taken."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.contract.model import Contract
from streams.gateway.keys import FILE_NAME, add_key, revoke_key
from streams.settings import Settings
from tests.streams.conftest import values_of
from tests.streams.gateway.conftest import RunningGateway, running
from tests.waiting import wait_for_equal

pytestmark = pytest.mark.servers
Make = Callable[..., dict[str, Any]]
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCHED = {"Content-Type": "application/cloudevents-batch+json"}
GBK = {"Content-Type": "application/cloudevents+json; charset=gbk"}
GZIP = {"Content-Encoding": "gzip"}
DEEP = b'{"specversion":"1.0","data":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001


@pytest.fixture
def narrow_gateway(settings: Settings, contract: Contract, tmp_path: Path) -> Iterator[RunningGateway]:
    limits = {
        "GATEWAY_MAX_BODY_BYTES": 100_000,
        "GATEWAY_MAX_INFLATED_BYTES": 200_000,
        "GATEWAY_MAX_BATCH": 3,
        "GATEWAY_MAX_DEPTH": 5,
    }
    with running(settings, tmp_path / "gateway.log", **limits) as gateway:
        yield gateway


@pytest.fixture
def hasty_gateway(settings: Settings, contract: Contract, tmp_path: Path) -> Iterator[RunningGateway]:
    with running(settings, tmp_path / "gateway.log", GATEWAY_TIMEOUT_SECONDS=1.5) as gateway:
        yield gateway


def endless() -> Iterator[bytes]:
    for _ in range(10):
        yield b" " * 20_000


HOSTILE: list[tuple[str, Any, dict[str, str], int, str]] = [
    ("ten megabytes", b"x" * 10_000_000, STRUCTURED, 413, "body_too_large"),
    ("chunks without a length", endless, STRUCTURED, 413, "body_too_large"),
    ("a gzip bomb", gzip.compress(b" " * 50_000_000), STRUCTURED | GZIP, 413, "inflated_too_large"),
    ("many small bombs", gzip.compress(b" " * 90_000) * 9, STRUCTURED | GZIP, 413, "inflated_too_large"),
    ("half a gzip", gzip.compress(b"[1,2,3]" * 99)[:-9], STRUCTURED | GZIP, 400, "bad_gzip"),
    ("no gzip", b"{}", STRUCTURED | GZIP, 400, "bad_gzip"),
    ("brotli", b"{}", STRUCTURED | {"Content-Encoding": "br"}, 415, "content_encoding"),
    ("deep nesting", DEEP, STRUCTURED, 400, "too_deep"),
    ("six levels", b"[" * 6 + b"]" * 6, BATCHED, 400, "too_deep"),
    ("a batch of four", b"[1,2,3,4]", BATCHED, 413, "batch_too_large"),
    ("an empty batch", b"[]", BATCHED, 400, "empty_batch"),
    ("an object as batch", b"{}", BATCHED, 400, "not_a_batch"),
    ("nothing", b"", STRUCTURED, 400, "empty_body"),
    ("not JSON", b"{'a'}", STRUCTURED, 400, "not_json"),
    ("a key twice", b'{"id":"1","id":"2"}', STRUCTURED, 400, "duplicate_key"),
    ("GB18030", "早餐".encode("gb18030"), STRUCTURED, 400, "not_utf8"),
    ("said to be GBK", b"{}", GBK, 415, "media_type"),
    ("a form", b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "media_type"),
    ("JSON without headers", b"{}", {"Content-Type": "application/json"}, 415, "media_type"),
    ("no content type", b"{}", {}, 415, "media_type"),
    ("a number", b"1", STRUCTURED, 422, "not_an_object"),
]  # fmt: skip


def test_hostile_bodies_get_their_status_and_code_and_harm_nobody(
    narrow_gateway: RunningGateway, make_event: Make, settings: Settings, contract: Contract
) -> None:
    got = {}
    for name, body, headers, *_ in HOSTILE:
        content = body() if callable(body) else body
        answer = narrow_gateway.client.post("/v1/events", content=content, headers=headers)
        got[name] = (answer.status_code, answer.json()["code"])
        assert answer.headers["content-type"] == "application/problem+json", name
        assert answer.json()["reason"], name
    assert got == {name: (status, code) for name, _, _, status, code in HOSTILE}
    assert narrow_gateway.post(make_event(1)).status_code == 202
    topic = settings.topic_prefix + contract.source
    assert [json.loads(value)["id"] for value in values_of(settings.kafka_bootstrap, topic)] == ["meal-1"]


def test_another_address_or_method_is_told_where_events_go(gateway: RunningGateway) -> None:
    for method, path, status, code in (
        ("POST", "/v1/event", 404, "not_found"),
        ("GET", "/v1/events", 405, "method_not_allowed"),
        ("DELETE", "/v1/events", 405, "method_not_allowed"),
    ):
        answer = gateway.client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "POST /v1/events" in answer.json()["reason"]
        assert answer.headers.get("allow") == ("POST" if status == 405 else None)


def test_a_repeated_header_and_a_wrong_escape_are_named(gateway: RunningGateway, make_event: Make) -> None:
    event = make_event()
    headers = [(f"ce-{name}", event[name]) for name in ("specversion", "id", "source", "type", "time")]
    twice = gateway.client.post("/v1/events", json=event["data"], headers=[*headers, ("ce-id", "2")])
    assert (twice.status_code, twice.json()["code"], twice.json()["field"]) == (400, "bad_header", "ce-id")
    escape = gateway.client.post("/v1/events", json=event["data"], headers=[*headers, ("ce-subject", "%ff")])
    assert (escape.status_code, escape.json()["field"]) == (400, "ce-subject")
    quoted = [*headers, ("ce-subject", '"%E9%A3%9F%E5%A0%82"')]
    assert gateway.client.post("/v1/events", json=event["data"], headers=quoted).status_code == 202


def test_a_body_that_trickles_is_given_up(hasty_gateway: RunningGateway) -> None:
    host, port = hasty_gateway.address.removeprefix("http://").split(":")
    key = hasty_gateway.client.headers["authorization"]
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(
            f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n"
            "Content-Type: application/cloudevents+json\r\nContent-Length: 100\r\n\r\n{".encode()
        )
        answer = connection.recv(4_096).decode()
    assert answer.startswith("HTTP/1.1 408")


def test_keys_say_who_may_send_what(
    gateway: RunningGateway, make_event: Make, settings: Settings, contract: Contract
) -> None:
    file = settings.secrets_dir / FILE_NAME
    other = add_key(file, "other", ["station_visit"])
    mine = add_key(file, "mine", [contract.source])
    assert mine not in file.read_text()

    def status(**headers: str) -> int:
        event = make_event()
        answer = httpx.post(
            f"{gateway.address}/v1/events", json=event, headers=STRUCTURED | headers, trust_env=False
        )
        return answer.status_code

    wait_for_equal(lambda: status(**{"X-API-Key": mine}), 202)
    assert status() == 401
    assert status(Authorization="Bearer mk_wrong") == 401
    assert status(Authorization="Basic bWU6eW91") == 401
    assert status(**{"X-API-Key": other}) == 403
    assert status(Authorization=f"bearer {mine}") == 202
    revoke_key(file, "mine")
    wait_for_equal(lambda: status(Authorization=f"Bearer {mine}"), 401)
    file.chmod(0o644)  # of others' eyes it is kept by its folder alone
    file.write_text(file.read_text() + " ")
    wait_for_equal(lambda: status(Authorization=f"Bearer {other}"), 403)
    settings.secrets_dir.chmod(0o755)
    file.write_text(file.read_text() + " ")
    wait_for_equal(lambda: status(Authorization=f"Bearer {other}"), 503)


def test_the_document_and_its_page_come_without_another_host(gateway: RunningGateway) -> None:
    document = gateway.client.get("/openapi.json").json()
    operation = document["paths"]["/v1/events"]["post"]
    assert {"202", "207", "401", "403", "413", "415", "422", "503"} <= operation["responses"].keys()
    assert "application/cloudevents-batch+json" in operation["requestBody"]["content"]
    for page in ("/docs", "/redoc"):
        html = gateway.client.get(page)
        assert html.status_code == 200
        assert "http" not in html.text
        assert "default-src 'self'" in html.headers["content-security-policy"]
        names = [part.split('"')[0] for part in html.text.split('="/docs/')[1:]]
        assert names
        assert all(gateway.client.get(f"/docs/{name}").status_code == 200 for name in names)
    assert gateway.client.get("/docs/..%2f..%2fsecrets").status_code == 404


def test_the_access_log_tells_who_and_what_but_no_secret(gateway: RunningGateway, make_event: Make) -> None:
    answer = gateway.post(make_event())
    key = gateway.client.headers["authorization"].split()[1]
    gateway.stop()
    text = gateway.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    mine = [line for line in lines if line.get("request") == answer.headers["x-request-id"]]
    assert [(line["status"], line["path"], line["events"]) for line in mine] == [(202, "/v1/events", 1)]
    assert key not in text

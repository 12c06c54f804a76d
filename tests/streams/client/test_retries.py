"""What the client does with answers that a sound gateway seldom gives, from a server that gives them."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from streams.client.minsheng_client import (
    Client,
    Event,
    GatewayAway,
    KeyRefused,
    RequestRefused,
)
from streams.client.minsheng_client import client as client_module

Reply = tuple[int, dict[str, str], Any]
Events = list[dict[str, Any]]


class Gateway:
    """A server whose answers a test scripts: each a function of the events that came; the last goes on."""

    def __init__(self, *script: Callable[[Events], Reply]) -> None:
        self.requests: list[Events] = []
        self.keys: list[str] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                events = json.loads(body)
                gateway.keys.append(self.headers["Authorization"])
                number = min(len(gateway.requests), len(script) - 1)
                gateway.requests.append(events)
                status, headers, answer = script[number](events)
                if status == 0:
                    self.close_connection = True
                    return
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Gateway:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def taken(events: Events) -> Reply:
    return 207, {}, {"events": [{"id": event["id"], "status": 202} for event in events]}


def away(events: Events) -> Reply:
    return 503, {"Retry-After": "0"}, {"code": "kafka_away", "reason": "稍后重发"}


def half_taken(events: Events) -> Reply:
    """Kafka went away in the middle: the first half is acknowledged."""
    half = len(events) // 2
    verdicts = [{"id": e["id"], "status": 202 if n < half else 503} for n, e in enumerate(events)]
    return 503, {"Retry-After": "0"}, {"code": "kafka_away", "reason": "稍后重发", "events": verdicts}


def lost(events: Events) -> Reply:
    return 0, {}, b""


def event(number: int, **more: Any) -> Event:
    return Event(type="x", source="/t", id=f"e{number}", data={"n": number}, **more)


EVENTS = [event(number) for number in range(10)]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that the client asks for, and does not make."""
    pauses: list[float] = []
    monkeypatch.setattr(client_module, "pause", pauses.append)
    return pauses


def test_what_was_not_acknowledged_is_sent_again_under_its_id_and_nothing_else(quick: list[float]) -> None:
    with Gateway(lost, half_taken, away, taken) as gateway, Client(gateway.address, "mk_1") as client:
        verdicts = list(client.send_all(EVENTS))
    assert [verdict.event for verdict in verdicts] == EVENTS
    assert all(verdict.accepted for verdict in verdicts)
    ids = [[each["id"] for each in request] for request in gateway.requests]
    every = [each.id for each in EVENTS]
    assert ids == [every, every, every[5:], every[5:]]
    assert set(gateway.keys) == {"Bearer mk_1"}


def test_the_gateway_says_how_long_to_wait(quick: list[float]) -> None:
    def busy(events: Events) -> Reply:
        return 503, {"Retry-After": "7"}, {"code": "busy", "reason": "网关繁忙"}

    with Gateway(busy, busy, taken) as gateway, Client(gateway.address, "k") as client:
        assert client.send(EVENTS[0]).accepted
    assert quick == [7.0, 7.0]


def test_patience_ends_with_the_events_that_are_left() -> None:
    with Gateway(half_taken, away) as gateway, Client(gateway.address, "k", patience_seconds=0.3) as client:
        with pytest.raises(GatewayAway, match=r"5 events not acknowledged") as caught:
            list(client.send_all(EVENTS))
        assert caught.value.events == tuple(EVENTS[5:])
    with Client("http://127.0.0.1:9", "k", patience_seconds=0) as nobody, pytest.raises(GatewayAway):
        nobody.send(EVENTS[0])


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, KeyRefused), (400, RequestRefused), (404, RequestRefused), (302, RequestRefused)],
)
def test_what_sending_again_does_not_mend_is_raised_at_once(status: int, kind: type[Exception]) -> None:
    def refuse(events: Events) -> Reply:
        return status, {}, {"code": "bad_key", "reason": "接口密钥无效"}

    with Gateway(refuse) as gateway, Client(gateway.address, "k") as client:
        with pytest.raises(kind, match=f"{status} bad_key: 接口密钥无效"):
            client.send(EVENTS[0])
        assert len(gateway.requests) == 1


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b'{"events": [1]}', b'{"events": []}'])
def test_an_answer_of_something_else_is_no_verdict(answer: bytes) -> None:
    """A proxy between: nothing is taken for accepted."""
    with (
        Gateway(lambda events: (200, {}, answer)) as gateway,
        Client(gateway.address, "k") as client,
        pytest.raises(RequestRefused),
    ):
        client.send(EVENTS[0])
    with (
        Gateway(lambda events: (502, {}, answer)) as gateway,
        Client(gateway.address, "k", patience_seconds=0) as client,
        pytest.raises(GatewayAway),
    ):
        client.send(EVENTS[0])


def test_a_gateway_that_takes_less_gets_less() -> None:
    def small(events: Events) -> Reply:
        return taken(events) if len(events) <= 3 else (413, {}, {"code": "batch_too_large", "reason": "过多"})

    with Gateway(small) as gateway, Client(gateway.address, "k") as client:
        assert all(verdict.accepted for verdict in client.send_all(EVENTS))
    assert sorted(len(request) for request in gateway.requests if len(request) <= 3) == [2, 2, 3, 3]


def test_requests_are_bounded_in_events_and_in_bytes() -> None:
    long = [event(number, extensions={"note": "长" * 100_000}) for number in range(7)]
    with Gateway(taken) as gateway, Client(gateway.address, "k", batch_events=4) as client:
        list(client.send_all([*EVENTS, *long]))
    sizes = [len(request) for request in gateway.requests]
    assert sizes == [4, 4, 4, 2, 2, 1]  # a long one has 300 kB


def test_personal_data_does_not_go_over_plain_http_by_accident() -> None:
    with pytest.raises(ValueError, match="not encrypted"):
        Client("http://gateway.example.gov.cn", "k")
    Client("http://gateway.example.gov.cn", "k", allow_http=True).close()
    with pytest.raises(ValueError, match="no address"):
        Client("gateway.example.gov.cn", "k")
    assert "mk_secret" not in repr(Client("http://127.0.0.1:1", "mk_secret"))


def test_an_event_that_json_cannot_say_is_refused_before_it_is_sent() -> None:
    with Gateway(taken) as gateway, Client(gateway.address, "k") as client:
        with pytest.raises(ValueError, match="JSON"):
            client.send(Event(type="x", source="/t", data={"n": float("nan")}))
        assert gateway.requests == []
    with pytest.raises(ValueError, match="no extension"):
        event(1, extensions={"type": "y"})

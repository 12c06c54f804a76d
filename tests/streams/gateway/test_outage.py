"""Kafka away, requests in the middle of a stop: never a yes for what is not in the topic."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.deploy import deploy
from streams.contract.loader import load_contract
from streams.contract.model import Contract
from streams.settings import Settings
from tests.streams.conftest import Broker, values_of
from tests.streams.gateway.conftest import SOURCE, RunningGateway, running
from tests.waiting import wait_for, wait_for_equal

pytestmark = pytest.mark.servers
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def settings(settings: Settings, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The same installation, with the broker that may be killed."""
    monkeypatch.setenv("MINSHENG_KAFKA_BOOTSTRAP", broker.bootstrap)
    return Settings()


@pytest.fixture
def contract(settings: Settings) -> Contract:
    contract = load_contract(settings.contracts_dir / f"{SOURCE}.yaml")
    deploy(settings, [contract])
    return contract


@pytest.fixture
def impatient_gateway(settings: Settings, contract: Contract, tmp_path: Path) -> Iterator[RunningGateway]:
    with running(settings, tmp_path / "gateway.log", GATEWAY_ACKNOWLEDGE_SECONDS=3) as gateway:
        yield gateway


def test_a_broker_killed_in_mid_stream_costs_no_event_that_was_acknowledged(
    impatient_gateway: RunningGateway,
    make_event: Make,
    settings: Settings,
    contract: Contract,
    broker: Broker,
) -> None:
    acknowledged: set[str] = set()
    killer = threading.Thread(target=broker.kill)
    for batch in range(10_000):
        if batch == 5:
            killer.start()
        events = [make_event(batch * 50 + number) for number in range(50)]
        answer = impatient_gateway.post(events)
        verdicts = answer.json()["events"]
        acknowledged |= {event["id"] for event in verdicts if event["status"] == 202}
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["code"] == "kafka_away"
            break
        assert answer.status_code == 207
    else:
        pytest.fail("the gateway said yes although Kafka was killed")
    killer.join()
    assert acknowledged, "nothing was sent before the kill"
    assert impatient_gateway.client.get("/health").status_code == 200
    not_ready = impatient_gateway.client.get("/ready")
    assert not_ready.status_code == 503
    assert "Kafka" in "".join(not_ready.json()["waits_for"])
    assert impatient_gateway.post(make_event(meal="supper")).status_code == 422  # a verdict needs no Kafka

    broker.start()
    wait_for_equal(lambda: impatient_gateway.post(make_event(-1)).status_code, 202)
    topic = settings.topic_prefix + contract.source
    there = {json.loads(value)["id"] for value in values_of(broker.bootstrap, topic)}
    assert there >= acknowledged | {"meal--1"}


def test_a_frozen_broker_is_said_while_the_client_waits(
    impatient_gateway: RunningGateway, make_event: Make, broker: Broker
) -> None:
    assert impatient_gateway.post(make_event(1)).status_code == 202
    broker.freeze()
    assert impatient_gateway.post(make_event(2)).status_code == 503
    broker.thaw()
    wait_for_equal(lambda: impatient_gateway.post(make_event(2)).status_code, 202)


def test_a_stop_answers_what_is_on_its_way(
    impatient_gateway: RunningGateway,
    make_event: Make,
    settings: Settings,
    contract: Contract,
    broker: Broker,
) -> None:
    answers: dict[int, int] = {}

    def send(number: int) -> None:
        try:
            answers[number] = impatient_gateway.post(make_event(number)).status_code
        except httpx.TransportError:
            answers[number] = 0  # refused: the gateway listens no more

    senders = [threading.Thread(target=send, args=(number,)) for number in range(40)]
    for sender in senders[:30]:
        sender.start()
    wait_for(lambda: 202 in list(answers.values()))
    impatient_gateway.process.terminate()
    for sender in senders[30:]:
        sender.start()
    for sender in senders:
        sender.join(30)
    impatient_gateway.process.wait(15)
    assert len(answers) == len(senders)
    assert set(answers.values()) <= {0, 202}
    topic = settings.topic_prefix + contract.source
    there = {json.loads(value)["id"] for value in values_of(broker.bootstrap, topic)}
    assert there >= {f"meal-{number}" for number, status in answers.items() if status == 202}


def test_a_stop_does_not_wait_for_a_kafka_that_is_away(
    settings: Settings, contract: Contract, make_event: Make, broker: Broker, tmp_path: Path
) -> None:
    with running(settings, tmp_path / "gateway.log", GATEWAY_ACKNOWLEDGE_SECONDS=60) as gateway:
        assert gateway.post(make_event(1)).status_code == 202
        broker.freeze()
        answers: list[int] = []
        sent = threading.Event()
        waiting = threading.Thread(target=_send, args=(gateway, make_event(2), answers, sent))
        waiting.start()
        assert sent.wait(20)
        # The gateway has read it, too, once it has answered what was sent later.
        assert gateway.client.get("/health").status_code == 200
        assert not answers
        gateway.stop()
        waiting.join(10)
        assert 202 not in answers


def _send(gateway: RunningGateway, event: dict[str, Any], answers: list[int], sent: threading.Event) -> None:
    def trace(step: str, _: Any) -> None:
        if step == "http11.send_request_body.complete":
            sent.set()

    with suppress(httpx.TransportError):  # a connection closed without an answer is no yes either
        answer = gateway.client.post(
            "/v1/events",
            json=event,
            headers={"Content-Type": "application/cloudevents+json"},
            extensions={"trace": trace},
        )
        answers.append(answer.status_code)

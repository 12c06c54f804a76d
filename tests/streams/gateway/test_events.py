"""Events over HTTP to a real gateway, Kafka and PostgreSQL: what is taken is there, what is not is said."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from infra.deploy import deploy
from streams.contract.loader import load_contract, parse_contract
from streams.contract.model import Contract
from streams.days import day_of
from streams.settings import Settings
from streams.tokens import Tokens
from tests.streams.conftest import values_of
from tests.streams.gateway.conftest import ID, RunningGateway, with_check_digit
from tests.waiting import wait_for_equal

pytestmark = pytest.mark.servers
Make = Callable[..., dict[str, Any]]


def in_topic(settings: Settings, contract: Contract) -> list[dict[str, Any]]:
    topic = settings.topic_prefix + contract.source
    return [json.loads(value) for value in values_of(settings.kafka_bootstrap, topic)]


def refusals(settings: Settings) -> dict[tuple[str, str], int]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = connection.execute("select source, code, events from ops.refusal where way = 'gateway'")
        return {(source, code): events for source, code, events in rows}


def acknowledged(settings: Settings) -> list[tuple[object, ...]]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        return connection.execute("select way, source, received_day, events from ops.acknowledged").fetchall()


def test_all_three_modes_are_taken_and_the_person_is_not_in_the_topic(
    gateway: RunningGateway, make_event: Make, settings: Settings, contract: Contract
) -> None:
    structured, binary = make_event(1), make_event(2)
    assert gateway.post(structured).status_code == 202
    headers = {f"ce-{name}": binary[name] for name in ("specversion", "id", "source", "type", "time")}
    assert gateway.client.post("/v1/events", json=binary["data"], headers=headers).status_code == 202
    batch = [make_event(number) for number in range(3, 10)]
    answer = gateway.client.post(
        "/v1/events",
        content=gzip.compress(json.dumps(batch).encode()),
        headers={"Content-Type": "application/cloudevents-batch+json", "Content-Encoding": "gzip"},
    )
    assert answer.status_code == 207
    assert answer.json() == {
        "accepted": 7,
        "refused": 0,
        "events": [{"id": f"meal-{number}", "status": 202} for number in range(3, 10)],
    }
    found = in_topic(settings, contract)
    assert sorted(event["id"] for event in found) == [f"meal-{number}" for number in range(1, 10)]
    token = Tokens.of(settings.secret("tokens")).token(with_check_digit(ID))
    assert {event["data"]["elder"] for event in found} == {token}
    assert with_check_digit(ID) not in json.dumps(found)
    assert with_check_digit(ID) not in gateway.log.read_text()
    gateway.stop()
    assert acknowledged(settings) == [("gateway", contract.source, day_of(datetime.now(UTC)), 9)]


WRONG: list[tuple[dict[str, Any], str, str | None]] = [
    ({"elder": with_check_digit(ID)[:-1] + "?"}, "bad_pattern", "elder"),
    ({"elder": ID + ("0" if with_check_digit(ID)[-1] != "0" else "1")}, "bad_checksum", "elder"),
    ({"elder": int(ID + "0")}, "wrong_type", "elder"),
    ({"elder": None}, "missing", "elder"),
    ({"meal": "supper"}, "not_in_enum", "meal"),
    ({"price_fen": "1200"}, "wrong_type", "price_fen"),
    ({"price_fen": 10**30}, "out_of_range", "price_fen"),
    ({"paid_fen": 0}, "check:price_split", None),
    ({"<script>": "=1+1"}, "unknown_field", "＜script＞"),
]


def test_a_wrong_event_is_refused_with_code_field_and_reason_and_never_sent(
    gateway: RunningGateway, make_event: Make, settings: Settings, contract: Contract
) -> None:
    answers = [gateway.post(make_event(**change)) for change, _, _ in WRONG]
    assert {(answer.status_code, answer.headers["content-type"]) for answer in answers} == {
        (422, "application/problem+json")
    }
    problems = [answer.json() for answer in answers]
    assert [(problem["code"], problem["field"]) for problem in problems] == [
        (code, field) for _, code, field in WRONG
    ]
    assert all(contract.title in problem["reason"] for problem in problems)
    assert not any(ID in answer.text for answer in answers)
    assert in_topic(settings, contract) == []
    gateway.stop()
    expected = Counter((contract.source, code) for _, code, _ in WRONG)
    assert refusals(settings) == expected
    assert acknowledged(settings) == []


def test_each_event_of_a_batch_has_a_verdict_of_its_own(
    gateway: RunningGateway, make_event: Make, settings: Settings, contract: Contract
) -> None:
    batch = [
        make_event(0),
        make_event(1, meal="supper", price_fen=-1),
        make_event(2, envelope={"type": "no_such_source"}),
        make_event(3, envelope={"time": "yesterday"}),
        "not an event",
        make_event(5),
    ]
    answer = gateway.post(batch)
    assert answer.status_code == 207
    body = answer.json()
    assert (body["accepted"], body["refused"]) == (2, 4)
    assert [event["status"] for event in body["events"]] == [202, 422, 422, 422, 422, 202]
    codes = [event.get("code") for event in body["events"]]
    assert codes[2:5] == ["unknown_source", "bad_time", "not_an_object"]
    both = {(reason["code"], reason["field"]) for reason in body["events"][1]["reasons"]}
    assert both >= {("not_in_enum", "meal"), ("out_of_range", "price_fen")}
    assert {event["id"] for event in in_topic(settings, contract)} == {"meal-0", "meal-5"}
    gateway.stop()
    counted = refusals(settings)
    assert sum(counted.values()) == 4
    assert counted["unknown", "unknown_source"] == 1


def test_a_contract_that_is_deployed_later_is_taken_without_a_restart(
    gateway: RunningGateway, make_event: Make, settings: Settings
) -> None:
    other = load_contract(settings.contracts_dir / "station_visit.yaml")
    event = {**make_event(), "type": other.source, "data": dict(other.examples.good[0])}
    personal = next(iter(other.personal))
    event["data"][personal] = with_check_digit(ID)
    assert gateway.post(event).json()["code"] == "unknown_source"
    deploy(settings, [other])
    wait_for_equal(lambda: gateway.post(event).status_code, 202)


def test_a_changed_contract_judges_the_next_event(
    gateway: RunningGateway, make_event: Make, settings: Settings, contract: Contract
) -> None:
    assert gateway.post(make_event(1, meal="supper")).json()["code"] == "not_in_enum"
    changed = contract.text.replace("dinner: 晚餐}", "dinner: 晚餐, supper: 夜宵}")
    deploy(settings, [parse_contract(changed, "canteen_meal.yaml")])
    wait_for_equal(lambda: gateway.post(make_event(2, meal="supper")).status_code, 202)

"""Gateway, producer and importer are killed in the middle of what they send; whoever sent sends again."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition

from streams.client.minsheng_client import Client, Event
from streams.gateway.keys import FILE_NAME, add_key
from streams.tokens import Tokens
from streams.zone import ZONE
from tests.conftest import free_port
from tests.faults.generator import Made
from tests.faults.platform import PREFIX
from tests.faults.supervised import Supervised
from tests.faults.traffic import Sent
from tests.faults.trial import RATE, Trial
from tests.streams.gateway.conftest import with_check_digit
from tests.waiting import wait_for, wait_for_success

pytestmark = [pytest.mark.faults, pytest.mark.faults_once, pytest.mark.timeout(600)]

SOURCE = "canteen_meal"
TOPIC = PREFIX + SOURCE
EVENTS, BATCH = 2_000, 100
CLIENT, IN_THE_MIDDLE = b"minsheng-", b"QZXJKVWYQ"
"""How the platform's clients name themselves to Kafka; an id that stands in a compressed record as it is, for
nothing else looks like it."""
LINES = 20_000
MINSHENG = Path(sys.executable).with_name("minsheng")


class Persons:
    """Identity numbers of different persons: no two meals are one person's."""

    def __init__(self) -> None:
        self._count = 0

    def one(self) -> str:
        born = date(1920, 1, 1) + timedelta(days=self._count // 1_000)
        self._count += 1
        return with_check_digit(f"330302{born:%Y%m%d}{self._count % 1_000:03}")


PERSONS = Persons()


def events(trial: Trial, sender: str) -> list[dict[str, Any]]:
    """Meals of different elders, with their identity numbers as a department has them."""
    good = trial.platform.contracts[SOURCE].examples.good[0]
    found = [
        {
            "specversion": "1.0",
            "id": f"{trial.dice.getrandbits(64):x}",
            "source": sender,
            "type": SOURCE,
            "time": datetime.now(ZONE).isoformat(),
            "data": {**good, "elder": PERSONS.one()},
        }
        for _ in range(EVENTS)
    ]
    found[EVENTS // 2]["id"] = f"{IN_THE_MIDDLE.decode()}{sender}"
    return found


def records_of(trial: Trial, sender: str) -> list[tuple[Any, dict[str, Any]]]:
    """What Kafka has of a sender: each record with the event in it, in the order of its partition."""
    consumer = KafkaConsumer(
        bootstrap_servers=trial.platform.settings.kafka_bootstrap, group_id=None, enable_auto_commit=False
    )
    try:
        parts = [TopicPartition(TOPIC, number) for number in consumer.partitions_for_topic(TOPIC)]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        found = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for polled in consumer.poll(timeout_ms=500).values():
                mine = [record for record in polled if f'"{sender}"'.encode() in record.value]
                found += [(record, json.loads(record.value)) for record in mine]
        return found
    finally:
        consumer.close()


def tell(trial: Trial, sender: str, expected: int) -> int:
    """Tell the trial what Kafka has of the sender: the first of an id counts. How many came again.

    Nobody else knows: what was not acknowledged may be in the log or not.
    """
    seen = Counter[str]()
    for record, event in records_of(trial, sender):
        outcome = "duplicate" if seen[event["id"]] else "accepted"
        seen[event["id"]] += 1
        made = Made(SOURCE, event["id"], record.value, outcome, None, event)
        received = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        trial.traffic.sent.append(Sent(made, record.topic, record.partition, record.offset, received))
    assert len(seen) == expected, "an event is in Kafka or it was never acknowledged"
    return seen.total() - expected


def as_in_kafka(trial: Trial, sent: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """id -> data, persons replaced by tokens."""
    tokens = Tokens.of(trial.platform.settings.secret("tokens"))
    return {each["id"]: {**each["data"], "elder": tokens.token(each["data"]["elder"])} for each in sent}


@contextmanager
def gateway_of(trial: Trial) -> Iterator[tuple[Supervised, str, str]]:
    """A gateway under a supervisor, its address, and a key."""
    settings, port = trial.platform.settings, free_port()
    key = add_key(settings.secrets_dir / FILE_NAME, f"faults-{port}", ["*"])
    gateway = trial.platform.supervise(
        "gateway", sys.executable, "-m", "streams.gateway", MINSHENG_GATEWAY_PORT=str(port)
    )
    address = f"http://127.0.0.1:{port}"
    ready = lambda: httpx.get(f"{address}/ready", trust_env=False).raise_for_status()  # noqa: E731 (one use)
    wait_for_success(ready, httpx.HTTPError)
    try:
        yield gateway, address, key
    finally:
        gateway.stop()


def test_the_gateway_is_killed_in_mid_batch(trial: Trial) -> None:
    """The first half of a batch is in Kafka and nobody was told so: the client sends all of it again."""
    sender = "/faults/by-gateway"
    sent = events(trial, sender)
    verdicts: list[int] = []
    with gateway_of(trial) as (gateway, address, key), trial.comparing(), trial.traffic.flowing(RATE):

        def send() -> None:
            with Client(address, key, patience_seconds=90, batch_events=BATCH) as client:
                told = client.send_all(Event(**_event_of(each)) for each in sent)
                verdicts.extend(each.status for each in told)

        client = threading.Thread(target=send)
        with trial.platform.kafka.proxy.trapped(CLIENT, IN_THE_MIDDLE, where="answer") as trap:
            client.start()
            assert trap.sprung.wait(60), "the batch in the middle never reached Kafka"
            gateway.kill()
            wait_for(lambda: gateway.ended)
        client.join(120)
        assert verdicts == [202] * EVENTS
        again = tell(trial, sender, EVENTS)
        assert 0 < again <= BATCH
        assert {event["id"]: event["data"] for _, event in records_of(trial, sender)} == as_in_kafka(
            trial, sent
        )


def _event_of(event: dict[str, Any]) -> dict[str, Any]:
    same = {name: event[name] for name in ("type", "source", "id", "data")}
    return same | {"time": datetime.fromisoformat(event["time"])}


def test_a_producer_is_killed_and_sends_everything_again(trial: Trial, tmp_path: Path) -> None:
    sender = "/faults/by-producer"
    sent = events(trial, sender)
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in sent), encoding="utf-8")
    command = [sys.executable, "-m", "tests.faults.department", str(file)]
    with trial.comparing(), trial.traffic.flowing(RATE):
        with trial.platform.kafka.proxy.trapped(CLIENT, IN_THE_MIDDLE, where="answer") as trap:
            program = subprocess.Popen(command, env=trial.platform.environment)
            assert trap.sprung.wait(60), "the event in the middle never reached Kafka"
            program.kill()
            program.wait(10)
        assert (
            subprocess.run(command, env=trial.platform.environment, timeout=120, check=False).returncode == 0
        )
        assert EVENTS // 4 < tell(trial, sender, EVENTS) < EVENTS
        assert {event["id"]: event["data"] for _, event in records_of(trial, sender)} == as_in_kafka(
            trial, sent
        )


def test_an_import_is_killed_in_mid_file_and_run_again(trial: Trial, tmp_path: Path) -> None:
    """Lines have no id of their own: they get it from their content, the same both times."""
    sender = "/faults/by-import"
    contract = trial.platform.contracts[SOURCE]
    fields = {**contract.examples.good[0]}
    file = tmp_path / "meals.csv"
    at = datetime.now(ZONE).replace(microsecond=0) - timedelta(hours=1)
    with file.open("w", encoding="utf-8", newline="") as output:
        lines = csv.writer(output)
        lines.writerow([*fields, "time"])
        for number in range(LINES):
            data = {**fields, "elder": PERSONS.one()}
            lines.writerow([*data.values(), (at + timedelta(seconds=number % 3_600)).isoformat()])
    command = [str(MINSHENG), "import", str(file), "--source", SOURCE, "--sender", sender, "--json"]

    with trial.comparing(), trial.traffic.flowing(RATE):
        program = subprocess.Popen(command, env=trial.platform.environment, stdout=subprocess.DEVNULL)
        wait_for(lambda: records_of(trial, sender), 60)
        time.sleep(trial.dice.random() / 2)
        assert program.poll() is None, "it had ended before it could be killed"
        program.kill()
        program.wait(10)
        half = len(records_of(trial, sender))
        assert 0 < half < LINES
        again = subprocess.run(
            command, env=trial.platform.environment, capture_output=True, timeout=120, check=False
        )
        assert again.returncode == 0, again.stderr.decode()
        assert json.loads(again.stdout)["accepted"] == LINES
        assert tell(trial, sender, LINES) == half

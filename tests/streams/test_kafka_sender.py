"""Sending to a real broker: acknowledged or given up in time, in bounded memory, in every process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from secrets import token_hex

import pytest
from kafka import KafkaAdminClient

from streams.delivery import Position, Record
from streams.errors import KafkaAway
from streams.kafka_sender import KafkaSender, Patience
from streams.settings import Settings
from tests.streams.conftest import Broker, values_of
from tests.waiting import wait_for

pytestmark = pytest.mark.servers
QUICK = Patience(acknowledge_seconds=3, room_seconds=1)


@pytest.fixture
def topic(broker: Broker) -> str:
    name = f"sender.{token_hex(4)}"
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics({name: {"num_partitions": 2, "replication_factor": 1}})
    admin.wait_for_topics([name])
    admin.close()
    return name


@pytest.fixture
def sender_to(broker: Broker) -> Callable[..., KafkaSender]:
    settings = Settings().model_copy(update={"kafka_bootstrap": broker.bootstrap})
    return lambda **options: KafkaSender(settings, name="test", patience=QUICK, **options)


def records(topic: str, numbers: range) -> list[Record]:
    return [Record(topic, str(number % 7).encode(), str(number).encode()) for number in numbers]


def are_acknowledged(sender: KafkaSender, wanted: list[Record]) -> bool:
    return all(isinstance(outcome, Position) for outcome in sender.send_all(wanted).done.result(30))


def send_until_acknowledged(sender: KafkaSender, wanted: list[Record]) -> None:
    """As a way in does after a KafkaAway: the same records again; a client may hear of a restart late."""
    wait_for(lambda: are_acknowledged(sender, wanted))


def test_acknowledged_records_are_in_the_topic_in_the_order_of_their_key(
    broker: Broker, sender_to: Callable[..., KafkaSender], topic: str
) -> None:
    sender = sender_to()
    outcomes = sender.send_all(records(topic, range(5_000))).done.result(30)
    sender.close()
    assert all(isinstance(outcome, Position) for outcome in outcomes)
    of_key_3 = [int(value) for value in values_of(broker.bootstrap, topic) if int(value) % 7 == 3]
    assert of_key_3 == list(range(3, 5_000, 7))


def test_a_killed_broker_is_said_and_found_again(
    broker: Broker, sender_to: Callable[..., KafkaSender], topic: str
) -> None:
    sender = sender_to()
    first = sender.send_all(records(topic, range(100))).done.result(30)
    assert all(isinstance(outcome, Position) for outcome in first)
    broker.kill()
    lost = sender.send_all(records(topic, range(100, 200))).done.result(30)
    assert all(isinstance(outcome, KafkaAway) for outcome in lost)
    with pytest.raises(KafkaAway):
        sender.reach()
    broker.start()
    send_until_acknowledged(sender, records(topic, range(200, 300)))
    sender.close()
    there = {int(value) for value in values_of(broker.bootstrap, topic)}
    assert there >= {*range(100), *range(200, 300)}


def test_memory_is_bounded_while_the_broker_does_not_answer(
    broker: Broker, sender_to: Callable[..., KafkaSender], topic: str
) -> None:
    sender = sender_to(bytes_in_flight=1024 * 1024)
    assert isinstance(sender.send_all(records(topic, range(1))).done.result(30)[0], Position)
    broker.freeze()
    large = [Record(topic, b"k", b"x" * 10_000) for _ in range(500)]
    outcomes = sender.send_all(large).done.result(30)
    assert all(isinstance(outcome, KafkaAway) for outcome in outcomes)
    assert any("more slowly than they come" in str(outcome) for outcome in outcomes)
    broker.thaw()
    send_until_acknowledged(sender, records(topic, range(2)))
    sender.close()


def test_no_broker_at_all_is_said_with_its_address() -> None:
    settings = Settings().model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    sender = KafkaSender(settings, name="test", patience=QUICK)
    with pytest.raises(KafkaAway, match=r"127\.0\.0\.1:9"):
        sender.send(Record("any", None, b"1")).result(10)


def test_an_unknown_topic_is_given_up(sender_to: Callable[..., KafkaSender]) -> None:
    sender = sender_to()
    with pytest.raises(KafkaAway):
        sender.send(Record("sender.unknown", None, b"1")).result(10)
    sender.close()


def test_a_forked_child_sends_over_a_connection_of_its_own(
    broker: Broker, sender_to: Callable[..., KafkaSender], topic: str
) -> None:
    sender = sender_to()
    assert isinstance(sender.send_all(records(topic, range(10))).done.result(30)[0], Position)

    def child() -> None:
        sender.send_all(records(topic, range(10, 20))).done.result(30)
        sender.close()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert isinstance(sender.send_all(records(topic, range(20, 30))).done.result(30)[0], Position)
    sender.close()
    assert sorted(int(value) for value in values_of(broker.bootstrap, topic)) == list(range(30))

"""Topics as contracts ask: what is planned, and what Kafka then has."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from infra.deploy import deploy
from streams.contract.loader import load_contract
from streams.contract.model import Contract
from streams.errors import KafkaAway
from streams.settings import Settings
from streams.topics import Topic, TopicChange, ensure_topics, list_topics, plan, wanted_topic

LOG_APPEND = {"message.timestamp.type": "LogAppendTime", "retention.ms": "604800000"}


def contract_with(**topic: Any) -> Contract:
    contract = load_contract(Settings().contracts_dir / "canteen_meal.yaml")
    return contract.model_copy(update={"topic": contract.topic.model_copy(update=topic)})


def test_a_deployment_may_have_fewer_partitions_than_the_contract_but_not_more() -> None:
    settings = Settings().model_copy(update={"topic_partitions": 4, "topic_replication": 3})
    assert wanted_topic(contract_with(partitions=12), settings).partitions == 4
    assert wanted_topic(contract_with(partitions=1), settings).partitions == 1
    replicated = wanted_topic(contract_with(), settings)
    assert (replicated.replication, replicated.configs["min.insync.replicas"]) == (3, "2")


def test_the_plan_creates_alters_and_never_repartitions() -> None:
    wanted = [Topic(f"events.{name}", 2, 1, LOG_APPEND) for name in "abcd"]
    there = {
        "events.b": Topic("events.b", 2, 1, LOG_APPEND),
        "events.c": Topic("events.c", 2, 1, LOG_APPEND | {"retention.ms": "1"}),
        "events.d": Topic("events.d", 6, 1, LOG_APPEND),
        "events.z": Topic("events.z", 1, 1, {}),
    }
    changes = plan(wanted, there)
    assert [(change.topic, change.action) for change in changes] == [
        ("events.a", "create"),
        ("events.b", "keep"),
        ("events.c", "alter"),
        ("events.d", "keep"),
    ]
    assert "1 -> 604800000" in changes[2].detail
    assert "6 partitions" in changes[3].detail


def test_kafka_away_is_said_with_its_address() -> None:
    settings = Settings().model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    with pytest.raises(KafkaAway, match=r"127\.0\.0\.1:9"):
        list_topics(settings)


@pytest.mark.servers
def test_kafka_has_what_the_contract_asks_and_a_second_call_changes_nothing(settings: Settings) -> None:
    first = contract_with(retention=timedelta(days=3))
    name = settings.topic_prefix + first.source
    assert ensure_topics(settings, [first], dry_run=True) == [TopicChange(name, "create", "2 partitions")]
    assert list_topics(settings) == []
    assert [change.action for change in ensure_topics(settings, [first])] == ["create"]
    (topic,) = list_topics(settings)
    assert (topic.name, topic.partitions, topic.retention) == (name, 2, timedelta(days=3))
    assert topic.configs["message.timestamp.type"] == "LogAppendTime"
    assert [change.action for change in ensure_topics(settings, [first])] == ["keep"]
    assert [change.action for change in ensure_topics(settings, [contract_with()])] == ["alter"]
    assert list_topics(settings)[0].retention == timedelta(days=7)


@pytest.mark.servers
def test_the_commands_show_and_ensure_topics_of_deployed_contracts(settings: Settings) -> None:
    deploy(settings, [contract_with()])
    shown = CliRunner().invoke(app, ["topics", "list", "--json"])
    assert [topic["partitions"] for topic in json.loads(shown.stdout)] == [2]
    ensured = CliRunner().invoke(app, ["topics", "ensure", "--json"])
    assert [change["action"] for change in json.loads(ensured.stdout)] == ["keep"]
    table = CliRunner().invoke(app, ["topics", "list"])
    assert "LogAppendTime" in table.stdout

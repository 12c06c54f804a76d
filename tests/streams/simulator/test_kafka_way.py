"""Simulated days through the real Kafka: what arrives is what the answer says, and holds nobody's number."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from kafka import KafkaConsumer, TopicPartition
from typer.testing import CliRunner

from infra.cli import simulate
from infra.deploy import deploy
from streams.judge.judge import Judge
from streams.judge.uniqueness import CODE
from streams.settings import Settings
from streams.topic_name import topic_name
from streams.zone import ZONE
from tests.streams.simulator.conftest import CONTRACTS

pytestmark = pytest.mark.servers

YESTERDAY = (datetime.now(ZONE) - timedelta(days=1)).date()
TOMORROW = YESTERDAY + timedelta(days=2)  # not over even if midnight comes while tests run
RAW_ID = re.compile(rb'"[1-9]\d{16}[0-9X]"')


@pytest.fixture
def deployed(settings: Settings) -> Settings:
    deploy(settings, CONTRACTS.values())
    return settings


def records(settings: Settings, source: str) -> Iterator[bytes]:
    topic = topic_name(settings.topic_prefix, source)
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, enable_auto_commit=False)
    parts = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    consumer.assign(parts)
    consumer.seek_to_beginning(*parts)
    ends = consumer.end_offsets(parts)
    while any(consumer.position(part) < ends[part] for part in parts):
        for batch in consumer.poll(timeout_ms=500).values():
            yield from (record.value for record in batch)
    consumer.close()


def outcomes(settings: Settings, source: str) -> Counter[str]:
    """What a judge and a set of ids make of what is in Kafka."""
    values = list(records(settings, source))
    batch = pa.table(
        {
            "topic": pa.array([topic_name(settings.topic_prefix, source)] * len(values)),
            "partition": pa.array([0] * len(values), pa.int32()),
            "offset": pa.array(range(len(values)), pa.int64()),
            "received_at": pa.array([datetime.now(UTC)] * len(values), pa.timestamp("us", "UTC")),
            "value": pa.array(values, pa.binary()),
        }
    )
    counts: Counter[str] = Counter(sent=len(values))
    contents: dict[bytes, int] = {}
    for verdict in Judge(CONTRACTS, settings.topic_prefix).judge(batch).to_pylist():
        if not verdict["accepted"]:
            counts["quarantined"] += 1
        elif verdict["claim_id"] not in contents:
            contents[verdict["claim_id"]] = verdict["content"]
            counts["accepted"] += 1
        else:
            counts["duplicate" if contents[verdict["claim_id"]] == verdict["content"] else "conflict"] += 1
    return counts


def sent(*arguments: str) -> dict[str, dict[str, Any]]:
    """The command's own answer, by source."""
    mishaps = ["--late", "0.1", "--duplicate", "0.1", "--conflict", "0.02", "--faulty", "0.1"]
    call = ["day", "--day", str(YESTERDAY), "--scale", "0.05", "--json", *mishaps, *arguments]
    result = CliRunner().invoke(simulate.app, call, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    sources = json.loads(result.stdout)["sources"]
    assert isinstance(sources, dict)
    return sources


OUTCOMES = ("sent", "accepted", "quarantined", "duplicate", "conflict")


def each_alone(answer: dict[str, Any]) -> dict[str, int]:
    """The answer as `outcomes` counts: without rules across events, which the judge alone does not ask."""
    across = sum(n for code, n in answer["quarantined_because"].items() if code.startswith(CODE))
    counts: dict[str, int] = {name: answer[name] for name in OUTCOMES}
    counts["accepted"] += across
    counts["quarantined"] -= across
    return counts


def found_in_kafka(settings: Settings, source: str) -> dict[str, int]:
    counts = outcomes(settings, source)
    return {name: counts[name] for name in OUTCOMES}


def test_what_arrives_in_kafka_is_what_the_answer_says(deployed: Settings) -> None:
    for source, answer in sent().items():
        assert found_in_kafka(deployed, source) == each_alone(answer)


def test_no_raw_number_of_a_person_reaches_kafka_except_in_the_fault_that_is_just_that(
    deployed: Settings,
) -> None:
    answer = sent("--source", "canteen_meal")["canteen_meal"]
    raw = sum(bool(RAW_ID.search(value)) for value in records(deployed, "canteen_meal"))
    assert raw == answer["quarantined_because"]["untokenised"]


def test_a_day_that_is_sent_again_is_all_duplicates(deployed: Settings) -> None:
    source = "subsidy_payout"
    answer = each_alone(sent("--source", source)[source])
    again = sent("--source", source)[source]
    found = outcomes(deployed, source)
    assert found["accepted"] == answer["accepted"]
    assert found["duplicate"] == answer["duplicate"] * 2 + answer["accepted"]
    assert found["conflict"] == answer["conflict"] + again["conflict"]


def test_stragglers_are_the_rest_of_the_day(deployed: Settings) -> None:
    source = "canteen_meal"
    first = each_alone(sent("--source", source, "--stragglers", "without")[source])
    assert found_in_kafka(deployed, source) == first
    rest = each_alone(sent("--source", source, "--stragglers", "only")[source])
    assert min(first["accepted"], rest["accepted"]) > 0
    assert outcomes(deployed, source)["accepted"] == first["accepted"] + rest["accepted"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--day", f"{TOMORROW}"], "is not over"),
        (["--day", "2022-06-10"], "does not accept"),
        (["--source", "canteen"], "there is no contract canteen; there are "),
        (["--speed", "2", "--as-fast-as-possible"], "exclude each other"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_what_to_do(
    deployed: Settings, arguments: list[str], says: str
) -> None:
    result = CliRunner().invoke(simulate.app, ["day", *arguments], catch_exceptions=False)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())


def test_a_dry_run_sends_nothing(deployed: Settings) -> None:
    assert sent("--dry-run")["canteen_meal"]["sent"] > 0
    assert not list(records(deployed, "canteen_meal"))

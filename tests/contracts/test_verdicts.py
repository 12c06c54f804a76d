"""Every contract's own examples: good ones are accepted, bad ones rejected for the reason that they name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from streams.contract.model import Contract
from streams.contract.rules import examples
from streams.judge.judge import Judge
from streams.judge.uniqueness import CODE as UNIQUE
from streams.judge.uniqueness import broken
from streams.reasons import REASONS

RECEIVED = datetime(2022, 6, 15, 4, 0, tzinfo=UTC)


def verdicts(contract: Contract, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the judge says of these events."""
    judged: list[dict[str, Any]] = (
        Judge({contract.source: contract}, "events.").judge(batch(contract, events)).to_pylist()
    )
    return judged


def batch(contract: Contract, events: list[dict[str, Any]]) -> pa.Table:
    """The events as the judge gets them."""
    count = len(events)
    return pa.table(
        {
            "topic": [f"events.{contract.source}"] * count,
            "partition": pa.array([0] * count, pa.int32()),
            "offset": pa.array(range(count), pa.int64()),
            "received_at": pa.array([RECEIVED] * count, pa.timestamp("us", "UTC")),
            "value": pa.array(
                [json.dumps(event, ensure_ascii=False).encode() for event in events], pa.binary()
            ),
        }
    )


def event(contract: Contract, number: int, data: dict[str, Any], time: str | None = None) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"example-{number}", "source": "/examples", "type": contract.source,
        "time": time or "2022-06-15T12:00:00+08:00", "datacontenttype": "application/json", "data": data,
    }  # fmt: skip


def test_good_examples_are_accepted(contract: Contract) -> None:
    events = [event(contract, number, data) for number, data in enumerate(contract.examples.good)]
    for data, verdict in zip(contract.examples.good, verdicts(contract, events), strict=True):
        assert verdict["accepted"], (data, verdict["reasons"])
        assert verdict["place"] == data[contract.topic.key]


def test_bad_examples_are_rejected_for_the_reason_they_name(contract: Contract) -> None:
    bad = [example for example in contract.examples.bad if not example.because.startswith(UNIQUE)]
    events = [event(contract, number, example.data, example.time) for number, example in enumerate(bad)]
    for example, verdict in zip(bad, verdicts(contract, events), strict=True):
        assert not verdict["accepted"], example
        reasons = {(reason["code"], reason["field"]) for reason in verdict["reasons"]}
        assert example.because in {code for code, _ in reasons}, (example, reasons)
        if example.field is not None:
            assert (example.because, example.field) in reasons, (example, reasons)


def test_examples_that_come_once_too_often_are_rejected_by_the_rule_they_name(contract: Contract) -> None:
    """Each is judged after those before it, which are let through, and breaks its rule and no other."""
    judge = Judge({contract.source: contract}, "events.")
    rules = judge.unique[contract.source]
    for example in contract.examples.bad:
        if example.because.startswith(UNIQUE):
            told = [*example.before, example.data]
            events = [event(contract, number, data, example.time) for number, data in enumerate(told)]
            judged = judge.judge(batch(contract, events))
            assert judged["accepted"].to_pylist() == [True] * len(told), (
                example,
                judged["reasons"].to_pylist(),
            )
            found = broken(judged, rules).to_pylist()
            assert found[:-1] == [None] * len(example.before), example
            assert found[-1] is not None, example
            assert rules[found[-1]].code == example.because


def test_every_reason_that_an_example_may_name_has_its_texts() -> None:
    assert REASONS.keys() >= examples.EXAMPLE_CODES

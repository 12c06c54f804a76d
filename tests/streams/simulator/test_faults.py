"""Faulty events are what their fault says: the judge is asked about each kind."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pytest

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES
from streams.judge.judge import Judge
from streams.simulator.day import SimulatedDay
from streams.simulator.faults import Fault, as_bytes, faults
from streams.simulator.kafka_way import tokenise
from streams.simulator.plan import Rates
from streams.simulator.randomness import stream
from streams.tokens import Tokens
from tests.streams.simulator.conftest import Day

TOKENS = Tokens(b"k" * 32)
RECEIVED = datetime(2022, 6, 11, 12, tzinfo=UTC)


def verdicts(contract: Contract, values: list[bytes]) -> list[dict[str, object]]:
    count = len(values)
    batch = pa.table(
        {
            "topic": pa.array([f"events.{contract.source}"] * count),
            "partition": pa.array([0] * count, pa.int32()),
            "offset": pa.array(range(count), pa.int64()),
            "received_at": pa.array([RECEIVED] * count, pa.timestamp("us", "UTC")),
            "value": pa.array(values, pa.binary()),
        }
    )
    return Judge({contract.source: contract}, "events.").judge(batch).to_pylist()


def spoilt(day: SimulatedDay, fault: Fault, places: int) -> list[bytes]:
    """Right events of the day with that fault."""
    values = []
    for place, sending in enumerate(day.sendings()):
        if place == places:
            break
        event = sending.event
        fault.change(event, stream(1, "test", place))
        if fault.code != "untokenised":
            tokenise(event, day.contract, TOKENS)
        values.append(as_bytes(event, fault))
    return values


def test_every_kind_of_fault_is_rejected_for_its_reason(contract: Contract, simulated: Day) -> None:
    day = simulated(rates=Rates(late=0, duplicate=0, conflict=0, faulty=0))
    for fault in faults(contract, day.columns, "kafka"):
        for verdict in verdicts(contract, spoilt(day, fault, 20)):
            reasons = verdict["reasons"] or []
            assert not verdict["accepted"], (fault.code, fault.field, verdict)
            assert (fault.code, fault.field) in [
                (r["code"], r["field"] if fault.field else None) for r in reasons
            ]


def test_every_rule_of_a_contract_has_a_fault(contract: Contract, simulated: Day) -> None:
    found = {(fault.code, fault.field) for fault in faults(contract, simulated().columns, "kafka")}
    assert {f"check:{check}" for check in contract.checks} <= {code for code, _ in found}
    for field, spec in contract.fields.items():
        assert spec.optional or ("missing", field) in found
        assert spec.range is None or ("out_of_range", field) in found
        assert spec.values is None or ("not_in_enum", field) in found
        assert spec.pattern is None or ("bad_pattern", field) in found
        assert spec.pii is None or ("untokenised", field) in found


def test_right_events_are_accepted(contract: Contract, simulated: Day) -> None:
    values = []
    for sending in simulated(rates=Rates(late=0.1, duplicate=0.2, conflict=0.1, faulty=0)).sendings():
        tokenise(sending.event, contract, TOKENS)
        values.append(orjson.dumps(sending.event))
    judged = verdicts(contract, values)
    assert [verdict["reasons"] for verdict in judged if not verdict["accepted"]] == []


def test_a_resend_has_the_content_of_its_original_and_a_conflict_has_not(
    contract: Contract, simulated: Day
) -> None:
    sent = list(simulated(rates=Rates(late=0, duplicate=0.3, conflict=0.3, faulty=0)).sendings())
    for sending in sent:
        tokenise(sending.event, contract, TOKENS)
    judged = verdicts(contract, [orjson.dumps(sending.event) for sending in sent])
    first: dict[object, dict[str, object]] = {}
    for sending, verdict in zip(sent, judged, strict=True):
        original = first.setdefault(verdict["claim_id"], verdict)
        same = verdict["content"] == original["content"]
        assert same == (sending.kind.name != "CONFLICTING"), sending


@pytest.mark.parametrize("way", ["kafka", "gateway"])
def test_personal_values_are_wrong_only_where_it_can_be_seen(
    contract: Contract, simulated: Day, way: str
) -> None:
    found = faults(contract, simulated().columns, way)
    raw = {fault.field for fault in found if fault.code == "untokenised"}
    spoilt = {fault.field for fault in found if fault.code == "bad_checksum"} & contract.personal
    checked = {name for name in contract.personal if NAMED_TYPES[contract.columns[name].type].checksum}
    assert raw == (contract.personal if way == "kafka" else set())
    assert spoilt == (checked if way == "gateway" else set())

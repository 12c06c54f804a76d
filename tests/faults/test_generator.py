"""The known answers are right: the judge says the same of each event by itself, and a seed repeats them."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from streams.contract.loader import load_contract
from streams.judge.judge import Judge
from streams.judge.schema import INPUT
from streams.settings import REPOSITORY
from tests.faults.generator import ANEW, MIXTURE, Generator, Made
from tests.faults.platform import SOURCES

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
FOLDER = REPOSITORY / "streams" / "contracts"
CONTRACTS = {source: load_contract(FOLDER / f"{source}.yaml") for source in SOURCES}


def made(seed: int, count: int = 2_000) -> list[Made]:
    generator = Generator(CONTRACTS.values(), seed, clock=lambda: NOW)
    return [each for _ in range(count) for each in generator.make()]


def test_the_same_seed_gives_the_same_events_and_another_one_others() -> None:
    assert made(1, 200) == made(1, 200)
    assert made(1, 200) != made(2, 200)


def test_the_judge_accepts_what_is_valid_by_itself_and_names_the_reason_of_what_is_not() -> None:
    events = made(3)
    columns = {
        "topic": [f"events.{each.source}" for each in events],
        "partition": pa.array([0] * len(events), pa.int32()),
        "offset": pa.array(range(len(events)), pa.int64()),
        "received_at": [NOW] * len(events),
        "value": [each.value for each in events],
    }
    verdicts = Judge(CONTRACTS, "events.").judge(pa.table(columns, schema=INPUT)).to_pylist()
    wrong = [
        (each, verdict["reasons"])
        for each, verdict in zip(events, verdicts, strict=True)
        if verdict["accepted"] != (each.event is not None)
        or (not verdict["accepted"] and each.code not in {reason["code"] for reason in verdict["reasons"]})
    ]
    assert wrong == []


@pytest.mark.parametrize(("mixture", "outcomes"), [(MIXTURE, 4), (ANEW, 2)], ids=["all", "anew"])
def test_every_outcome_that_can_be_is_there(mixture: dict[str, int], outcomes: int) -> None:
    generator = Generator(CONTRACTS.values(), 4, clock=lambda: NOW)
    found = [each for _ in range(1_000) for each in generator.make(mixture)]
    assert len({each.outcome for each in found}) == outcomes
    rules = {f"unique:{name}" for contract in CONTRACTS.values() for name in contract.unique}
    assert rules <= {each.code for each in found}


def test_a_hot_key_is_that_of_later_duplicates_too() -> None:
    generator = Generator(CONTRACTS.values(), 5, clock=lambda: NOW)
    hot = [each for _ in range(50) for each in generator.make({"good": 1}, key="hot")]
    again = [each for _ in range(50) for each in generator.make({"far": 1})]
    assert {each.key for each in (*hot, *again)} == {"hot"}

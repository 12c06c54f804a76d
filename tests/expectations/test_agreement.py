"""Great Expectations on Spark and the judge on DuckDB give the same verdict about the same events."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from expectations.event_rules import asked, event_rules
from expectations.questioner import Questioner
from streams.contract.model import Contract
from streams.judge.judge import Judge
from streams.judge.uniqueness import broken
from tests.expectations.conftest import CONTRACTS, TUESDAY, frame, values

pytestmark = pytest.mark.servers

RULES = {
    "missing": "required",
    "bad_pattern": "pattern",
    "out_of_range": "range",
    "not_in_enum": "known",
    "untokenised": "token",
}
NASTY: tuple[Any, ...] = (
    None, "", " ", "x", "x\n", "330302", "330302 ", "ST302001\n", "tk_" + "A" * 32, "tk_" + "0" * 32,
    "2022-13", 0, 1, -1, 5001, 10**13, 12.0, 12.5, 1e3, True, False, "true", "<script>alert(1)</script>",
    "=1+1", "食" * 201, "breakfast",
)  # fmt: skip


def failed(
    spark: SparkSession, questioner: Questioner, contract: Contract, texts: list[str]
) -> dict[str, int]:
    """Codes of the rules that failed -> events that break them."""
    seen = asked(frame(spark, contract, texts), contract)
    rules = list(event_rules(contract, TUESDAY))
    answers = questioner.ask_spark(f"{contract.source}.events", seen, rules)
    return {answer.code: answer.unexpected or 0 for answer in answers if not answer.success}


def verdicts(contract: Contract, texts: list[str]) -> list[dict[str, Any]]:
    """The judge's verdicts on events that were received that evening, one after the other."""
    count = len(texts)
    batch = pa.table(
        {
            "topic": pa.array([f"events.{contract.source}"] * count),
            "partition": pa.array([0] * count, pa.int32()),
            "offset": pa.array(range(count), pa.int64()),
            "received_at": pa.array(
                [datetime(2022, 6, 14, 12, tzinfo=UTC)] * count, pa.timestamp("us", "UTC")
            ),
            "value": pa.array([text.encode() for text in texts]),
        }
    )
    judge = Judge({contract.source: contract}, "events.")
    judged = judge.judge(batch)
    found: list[dict[str, Any]] = judged.select(["accepted", "reasons"]).to_pylist()
    rules = judge.unique[contract.source]
    for verdict, index in zip(found, broken(judged, rules).to_pylist(), strict=True):
        if index is not None:
            reason = {"code": rules[index].code, "field": None, "detail": None}
            verdict |= {"accepted": False, "reasons": [reason]}
    return found


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_good_examples_pass_every_rule(
    spark: SparkSession, questioner: Questioner, contract: Contract
) -> None:
    texts = values(contract, contract.examples.good)
    assert all(verdict["accepted"] for verdict in verdicts(contract, texts))
    assert failed(spark, questioner, contract, texts) == {}


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_bad_examples_fail_the_rule_of_their_reason(
    spark: SparkSession, questioner: Questioner, contract: Contract
) -> None:
    bad = [each for each in contract.examples.bad if each.time is None]
    expected = {
        each.because if each.because.startswith("check:") else f"{each.field}.{RULES[each.because]}"
        for each in bad
        if each.because in RULES or each.because.startswith("check:")
    }
    found = failed(spark, questioner, contract, values(contract, [each.data for each in bad]))
    assert expected
    assert expected - set(found) == set()


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_what_the_judge_accepts_passes_and_what_it_rejects_fails(
    spark: SparkSession, questioner: Questioner, contract: Contract
) -> None:
    """Good examples with one or two fields replaced by nasty values.

    Spark reads a number as text and a quoted number as a number, where the judge says wrong type: Great
    Expectations counts all that the judge finds for a reason, and nothing that the judge finds right.
    """
    random = Random(contract.source)
    data = []
    for _ in range(1_500):
        event = dict(random.choice(contract.examples.good))
        # Somebody else each time: what is said once of a person is not what this is about.
        event |= {name: f"tk_{random.getrandbits(128):032x}" for name in contract.personal & event.keys()}
        for name in random.sample(sorted(contract.fields), random.choice((0, 1, 1, 2))):
            event[name] = random.choice((*NASTY, random.choice(contract.examples.good).get(name)))
        data.append(event)
    texts = values(contract, data)
    found = verdicts(contract, texts)
    accepted = [text for text, verdict in zip(texts, found, strict=True) if verdict["accepted"]]
    rejected = [text for text, verdict in zip(texts, found, strict=True) if not verdict["accepted"]]
    counted = Counter(
        f"{reason['field']}.{RULES[reason['code']]}"
        for verdict in found
        for reason in verdict["reasons"] or ()
        if reason["code"] in ("out_of_range", "not_in_enum")
    )
    faults = Counter(
        field for verdict in found for field in {reason["field"] for reason in verdict["reasons"] or ()}
    )

    assert failed(spark, questioner, contract, accepted) == {}
    second = failed(spark, Questioner(questioner.home, "again"), contract, rejected)
    assert len(accepted) > (10 if contract.unique else 50)
    assert counted
    for code, events in counted.items():
        faulty = faults[code.partition(".")[0]]
        assert events <= second.get(code, 0) <= faulty, code

"""Rules across events hold in the simulated city but for what is foretold: uniqueness, steps of cases."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import orjson
import pyarrow as pa

from streams.contract.model import Contract
from streams.judge.judge import Judge
from streams.judge.uniqueness import broken
from streams.simulator.answer import expected
from streams.simulator.faults import as_bytes
from streams.simulator.kafka_way import tokenise
from streams.simulator.plan import Kind, Rates
from tests.streams.simulator.conftest import FRIDAY, Day
from tests.streams.simulator.test_faults import RECEIVED, TOKENS

NOTHING_WRONG = Rates(late=0, duplicate=0, conflict=0, faulty=0)
ONCE = (Kind.GOOD, Kind.FAULTY)


def judged(contract: Contract, values: list[bytes]) -> pa.Table:
    count = len(values)
    return Judge({contract.source: contract}, "events.").judge(
        pa.table(
            {
                "topic": pa.array([f"events.{contract.source}"] * count),
                "partition": pa.array([0] * count, pa.int32()),
                "offset": pa.array(range(count), pa.int64()),
                "received_at": pa.array([RECEIVED] * count, pa.timestamp("us", "UTC")),
                "value": pa.array(values, pa.binary()),
            }
        )
    )


def broken_rules(contract: Contract, table: pa.Table) -> list[str]:
    """Codes of the rules of uniqueness that accepted events break, asked in the order of the table."""
    accepted = table.filter(table["accepted"])
    rules = Judge({contract.source: contract}, "events.").unique[contract.source]
    return [rules[found].code for found in broken(accepted, rules).to_pylist() if found is not None]


def test_what_breaks_a_rule_of_uniqueness_is_foretold(contract: Contract, simulated: Day) -> None:
    day = simulated(rates=Rates(late=0.1, duplicate=0, conflict=0, faulty=0.3))
    values = []
    for sending in day.sendings():
        if sending.fault is None or sending.fault.code != "untokenised":
            tokenise(sending.event, contract, TOKENS)
        values.append(
            as_bytes(sending.event, sending.fault) if sending.fault else orjson.dumps(sending.event)
        )
    foretold = {
        code: count for code, count in expected(day).quarantined_because.items() if code.startswith("unique:")
    }
    found = broken_rules(contract, judged(contract, values))
    assert {code: found.count(code) for code in set(found)} == foretold
    assert foretold or not contract.unique or not any(rule.times == 1 for rule in contract.unique.values())


def test_several_days_together_break_no_rule(contract: Contract, simulated: Day) -> None:
    values = []
    for number in range(3):
        for sending in simulated(FRIDAY - timedelta(days=number), rates=NOTHING_WRONG).sendings():
            tokenise(sending.event, contract, TOKENS)
            values.append(orjson.dumps(sending.event))
    assert broken_rules(contract, judged(contract, values)) == []


def test_nearly_every_step_of_a_case_follows_one_that_it_may(contract: Contract, simulated: Day) -> None:
    """What a case shares is the same in all of its steps; few steps are out of turn."""
    life = contract.life_cycle
    if life is None:
        return
    steps: dict[str, list[str]] = defaultdict(list)
    places: dict[str, set[str]] = defaultdict(set)
    for number in (3, 2, 1, 0):
        day = simulated(FRIDAY - timedelta(days=number), rates=NOTHING_WRONG)
        for case, step, place in zip(
            *(day.columns[name].tolist() for name in (life.case, life.step, contract.topic.key)), strict=True
        ):
            steps[case].append(step)
            places[case].add(place)
    follow = [pair for case in steps.values() for pair in pairwise(case)]
    illegal = [pair for pair in follow if pair[1] not in life.then.get(pair[0], ())]
    assert len(illegal) <= 0.03 * len(follow)
    assert {len(found) for found in places.values()} == {1}

"""Rules across events and life cycles in the live query, over real servers and Spark."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from infra.deploy import deploy
from streams.contract.loader import load_contracts
from streams.contract.model import Contract
from streams.settings import Settings
from streams.zone import ZONE
from tests.spark_jobs.live.conftest import RunLive
from tests.spark_jobs.live.rules import with_rules
from tests.spark_jobs.live.sending import City, Sender

pytestmark = pytest.mark.servers
NOON = datetime.now(ZONE).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
MEALS = ("breakfast", "lunch", "dinner")


@pytest.fixture
def ruled(settings: Settings) -> Contract:
    contract = with_rules(load_contracts(settings.contracts_dir)["canteen_meal"])
    deploy(settings, [contract])
    return contract


def meals(contract: Contract, count: int, seed: int) -> list[dict[str, Any]]:
    """Meals of few elders, so that most rules are broken; some are told again."""
    dice, city, told = Random(seed), City([contract], seed, people=count // 4), list[dict[str, Any]]()
    for number in range(count):
        _, event = city.event()
        data = {**event["data"], "meal": dice.choice(MEALS), "service": dice.choice(("delivery", "takeaway"))}
        told.append({**event, "id": f"meal-{number}", "time": NOON.isoformat(), "data": data})
        if dice.random() < 0.2:
            told.append(dice.choice(told))
    return told


def judged(told: list[dict[str, Any]]) -> tuple[Counter[str], dict[str, str], Counter[str]]:
    """By a plain program: outcomes, id -> code of those that break a rule, steps by canteen."""
    outcomes, broken, steps = Counter[str](), dict[str, str](), Counter[str]()
    ids, slots, deliveries = set(), set(), Counter[str]()
    for event in told:
        data = event["data"]
        if event["id"] in ids:
            outcomes["duplicate"] += 1
            continue
        ids.add(event["id"])
        if (data["elder"], data["meal"]) in slots:
            broken[event["id"]] = "unique:one_meal"
            continue
        slots.add((data["elder"], data["meal"]))
        if data["service"] == "delivery":
            if deliveries[data["elder"]] == 2:
                broken[event["id"]] = "unique:month_cap"
                continue
            deliveries[data["elder"]] += 1
        outcomes["accepted"] += 1
        steps[data["canteen_id"]] += 1
    return outcomes + Counter({"quarantined": len(broken)}), broken, steps


def test_what_breaks_a_rule_is_quarantined_once_and_nothing_else_is(
    settings: Settings, ruled: Contract, run_live: RunLive
) -> None:
    told = meals(ruled, 400, seed=31)
    outcomes, broken, steps = judged(told)
    assert set(broken.values()) == {"unique:one_meal", "unique:month_cap"}
    sender = Sender(settings)
    for event in told:  # one key, one partition: received in this order
        sender.raw(ruled.source, json.dumps(event, ensure_ascii=False).encode(), "one")
    sender.flush()
    run_live(events=90)
    assert found(settings) == (outcomes, broken, steps)
    with psycopg.connect(settings.postgres_dsn) as connection:
        (detail, excerpt), *_ = connection.execute(
            "select reasons -> 0 ->> 'detail', excerpt from ops.quarantine"
        ).fetchall()
        assert re.fullmatch(r"首次：分区 \d 位置 \d+，接收时间 [-0-9]{10} [:0-9]{8}", detail)
        assert '"specversion"' in excerpt
        connection.execute("delete from ops.position")
    run_live(events=90)
    again = Counter(duplicate=outcomes.total()) + outcomes
    assert found(settings) == (again, broken, steps)


def found(settings: Settings) -> tuple[Counter[str], dict[str, str], Counter[str]]:
    """The same as `judged`, by what stands in PostgreSQL."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        outcomes = connection.execute(
            "select outcome, sum(events)::int from ops.tally where query = 'live' group by 1"
        ).fetchall()
        broken = connection.execute("select event_id, reasons -> 0 ->> 'code' from ops.quarantine").fetchall()
        steps = connection.execute("select case_id, count(*) from ops.case_step group by 1").fetchall()
        counted = connection.execute("select sum(meals)::int from live.ruled_meal__meals").fetchone()
    assert counted == (dict(outcomes)["accepted"],)
    return Counter(dict(outcomes)), dict(broken), Counter(dict(steps))

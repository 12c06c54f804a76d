"""A contract with rules across events and a life cycle, and accepted events with made-up keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5

import pyarrow as pa

from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.judge.uniqueness import KEY, UniqueKey

RULES = """
unique:
  one_meal: {title: 同一餐次只能用餐一次, fields: [elder, meal], per: day}
  month_cap: {title: 每月送餐不超过两次, fields: [elder], per: month, times: 2, where: service = 'delivery'}
life_cycle:
  case: canteen_id
  step: meal
  start: [breakfast]
  then: {breakfast: [lunch], lunch: [dinner]}
  within: {breakfast: 4h, lunch: 6h}
"""


def with_rules(contract: Contract) -> Contract:
    """The contract of the meals under another name, with RULES and without counter-examples of its own."""
    text = re.sub(r"(?m)^(?:unique|life_cycle|day_rules|simulate):.*\n(?:(?:[ #].*)?\n)*", "", contract.text)
    text = re.sub(r"(?m)^  bad:.*\n(?:(?:    .*|)\n)*", "", text)
    text = text.replace(f"source: {contract.source}", "source: ruled_meal", 1)
    return parse_contract(text.replace("\nexamples:", RULES + "\nexamples:", 1), "ruled_meal.yaml")


@dataclass(frozen=True)
class Keyed:
    """An accepted event as the claims see it. `keys`: a text for each rule, None where it does not apply."""

    position: int
    received: int
    day: int
    keys: tuple[str | None, ...]


BEGIN = datetime(2026, 5, 4, 8, tzinfo=UTC)


def table(events: Iterable[Keyed], rules: Iterable[UniqueKey]) -> pa.Table:
    """position, received_at (BEGIN and so many seconds), event_day and the rules' columns.

    A key is hashed with its rule and, per day, with its day, as the judge does.
    """
    kept = list(events)
    columns = {
        "position": pa.array([each.position for each in kept], pa.int64()),
        "partition": pa.array([each.position >> 40 for each in kept], pa.int32()),
        "offset": pa.array([each.position & (1 << 40) - 1 for each in kept], pa.int64()),
        "received_at": pa.array(
            [BEGIN + timedelta(seconds=each.received) for each in kept], pa.timestamp("us", "UTC")
        ),
        "event_day": pa.array([each.day for each in kept], pa.int32()),
    }
    for index, rule in enumerate(rules):
        hashed = [_key(rule, each, each.keys[index]) for each in kept]
        columns[rule.column] = pa.array(hashed, KEY)
    return pa.table(columns)


def _key(rule: UniqueKey, event: Keyed, value: str | None) -> bytes | None:
    period = event.day if rule.per == "day" else ""
    return None if value is None else md5(f"{rule.name}|{period}|{value}".encode()).digest()  # noqa: S324

"""Many events of a contract, right and wrong: simulated ones, some with other values here and there."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from streams.contract.model import Contract
from streams.judge.shape import leaves
from streams.personal import personal_values
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from streams.simulator.faults import faults
from streams.simulator.nested import holder
from streams.simulator.plan import Rates
from streams.tokens import Tokens

DAY = date(2022, 6, 14)
RECEIVED = datetime(2022, 6, 14, 16, 30, tzinfo=UTC)
TOKENS = Tokens(b"c" * 32)
EVENTS = 10_000
SIMULATED = 250
GONE = object()
NASTY: tuple[Any, ...] = (
    GONE, None, "", " ", "x", "x\n", "330302", "330302 ", "330302006", "2022-13", "2022-02-30", "2022-06-14",
    0, 1, -1, 5001, 10**13, 12.0, 12.5, 1e3, True, False, "true", "<script>alert(1)</script>", "=1+1",
    "食" * 201, [], {}, [{}],
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """An event as a department has it, with persons, and as it stands in Kafka: its bytes."""

    event: dict[str, Any]
    value: bytes


def cases(contract: Contract, count: int = EVENTS) -> Iterator[Case]:
    """So many events, each under an id of its own; one in three as simulated, the others changed."""
    random = Random(contract.source)
    day = SimulatedDay(City(contract), DAY, SIMULATED / contract.expect.per_day, Rates(0, 0, 0, 0))
    known = [orjson.dumps(sending.event) for sending in day.sendings()]
    names = list(dict.fromkeys([*(name for name, _, _ in leaves(contract)), *contract.fields]))
    checks = [fault for fault in faults(contract, day.columns, "gateway") if fault.code.startswith("check:")]
    for number in range(count):
        event = orjson.loads(random.choice(known))
        event["id"] = f"corpus-{number}"
        wrong = set()
        for name in random.sample(names, random.choice((0, 1, 2))):
            if random.random() < 0.5:
                wrong.add(name.partition("__")[0])
                _change(event["data"], name, random.choice(NASTY))
            else:
                _change(event["data"], name, _of_another(random, name, known))
        if checks and number % 20 == 0:
            random.choice(checks).change(event, np.random.default_rng(number))
        yield Case(event, _as_sent(contract, event, wrong))


def batch(contract: Contract, values: list[bytes]) -> pa.Table:
    """Events as the judge gets them."""
    count = len(values)
    return pa.table(
        {
            "topic": pa.array([f"events.{contract.source}"] * count),
            "partition": pa.array([0] * count, pa.int32()),
            "offset": pa.array(range(count), pa.int64()),
            "received_at": pa.array([RECEIVED] * count, pa.timestamp("us", "UTC")),
            "value": pa.array(values, pa.binary()),
        }
    )


def _of_another(random: Random, name: str, known: list[bytes]) -> Any:
    """What another event has there."""
    data, key = holder(orjson.loads(random.choice(known))["data"], name)
    return data.get(key, GONE)


def _change(data: dict[str, Any], name: str, value: Any) -> None:
    within, key = holder(data, name)
    if value is GONE:
        within.pop(key, None)
    else:
        within[key] = deepcopy(value)


def _as_sent(contract: Contract, event: dict[str, Any], wrong: set[str]) -> bytes:
    """With tokens in place of persons, but for those that are wrong: a token tells no wrong number."""
    sent = orjson.loads(orjson.dumps(event))
    for value in personal_values(contract, sent["data"]):
        raw = value.holder[value.key]
        if isinstance(raw, str) and value.place.partition("__")[0].partition("[")[0] not in wrong:
            value.holder[value.key] = TOKENS.token(raw)
    return orjson.dumps(sent)

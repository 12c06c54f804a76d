"""Records for Kafka, and the answer that the live query must come to, worked out in plain Python."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from confluent_kafka import Producer

from streams.contract.model import Contract
from streams.contract.tables import Column, metric_tables
from streams.contract.types import values_of
from streams.settings import Settings

Event = dict[str, Any]
Group = tuple[Any, ...]


@dataclass
class Answer:
    """What must stand in PostgreSQL after the events that it was told, in this order within a partition."""

    tally: Counter[tuple[str, str]] = field(default_factory=Counter)
    minutes: dict[str, dict[Group, dict[str, int | None]]] = field(default_factory=dict)
    read_again: int = 0
    """Conflicts that are counted although they stand in ops.conflict already."""
    people: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    _first: dict[tuple[str, str], str] = field(default_factory=dict)

    def rejected(self, source: str, events: int = 1) -> None:
        self.tally[source, "quarantined"] += events

    def good(self, contract: Contract, event: Event) -> None:
        """A valid event: it counts unless its id came before."""
        content = json.dumps([event["time"], event["data"]], sort_keys=True)
        first = self._first.setdefault((event["source"], event["id"]), content)
        if first is not content:
            self.tally[contract.source, "duplicate" if first == content else "conflict"] += 1
            return
        self.tally[contract.source, "accepted"] += 1
        minute = datetime.fromisoformat(event["time"]).astimezone(UTC).replace(second=0, microsecond=0)
        for table in metric_tables(contract):
            groups = self.minutes.setdefault(table.name, {})
            group = groups.setdefault((minute, *(event["data"].get(name) for name in table.dimensions)), {})
            for column in table.columns:
                group[column.name] = _merged(column, group.get(column.name), event["data"])
        for name in contract.personal & event["data"].keys():
            self.people[contract.source, name].add(event["data"][name])

    @property
    def sent(self) -> int:
        return self.tally.total()


def _merged(column: Column, old: int | None, data: Event) -> int | None:
    value = data.get(column.field) if column.field else 1
    match column.aggregate:
        case "count":
            return (old or 0) + (value is not None)
        case "sum":
            return (old or 0) + (value or 0)
        case "min" | "max" as name:
            both = [each for each in (old, value) if each is not None]
            return (min if name == "min" else max)(both, default=None)


class City:
    """Makes events of contracts from a seed; `people` different persons."""

    def __init__(self, contracts: Iterable[Contract], seed: int, people: int = 500) -> None:
        self._contracts = tuple(contracts)
        self._random = Random(seed)
        self._people = people

    def event(self, contract: Contract | None = None) -> tuple[Contract, Event]:
        """A good event of now or of the last two days."""
        dice = self._random
        contract = contract or dice.choice(self._contracts)
        data = dict(dice.choice(contract.examples.good))
        for name, spec in contract.fields.items():
            if name in data and name in contract.personal:
                data[name] = f"tk_{dice.randrange(self._people):032x}"
            elif name in data and spec.type == "division":
                data[name] = dice.choice(sorted(values_of(spec)))
        time = datetime.now(UTC) - timedelta(seconds=dice.choice((0, 30, 3_600, 86_400, 172_800)))
        return contract, {
            "specversion": "1.0",
            "id": f"{dice.getrandbits(128):032x}",
            "source": f"/test/{contract.source}",
            "type": contract.source,
            "time": time.isoformat(timespec="milliseconds"),
            "datacontenttype": "application/json",
            "data": data,
        }

    def rejected(self) -> tuple[Contract, bytes]:
        """Something that no judge accepts."""
        dice = self._random
        contract, event = self.event()
        valid = json.dumps(event).encode()
        broken = (
            valid[:-7],
            valid.replace(b'"specversion"', b'"specversion\xff"'),
            b"",
            b"[]",
            b"null",
            b'{"id": "\\u0000"}',
            json.dumps({**event, "time": "2099-01-01T00:00:00Z"}).encode(),
            json.dumps({**event, "data": {**event["data"], "division": "'; drop table live; --"}}).encode(),
            json.dumps({**event, "data": {}}).encode(),
            json.dumps({**event, "type": "nobody"}).encode(),
        )
        return contract, dice.choice(broken)


class Sender:
    """Sends to Kafka. Events of one id go to one partition, so that 'first' has a meaning."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.topic_prefix
        self._producer = Producer(
            {"bootstrap.servers": settings.kafka_bootstrap, "linger.ms": 5, "enable.idempotence": True}
        )

    def event(self, event: Event) -> None:
        self.raw(event["type"], json.dumps(event, ensure_ascii=False).encode(), event["id"])

    def raw(self, source: str, value: bytes | None, key: str = "", headers: Any = None) -> None:
        self._producer.produce(self._prefix + source, value, key, headers=headers)
        self._producer.poll(0)

    def flush(self) -> None:
        """Returns when Kafka has acknowledged everything."""
        assert self._producer.flush(60) == 0


def send_mixture(city: City, sender: Sender, answer: Answer, events: int, seed: int) -> None:
    """Good events, 5 % rejected, 5 % duplicates of any earlier one, 2 % conflicts."""
    dice = Random(seed)
    known: list[tuple[Contract, Event]] = []
    for _ in range(events):
        roll = dice.random()
        if roll < 0.05:
            contract, value = city.rejected()
            sender.raw(contract.source, value)
            answer.rejected(contract.source)
            continue
        contract, event = dice.choice(known) if known and roll < 0.12 else city.event()
        if known and 0.10 <= roll < 0.12:
            event = {**event, "data": {**event["data"], **_other(contract, event)}}
        known.append((contract, event))
        sender.event(event)
        answer.good(contract, event)
    sender.flush()


def _other(contract: Contract, event: Event) -> Event:
    """Another person: the event is still valid, but it is not the same."""
    name = sorted(contract.personal & event["data"].keys())[0]
    return {name: f"tk_{int(event['data'][name][3:], 16) + 1_000_000:032x}"}

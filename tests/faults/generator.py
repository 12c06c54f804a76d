"""Events with known answers, from a seed: each is made together with what must become of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

from streams.contract.model import BadExample, Contract
from streams.judge.uniqueness import CODE as UNIQUE

Event = dict[str, Any]
Outcome = Literal["accepted", "quarantined", "duplicate", "conflict"]
Kind = Literal["good", "poison", "near", "far", "conflict", "break", "far_time"]

MIXTURE: Mapping[Kind, int] = {
    "good": 70, "poison": 8, "near": 6, "far": 6, "conflict": 3, "break": 5, "far_time": 2,
}  # fmt: skip
POISON: Mapping[Kind, int] = {"poison": 1}
FAR_TIMES: Mapping[Kind, int] = {"far_time": 1, "good": 1}
ANEW: Mapping[Kind, int] = {"good": 80, "poison": 10, "break": 10}
"""Nothing about events that were sent before."""
PEOPLE = 300
AGES = tuple(timedelta(seconds=seconds) for seconds in (0, 0, 30, 3_600, 86_400, 172_800))
UNREADABLE: tuple[tuple[bytes, str], ...] = (
    (b'{"specversion": "1.0", "id"', "not_json"), (b"", "not_json"), (b'{"id": "\xff"}', "not_utf8"),
    (b"[1, 2]", "not_an_object"),
)  # fmt: skip
FAR = (("1970-01-01T08:00:00Z", "too_old"), ("2099-12-31T00:00:00Z", "too_new"))


@dataclass(frozen=True)
class Made:
    """A record for Kafka and its answer. `code`: the first reason of one that must be quarantined.

    `event` is None where no judge can read it as a valid one. Records of one `key` keep their order.
    """

    source: str
    key: str
    value: bytes
    outcome: Outcome
    code: str | None = None
    event: Event | None = None


class Generator:
    """Makes records of these contracts; the same seed and clock give the same records."""

    def __init__(
        self,
        contracts: Iterable[Contract],
        seed: int | str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._contracts = tuple(contracts)
        self._dice = Random(seed)
        self._clock = clock
        self._known: list[tuple[Contract, Made]] = []
        self._hot: str | None = None
        self._fresh = {contract.source: _fresh_fields(contract) for contract in self._contracts}

    def make(self, mixture: Mapping[Kind, int] = MIXTURE, key: str | None = None) -> list[Made]:
        """A record, or a few that belong together, in the order in which they must be sent.

        `key` goes before the records' own, and is that of their duplicates too.
        """
        self._hot = key
        (kind,) = self._dice.choices(list(mixture), list(mixture.values()))
        if kind in ("near", "far", "conflict") and not self._known:
            kind = "good"
        contract = self._dice.choice(self._contracts)
        match kind:
            case "good":
                made = self._good(contract)
            case "poison":
                made = self._poison(contract)
            case "near":
                made = self._again(*self._known[-1])
            case "far":
                made = self._again(*self._dice.choice(self._known))
            case "conflict":
                made = self._conflict(*self._dice.choice(self._known))
            case "far_time":
                made = self._far_time(contract)
            case "break":
                return self._breaking(contract)
        return [made]

    def _good(self, contract: Contract) -> Made:
        data = deepcopy(self._dice.choice(contract.examples.good))
        return self._keep(contract, self._accepted(contract, self._renewed(contract, data, self._subject())))

    def _accepted(self, contract: Contract, data: Event) -> Made:
        event = self._event(contract, data)
        return Made(contract.source, self._key(), _encoded(event), "accepted", None, event)

    def _again(self, contract: Contract, first: Made) -> Made:
        """The same event a second time, byte by byte or written anew."""
        assert first.event is not None
        written = json.dumps(first.event, indent=1, sort_keys=True).encode()
        value = self._dice.choice((first.value, written))
        return Made(contract.source, first.key, value, "duplicate", None, first.event)

    def _conflict(self, contract: Contract, first: Made) -> Made:
        """The id of an earlier event with another content, which is valid too."""
        assert first.event is not None
        name = sorted(contract.personal & first.event["data"].keys())[0]
        event = {**first.event, "data": {**first.event["data"], name: _token(self._dice.getrandbits(120))}}
        return Made(contract.source, first.key, _encoded(event), "conflict", None, event)

    def _breaking(self, contract: Contract) -> list[Made]:
        """Events that a rule across events lets through, and one more, which breaks it."""
        bad = self._dice.choice([each for each in contract.examples.bad if each.because.startswith(UNIQUE)])
        subject, key = self._subject(), self._key()
        rule = contract.unique[bad.because.removeprefix(UNIQUE)]
        before = bad.before or (contract.examples.good[0],) * rule.times
        at = self._clock() - self._dice.choice(AGES)
        made = []
        for data in (*before, bad.data):
            event = self._event(contract, self._renewed(contract, deepcopy(data), subject), at)
            made.append(Made(contract.source, key, _encoded(event), "accepted", None, event))
        last = made[-1]
        made[-1] = Made(last.source, key, last.value, "quarantined", bad.because, last.event)
        return [self._keep(contract, each) for each in made]

    def _poison(self, contract: Contract) -> Made:
        key = self._key()
        bad: list[BadExample] = [
            each for each in contract.examples.bad if not each.because.startswith(UNIQUE) and not each.time
        ]
        if self._dice.random() < 0.3:
            value, code = self._dice.choice(UNREADABLE)
            return Made(contract.source, key, value, "quarantined", code)
        example = self._dice.choice(bad)
        value = _encoded(self._event(contract, example.data))
        return Made(contract.source, key, value, "quarantined", example.because)

    def _far_time(self, contract: Contract) -> Made:
        """An event of 1970 or 2099."""
        time, code = self._dice.choice(FAR)
        event = {**self._event(contract, contract.examples.good[0]), "time": time}
        return Made(contract.source, self._key(), _encoded(event), "quarantined", code)

    def _keep(self, contract: Contract, made: Made) -> Made:
        self._known.append((contract, made))
        return made

    def _key(self) -> str:
        return self._hot or f"{self._dice.getrandbits(64):x}"

    def _subject(self) -> int:
        return self._dice.getrandbits(110)

    def _renewed(self, contract: Contract, data: Event, subject: int) -> Event:
        """The example's data about another subject, so that no rule is broken by chance."""
        fresh = self._fresh[contract.source]
        for name in contract.personal & data.keys():
            if data[name] is not None:
                data[name] = _token(subject if name in fresh else self._dice.randrange(PEOPLE))
        for name in fresh - contract.personal:
            digits = sum(letter.isdigit() for letter in data[name][-12:])
            data[name] = data[name][:-digits] + f"{subject % 10**digits:0{digits}}"
        return data

    def _event(self, contract: Contract, data: Event, at: datetime | None = None) -> Event:
        at = at or self._clock() - self._dice.choice(AGES)
        return {
            "specversion": "1.0",
            "id": f"{self._dice.getrandbits(128):032x}",
            "source": f"/faults/{contract.source}",
            "type": contract.source,
            "time": at.isoformat(timespec="milliseconds"),
            "datacontenttype": "application/json",
            "data": data,
        }


def _fresh_fields(contract: Contract) -> set[str]:
    """Fields that tell one subject from another in every rule across events of the contract."""
    shared = set.intersection(*(set(rule.fields) for rule in contract.unique.values()))
    fresh = shared & contract.personal or shared
    assert fresh, f"{contract.source}: no field is in all rules"
    return fresh


def _token(number: int) -> str:
    return f"tk_{number:032x}"


def _encoded(event: Event) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()

"""Events by number: event i is always the same, so that a duplicate of any earlier one costs no memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from streams.contract.model import Contract
from streams.contract.types import values_of
from streams.zone import ZONE

MIX_ID = 0x9E3779B97F4A7C15F39CC0605CEDC835
MIX = 0x9E3779B97F4A7C15
PEOPLE = 30_000


@dataclass(frozen=True)
class Shares:
    """Parts of 1,000 events. near: sent again within the last 1,000; far: within the last million."""

    near: int = 10
    far: int = 10
    bad: int = 5


@dataclass(frozen=True)
class Made:
    """One record for Kafka."""

    source: str
    place: str
    value: bytes


class Events:
    """Events of several sources, mixed evenly, one each `period`; `at(i, when)` is event i."""

    def __init__(
        self,
        contracts: Sequence[Contract],
        shares: Shares = Shares(),
        period: timedelta = timedelta(milliseconds=2),
    ) -> None:
        self._period = period
        self._forms = [_forms(contract) for contract in contracts]
        self._shares = shares

    def at(self, number: int, when: datetime) -> Made:
        """Event `number`, or the one that it repeats; `when` is event 0's time."""
        dice = _mixed(number) >> 20
        roll = dice % 1000
        shares = self._shares
        if number > 1_000 and roll < shares.near:
            number -= 1 + (dice >> 12) % 1_000
        elif number > 1_000 and roll < shares.near + shares.far:
            number -= 1 + (dice >> 12) % min(number, 1_000_000)
        return self._original(number, when)

    def numbers(self, begin: int, end: int, when: datetime) -> Iterator[Made]:
        return (self.at(number, when) for number in range(begin, end))

    def _original(self, number: int, when: datetime) -> Made:
        forms = self._forms[number % len(self._forms)]
        dice = _mixed(number)
        bad = dice % 1000 < self._shares.bad
        form = forms.bad if bad else forms.good[(dice >> 10) % len(forms.good)]
        late = (dice >> 40) % 60 if (dice >> 33) % 20 == 0 else 0
        time = when + number * self._period - timedelta(seconds=late)
        event_id = (number + 1) * MIX_ID & (1 << 128) - 1
        value = form % {
            "id": event_id,
            "time": time.isoformat(timespec="milliseconds"),
            "person": (dice >> 16) % PEOPLE,
            "division": forms.divisions[(dice >> 24) % len(forms.divisions)],
        }
        return Made(forms.source, forms.place, value.encode())


@dataclass(frozen=True)
class _Forms:
    source: str
    place: str
    good: tuple[str, ...]
    bad: str
    divisions: tuple[str, ...]


def _forms(contract: Contract) -> _Forms:
    division = next((name for name, spec in contract.fields.items() if spec.type == "division"), None)
    good = tuple(_form(contract, data, division, {}) for data in contract.examples.good)
    broken = {name: value for name, value in contract.examples.good[0].items() if name != contract.topic.key}
    return _Forms(
        contract.source,
        str(contract.examples.good[0][contract.topic.key]),
        good,
        _form(contract, broken, division, {"label": "bad"}),
        tuple(sorted(values_of(contract.fields[division]))) if division else ("",),
    )


def _form(contract: Contract, data: Mapping[str, Any], division: str | None, more: Mapping[str, str]) -> str:
    """The event as a `%` form: id, time, person and division are filled in."""
    varied = dict(data)
    for name in contract.personal & varied.keys():
        varied[name] = "tk_%(person)032x"
    if division in varied:
        varied[division] = "%(division)s"
    event = {
        "specversion": "1.0",
        "id": "%(id)032x",
        "source": f"/bench/{contract.source}",
        "type": contract.source,
        "time": "%(time)s",
        "datacontenttype": "application/json",
        **more,
        "data": varied,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))  # as our own senders write


def _mixed(number: int) -> int:
    """64 well-mixed bits (splitmix64; Steele, Lea, Flood 2014)."""
    mixed = (number + 1) * MIX & (1 << 64) - 1
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
    return mixed ^ mixed >> 31


def days_ago(days: int) -> datetime:
    """Eight in the morning, so many days ago, in the platform's zone."""
    return (datetime.now(ZONE) - timedelta(days=days)).replace(hour=8, minute=0, second=0, microsecond=0)

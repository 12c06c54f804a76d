"""A simulated day: the same for the same seed, at home in its city, and true to its answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import orjson
import pytest

from streams.contract.model import Contract
from streams.simulator.answer import accepted_rows, expected, expected_metric
from streams.simulator.city import City
from streams.simulator.day import Sending, SimulatedDay
from streams.simulator.faults import as_bytes
from streams.simulator.plan import Kind, Rates
from tests.streams.simulator.conftest import CONTRACTS, FRIDAY, Day


def as_sent(day: SimulatedDay) -> list[bytes]:
    return [body(sending) for sending in day.sendings()]


def body(sending: Sending) -> bytes:
    return as_bytes(sending.event, sending.fault) if sending.fault else orjson.dumps(sending.event)


def test_the_same_seed_sends_the_same_bytes(contract: Contract) -> None:
    first, second = (SimulatedDay(City(contract, 7), FRIDAY, 0.05) for _ in range(2))
    assert as_sent(first) == as_sent(second)


def test_another_seed_or_day_sends_other_events(simulated: Day) -> None:
    first = set(as_sent(simulated(seed=7)))
    assert not first & set(as_sent(simulated(seed=8)))
    assert not first & set(as_sent(simulated(FRIDAY.replace(day=9), seed=7)))


def test_a_day_sent_in_pieces_is_the_same_day(simulated: Day) -> None:
    day = simulated()
    cut = int(day.plan.at[len(day.plan.at) // 3])
    assert [*day.sendings(end=cut), *day.sendings(begin=cut)] == list(day.sendings())


def test_every_event_has_an_id_of_its_own_and_repeats_have_their_original_s(simulated: Day) -> None:
    sent = list(simulated().sendings())
    ids = Counter(
        sending.event.get("id", "none") for sending in sent if sending.kind in (Kind.GOOD, Kind.FAULTY)
    )
    assert not [name for name, count in ids.items() if count > 1 and name != "none"]
    before: set[str] = set()
    for sending in sent:
        if sending.kind in (Kind.RESENT, Kind.RESERIALISED, Kind.CONFLICTING):
            assert sending.event["id"] in before, "a repeat comes after what it repeats"
        before.add(sending.event.get("id", "none"))


def test_repeats_are_what_they_claim_to_be(simulated: Day) -> None:
    originals: dict[str, dict[str, object]] = {}
    seen: Counter[Kind] = Counter()
    for sending in simulated().sendings():
        original = originals.get(sending.event.get("id", ""))
        seen[sending.kind] += 1
        if sending.kind == Kind.GOOD:
            originals[sending.event["id"]] = sending.event
        elif original is not None:
            same_bytes = orjson.dumps(sending.event) == orjson.dumps(original)
            assert same_bytes == (sending.kind == Kind.RESENT)
            assert (content(sending.event) == content(original)) == (sending.kind != Kind.CONFLICTING)
            assert sending.event["time"] == original["time"]
    assert min(seen[kind] for kind in Kind) > 0, "every kind occurs"


def content(event: dict[str, object]) -> dict[str, object]:
    data = event["data"]
    assert isinstance(data, dict)
    return {field: value for field, value in data.items() if value is not None}


def flat(contract: Contract, data: dict[str, Any]) -> dict[str, Any]:
    """An event's data by the contract's flat names; what is not there is left out."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            found |= {f"{name}__{key}": inner for key, inner in value.items()}
        elif name in contract.lists:
            found[f"{name}__count"] = len(value)
        else:
            found[name] = value
    return found


def test_the_answer_counts_what_is_sent(simulated: Day) -> None:
    day = simulated()
    answer = expected(day)
    kinds = Counter(sending.kind for sending in day.sendings())
    assert (answer.sent, answer.accepted, answer.quarantined, answer.duplicate, answer.conflict) == (
        kinds.total(),
        kinds[Kind.GOOD],
        kinds[Kind.FAULTY],
        kinds[Kind.RESENT] + kinds[Kind.RESERIALISED],
        kinds[Kind.CONFLICTING],
    )
    assert answer.sent == answer.accepted + answer.quarantined + answer.duplicate + answer.conflict
    assert sum(answer.quarantined_because.values()) == answer.quarantined


def test_sums_and_metrics_are_those_of_the_events_that_are_sent(contract: Contract, simulated: Day) -> None:
    day = simulated()
    good = [flat(contract, each.event["data"]) for each in day.sendings() if each.kind == Kind.GOOD]
    answer = expected(day)
    for field, total in answer.sums.items():
        assert total == sum(data[field] for data in good if field in data)
    for name, metric in contract.metrics.items():
        groups = defaultdict(list)
        for data in good:
            groups[tuple(data.get(field) for field in metric.by)].append(data)
        found = expected_metric(day, name)
        assert found.keys() == groups.keys()
        for measure, spec in metric.measures.items():
            if spec.of == "count":
                assert {key: row[measure] for key, row in found.items()} == {
                    k: len(v) for k, v in groups.items()
                }
    assert accepted_rows(day).num_rows == len(good)


def test_the_answer_of_two_pieces_adds_up(simulated: Day) -> None:
    day = simulated()
    cut = int(day.plan.at[len(day.plan.at) // 2])
    first, second, whole = expected(day, end=cut), expected(day, begin=cut), expected(day)
    assert first.accepted + second.accepted == whole.accepted
    assert {field: first.sums[field] + second.sums[field] for field in whole.sums} == whole.sums


def test_without_faults_everything_is_accepted_once(simulated: Day) -> None:
    answer = expected(simulated(rates=Rates(late=0, duplicate=0, conflict=0, faulty=0)))
    assert answer.sent == answer.accepted > 0
    assert answer.late == 0


def test_late_events_come_late(simulated: Day) -> None:
    day = simulated(rates=Rates(late=0.2, duplicate=0, conflict=0, faulty=0))
    answer = expected(day)
    assert 0.1 < answer.late / answer.sent < 0.3
    minutes = [(s.at - int(t)) / 60e6 for s, t in zip(day.sendings(), day.times[day.plan.event], strict=True)]
    assert sum(minute > 5 for minute in minutes) == answer.late


def test_a_rate_is_a_share() -> None:
    with pytest.raises(ValueError, match=r"late.*1\.5"):
        Rates(late=1.5)


def test_an_elder_eats_at_one_canteen_of_one_division_and_lunch_only_once() -> None:
    canteens: dict[str, set[str]] = defaultdict(set)
    meals: Counter[tuple[str, str, int]] = Counter()
    elders: list[set[str]] = []
    city = City(CONTRACTS["canteen_meal"])
    for place, date in enumerate((FRIDAY, FRIDAY.replace(day=11))):
        columns = SimulatedDay(city, date).columns
        for elder, canteen, meal in zip(
            columns["elder"], columns["canteen_id"], columns["meal"], strict=True
        ):
            canteens[elder].add(canteen)
            meals[elder, meal, place] += 1
        elders.append(set(columns["elder"]))
    assert max(len(places) for places in canteens.values()) == 1
    assert max(meals.values()) == 1
    again = len(elders[0] & elders[1]) / len(elders[0])
    assert again > len(elders[1]) / 30_000, "people have habits: more come again than chance would bring"

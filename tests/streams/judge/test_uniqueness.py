"""Who came first: the decision over keys against a plain loop, and the keys that the judge gives."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.judge.uniqueness import KEY, UniqueKey, broken, in_order
from tests.streams.judge.batches import JUDGE, RECEIVED, animal, batch, encoded, event

RULES = (
    UniqueKey("a", "u0", "day", 1),
    UniqueKey("b", "u1", "month", 2),
    UniqueKey("c", "u2", "ever", 3),
)
keys = st.one_of(st.none(), st.integers(0, 3).map(lambda number: bytes([number]) * 16))
rows = st.lists(st.tuples(keys, keys, keys), max_size=40)
counts = st.dictionaries(st.integers(0, 3).map(lambda number: bytes([number]) * 16), st.integers(0, 4))


def events_of(drawn: list[tuple[bytes | None, ...]]) -> pa.Table:
    columns = zip(*drawn, strict=True) if drawn else ((), (), ())
    return pa.table({rule.column: pa.array(column, KEY) for rule, column in zip(RULES, columns, strict=True)})


def plainly(
    drawn: list[tuple[bytes | None, ...]], taken: dict[str, dict[bytes, int]] | None = None
) -> list[int | None]:
    """One event after the other, one rule after the other."""
    through = {rule.name: Counter((taken or {}).get(rule.name, {})) for rule in RULES}
    verdicts: list[int | None] = []
    for row in drawn:
        verdict = None
        for index, (rule, key) in enumerate(zip(RULES, row, strict=True)):
            if key is None:
                continue
            if through[rule.name][key] >= rule.times:
                verdict = index
                break
            through[rule.name][key] += 1
        verdicts.append(verdict)
    return verdicts


@settings(deadline=None)
@given(rows)
def test_the_decision_is_that_of_a_plain_loop(drawn: list[tuple[bytes | None, ...]]) -> None:
    assert broken(events_of(drawn), RULES).to_pylist() == plainly(drawn)


@settings(deadline=None)
@given(rows, st.fixed_dictionaries({}, optional={rule.name: counts for rule in RULES}))
def test_what_other_days_let_through_counts(
    drawn: list[tuple[bytes | None, ...]], taken: dict[str, dict[bytes, int]]
) -> None:
    tables = {
        name: pa.table({"key": pa.array(each, KEY), "count": pa.array(each.values(), pa.int64())})
        for name, each in taken.items()
    }
    assert broken(events_of(drawn), RULES, tables).to_pylist() == plainly(drawn, taken)


@settings(deadline=None)
@given(rows, st.integers(0, 40))
def test_a_day_may_be_cut_anywhere(drawn: list[tuple[bytes | None, ...]], cut: int) -> None:
    """What the first part let through, given to the second, is as if both had been one: batches, days."""
    first, second = drawn[:cut], drawn[cut:]
    whole = broken(events_of(drawn), RULES).to_pylist()
    begun = broken(events_of(first), RULES).to_pylist()
    through = {
        rule.name: Counter(
            row[index]
            for row, verdict in zip(first, begun, strict=True)
            if row[index] is not None and (verdict is None or verdict > index)
        )
        for index, rule in enumerate(RULES)
    }
    tables = {
        name: pa.table({"key": pa.array(each, KEY), "count": pa.array(each.values(), pa.int64())})
        for name, each in through.items()
    }
    assert begun + broken(events_of(second), RULES, tables).to_pylist() == whole


@given(rows)
@settings(deadline=None)
def test_what_is_let_through_breaks_nothing_when_asked_again(
    drawn: list[tuple[bytes | None, ...]],
) -> None:
    events = events_of(drawn)
    kept = events.filter(broken(events, RULES).is_null())
    assert broken(kept, RULES).null_count == kept.num_rows


def judged(
    data: dict[str, Any], time: str = "2026-08-31T18:30:00+08:00", **attributes: Any
) -> dict[str, Any]:
    found = JUDGE.judge(batch([encoded(event(data, time=time, **attributes))])).to_pylist()[0]
    assert found["accepted"], found["reasons"]
    row: dict[str, Any] = found
    return row


HOME = {"street": "AB", "floor": 0}


def test_keys_are_equal_where_the_fields_and_the_period_are() -> None:
    one = judged(animal(home=HOME))
    assert [one["u0"] is None, one["u1"] is None] == [False, False]
    again = judged(animal(home={"street": "AB"}, note="later", order=7), id="b-2", source="/other")
    assert (again["u0"], again["u1"]) == (one["u0"], one["u1"])
    assert one["u0"] != one["u1"]


@pytest.mark.parametrize(
    ("changes", "time", "same"),
    [
        ({"cage": "B001"}, "2026-08-31T18:30:00+08:00", [False, True]),
        ({"amount": 101}, "2026-08-31T18:30:00+08:00", [False, True]),
        ({"amount": 100.0}, "2026-08-31T18:30:00+08:00", [True, True]),
        ({"keeper": "tk_" + "9" * 32}, "2026-08-31T18:30:00+08:00", [True, False]),
        ({}, "2026-08-31T00:00:00+08:00", [True, True]),
        ({}, "2026-08-30T23:59:59+08:00", [False, True]),
        ({}, "2026-08-30T16:00:00Z", [True, True]),
        ({}, "2026-09-01T00:00:00+08:00", [False, False]),
        ({}, "2026-08-01T00:00:00+08:00", [False, True]),
        ({}, "2026-07-31T23:59:59+08:00", [False, False]),
    ],
)
def test_another_value_or_another_period_is_another_key(
    changes: dict[str, Any], time: str, same: list[bool]
) -> None:
    """Days and months are those of Asia/Shanghai."""
    one, other = judged(animal(home=HOME)), judged(animal(home=HOME, **changes), time)
    assert [one["u0"] == other["u0"], one["u1"] == other["u1"]] == same


def test_a_rule_does_not_apply_where_a_field_is_absent_or_its_condition_is_not_true() -> None:
    assert judged(animal())["u1"] is None
    assert judged(animal(tame=False))["u0"] is None


def test_a_rejected_event_has_no_key() -> None:
    rejected = JUDGE.judge(batch([encoded(event(animal(home=HOME, amount=-1)))])).to_pylist()[0]
    assert (rejected["accepted"], rejected["u0"], rejected["u1"]) == (False, None, None)


def test_events_are_ordered_by_when_they_were_received() -> None:
    late = RECEIVED + timedelta(seconds=1)
    table = pa.table(
        {
            "received_at": pa.array([late, RECEIVED, RECEIVED, RECEIVED], pa.timestamp("us", "UTC")),
            "partition": pa.array([0, 1, 0, 0], pa.int32()),
            "offset": pa.array([1, 5, 9, 8], pa.int64()),
        }
    )
    assert in_order(table)["offset"].to_pylist() == [8, 9, 5, 1]


def test_the_day_of_a_key_is_not_that_of_its_receipt() -> None:
    received = datetime(2026, 9, 2, 12, tzinfo=UTC)
    value = encoded(event(animal(home=HOME), time="2026-08-31T18:30:00+08:00"))
    found = JUDGE.judge(batch([value], received=received)).to_pylist()[0]
    assert found["u0"] == judged(animal(home=HOME))["u0"]

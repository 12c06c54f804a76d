"""What holds for every event and every batch, against a plain validator that shares no code with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.contract.model import Contract
from streams.judge.judge import Judge
from streams.judge.verdicts import MOST_REASONS
from tests.streams.judge.batches import CONTRACTS, JUDGE, RECEIVED, ZOO, animal, batch, codes, event, verdicts
from tests.streams.judge.reference import UNREADABLE, judge_plainly

MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
TOKEN = "tk_00000000000000000000000000000002"


def _cheap(row: Mapping[str, Any]) -> bool | None:
    if row["tame"] is None or row["amount"] is None:
        return None
    return not row["tame"] or row["amount"] <= 1000


def _large(row: Mapping[str, Any]) -> bool | None:
    return None if row["order"] is None else row["order"] < 0 or row["order"] ** 3 < 2**63


def _roomy(row: Mapping[str, Any]) -> bool | None:
    cubs, floor = row["cubs__count"], row["home__floor"]
    return None if cubs is None or floor is None else cubs <= 2 or floor <= 0


CHECKS = {"cheap": _cheap, "large": _large, "roomy": _roomy}

text = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
numbers = st.one_of(
    st.integers(-(10**14), 10**14),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-200, 200, places=4).map(float),
    st.sampled_from([0, -1, 12.0, 1e3, 0.1, -0.0, 1e-7, 2**63, -(2**63), 2**63 - 1, 10**25, 1e300, 999.9999]),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(text, inner, max_size=3)),
    max_leaves=8,
)
digits = st.text("0123456789 -", max_size=25)
values_by_field: dict[str, st.SearchStrategy[Any]] = {
    "division": st.sampled_from(["330302", "330381", "110101", "3303", 330302, "330302001", "330302\n"]),
    "cage": st.sampled_from(["A001", "Z999", "a001", "A001\n", "A٠٠١", "A0011", ""]),
    "kind": st.sampled_from(["12", 12, "true", True, "tiger", "老虎", "lion", "tiger "]),
    "keeper": st.sampled_from(
        [TOKEN, TOKEN.upper(), TOKEN + "0", "330302194001011232", 330302194001011232, ""]
    ),
    "amount": st.one_of(st.integers(-10, 6000), st.sampled_from([12.0, 12.5, "12", 1e3, True, 10**30, -0.0])),
    "tame": st.sampled_from([True, False, "true", 1, 0]),
    "order": st.one_of(st.integers(-(2**64), 2**64), st.integers(2097140, 2097160), numbers),
    "weight": st.one_of(numbers, st.sampled_from(["1.5", 100.5, 100.5001, -5, -5.0001, 1e2, 0.00005])),
    "born": st.one_of(
        st.dates().map(str), st.sampled_from(["2026-02-30", "2024-02-29", "2026-2-1", "infinity", ""])
    ),
    "fed": st.one_of(
        st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
        st.sampled_from(
            ["2026-09-01", "2026-09-01T08:00:00", "2026-09-01T24:00:00Z", "2026-09-01T08:00:00.5+23:59"]
        ),
    ),
    "owner": st.sampled_from(
        ["91330300123456789X", "91350211M000100Y43", "91350211M000100Y44", "1", "91350211m000100Y43"]
    ),
    "note": st.one_of(
        text, digits, st.sampled_from(["<b>", "=1+1", "'; drop table", "打13800138000", "a\\b", 'a"b'])
    ),
    "phone": st.sampled_from([TOKEN, "13800138000", 13800138000]),
}
_GONE = st.just(...)


def _record(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object of some of these values; most are right, and some keys are unknown."""
    whole = st.fixed_dictionaries({}, optional={**values, "Name": st.just("x"), "": st.just(1)})
    right = st.fixed_dictionaries(values)
    return st.one_of(right, right, right, whole)


_home = _record(
    street=st.sampled_from(["AB", "AB", "ZZ", "ab", 12, None, "AB\n"]),
    floor=st.sampled_from([0, 1, -2, 51, 2.0, 2.5, "1", None, True]),
    guard=st.sampled_from([TOKEN, TOKEN, None, "330302194001011232", 5]),
    remark=st.one_of(st.none(), st.sampled_from(["好", "打13800138000", "x" * 21, 'a"b', ""]), text),
)
_cub = _record(
    name=st.sampled_from(["咪", "咪咪", "", "x" * 9, "12", 12, None, "a\\b", "\x00"]),
    sex=st.sampled_from(["m", "f", "1", 1, "x"]),
    grams=st.sampled_from([1, 900, 900.0, 1e3, 0, 90001, "5", None, 1.5, 2**70]),
    born=st.sampled_from([None, "2026-01-31", "2026-02-30", 5]),
    length=st.sampled_from([None, 0.5, 9, 9.5001, 0.00001, "1", -0.0]),
    finder=st.sampled_from([None, TOKEN, "13800138000", 13800138000]),
)
values_by_field["home"] = st.one_of(_home, _home, anything)
values_by_field["cubs"] = st.one_of(
    st.lists(_cub, max_size=5),
    st.lists(_cub, max_size=3),
    st.lists(st.one_of(_cub, anything), max_size=3),
    anything,
)
identifiers = st.sampled_from(
    [
        "13800138000",
        "/x/13800138000",
        "20260901-13800138000",
        "330302194001011232",
        "33030219400101123X",
        "330302194001011233",
        "6222021234567890128",
        "6222021234567890129",
        "1756700000123",
        "202609010800001234",
        "330302-20260901-0017",
        "0af7651916cd43dd8448eb211c80319c",
        "b13812345678c1d2e3f4",
    ]
)
attributes: dict[str, st.SearchStrategy[Any]] = {
    "specversion": st.sampled_from(["1.0", 1.0, "0.3", ...]),
    "id": st.one_of(text, identifiers, st.sampled_from(["1", 1, "", "号", "a" * 512, "a" * 513, ...])),
    "source": st.one_of(
        identifiers,
        st.sampled_from(["/a", "urn:x", "http://a/b?c=d#e'f", "a b", "%41", "%4", "号", 1, "", ...]),
    ),
    "type": st.sampled_from(["zoo", "canteen_meal", "ZOO", "", None, 1]),
    "time": st.one_of(
        st.datetimes(
            RECEIVED.replace(tzinfo=None) - timedelta(days=70),
            RECEIVED.replace(tzinfo=None) + timedelta(days=3),
            timezones=st.just(UTC),
        ).map(datetime.isoformat),
        st.sampled_from(
            [
                "2026-09-01T08:00:60Z",
                "2026-09-01t08:00:00z",
                "2026-09-01T08:00:00.123456789+14:00",
                "2026-09-01T08:00:00-23:59",
                "2026-09-01T24:00:00Z",
                "2026-02-30T08:00:00Z",
                "2026-07-03T12:00:00Z",
                "2026-09-02T12:00:00.000001Z",
                "2099-01-01T00:00:00Z",
                "1970-01-01T00:00:00Z",
                "0000-01-01T00:00:00Z",
                "2026-09-01 08:00:00Z",
                "2026-09-01T08:00:00",
                "infinity",
                "",
                1,
                ...,
            ]
        ),
    ),
    "datacontenttype": st.sampled_from(["application/json", ..., None]),
    "data": st.one_of(anything, st.sampled_from([{}, [], None, ...])),
    "subject": st.one_of(text, identifiers, st.sampled_from(["", 1, None])),
    "dataschema": st.sampled_from(
        [
            f"zoo/{ZOO.version}",
            "zoo/0123456789ab",
            "urn:minsheng:zoo:0123456789ab",
            "aquarium/0123456789ab",
            "azoo/0123456789ab",
            "zoo/0123456789abc",
            "https://example.org/zoo/0123456789ab",
            "zoo",
            "",
            1,
        ]
    ),
    "sequence": st.one_of(identifiers, st.sampled_from(["", "1", 1, 1.5, True, "号"])),
    "traceparent": st.sampled_from(["00-ab-cd-01", {}, []]),
    "x": anything,
    "phone": identifiers,
    "No": st.just("1"),
}


@st.composite
def whole_events(draw: st.DrawFn) -> Any:
    """A good event with some things changed: values, fields, attributes."""
    names = draw(st.sets(st.sampled_from(sorted(values_by_field)), max_size=4))
    data = animal(**{name: draw(st.one_of(values_by_field[name], st.just(...))) for name in sorted(names)})
    for name in draw(st.sets(st.sampled_from(sorted(values_by_field)), max_size=1)):
        data[name] = draw(anything)
    if draw(st.integers(0, 5)) == 0:
        data[draw(text)] = draw(anything)
    changed = draw(st.sets(st.sampled_from(sorted(attributes)), max_size=2))
    whole = {**event(data), **{name: draw(attributes[name]) for name in sorted(changed)}}
    return {name: value for name, value in whole.items() if value is not ...}


@st.composite
def written(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> bytes:
    """A value as JSON in one of the ways that it can be written, right or wrong."""
    value = draw(values)
    text = json.dumps(
        value,
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:")])),
        sort_keys=draw(st.booleans()),
    )
    match draw(st.integers(0, 24)):
        case 0:
            text = text.replace("}", ",}", 1)
        case 1:
            text = text.replace("{", '{"id":"a-1",', 1)
        case 2:
            text = text.replace('"amount"', '"amount":1,"amount"', 1)
        case 3:
            text = text.replace("100", "NaN", 1)
        case 4:
            text = text.replace(
                "100", draw(st.sampled_from(["1e400", "1e2", "100.0", "-0", "0100", "+1", "1E2", "1.0e+2"]))
            )
        case 5:
            text = "\ufeff" + text
        case 6:
            text = text[: draw(st.integers(0, len(text)))]
        case 7:
            text = f" \n{text}\r\n"
        case 8:
            text = text + "x"
        case 9:
            text = text.replace("amount", "\\u0061mount").replace("330302", "\\u003330302")
    return text.encode("utf-8", "surrogatepass")


events = st.one_of(
    written(whole_events()),
    written(whole_events()),
    written(whole_events()),
    written(anything),
    st.binary(max_size=60),
    st.none(),
)


@MANY
@given(st.lists(events, min_size=1, max_size=30))
def test_every_event_gets_the_verdict_that_a_plain_validator_gives(values: list[bytes | None]) -> None:
    found = verdicts(values)
    assert len(found) == len(values)
    for value, row in zip(values, found, strict=True):
        expected, outcome = judge_plainly(value, RECEIVED, ZOO, CHECKS)
        actual = {("unreadable", None) if code in UNREADABLE else (code, field) for code, field in codes(row)}
        if len(actual) < MOST_REASONS:
            assert _named_alike(actual) == _named_alike(expected), value
        else:
            assert _named_alike(actual) <= _named_alike(expected), value
        if outcome is None:
            assert (row["claim_id"], row["content"]) == (None, None)
            continue
        assert row["claim_id"] == outcome.claim_id
        assert row["content"] == outcome.content, value
        assert (row["event_at"], row["event_day"], row["minute"]) == (
            outcome.event_at,
            outcome.event_day,
            outcome.minute,
        )
        assert (row["division"], row["place"]) == (outcome.values["division"], outcome.values["cage"])
        slots = JUDGE.slots["zoo"]
        assert row[slots["amount"]] == outcome.values["amount"]
        assert row[slots["order"]] == outcome.values.get("order")
        assert row[slots["kind"]] == outcome.values["kind"]
        assert row[slots["tame"]] == str(outcome.values["tame"]).lower()
        assert row[slots["cubs__count"]] == outcome.values.get("cubs__count")
        assert row[slots["home__street"]] == outcome.values.get("home__street")
        assert (row["u0"] is not None) == outcome.values["tame"]
        assert (row["u1"] is not None) == ("home__street" in outcome.values)


def _named_alike(found: set[tuple[str, str | None]]) -> set[tuple[str, str | None]]:
    """An unknown field is shown masked and inert, so only that there is one is compared."""
    return {(code, None if code == "unknown_field" else field) for code, field in found}


@MANY
@given(st.lists(events, min_size=1, max_size=30))
def test_a_row_is_either_accepted_or_has_reasons_and_an_excerpt(values: list[bytes | None]) -> None:
    table = batch(values)
    found = JUDGE.judge(table)
    assert found.schema.equals(JUDGE.schema)
    for name in ("topic", "partition", "offset", "received_at"):
        assert found[name].equals(table[name])
    for row in found.to_pylist():
        assert row["accepted"] == (row["reasons"] is None) == (row["excerpt"] is None)
        assert row["accepted"] == (row["claim_id"] is not None) == (row["content"] is not None)
        assert row["reasons"] != []


@MANY
@given(st.lists(events, max_size=20), st.lists(events, max_size=20))
def test_verdicts_do_not_depend_on_what_else_is_in_the_batch(
    some: list[bytes | None], more: list[bytes | None]
) -> None:
    apart = [JUDGE.judge(batch(some)), JUDGE.judge(batch(more))]
    together = JUDGE.judge(batch(some + more))
    assert _without_offsets(together) == _without_offsets(pa.concat_tables(apart))


def _without_offsets(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.drop_columns(["offset"]).to_pylist()
    return rows


@pytest.fixture(scope="module")
def slow_judge() -> Judge:
    """A judge whose fast statement passes nothing, so that every row goes the slow way."""
    slow = copy(JUDGE)
    slow._plans = {topic: replace(plan, fast=_failing(plan.fast)) for topic, plan in JUDGE._plans.items()}
    return slow


def _failing(fast: str) -> str:
    head, found, tail = fast.rpartition("\nselect coalesce(")
    assert found
    return f"{head}{found}false and {tail}"


@MANY
@given(st.lists(events, min_size=1, max_size=30))
def test_the_fast_and_the_slow_way_agree(slow_judge: Judge, values: list[bytes | None]) -> None:
    table = batch(values)
    assert JUDGE.judge(table).to_pylist() == slow_judge.judge(table).to_pylist()


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_the_fast_way_passes_what_is_plainly_right(contract: Contract) -> None:
    """Otherwise every property above would hold of the slow way alone, at a twentieth of the speed."""
    judge = copy(JUDGE)
    plan = judge._plans[f"events.{contract.source}"]
    judge._plans = {f"events.{contract.source}": replace(plan, slow="select this statement must not be run")}
    values = [
        json.dumps(event(data, type=contract.source), ensure_ascii=False, separators=separators).encode()
        for data in map(_without_null, contract.examples.good)
        for separators in ((",", ":"), (", ", ": "))
    ]
    assert judge.judge(batch(values, f"events.{contract.source}"))["accepted"].to_pylist() == [True] * len(
        values
    )


def _without_null(value: Any) -> Any:
    """An optional value may be written as null too; the fast way need not know that."""
    if isinstance(value, dict):
        return {name: _without_null(each) for name, each in value.items() if each is not None}
    return [_without_null(each) for each in value] if isinstance(value, list | tuple) else value

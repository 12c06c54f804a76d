"""Objects and lists: what stands in them is judged as what stands beside them, and named by its place."""

from __future__ import annotations

import json
from copy import copy, deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.contract.loader import load_contract
from streams.envelope import Reason
from streams.judge.judge import Judge
from streams.reasons import text
from tests.streams.judge.batches import PREFIX, RECEIVED, batch, codes, encoded, event
from tests.streams.judge.reference import UNREADABLE, judge_plainly

AVIARY = load_contract(Path(__file__).parent / "aviary.yaml")
JUDGE = Judge({"aviary": AVIARY}, PREFIX)
MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
TOKEN = "tk_00000000000000000000000000000003"


def flock(**changes: Any) -> dict[str, Any]:
    """Data of an event that is right, with changes by flat name; ... leaves a value out."""
    data: dict[str, Any] = deepcopy(AVIARY.examples.good[0])
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        holder, key = (data[outer], inner) if inner else (data, outer)
        if value is ...:
            holder.pop(key, None)
        else:
            holder[key] = value
    return data


def written(data: Any, separators: tuple[str, str] = (",", ":")) -> bytes:
    return json.dumps(event(data, type="aviary"), ensure_ascii=False, separators=separators).encode()


def verdict(value: bytes, judge: Judge = JUDGE) -> dict[str, Any]:
    found: dict[str, Any] = judge.judge(batch([value], "events.aviary")).to_pylist()[0]
    return found


FAST_ONLY, SLOW_ONLY = copy(JUDGE), copy(JUDGE)
_PLAN = JUDGE._plans["events.aviary"]
FAST_ONLY._plans = {"events.aviary": replace(_PLAN, slow="select this must not be run")}
SLOW_ONLY._plans = {
    "events.aviary": replace(_PLAN, fast=_PLAN.fast.replace("select coalesce(", "select coalesce(false and "))
}


@pytest.mark.parametrize(
    "changes",
    [{}, {"birds": []}, {"home__floor": ...}, {"birds": [{"ring": "a", "tame": True}] * 2}],
    ids=["whole", "empty list", "no optional field", "no optional field in an item"],
)
def test_what_is_right_is_passed_by_the_fast_statement(changes: dict[str, Any]) -> None:
    for separators in ((",", ":"), (", ", ": ")):
        found = verdict(written(flock(**changes), separators), FAST_ONLY)
        assert found["accepted"]
        assert found == verdict(written(flock(**changes), separators), SLOW_ONLY)


def test_flat_names_have_slots() -> None:
    found, slots = verdict(written(flock())), JUDGE.slots["aviary"]
    assert (found[slots["home__township"]], found[slots["birds__count"]]) == ("330302006", 2)


BIRD = {"ring": "R1", "tame": True}
HOSTILE: dict[str, tuple[dict[str, Any], list[tuple[str, str | None]]]] = {
    "no object": ({"home": ...}, [("missing", "home")]),
    "null object": ({"home": None}, [("missing", "home")]),
    "text for an object": ({"home": "x"}, [("wrong_type", "home")]),
    "list for an object": ({"home": [{}]}, [("wrong_type", "home")]),
    "empty object": ({"home": {}}, [("missing", "home__township"), ("missing", "home__keeper")]),
    "no list": ({"birds": ...}, [("missing", "birds")]),
    "object for a list": ({"birds": {"0": BIRD}}, [("wrong_type", "birds")]),
    "text of a list": ({"birds": "[]"}, [("wrong_type", "birds")]),
    "null item": ({"birds": [BIRD, None]}, [("wrong_type", "birds[2]")]),
    "text item": ({"birds": ["a", BIRD]}, [("wrong_type", "birds[1]")]),
    "list item": ({"birds": [[BIRD]]}, [("wrong_type", "birds[1]")]),
    "empty item": ({"birds": [{}]}, [("missing", "birds[1]__ring"), ("missing", "birds[1]__tame")]),
    "null in an item": ({"birds": [BIRD, {**BIRD, "tame": None}]}, [("missing", "birds[2]__tame")]),
    "unknown in an object": ({"home__colour": "red"}, [("unknown_field", "home__colour")]),
    "unknown in an item": ({"birds": [BIRD, {**BIRD, "x": 1}]}, [("unknown_field", "birds[2]__x")]),
    "another case": ({"birds": [{"Ring": "R1", "tame": True}]}, [
        ("missing", "birds[1]__ring"), ("unknown_field", "birds[1]__Ring")]),
    "number for a text": ({"birds": [{**BIRD, "ring": 12}]}, [("wrong_type", "birds[1]__ring")]),
    "too long": ({"birds": [{**BIRD, "ring": "长" * 11}]}, [("too_long", "birds[1]__ring")]),
    "both items": ({"birds": [{**BIRD, "tame": 1}, {**BIRD, "ring": "x" * 11}]}, [
        ("too_long", "birds[2]__ring"), ("wrong_type", "birds[1]__tame")]),
    "too many": ({"birds": [BIRD] * 4}, [("too_many", "birds")]),
    "far too many": ({"birds": [{}] * 20_000}, [("too_many", "birds")]),
    "beyond its range": ({"home__floor": 51}, [("out_of_range", "home__floor")]),
    "no such township": ({"home__township": "330302999"}, [("not_in_enum", "home__township")]),
    "raw identity number": ({"home__keeper": "330302194001011232"}, [("untokenised", "home__keeper")]),
    "raw mobile in an item": ({"birds": [{**BIRD, "finder": "13800138000"}]}, [
        ("untokenised", "birds[1]__finder")]),
    "mobile as a number": ({"birds": [{**BIRD, "finder": 13800138000}]}, [
        ("untokenised", "birds[1]__finder")]),
    "person in a text": ({"birds": [{**BIRD, "ring": "13800138000"}]}, [
        ("untokenised", "birds[1]__ring")]),
    "check over a count": ({"birds": [BIRD] * 3}, [("check:low", None)]),
    "deep": ({"birds": json.loads("[" * 10 + "]" * 10)}, [("wrong_type", "birds[1]")]),
    "bottomless": ({"birds": json.loads("[" * 40 + "]" * 40)}, [("too_deep", None)]),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_wrong_within_is_named_by_its_place(name: str) -> None:
    changes, expected = HOSTILE[name]
    found = verdict(written(flock(**changes)))
    assert codes(found) == expected
    assert found == verdict(written(flock(**changes)), SLOW_ONLY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"ring":"R1"', b'"ring":"R1","ring":"R2"'),
        (b'"floor":1', b'"floor":1,"floor":2'),
        (b'"tame":true}', b'"tame":true,}'),
        (b'"tame":true},', b'"tame":true},,'),
        (b"}]}}", b"},]}}"),
        (b'"home":{', b'"home":null,"home":{'),
        (b'"birds":[', b'"birds":[],"birds":['),
    ],
)
def test_a_doubled_key_or_a_comma_too_many_is_found_within(old: bytes, new: bytes) -> None:
    value = written(flock())
    assert value.count(old) == 1
    found = verdict(value.replace(old, new))
    assert codes(found) in [[("duplicate_key", None)], [("not_json", None)]]


def test_persons_hidden_within_are_shown_nowhere() -> None:
    people = ["330302194001011232", "13800138000", "6222021234567890128"]
    hidden: list[Any] = [
        flock(home__keeper=people[0], birds=[{**BIRD, "ring": people[1], "finder": people[1]}]),
        flock(home={**flock()["home"], people[0]: people[1]}, birds=[{people[2]: 1}, people[0]]),
        flock(home=people, birds={people[0]: [people[1]]}),
        flock(birds=[[{"a": people}]], home__floor=people[0]),
    ]
    for data in hidden:
        found = verdict(written(data))
        assert not found["accepted"]
        told = json.dumps([found["reasons"], found["excerpt"]], ensure_ascii=False)
        assert not [person for person in people if person in told], told


def test_content_is_the_same_however_a_list_is_written_and_another_in_another_order() -> None:
    birds = flock()["birds"]
    one = verdict(written(flock()))
    same = [
        written(flock(), (", ", ": ")),
        written(flock(birds=[dict(reversed(bird.items())) for bird in birds])),
        written(flock(birds=[{"finder": None, **bird} for bird in birds])),
        written(flock(home__floor=1.0)),
    ]
    assert {verdict(value)["content"] for value in same} == {one["content"]}
    others = [flock(birds=birds[::-1]), flock(birds=birds[:1]), flock(birds=[]), flock(home__floor=2)]
    contents = {verdict(written(data))["content"] for data in others}
    assert len(contents - {one["content"], None}) == len(others)


def test_an_operator_reads_which_item_and_which_field() -> None:
    found = verdict(written(flock(birds=[BIRD, {**BIRD, "ring": "x" * 11}, "a"], home__floor=99)))
    assert [text(Reason(**reason), AVIARY) for reason in found["reasons"]] == [
        "「鸟舍」：「住处·楼层」超出范围（-2 至 50），收到「99」",
        "「鸟舍」：「鸟第3项」类型不对：应为对象，收到「“a”」",
        "「鸟舍」：「鸟第2项·环号」过长（上限 10 个字符）",
        "「鸟舍」：三只以上应住底层",
    ]
    many = verdict(written(flock(birds=[BIRD] * 4)))["reasons"][0]
    assert text(Reason(**many), AVIARY) == "「鸟舍」：「鸟」有 4 项，上限 3 项"


_values = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 60),
    st.sampled_from([1.0, 1.5, "R1", "", "1", TOKEN, "330302006", "a\\"]),
)  # fmt: skip
_object = st.dictionaries(
    st.sampled_from(["township", "keeper", "floor", "ring", "tame", "finder", "x"]), _values, max_size=5
)
_bird = st.fixed_dictionaries(
    {
        "ring": st.sampled_from(["R1", "R1", "号", "1", 'a"b', 1]),
        "tame": st.sampled_from([True, False, True, 1]),
    },
    optional={"finder": st.sampled_from([TOKEN, None, "x"]), "x": st.just(1)},
)
_home = st.fixed_dictionaries(
    {"township": st.sampled_from(["330302006", "330383198", "1"]), "keeper": st.just(TOKEN)},
    optional={"floor": st.sampled_from([0, 1, None, 2.0, 99]), "x": st.none()},
)
_flocks = st.builds(
    lambda home, birds: {"cage": "A001", "home": home, "birds": birds},
    st.one_of(_home, _home, _home, _object, _values),
    st.one_of(
        st.lists(_bird, max_size=4), st.lists(_bird, max_size=2), st.lists(st.one_of(_object, _values)),
        _values,
    ),
)  # fmt: skip


def _low(row: dict[str, Any]) -> bool | None:
    birds, floor = row["birds__count"], row["home__floor"]
    return None if birds is None or floor is None else birds < 3 or floor <= 0


@MANY
@given(st.lists(st.tuples(_flocks, st.sampled_from([(",", ":"), (", ", ": ")])), min_size=1, max_size=20))
def test_both_ways_give_the_verdict_of_a_plain_validator(drawn: list[tuple[Any, tuple[str, str]]]) -> None:
    values = [written(data, separators) for data, separators in drawn]
    table = batch(values, "events.aviary")
    found = JUDGE.judge(table).to_pylist()
    assert found == SLOW_ONLY.judge(table).to_pylist()
    for value, row in zip(values, found, strict=True):
        expected, outcome = judge_plainly(value, RECEIVED, AVIARY, {"low": _low})
        actual = {("unreadable", None) if code in UNREADABLE else (code, field) for code, field in codes(row)}
        assert actual == expected if len(actual) < 20 else actual <= expected, value
        assert row["content"] == (outcome and outcome.content)


def test_one_bad_event_does_not_slow_down_how_the_others_are_told() -> None:
    values = [written(flock()), written(flock(birds=[{}] * 20_000)), encoded({"no": "event"}), b"\xff"]
    assert [verdict(value)["accepted"] for value in values] == [True, False, False, False]
    assert JUDGE.judge(batch(values, "events.aviary"))["accepted"].to_pylist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("dataschema", "made_under"),
    [
        (None, None),
        (f"aviary/{AVIARY.version}", None),
        ("aviary/0123456789ab", "0123456789ab"),
        ("urn:minsheng:aviary:0123456789ab", "0123456789ab"),
        ("https://example.org/contracts/aviary/0123456789ab", "0123456789ab"),
        ("zoo/0123456789ab", None),
        ("aviary/0123456789AB", None),
        ("aviary", None),
    ],
)
def test_an_event_made_under_another_version_is_judged_and_says_so(
    dataschema: str | None, made_under: str | None
) -> None:
    attributes = {} if dataschema is None else {"dataschema": dataschema}
    for data, accepted in ((flock(), True), (flock(home__floor=99), False)):
        value = json.dumps(event(data, type="aviary", **attributes), separators=(",", ":")).encode()
        found = verdict(value)
        assert (found["accepted"], found["made_under"]) == (accepted, made_under)
        assert found == verdict(value, SLOW_ONLY)
        assert [code for code, _ in codes(found) if code == "other_version"] == (
            ["other_version"] if made_under and not accepted else []
        )

"""Hostile input, one kind a line: always a verdict, the right one, at no cost of the row beside it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.streams.judge.batches import (
    JUDGE,
    animal,
    batch,
    codes,
    encoded,
    event,
    verdict,
    verdicts,
)

GOOD = encoded(event())


def with_data(**changes: Any) -> bytes:
    return encoded(event(animal(**changes)))


def with_text(old: str, new: str) -> bytes:
    assert old.encode() in GOOD
    return GOOD.replace(old.encode(), new.encode(), 1)


BYTES: dict[str, tuple[bytes | None, str]] = {
    "a tombstone": (None, "not_json"),
    "nothing": (b"", "not_json"),
    "blanks": (b"  \n", "not_json"),
    "half an event": (GOOD[:-20], "not_json"),
    "two events": (GOOD + GOOD, "not_json"),
    "a trailing comma": (GOOD[:-1] + b",}", "not_json"),
    "a trailing comma in data": (GOOD[:-2] + b" ,\n}}", "not_json"),
    "single quotes": (GOOD.replace(b'"', b"'"), "not_json"),
    "a comment": (b"// hello\n" + GOOD, "not_json"),
    "a raw NUL": (GOOD.replace(b"A001", b"A0\x0001"), "not_json"),
    "NaN": (with_text(":100,", ":NaN,"), "not_json"),
    "-Infinity": (with_text(":100,", ":-Infinity,"), "not_json"),
    "a number beyond a double": (with_text(":100,", ":1e400,"), "not_json"),
    "a number of 5,000 digits": (with_text(":100,", f":{'9' * 5000},"), "not_json"),
    "a leading zero": (with_text(":100,", ":0100,"), "not_json"),
    "GB18030": ("老年食堂".encode("gb18030"), "not_utf8"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "not_utf8"),
    "half a UTF-8 character": (
        with_text("tiger", "老").replace("老".encode(), "老".encode()[:2]),
        "not_utf8",
    ),
    "an encoded surrogate": (with_text("tiger", "x").replace(b'"x"', b'"\xed\xa0\x80"'), "not_utf8"),
    "a doubled attribute": (with_text("{", '{"id":"a-2",'), "duplicate_key"),
    "a doubled field": (with_text('"amount":100', '"amount":100,"amount":100'), "duplicate_key"),
    "10 MB": (encoded(event(animal(note="x" * 10_000_000))), "too_large"),
    "10 MB of nothing": (b" " * 10_000_000, "too_large"),
    "60,000 brackets": (b"[" * 30_000 + b"]" * 30_000, "too_deep"),
    "60,000 open brackets": (b"[" * 60_000, "too_deep"),
    "a deep field": (with_data(note=json.loads("[" * 40 + "]" * 40)), "too_deep"),
    "an array of events": (b"[" + GOOD + b"]", "not_an_object"),
    "a text": (b'"event"', "not_an_object"),
    "null": (b"null", "not_an_object"),
}


@pytest.mark.parametrize(("value", "code"), BYTES.values(), ids=BYTES)
def test_what_is_no_event(value: bytes | None, code: str) -> None:
    found = verdict(value)
    assert codes(found) == [(code, None)]
    assert len(found["excerpt"]) <= 2000


ATTRIBUTES: dict[str, tuple[dict[str, Any], list[tuple[str, str | None]]]] = {
    "an empty object": ({"specversion": ...}, [("bad_envelope", "specversion")]),
    "a number as version": ({"specversion": 1.0}, [("bad_envelope", "specversion")]),
    "no id": ({"id": ...}, [("bad_envelope", "id")]),
    "an empty id": ({"id": ""}, [("bad_envelope", "id")]),
    "a number as id": ({"id": 12}, [("bad_envelope", "id")]),
    "a long id": ({"id": "x" * 513}, [("bad_envelope", "id")]),
    "NUL in the id": ({"id": "a\0b"}, [("bad_envelope", "id")]),
    "no source": ({"source": ...}, [("bad_envelope", "source")]),
    "blanks in the source": ({"source": "/wenzhou zoo"}, [("bad_envelope", "source")]),
    "no type": ({"type": ...}, [("bad_envelope", "type")]),
    "another source's type": ({"type": "canteen_meal"}, [("wrong_topic", "type")]),
    "a type that nobody has": ({"type": "aquarium"}, [("wrong_topic", "type")]),
    "no data": ({"data": ...}, [("bad_envelope", "data")]),
    "null data": ({"data": {}}, []),
    "data in an array": ({"data": [1]}, [("bad_envelope", "data")]),
    "data as text": ({"data": "{}"}, [("bad_envelope", "data")]),
    "XML": ({"datacontenttype": "application/xml"}, [("bad_envelope", "datacontenttype")]),
    "no time": ({"time": ...}, [("bad_envelope", "time")]),
    "an empty time": ({"time": ""}, [("bad_time", "time")]),
    "a newline after the time": ({"time": "2026-09-01T18:30:00+08:00\n"}, [("bad_time", "time")]),
    "a time without offset": ({"time": "2026-09-01T12:00:00"}, [("bad_time", "time")]),
    "a time without T": ({"time": "2026-09-01 12:00:00Z"}, [("bad_time", "time")]),
    "30 February": ({"time": "2026-02-30T12:00:00Z"}, [("bad_time", "time")]),
    "24 o'clock": ({"time": "2026-09-01T24:00:00Z"}, [("bad_time", "time")]),
    "an offset of 24 hours": ({"time": "2026-09-01T12:00:00+24:00"}, [("bad_time", "time")]),
    "epoch": ({"time": "epoch"}, [("bad_time", "time")]),
    "2099": ({"time": "2099-01-01T00:00:00Z"}, [("too_new", "time")]),
    "9999": ({"time": "9999-12-31T23:59:59-23:59"}, [("too_new", "time")]),
    "1970": ({"time": "1970-01-01T00:00:00Z"}, [("too_old", "time")]),
    "year 1": ({"time": "0001-01-01T00:00:00Z"}, [("too_old", "time")]),
    "a microsecond too old": ({"time": "2026-07-03T11:59:59.999999Z"}, [("too_old", "time")]),
    "a microsecond too new": ({"time": "2026-09-02T12:00:00.000001Z"}, [("too_new", "time")]),
}


@pytest.mark.parametrize(("changes", "expected"), ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_envelopes(changes: dict[str, Any], expected: list[tuple[str, str | None]]) -> None:
    found = codes(verdict(encoded(event(**changes))))
    assert found == (
        expected or [("missing", name) for name in ("division", "cage", "kind", "keeper", "amount", "tame")]
    )


FIELDS: dict[str, tuple[dict[str, Any], list[tuple[str, str | None]]]] = {
    "missing": ({"kind": ...}, [("missing", "kind")]),
    "null": ({"kind": None}, [("missing", "kind")]),
    "an optional null": ({"order": None}, []),
    "unknown": ({"weather": "晴"}, [("unknown_field", "weather")]),
    "unknown, by case": ({"Kind": "tiger"}, [("unknown_field", "Kind")]),
    "text for a number": ({"amount": "100"}, [("wrong_type", "amount")]),
    "true for a number": ({"amount": True}, [("wrong_type", "amount")]),
    "a fraction for a whole number": ({"amount": 12.5}, [("wrong_type", "amount")]),
    "a number for text": ({"cage": 1}, [("wrong_type", "cage")]),
    "a number for an enum that has it": ({"kind": 12}, [("wrong_type", "kind")]),
    "true for an enum that has it": ({"kind": True}, [("wrong_type", "kind")]),
    "a number for a division": ({"division": 330302}, [("wrong_type", "division")]),
    "text for true": ({"tame": "true"}, [("wrong_type", "tame")]),
    "1 for true": ({"tame": 1}, [("wrong_type", "tame")]),
    "an object for text": ({"note": {"a": 1}}, [("wrong_type", "note")]),
    "an array for a number": ({"amount": [1]}, [("wrong_type", "amount")]),
    "beyond a bigint": ({"amount": 2**63}, [("out_of_range", "amount")]),
    "far beyond a bigint": ({"amount": 10**39}, [("out_of_range", "amount")]),
    "a huge double": ({"amount": 1e300}, [("out_of_range", "amount")]),
    "negative": ({"amount": -1}, [("out_of_range", "amount")]),
    "a check that overflows": ({"order": 2097152}, [("check:large", None)]),
    "too many decimals": ({"weight": 0.00005}, [("bad_pattern", "weight")]),
    "a decimal just too large": ({"weight": 100.5001}, [("out_of_range", "weight")]),
    "a trailing newline": ({"cage": "A001\n"}, [("bad_pattern", "cage")]),
    "a newline after a token": ({"keeper": f"tk_{'0' * 32}\n"}, [("untokenised", "keeper")]),
    "a newline after a date": ({"born": "2026-01-02\n"}, [("bad_pattern", "born")]),
    "a newline after a time": ({"fed": "2026-09-01T08:00:00Z\n"}, [("bad_pattern", "fed")]),
    "Arabic digits": ({"cage": "A٠٠١"}, [("bad_pattern", "cage")]),
    "an empty text": ({"cage": ""}, [("bad_pattern", "cage")]),
    "an optional empty date": ({"born": ""}, [("bad_pattern", "born")]),
    "no such day": ({"born": "2026-02-30"}, [("bad_pattern", "born")]),
    "not in an enum": ({"kind": "lion"}, [("not_in_enum", "kind")]),
    "a wrong check digit": ({"owner": "91350211M000100Y44"}, [("bad_checksum", "owner")]),
    "31 characters": ({"note": "老" * 31}, [("too_long", "note")]),
    "NUL in a text": ({"note": "a\0b"}, [("bad_pattern", "note")]),
    "an identity number for a token": ({"keeper": "330302194001011232"}, [("untokenised", "keeper")]),
    "an identity number as number": ({"keeper": 330302194001011232}, [("untokenised", "keeper")]),
    "a mobile number in free text": ({"note": "请打 138 0013-8000"}, [("untokenised", "note")]),
    "an identity number in free text": ({"note": "330302 19400101 1234"[:20]}, []),
    "a false check": ({"amount": 1001}, [("check:cheap", None)]),
    "everything at once": (
        {"cage": "x", "amount": -1, "tame": "no", "weather": 1, "keeper": 1},
        [
            ("bad_pattern", "cage"),
            ("untokenised", "keeper"),
            ("out_of_range", "amount"),
            ("wrong_type", "tame"),
            ("unknown_field", "weather"),
        ],
    ),
}


@pytest.mark.parametrize(("changes", "expected"), FIELDS.values(), ids=FIELDS)
def test_fields(changes: dict[str, Any], expected: list[tuple[str, str | None]]) -> None:
    assert codes(verdict(with_data(**changes))) == expected


ACCEPTED: dict[str, bytes] = {
    "as it should be": GOOD,
    "no optional date and time": with_data(born=..., fed=...),
    "null for an optional date and time": with_data(born=None, fed=None),
    "no optional date and time, judged the slow way": encoded(event(animal(born=..., fed=...), x="y")),
    "null for both, judged the slow way": encoded(event(animal(born=None, fed=None), x="y")),
    "a BOM": b"\xef\xbb\xbf" + GOOD,
    "spread over lines": json.dumps(event(), indent=4).encode(),
    "everything escaped": "".join(f"\\u{ord(c):04x}" for c in "tiger")
    .join(GOOD.decode().split("tiger"))
    .encode(),
    "12.0": with_text(":100,", ":100.0,"),
    "1e2": with_text(":100,", ":1e2,"),
    "another extension": encoded(event(knativearrivaltime="x", partitionkey="A001")),
    "known extensions": encoded(event(sequence="12", subject="a", traceparent="00-0af7-b7ad-01")),
    "JSON with a charset": encoded(event(datacontenttype="application/json; charset=utf-8")),
    "no content type": encoded(event(datacontenttype=...)),
    "a Chinese id": encoded(event(id="用餐-1")),
    "SQL in a text": with_data(note="'; drop table ops.claim; --"),
    "HTML in a text": with_data(note="<script>alert(1)</script>"),
    "a formula in a text": with_data(note='=HYPERLINK("http://x")'),
    "a backslash in a text": with_data(note="C:\\temp"),
    "braces in a text": with_data(note=',} {"a":1,}'),
    "a token in a text": with_data(note="tk_" + "0" * 27),
    "a leap second": encoded(event(time="2026-09-01T11:59:60Z")),
    "lower case t and z": encoded(event(time="2026-09-01t11:59:00z")),
    "nanoseconds": encoded(event(time="2026-09-01T11:59:00.123456789Z")),
    "the other side of the world": encoded(event(time="2026-09-02T02:00:00+14:00")),
    "exactly as old as may be": encoded(event(time="2026-07-03T12:00:00Z")),
    "exactly as new as may be": encoded(event(time="2026-09-02T12:00:00Z")),
}


@pytest.mark.parametrize("value", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_odd_and_right(value: bytes) -> None:
    assert codes(verdict(value)) == []


def test_a_resend_that_is_serialised_anew_has_the_same_claim_and_content() -> None:
    whole = event(animal(weight=2.5, fed="2026-09-01T08:00:00+08:00", note="老虎"))
    anew = {**whole, "time": "2026-09-01T10:30:00.000Z", "data": dict(reversed(whole["data"].items()))}
    anew["data"] = {
        **anew["data"],
        "amount": 100.0,
        "fed": "2026-09-01T00:00:00Z",
        "order": None,
        "weight": 2.50,
    }
    first, second = verdicts([encoded(whole), json.dumps(anew, indent=1).encode()])
    assert (first["accepted"], second["accepted"]) == (True, True)
    assert (first["claim_id"], first["content"]) == (second["claim_id"], second["content"])


@pytest.mark.parametrize("change", [{"amount": 101}, {"kind": "12"}, {"note": "x"}, {"order": 1}])
def test_other_content_has_another_hash(change: dict[str, Any]) -> None:
    first, second = verdicts([GOOD, with_data(**change)])
    assert first["claim_id"] == second["claim_id"]
    assert first["content"] != second["content"]


def test_half_a_surrogate_pair_is_no_text() -> None:
    half = json.dumps(event(animal(note="\ud800", cage="\udfff", weather="\ud800"))).encode()
    assert codes(verdict(half)) == [
        ("bad_pattern", "cage"),
        ("bad_pattern", "note"),
        ("unknown_field", "weather"),
    ]


def test_the_same_id_of_another_sender_is_another_claim() -> None:
    first, second = verdicts([GOOD, encoded(event(source="/jinhua/zoo"))])
    assert first["claim_id"] != second["claim_id"]


def test_all_of_it_in_one_batch_leaves_every_row_its_own_verdict() -> None:
    values = [*(value for value, _ in BYTES.values()), *ACCEPTED.values()] * 3
    found = JUDGE.judge(batch(values))
    assert found["accepted"].to_pylist() == [value in ACCEPTED.values() for value in values]


def test_topics_of_many_sources_in_one_batch_keep_their_order() -> None:
    topics = ["events.zoo", "events.canteen_meal", "events.aquarium", "other", "events.zoo"] * 3
    found = JUDGE.judge(batch([GOOD] * len(topics), topics)).to_pylist()
    assert [row["offset"] for row in found] == list(range(100, 100 + len(topics)))
    assert [row["source"] for row in found] == ["zoo", "canteen_meal", "aquarium", "other", "zoo"] * 3
    assert [codes(row) for row in found] == [
        [],
        [("wrong_topic", "type")],
        [("unknown_source", None)],
        [("unknown_source", None)],
        [],
    ] * 3


def test_no_rows_give_no_verdicts() -> None:
    found = JUDGE.judge(batch([]))
    assert found.num_rows == 0
    assert found.schema.equals(JUDGE.schema)


def test_the_window_is_about_when_an_event_was_received_and_not_about_now() -> None:
    old = encoded(event(time="2001-01-01T12:00:00+08:00"))
    then = datetime(2001, 1, 1, 4, 30, tzinfo=UTC)
    assert codes(verdict(old, received=then)) == []
    assert verdict(old, received=then)["event_day"] == 11323


def test_days_before_1992_know_the_summer_time_of_then() -> None:
    found = verdict(
        encoded(event(time="1986-07-01T15:30:00Z")), received=datetime(1986, 7, 1, 16, tzinfo=UTC)
    )
    assert datetime.fromtimestamp(found["event_day"] * 86_400, UTC).date().isoformat() == "1986-07-02"
    before = verdict(encoded(event(time="1969-12-31T23:59:59Z")), received=datetime(1970, 1, 1, tzinfo=UTC))
    assert before["minute"] == -1


def test_of_a_rejected_event_nothing_personal_and_nothing_unsound_is_told() -> None:
    found = verdict(
        encoded(
            event(animal(cage="<b>13800138000</b>", keeper="330302194001011232"), id="330302194001011232")
        )
    )
    assert (found["place"], found["division"]) == (None, "330302")
    shown = json.dumps(found, default=str, ensure_ascii=False)
    assert "330302194001011232" not in shown
    assert "13800138000" not in shown
    assert "<b>" not in shown

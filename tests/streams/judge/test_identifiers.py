"""Which identifiers are taken for a person's number, and which of those that only look like one are not."""

from __future__ import annotations

import random
import uuid

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.judge.identifiers import HARMLESS_TEXT, HARMLESS_URI, HASH, SUSPICIOUS, identifies_a_person
from streams.judge.sql import PLAIN_TEXT, PLAIN_URI
from tests.streams.judge.batches import codes, encoded, event, verdict

RESIDENT, MOBILE, CARD = "330302194001011232", "13800138000", "6222021234567890128"

PERSONAL = [
    RESIDENT,
    "11010519491231002x",
    f"{RESIDENT}-20260901",
    f"a{RESIDENT}",
    "330302 19400101 1232",
    MOBILE,
    f"86{MOBILE}",
    f"+86{MOBILE}",
    f"0086{MOBILE}",
    f"phone{MOBILE}",
    f"20260901-{MOBILE}",
    f"04 {MOBILE}",
    "138-0013-8000",
    "138 0013 8000",
    "tel:138‑0013‑8000",
    "１３８００１３８０００",
    "%31%33800138000",
    "&#49;3800138000",
    CARD,
    "6222-0212-3456-7890-128",
]
IMPERSONAL = [
    "330302194001011233",
    "330302194013011232",
    "330302-20260901-0017",
    "202609010800001234",
    "20260901080000123456",
    "2026-05-04-000017",
    "1756700000123",
    "1756700000-7",
    "12800138000",
    f"0{MOBILE}",
    f"{MOBILE}0",
    "6222021234567890129",
    "0af7651916cd13812345678ab",
    f"0af7{CARD}c9e5b1d4f",
    f"0af7c9{RESIDENT}e5b1d4f0",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "tk_00000000000000000000000000000002",
]


@pytest.mark.parametrize("text", PERSONAL)
def test_a_number_of_a_person_is_known_however_it_stands(text: str) -> None:
    assert identifies_a_person(text)
    for name in ("id", "subject"):
        assert codes(verdict(encoded(event(**{name: text})))) == [("untokenised", name)]


@pytest.mark.parametrize("text", IMPERSONAL)
def test_other_numbers_are_identifiers(text: str) -> None:
    assert not identifies_a_person(text)
    assert codes(verdict(encoded(event(id=text, subject=text)))) == []


def test_a_refused_identifier_is_shown_nowhere() -> None:
    shown = verdict(encoded(event(id=RESIDENT, source=f"/x/{MOBILE}")))
    assert shown["event_id"] is None
    assert RESIDENT not in str(shown)
    assert MOBILE not in str(shown)


def test_uuids_are_nobodys() -> None:
    chance = random.Random(1)
    made = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(20_000)]
    assert not any(map(identifies_a_person, made))


@settings(deadline=None)
@given(st.text("0123456789xX -%&#;ab/", max_size=30) | st.sampled_from(PERSONAL))
def test_whatever_names_a_person_is_suspicious_to_the_fast_way(text: str) -> None:
    (suspicious,) = duckdb.execute("select regexp_matches(?, ?)", [f'"{text}"', SUSPICIOUS]).fetchall()[0]
    assert suspicious or not text.isascii() or not identifies_a_person(text)


@st.composite
def hashes(draw: st.DrawFn) -> str:
    """Hexadecimal digits, with somebody's number at some place; some as a UUID, some a little too short."""
    size = draw(st.sampled_from([31, 32, 33, 40, 64]))
    digits = draw(st.text("0123456789abcdefAF", min_size=size, max_size=size))
    number = draw(
        st.sampled_from(["13800138000", "330302194001011232", "6222021234567890128", "138-0013-8000"])
    )
    place = draw(st.integers(0, size - len(number)))
    text = digits[:place] + number + digits[place + len(number) :]
    return str(uuid.UUID(digits)) if size == 32 and draw(st.booleans()) else text


@settings(deadline=None)
@given(st.text("0123456-./a", max_size=24) | st.text(max_size=8) | st.sampled_from(PERSONAL))
def test_what_is_harmless_is_plain_and_never_suspicious(text: str) -> None:
    question = (
        "select regexp_full_match($v, $harmless), regexp_full_match($v, $plain), regexp_matches($v, $s)"
    )
    for harmless, plain in ((HARMLESS_TEXT, PLAIN_TEXT), (HARMLESS_URI, PLAIN_URI)):
        values = {"v": f'"{text}"', "harmless": harmless, "plain": plain, "s": SUSPICIOUS}
        is_harmless, is_plain, is_suspicious = duckdb.execute(question, values).fetchall()[0]
        assert not is_harmless or (is_plain and not is_suspicious)


@settings(deadline=None)
@given(hashes())
def test_what_is_a_hash_is_plain_and_nobodys(text: str) -> None:
    question = "select regexp_full_match($v, $hash), regexp_full_match($v, $plain)"
    is_hash, is_plain = duckdb.execute(
        question, {"v": f'"{text}"', "hash": HASH, "plain": PLAIN_TEXT}
    ).fetchall()[0]
    assert not is_hash or (is_plain and not identifies_a_person(text))


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-04-000017", "meal_0000017", "row-0af7651916cd43dd-1", "17",
    ],
)  # fmt: skip
def test_usual_identifiers_are_settled_by_one_expression(text: str) -> None:
    assert duckdb.execute("select regexp_full_match(?, ?)", [f'"{text}"', HARMLESS_TEXT]).fetchall() == [
        (True,)
    ]


@pytest.mark.parametrize(
    "text", ["b13812345678c1d2e3f4a5b6c7d8e9f0", "0af76519-16cd-43dd-8448-a13800138000", "A" * 20 + "1" * 20]
)
def test_hashes_and_uuids_are_known_for_what_they_are(text: str) -> None:
    assert duckdb.execute("select regexp_full_match(?, ?)", [f'"{text}"', HASH]).fetchall() == [(True,)]

"""Nobody's number is stored, in whatever spelling; and text that is shown does nothing."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contract.model import FieldSpec
from streams.contract.types import NAMED_TYPES
from streams.judge.mask import mask, names_a_person

RESIDENT = "330302194001011232"
MOBILE = "13800138000"
CARD = "6222021234567890128"
TOKEN = "tk_0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("number", [RESIDENT, MOBILE, CARD, "33030219400101123X", "110101194912310021"])
@pytest.mark.parametrize(
    "spelling",
    [
        "{}",
        "身份证{}号",
        '{{"note":"{}"}}',
        '"{}",',
        "ID{}ID",
        "+86{}",
        "=1+{}",
        "<b>{}</b>",
    ],
)
def test_a_number_is_masked_wherever_it_stands(number: str, spelling: str) -> None:
    assert number[3:] not in mask(spelling.format(number))


def _spellings(number: str) -> dict[str, str]:
    return {
        "blanks": " ".join(re.findall(".{1,4}", number)),
        "hyphens": "-".join(re.findall(".{1,4}", number)),
        "ideographic blanks": "\u3000".join(number),
        "zero-width blanks": "\u200b".join(number),
        "full-width": "".join(chr(ord(digit) + 0xFEE0) for digit in number),
        "escapes": "".join(f"\\u{ord(digit):04x}" for digit in number),
        "capital escapes": "".join(f"\\u{ord(digit):04X}" for digit in number),
        "JSON in JSON": json.dumps(json.dumps("".join(f"\\u{ord(digit):04x}" for digit in number))),
        "entities": "".join(f"&#{ord(digit)};" for digit in number),
        "hexadecimal entities": "".join(f"&#x{ord(digit):x};" for digit in number),
        "percent codes": "".join(f"%{ord(digit):02x}" for digit in number),
        "some of each": f"{number[:4]}\\u00{ord(number[4]):x} {number[5:9]}&#{ord(number[9])};{number[10:]}",
    }


@pytest.mark.parametrize("number", [RESIDENT, MOBILE, CARD])
@pytest.mark.parametrize("spelling", list(_spellings(MOBILE)))
def test_a_number_is_masked_however_it_is_spelled(number: str, spelling: str) -> None:
    shown = mask(f'{{"note":"{_spellings(number)[spelling]}"}}')
    assert len(re.findall(r"[0-9０-９]", shown)) <= 3, shown


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        '{"time":"2026-09-01T08:00:00.123456789+08:00","amount":100}',
        "2026-09-01 08:00:00",
        "330302",
        "ST302001",
        "编号 20260901",
    ],
)
def test_what_is_nobodys_number_stays(text: str) -> None:
    assert mask(text) == text


@given(st.text(max_size=300))
def test_masked_text_is_inert_short_and_encodable(text: str) -> None:
    shown = mask(text, 100)
    assert len(shown) <= 101
    assert not re.search("[\x00-\x1f\x7f-\x9f<>\u202a-\u202e\u2066-\u2069]", shown)
    assert not shown.startswith(("=", "+", "-", "@"))
    shown.encode()


@given(st.text("0123456789 -", min_size=11, max_size=60))
def test_no_twelve_digits_are_left_near_each_other(text: str) -> None:
    assert not re.search(r"\d(?:[\s-]{0,3}\d){11}", mask(text))


def test_a_number_at_the_cut_is_not_shown_in_part() -> None:
    assert RESIDENT[3:8] not in mask("x" * 95 + RESIDENT, 100)


@pytest.mark.parametrize("number", [RESIDENT, MOBILE, "6222021234567890128"])
def test_free_text_that_names_a_person_is_known(number: str) -> None:
    assert names_a_person(f"联系{number}")


@pytest.mark.parametrize(
    "text", ["330302194001011233", TOKEN, "20260901080000123456", "订单 7222021234567890", ""]
)
def test_other_numbers_name_nobody(text: str) -> None:
    assert not names_a_person(text)


@pytest.mark.parametrize("kind", ["cn_id", "mobile", "bank_card"])
def test_what_the_types_make_is_masked(kind: str) -> None:
    import random  # noqa: PLC0415 (only here)

    spec = FieldSpec(title="号", type=kind, pii="tokenise")
    for seed in range(50):
        number = str(NAMED_TYPES[kind].make(random.Random(seed), spec))
        assert number[3:] not in mask(f"号{number}。")

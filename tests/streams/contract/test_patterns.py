"""Patterns describe whole values, mean the same to three engines, and cannot explode."""

from __future__ import annotations

from random import Random

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contract.pattern_maker import make
from streams.contract.patterns import full_match, refusal

USABLE = [
    r"ST\d{6}",
    r"20\d{2}-(0[1-9]|1[0-2])",
    r"(a|b)+",
    r"[一-龥]{2,20}",
    r"(\d{3})+",
    r"a'b",
    r"(?:a|bc)?d",
    r"[\d-]{3}",
    r"[^,]{1,20}",
    r"\[a\]",
    r"\w+-\W",
    r"\D\d",
    r"[A-Za-z0-9 .()/-]{1,40}",
    "晴|雨",
]
REFUSED = {
    r"(?=a)b": "look-around",
    r"(?!a)b": "look-around",
    r"(?<=a)b": "look-around",
    r"(?<!a)b": "look-around",
    r"(a)\1": "back-reference",
    r"(?P<x>a)(?P=x)": "(?",
    r"(?i)a": "(?",
    r"(?>a)": "(?",
    r"(?#x)a": "(?",
    r"^a$": "anchor",
    r"\Aa": "anchor",
    r"a\Z": "anchor",
    r"a\b": "anchor",
    r"(a+)+": "repeat inside",
    r"(\d{1,3})*": "repeat inside",
    r"([a-z]+-)*": "repeat inside",
    r"(a|ab)*": "alternative",
    r"\d*\d*\d*\d*x": "open repeats",
    r"a{1001}": "1001",
    r"(a{1000}){1000}": "RE2",
    "a" * 201: "201 characters",
    r"a{,3}": "brace",
    r"a{x}": "brace",
    r".*": "dot",
    r"\s": r"\s",
    r"\p{Han}": r"\p",
    r"\x41": r"\x",
    r"[\u4e00]": r"\u",
    r"[[:alpha:]]": "class",
    r"[a&&b]": "class",
    "[": "not a pattern",
    "(": "not a pattern",
    "a**": "not a pattern",
    "a++": "possessive",
    "": "''",
    "a\nb": "n",
    "\\": "not a pattern",
    "(" * 150: "not a pattern",
}


def matches(value: str, pattern: str) -> bool:
    row = duckdb.execute(
        f"select {full_match('v', pattern)} from (select $1::varchar as v)", [value]
    ).fetchone()
    assert row is not None
    return bool(row[0])


@pytest.mark.parametrize("pattern", USABLE)
def test_a_plain_pattern_may_be_used_and_its_maker_fulfils_it(pattern: str) -> None:
    assert refusal(pattern) is None
    made = {make(Random(seed), pattern) for seed in range(20)}
    assert [value for value in made if not matches(value, pattern)] == []


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_is_refused_with_a_remedy(pattern: str) -> None:
    refused = refusal(pattern)
    assert refused is not None
    assert REFUSED[pattern] in refused[0]
    assert refused[1].endswith("."), "a sentence on what to do"


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_is_refused(pattern: str) -> None:
    if refusal(pattern) is None:
        assert isinstance(matches("x", pattern), bool)


@pytest.mark.parametrize("value", ["ST302001\n", "\nST302001", "xST302001", "ST302001x", "ST30200１", ""])
def test_a_pattern_is_the_whole_value(value: str) -> None:
    assert matches("ST302001", r"ST\d{6}")
    assert not matches(value, r"ST\d{6}")
    assert not matches("ab", "a|b"), "an alternative is the whole value too"

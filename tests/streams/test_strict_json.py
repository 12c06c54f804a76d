"""Strict JSON: what two readers could understand differently is refused, with a code and never a crash."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.strict_json import JsonRefused, dumps, loads


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"{'a': 1}", "not_json"),
        (b"NaN", "not_json"),
        (b"[-Infinity]", "not_json"),
        (b"1e999", "not_json"),
        (b"9" * 5_000, "not_json"),
        (b"[1] [2]", "not_json"),
        (b"\xff\xfe", "not_utf8"),
        ("早餐".encode("gb18030"), "not_utf8"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "duplicate_key"),
        (b"[" * 17 + b"]" * 17, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_its_code(body: bytes, code: str) -> None:
    with pytest.raises(JsonRefused) as refused:
        loads(body)
    assert refused.value.code == code


def test_sixteen_levels_and_a_byte_order_mark_pass() -> None:
    assert loads(b"\xef\xbb\xbf" + b"[" * 16 + b"]" * 16) is not None


def test_integers_beyond_64_bits_keep_their_digits() -> None:
    assert dumps(loads(b'{"a":123456789012345678901234567890}')) == b'{"a":123456789012345678901234567890}'


def test_half_a_surrogate_pair_is_refused_on_the_way_out() -> None:
    with pytest.raises(JsonRefused) as refused:
        dumps(loads(b'"\\ud83d"'))
    assert refused.value.code == "not_utf8"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert loads(dumps(value), max_depth=64) == value
    assert json.loads(dumps(value)) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(JsonRefused):
        assert loads(body) == json.loads(body)

"""Tokens: the same person everywhere, nobody without the key."""

from __future__ import annotations

import hmac
import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.tokens import Tokens, is_token

KEY = "k" * 32


def test_a_token_is_the_first_half_of_an_hmac_under_the_key() -> None:
    expected = "tk_" + hmac.new(KEY.encode(), b"330302194001011232", sha256).hexdigest()[:32]
    assert Tokens.of(KEY).token("330302194001011232") == expected


@pytest.mark.parametrize(
    "spelling", ["33030219400101123x", " 330302 19400101 123X\n", "３３０３０２１９４００１０１１２３Ｘ"]
)
def test_every_spelling_of_a_number_is_the_same_person(spelling: str) -> None:
    tokens = Tokens.of(KEY)
    assert tokens.token(spelling) == tokens.token("33030219400101123X")


@given(st.text(), st.text(min_size=16, max_size=64))
def test_a_token_has_one_form_and_depends_on_the_key(value: str, key: str) -> None:
    token = Tokens(key.encode("utf-8", "surrogatepass")).token(value.encode("utf-8", "replace").decode())
    assert re.fullmatch(r"tk_[0-9a-f]{32}", token)
    assert is_token(token)
    assert token != Tokens.of(KEY + "another").token(value.encode("utf-8", "replace").decode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tk_",
        "tk_" + "0" * 31,
        "tk_" + "0" * 33,
        "TK_" + "0" * 32,
        "tk_" + "A" * 32,
        "tk_" + "0" * 32 + "\n",
    ],
)
def test_what_is_nearly_a_token_is_none(text: str) -> None:
    assert not is_token(text)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Tokens.of("short")


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(Tokens.of(KEY))

"""Numbers of persons where only identifiers belong: ids, sources, subjects and extensions of an event.

Identifiers are rich in digits that mean nobody: counters, times, hashes. So this looks for less than mask.py
does in free text: a number must stand between characters that are no digits, and what is separated by hyphens
is a number of its own, except in the usual spellings of mobiles (3-4-4) and bank cards (by fours).

    resident identity number   18 digits in one piece, birth date and check digit right
    bank card of UnionPay      62..., 16 to 19 digits, check digit right
    mobile                     11 digits that begin with 13 to 19, also after 86

Within a hexadecimal number no card or mobile is looked for, and within one of 32 digits (a hash) nothing: of
random ones one in a thousand has a run like a mobile, two in a million have one like a card, and one in some
millions has one like a resident's.

A running number of eleven digits that begins so cannot be told from a mobile and is refused; with a twelfth
digit, or parts by hyphens, it passes.
"""

from __future__ import annotations

import re
from functools import lru_cache

from stdnum import luhn

from streams.judge.mask import in_plain_digits, is_resident

_MOBILE = r"(?:(?:00)?86)?1[3-9]\d{9}|1[3-9]\d-\d{4}-\d{4}"
_CARD = r"62\d{14,17}|62\d\d-\d{4}-\d{4}-\d{4}(?:-\d{1,3})?"
_RESIDENT = r"\d{6}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
_NUMBER = re.compile(
    rf"(?<!\d)(?:(?P<mobile>{_MOBILE})|(?P<card>{_CARD})|(?P<resident>{_RESIDENT}))(?!\d)", re.ASCII
)
_FEWEST_DIGITS = 11
_HASH_DIGITS = 32
_DASHES = re.compile("[‐-―−]")
_BLANKS_WITHIN = re.compile(r"(?<=\d)[\s·•\u00ad\u200b-\u200f\u2060\ufeff]{1,3}(?=[\dXx])")

SUSPICIOUS = rf"(?:^|\D)(?:{_MOBILE}|{_CARD}|{_RESIDENT})(?:\D|$)|%|&#|\d {{1,3}}[\dXx]"
"""RE2, for printable ASCII without backslashes: matches wherever `identifies_a_person` could be true."""

_URI, _ANY = r"A-Za-z._~:/?\[\]@!$'()*+,;=", r"!$'-,./:-\[\]-~"


# Hashes of 128 to 256 bits and UUIDs. Whatever number stands in one, hexadecimal digits adjoin it.
_HASH = "(?:[0-9A-Fa-f]{8}){4,8}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"


def _harmless(characters: str) -> str:
    """Digits in runs of at most ten, none of which begins a mobile or a card that is spelled with hyphens."""
    other, hyphen_too = f"[{characters}]", f"[{characters}\\-]"
    begins = rf"1[3-9]\d{other}|62\d\d{other}"
    goes_on = rf"(?:\d{{1,2}}|[02-9]\d\d|1[0-2]\d|[0-57-9]\d{{3}}|6[013-9]\d\d|\d{{5,10}}){hyphen_too}"
    piece = f"(?:{hyphen_too}|{begins}|{goes_on})"
    return rf'"{piece}*(?:{piece}|\d{{1,10}})"'


HARMLESS_TEXT, HARMLESS_URI = _harmless(_ANY), _harmless(_URI)
"""RE2 for a whole JSON text with its quotes, as sql.PLAIN_TEXT and PLAIN_URI but narrower: most identifiers
match, and what does is never SUSPICIOUS. So those cost no second expression."""

HASH = f'"(?:{_HASH})"'
"""RE2 for a whole JSON text that may be suspicious, as one in a thousand is, and identifies nobody."""


@lru_cache(maxsize=1_000)  # senders and types of events are the same again and again
def identifies_a_person(text: str) -> bool:
    """Whether an identifier holds a number that is taken for a person's, however its digits are written."""
    plain = in_plain_digits(text)
    if sum(map(str.isdigit, plain)) < _FEWEST_DIGITS:
        return False
    plain = _DASHES.sub("-", plain)
    # "04 13800138000" has a mobile only as it stands, "138 0013 8000" only when drawn together.
    return any(
        _is_personal(spelled, match)
        for spelled in {plain, _BLANKS_WITHIN.sub("", plain)}
        for match in _NUMBER.finditer(spelled)
    )


def _is_personal(text: str, match: re.Match[str]) -> bool:
    digits = match[0].replace("-", "").upper()
    around = _hexadecimal_around(text, match)
    if match["resident"]:
        return len(around) < _HASH_DIGITS and is_resident(digits)
    return not around and (bool(match["mobile"]) or luhn.is_valid(digits))


def _hexadecimal_around(text: str, match: re.Match[str]) -> str:
    """The hexadecimal number that the match is a part of, if that has letters too; else nothing."""
    before = re.search(r"[0-9A-Za-z]*\Z", text[: match.start()])
    after = re.match(r"[0-9A-Za-z]*", text[match.end() :])
    adjoining = (before[0] if before else "") + (after[0] if after else "")
    return adjoining + match[0] if re.fullmatch("[0-9A-Fa-f]+", adjoining) else ""

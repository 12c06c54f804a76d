"""Text of unknown origin made fit to be stored and shown: no person's number in it, and nothing that acts.

Whatever looks like a resident identity number, a mobile number or a bank card is masked, right or wrong by
its checksum, however its digits are written: with blanks or hyphens between them, full-width, as \\u
escapes (also doubled, as JSON within JSON has them), HTML entities or percent codes. Masking too much is no
harm here.
"""

from __future__ import annotations

import re
from datetime import date

from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2

DIGITS = "0-9０-９𝟎-𝟿"
"""Digits that people and programs write, as the inside of a character class (Python and RE2 agree on it)."""

_GAP = "[\\s\\-‐-―−·•\u00ad\u200b-\u200f\u2060\ufeff]{0,3}"
_RUN = re.compile(f"tk_[0-9a-f]{{32}}|[{DIGITS}](?:{_GAP}[{DIGITS}]){{10,}}(?:{_GAP}[XxＸｘ](?![A-Za-z]))?")
_MOBILE_DIGITS = 11
_RESIDENT_DIGITS = 18
_KEPT = 3

_ESCAPE = re.compile(
    r"\\+u([0-9A-Fa-f]{4})|\\+x([0-9A-Fa-f]{2})|%([0-9A-Fa-f]{2})|&#x0*([0-9A-Fa-f]{2,5});|&#0*(\d{2,5});"
)
_ACTIVE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff<>]")
_FORMULA = tuple("=+-@＝＋－＠")
_HALF_WIDTH = {
    ord(wide): str(index % 10)
    for index, wide in enumerate("０１２３４５６７８９𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡𝟢𝟣𝟤𝟥𝟦𝟧𝟨𝟩𝟪𝟫𝟬𝟭𝟮𝟯𝟰𝟱𝟲𝟳𝟴𝟵𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿")
}


def mask(text: str, limit: int = 2_000) -> str:
    """The text without persons' numbers, inert, at most `limit` characters.

    Of a number its first three digits stay, so that an operator sees what kind it was. Control characters
    become pictures of themselves, angle brackets full-width, and what a spreadsheet would compute gets an
    apostrophe.
    """
    # Masked before it is cut: half a number at the end would be recognised as nothing.
    text = _unescaped(text[: limit * 8])
    text = _ACTIVE.sub(_inert, _RUN.sub(_hidden, text))
    if text.startswith(_FORMULA):
        text = "'" + text
    return text if len(text) <= limit else text[: limit - 1] + "…"


def in_plain_digits(text: str) -> str:
    """The text with its digits as 0 to 9, whether they were full-width or written as escapes."""
    plain = _unescaped(text)
    return plain if plain.isascii() else plain.translate(_HALF_WIDTH)


def names_a_person(text: str) -> bool:
    """Whether the text holds a number that surely is a person's: checks out, or is a mobile."""
    return any(map(_is_personal, _RUN.findall(_unescaped(text))))


def _is_personal(run: str) -> bool:
    if run.startswith("tk_"):
        return False
    digits = _compact(run)
    if re.fullmatch(r"(?:\+?86)?1[3-9]\d{9}", digits):
        return True
    return is_resident(digits) or (re.fullmatch(r"62\d{14,17}", digits) is not None and luhn.is_valid(digits))


def is_resident(digits: str) -> bool:
    """Whether they are a resident identity number: 18, a birth date that exists, the right check digit."""
    if len(digits) != _RESIDENT_DIGITS:
        return False
    try:
        mod_11_2.validate(digits)
        return date(1890, 1, 1) <= date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except (ValidationError, ValueError):
        return False


def _compact(run: str) -> str:
    plain = run.translate(_HALF_WIDTH).upper().replace("Ｘ", "X")
    return "".join(character for character in plain if character.isascii() and character.isalnum())


def _hidden(match: re.Match[str]) -> str:
    run = match[0]
    if run.startswith("tk_"):
        return run
    digits = _compact(run)
    if len(digits) == _MOBILE_DIGITS and not re.match("1[3-9]", digits):
        return run
    kept = 0
    shown = []
    for character in run:
        if character.isalnum():
            kept += 1
            shown.append(character if kept <= _KEPT else "*")
        else:
            shown.append(character)
    return "".join(shown)


def _unescaped(text: str) -> str:
    """The text with the digits in it that are written as escapes."""
    # Nearly every text has none, which is seen at a tenth of what it costs to look for each kind.
    return _ESCAPE.sub(_plain, text) if any(sign in text for sign in "\\%&") else text


def _plain(match: re.Match[str]) -> str:
    """The character of an escape, where numbers are written with it; otherwise the escape as it stands."""
    hexadecimal = match[1] or match[2] or match[3] or match[4]
    code = int(hexadecimal, 16) if hexadecimal else int(match[5])
    character = chr(code)
    return character if _NUMERIC.fullmatch(character) else match[0]


_NUMERIC = re.compile(f"[{DIGITS}XxＸｘ]|{_GAP.removesuffix('{0,3}')}")


def _inert(match: re.Match[str]) -> str:
    character = match[0]
    if character in "<>":
        return "＜" if character == "<" else "＞"
    if character < " ":
        return chr(0x2400 + ord(character))
    return "␡" if character == "\x7f" else "\ufffd"

"""Columns of text: an enum where the values are few, a pattern where they share one, free text otherwise."""

from __future__ import annotations

import re

from streams.authoring import hints
from streams.authoring.facts import Facts, Rows, listed
from streams.authoring.proposal import Proposal
from streams.contract import patterns
from streams.contract.rules.fields import MAX_VALUE_LENGTH
from streams.judge.mask import DIGITS, names_a_person

FEW_VALUES, MORE_VALUES = 20, 60
SHARED = 0.98
"""Share of the cells whose form a pattern must describe."""

LONGEST_TEXT = 2_000
_MANY_DIGITS = f"[{DIGITS}](?:[^{DIGITS}]{{0,3}}[{DIGITS}]){{10}}"
MOST_PARTS = 9
LENGTHS = (20, 40, 64, 100, 200, 500, 1_000, LONGEST_TEXT)
_SHAPES = (("[0-9]+", "9"), ("[A-Z]+", "A"), ("[a-z]+", "a"))
_CLASSES = {"9": r"\d", "A": "[A-Z]", "a": "[a-z]"}
_CODE_SHAPE = re.compile(r"[9Aa\-_/.:#]+")


def guess_text(rows: Rows, facts: Facts) -> Proposal:
    """enum or text; every column of text can be one of them."""
    # A code that few rows show today has more values tomorrow.
    patterned = _patterned(rows, facts) if facts.heading in hints.CODE else None
    if patterned is not None:
        return patterned
    return _enum(facts) if _is_enum(facts) else _patterned(rows, facts) or _free(rows, facts)


def _is_enum(facts: Facts) -> bool:
    if any(len(v) > MAX_VALUE_LENGTH - 4 or not v.isprintable() for v, _ in facts.values):
        return False
    if (
        facts.heading in hints.IDENTIFIER
        or facts.heading in hints.FREE_TEXT
        or facts.share("whole") >= SHARED
    ):
        return False
    each = facts.filled / facts.distinct
    small = 30
    if facts.filled < small:
        return facts.distinct * 3 <= facts.filled
    return (facts.distinct <= FEW_VALUES and each >= 5) or (facts.distinct <= MORE_VALUES and each >= 200)  # noqa: PLR2004


def _enum(facts: Facts) -> Proposal:
    rare = [value for value, count in facts.values if count == 1 and facts.filled >= 10_000]  # noqa: PLR2004
    evidence = [f"{facts.distinct} different values in {facts.filled:,}"]
    if rare:
        evidence.append(f"once only, a slip perhaps: {', '.join(rare)}")
    return Proposal("enum", facts.column, None, {"values": {v: v for v, _ in facts.values}}, tuple(evidence))


def _patterned(rows: Rows, facts: Facts) -> Proposal | None:
    column = facts.column
    shape = column
    for characters, letter in _SHAPES:
        shape = f"regexp_replace({shape}, '{characters}', '{letter}', 'g')"
    top = rows.all(
        f"select {shape}, count(*) n from rows where {column} is not null"  # noqa: S608 (of columns c<n>)
        " group by all order by n desc, 1 limit 1"
    )
    if not top or top[0][1] < SHARED * facts.filled:
        return None
    common = str(top[0][0])
    if not _CODE_SHAPE.fullmatch(common) or len(common) > MOST_PARTS or common.strip("a") == "":
        return None
    pattern = _pattern(rows, column, common)
    if patterns.refusal(pattern) is not None:
        return None
    matching = patterns.full_match(column, pattern)
    wrong = facts.filled - rows.one(f"select count(*) from rows where {matching}")[0]  # noqa: S608
    said = [
        f"{facts.filled - wrong:,} of {facts.filled:,} have this form, {facts.distinct:,} different values"
    ]
    if wrong:
        said.append(
            f"{wrong:,} would be refused: "
            + listed(rows.lines(f"{column} is not null and not {matching}"), wrong)
        )
    return Proposal("text", column, None, {"pattern": pattern}, tuple(said))


def _pattern(rows: Rows, column: str, shape: str) -> str:
    """The shape with the lengths that were seen; a run of letters that is always the same stands as it is."""
    groups = "".join(f"({_CLASSES[c]}+)" if c in _CLASSES else f"({re.escape(c)})" for c in shape)
    parts = []
    for number, character in enumerate(shape, 1):
        if character not in _CLASSES:
            parts.append(re.escape(character) if character in ".#" else character)
            continue
        found = f"nullif(regexp_extract({column}, '^{groups}$', {number}), '')"
        low, high, different, one = rows.one(
            "select min(length(x)), max(length(x)), count(distinct x), min(x)"  # noqa: S608 (of columns c<n>)
            f" from (select {found} x from rows)"
        )
        if different == 1 and character != "9":
            parts.append(str(one))
        else:
            parts.append(_CLASSES[character] + ("" if low == high == 1 else _length(low, high)))
    return "".join(parts)


def _length(low: int, high: int) -> str:
    return f"{{{low}}}" if low == high else f"{{{low},{high}}}"


def _free(rows: Rows, facts: Facts) -> Proposal:
    longest = next((length for length in LENGTHS if length >= facts.longest), LONGEST_TEXT)
    evidence = [
        f"free text of {facts.shortest:,} to {facts.longest:,} characters, {facts.distinct:,} different"
    ]
    if facts.longest > LONGEST_TEXT:
        count = rows.one(f"select count(*) from rows where length({facts.column}) > {LONGEST_TEXT}")[0]  # noqa: S608
        long = rows.lines(f"length({facts.column}) > {LONGEST_TEXT}")
        evidence.append(f"too long, would be refused: {listed(long, count)}")
    hiding = [
        line
        for line, text in rows.all(
            f"select line, {facts.column} from rows"  # noqa: S608 (of columns c<n>)
            f" where regexp_matches({facts.column}, '{_MANY_DIGITS}') limit 20000"
        )
        if names_a_person(text)
    ]
    if hiding:
        named = listed(hiding[:5], len(hiding))
        evidence.append(f"a person's number stands in the text and would be refused: {named}")
    return Proposal("text", facts.column, None, {"max_length": longest}, tuple(evidence))

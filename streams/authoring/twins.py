"""Columns that say the same by other words: the code of a thing and its name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from streams.authoring.facts import Rows
from streams.authoring.guess import Guess
from streams.authoring.headings import is_chinese

FEW, OFTEN = 2, 3
"""Different values that there must be, and how often each must come on average to be no chance."""

MOST_COLUMNS = 30


@dataclass(frozen=True)
class Twin:
    """`name` is no dimension: whatever is asked by it is asked by `kept`, one value for one value."""

    name: str
    kept: str
    evidence: str


def twins_of(rows: Rows, guesses: Sequence[Guess], key: Guess) -> Iterator[Twin]:
    """Of pairs of fields, value for value, the one that is no dimension: not the key, and rather the code."""
    usable = [each for each in guesses if _can_group(each)][:MOST_COLUMNS]
    dropped: set[str] = set()
    for one, other in combinations(usable, 2):
        if {one.name, other.name} & dropped or one.facts.distinct != other.facts.distinct:
            continue
        if one.facts.filled != other.facts.filled or not _is_one_to_one(rows, one, other):
            continue
        kept, lost = (one, other) if _rank(one, key) >= _rank(other, key) else (other, one)
        dropped.add(lost.name)
        said = (
            f"each of its {lost.facts.distinct:,} values has one {kept.heading} and the other way round,"
            f" in all {lost.facts.filled:,} rows: no dimension beside {kept.name}"
        )
        yield Twin(lost.name, kept.name, said)


def _can_group(each: Guess) -> bool:
    facts = each.facts
    is_text = each.spec.type in ("enum", "division", "township", "text")
    return is_text and facts.distinct >= FEW and facts.filled >= OFTEN * facts.distinct


def _is_one_to_one(rows: Rows, one: Guess, other: Guess) -> bool:
    a, b = one.facts.column, other.facts.column
    pairs, apart = rows.one(
        f"select count(distinct ({a}, {b})) filter (where {a} is not null and {b} is not null),"  # noqa: S608 (of columns c<n>)
        f" count(*) filter (where ({a} is null) <> ({b} is null)) from rows"
    )
    return not apart and pairs == one.facts.distinct


def _rank(each: Guess, key: Guess) -> tuple[bool, bool, bool, bool]:
    shown = each.facts.values[0][0]
    return (
        each.name == key.name,
        each.spec.type in ("division", "township"),
        each.spec.type == "enum",
        is_chinese(shown),
    )

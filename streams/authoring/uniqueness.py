"""What is said once in a sample, where chance would have said it more often: rules of uniqueness. By DuckDB.

That nothing happened twice does not say that it must not: people who are seen seldom are never seen twice a
day. So a rule is proposed only where many repeats were to be expected if days knew nothing of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from streams.authoring.facts import Rows, listed
from streams.authoring.guess import Guess

EXPECTED = 20
"""Repeats that chance would make at least; none of twenty is no chance (Poisson: 2 in a billion)."""

NEARLY_ALL = 0.999
MOST_FIELDS = 8
MOST_RULES = 2
SHOWN_LINES = 5


@dataclass(frozen=True)
class Once:
    """A rule as a contract says it, and the evidence for it."""

    name: str
    said: dict[str, Any]
    evidence: str


def rules_of(rows: Rows, guesses: Sequence[Guess], moment: str) -> list[Once]:
    """The rules with the fewest fields, of people and vehicles; `moment`: SQL of an event's time."""
    persons = [g for g in guesses if g.spec.pii is not None and g.spec.type not in ("person_name", "address")]
    return [rule for person in persons for rule in _rules(rows, person, guesses, moment)][:MOST_RULES]


def _rules(rows: Rows, person: Guess, guesses: Sequence[Guess], moment: str) -> Iterator[Once]:
    others = [g for g in guesses if g.spec.type in ("enum", "division") and not g.spec.optional][:MOST_FIELDS]
    for count in (0, 1):
        rules = [
            rule
            for chosen in combinations(others, count)
            if (rule := _rule(rows, (person, *chosen), moment)) is not None
        ]
        yield from rules
        if rules:
            return


def _rule(rows: Rows, fields: Sequence[Guess], moment: str) -> Once | None:
    there = " and ".join(f"{guess.facts.column} is not null" for guess in fields)
    keys = ", ".join(guess.facts.column for guess in fields)
    asked, different, days = rows.one(
        "select sum(n), count(*), count(distinct happened) from (select count(*) n, happened"  # noqa: S608 (of columns c<n>)
        f" from (select {keys}, ({moment})::date as happened from rows where {there})"
        f" where happened is not null group by {keys}, happened)"
    )
    if not asked or different < NEARLY_ALL * asked:
        return None
    expected = _by_chance(rows, keys, there, days)
    if expected < EXPECTED:
        return None
    names = [guess.name for guess in fields]
    title = f"同一{'、'.join(guess.spec.title for guess in fields)}一天只能有一次"
    return Once(
        "_".join(names)[:38].rstrip("_"),
        {"title": title[:60], "fields": names, "per": "day"},
        _evidence(rows, keys, there, moment, asked - different, f"{asked:,} rows of {days} days", expected),
    )


def _by_chance(rows: Rows, keys: str, there: str, days: int) -> float:
    """Repeats on one day to be expected if everybody's events fell on the sample's days at random."""
    (pairs,) = rows.one(
        f"select sum(n * (n - 1) / 2) from (select count(*) n from rows where {there} group by {keys})"  # noqa: S608
    )
    return float(pairs or 0) / days if days else 0.0


def _evidence(  # noqa: PLR0917 (what the question was)
    rows: Rows, keys: str, there: str, moment: str, repeats: int, asked: str, expected: float
) -> str:
    chance = f"by chance about {expected:,.0f} would repeat; drop it if more than one is right"
    if not repeats:
        return f"never twice in {asked}; {chance}"
    lines = rows.all(
        f"select line from rows where {there} qualify row_number() over"  # noqa: S608 (of columns c<n>)
        f" (partition by {keys}, ({moment})::date order by line) > 1 order by line limit {SHOWN_LINES}"
    )
    named = listed([line for (line,) in lines], repeats)
    return f"twice in {named} of {asked}, which would be refused; {chance}"

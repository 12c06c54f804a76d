"""What never happens twice in a sample: rules of uniqueness that its owner may want. By DuckDB.

Only suggested, as comments: that nothing happened twice so far does not say that it must not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from streams.authoring.facts import Rows
from streams.authoring.guess import Guess
from streams.authoring.writing import flow

ENOUGH_ROWS = 200
OFTEN = 1.5
"""Rows a person has at least, on average: of somebody seen once everything is unique."""

MOST_FIELDS = 8


def suggestions(rows: Rows, guesses: Sequence[Guess], moment: str) -> tuple[str, ...]:
    """Lines for above the metrics; none where nothing was found. `moment`: SQL of an event's time."""
    found = [rule for person in guesses if person.spec.pii for rule in _rules(rows, person, guesses, moment)]
    if not found:
        return ()
    return (
        "Never twice in this sample. If it must not be, write it so:",
        "unique:",
        *(f"  {each}" for each in found),
    )


def _rules(rows: Rows, person: Guess, guesses: Sequence[Guess], moment: str) -> Iterator[str]:
    facts = person.facts
    if facts.filled < max(ENOUGH_ROWS, OFTEN * facts.distinct):
        return
    others = [g for g in guesses if g.spec.type in ("enum", "division") and not g.spec.optional][:MOST_FIELDS]
    for count in (0, 1):
        rules = [
            (person, *chosen)
            for chosen in combinations(others, count)
            if _holds(rows, (person, *chosen), moment)
        ]
        for fields in rules[:2]:
            names = [guess.name for guess in fields]
            title = f"同一{'、'.join(guess.spec.title for guess in fields)}一天只能有一次"
            yield f"{'_'.join(names)[:40].rstrip('_')}: " + flow(
                {"title": title[:60], "fields": names, "per": "day"}
            )
        if rules:
            return


def _holds(rows: Rows, fields: Sequence[Guess], moment: str) -> bool:
    there = " and ".join(f"{guess.facts.column} is not null" for guess in fields)
    same = ", ".join(guess.facts.column for guess in fields)
    query = f"select count(*) = count(distinct ({same}, ({moment})::date)) from rows where {there}"  # noqa: S608 (of columns c<n>)
    return bool(rows.one(query)[0])

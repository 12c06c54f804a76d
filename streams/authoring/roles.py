"""Which column is the event's time, which its id, which its place. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from streams.authoring import hints
from streams.authoring.guess import Guess
from streams.contract.rules.metrics import groups
from streams.contract.types import NAMED_TYPES, values_of

MOST_PLACES = 5_000
NEARLY_ALL = 0.98
"""Share of the rows that must have a time or a place; a few lines of an export often lack it."""


def is_moment(guess: Guess) -> bool:
    """Whether it can say when an event happened."""
    return guess.spec.type in ("timestamp", "date")


def time_of(guesses: Sequence[Guess]) -> Guess | None:
    """The column that says when an event happened: filled, named so, with a time of day, the first one."""
    moments = [g for g in guesses if is_moment(g) and g.heading not in hints.BIRTH]
    return max(moments, key=_time_score, default=None)


def _time_score(guess: Guess) -> tuple[bool, bool, bool, bool, float]:
    filled = guess.facts.filled / guess.facts.rows
    return (
        filled >= NEARLY_ALL,
        guess.spec.type == "timestamp",
        guess.heading not in hints.LATER,
        guess.heading in hints.CREATED,
        filled,
    )


def id_of(guesses: Sequence[Guess]) -> Guess | None:
    """The column that names each event: always there, never twice, nobody's number."""
    found = [g for g in guesses if _may_be_id(g)]
    return next((g for g in found if g.heading in hints.IDENTIFIER), found[0] if found else None)


def _may_be_id(guess: Guess) -> bool:
    facts = guess.facts
    at_least = 2
    return (
        guess.spec.type == "text"
        and facts.rows >= at_least
        and facts.distinct == facts.filled == facts.rows
        and names_events(guess.heading)
    )


def names_events(heading: str) -> bool:
    """Whether a heading says that its column names what the rows are."""
    return heading in hints.IDENTIFIER or heading in hints.CODE


def key_of(guesses: Sequence[Guess]) -> Guess | None:
    """The place of an event: a text that every event has, of which there are several, not one an event."""
    places = [g for g in guesses if may_be_key(g) and _is_no_number(g)]
    return max(places, key=_key_score, default=None)


def may_be_key(guess: Guess) -> bool:
    """Whether its type lets a field be the place."""
    return guess.spec.pii is None and NAMED_TYPES[guess.spec.type].duckdb == "VARCHAR"


def _is_no_number(guess: Guess) -> bool:
    """A column of amounts or counts names no place, even where its cells are read as text."""
    heading = guess.heading
    return heading in hints.PLACE or (heading not in hints.MONEY and heading not in hints.MEASURE)


def _key_score(guess: Guess) -> tuple[bool, bool, bool, bool, bool, bool, int]:
    facts = guess.facts
    some = 1 < facts.distinct <= min(MOST_PLACES, max(facts.filled // 3, 2))
    is_code = guess.heading in hints.CODE or guess.spec.pattern is not None
    return (
        facts.filled >= NEARLY_ALL * facts.rows,
        some,
        groups(guess.spec),
        guess.heading in hints.PLACE,
        is_code or guess.spec.type == "division",
        not guess.spec.optional,
        facts.distinct if some else -facts.distinct,
    )


def dimensions_of(guesses: Sequence[Guess], key: str, without: Collection[str] = ()) -> list[str]:
    """At most three fields that numbers are read by, the division first. without: names that are none."""
    most = 40
    usable = [
        g
        for g in guesses
        if g.name != key
        and g.name not in without
        and g.spec.pii is None
        and (
            g.spec.type in ("enum", "bool", "division")
            or (g.spec.pattern is not None and g.facts.distinct <= most)
        )
        and g.facts.distinct > 1
    ]
    ordered = sorted(
        usable, key=lambda g: (g.spec.type != "division", g.spec.type == "bool", g.spec.type == "text")
    )
    return [g.name for g in ordered[:3]]


def is_listed(guess: Guess) -> bool:
    """Whether the field's values can be listed."""
    return bool(values_of(guess.spec))

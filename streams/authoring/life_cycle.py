"""Whether a sample's rows are steps of cases, and which step follows which. By DuckDB.

A column of steps beside a number that several rows share is a life cycle only if the order in time says so:
few of the possible ways are gone, nearly all rows go them, and there is an end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from streams.authoring import hints
from streams.authoring.facts import Rows
from streams.authoring.guess import Guess

FEWEST_CASES = 20
FEWEST_ROWS_A_CASE, MOST_ROWS_A_CASE = 1.3, 40
MOST_STEPS = 15
SELDOM = 0.02
"""Of the cases that leave a step: a way that fewer go is taken for a slip, and told."""

NEARLY_ALL = 0.95
_SPANS = (
    *(timedelta(minutes=n) for n in (5, 10, 15, 30)),
    *(timedelta(hours=n) for n in (1, 2, 4, 8, 12)),
    *(timedelta(days=n) for n in (1, 2, 3, 5, 7, 10, 15, 30, 45, 60, 90, 180, 365)),
)
_NONE = ""


@dataclass(frozen=True)
class Cycle:
    """A life cycle as a contract says it, and the evidence for it."""

    said: dict[str, Any]
    evidence: tuple[str, ...]


def life_cycle_of(rows: Rows, guesses: Sequence[Guess], moment: str) -> Cycle | None:
    """The one that the fewest doubts stand against; None where there is none. `moment`: SQL of the time."""
    cases = [g for g in guesses if _may_be_case(g)]
    steps = [g for g in guesses if _may_be_step(g)]
    for case in sorted(cases, key=lambda g: -g.facts.distinct):
        for step in steps:
            found = _cycle(rows, case, step, moment)
            if found is not None:
                return found
    return None


def _may_be_case(guess: Guess) -> bool:
    facts = guess.facts
    return (
        guess.spec.type == "text"
        and not guess.spec.optional
        and (guess.heading in hints.IDENTIFIER or guess.heading in hints.CODE)
        and facts.distinct >= FEWEST_CASES
        and FEWEST_ROWS_A_CASE <= facts.filled / facts.distinct <= MOST_ROWS_A_CASE
    )


def _may_be_step(guess: Guess) -> bool:
    two = 2
    return (
        guess.spec.type == "enum"
        and not guess.spec.optional
        and guess.heading in hints.STEP
        and two <= guess.facts.distinct <= MOST_STEPS
    )


def _cycle(rows: Rows, case: Guess, step: Guess, moment: str) -> Cycle | None:
    rows.connection.execute(
        "create or replace temp table walks as select s, lag(s) over w as before,"  # noqa: S608 (SQL of forms.py)
        " epoch(happened) - epoch(lag(happened) over w) as waited from"
        f" (select line, {case.value} as c, {step.value} as s, {moment} as happened from rows)"
        " where happened is not null window w as (partition by c order by happened, line)"
    )
    ways: dict[tuple[str, str], int] = {
        (before or _NONE, after): count
        for before, after, count in rows.all(
            "select before, s, count(*) from walks where before is null or before <> s"
            " group by all order by 3 desc, 1, 2"
        )
    }
    start, then = _kept(ways)
    known = [value for value, _ in step.facts.values]
    gone = sum(ways.values())
    usual = {_NONE: start, **then}
    kept = sum(n for (before, after), n in ways.items() if after in usual.get(before, ()))
    if not gone or kept < NEARLY_ALL * gone or not _is_whole(known, start, then):
        return None
    within = _within(rows, [value for value in known if value in then])
    said = {
        "case": case.name,
        "step": step.name,
        "start": start,
        "then": {value: then[value] for value in known if value in then},
        **({"within": within} if within else {}),
    }
    return Cycle(said, _evidence(case, ways, usual, kept, gone))


def _kept(ways: Mapping[tuple[str, str], int]) -> tuple[list[str], dict[str, list[str]]]:
    """Steps that open cases and steps that follow, but for those that are seldom."""
    leaving: dict[str, int] = {}
    for (before, _), count in ways.items():
        leaving[before] = leaving.get(before, 0) + count
    usual: dict[str, list[str]] = {}
    for (before, after), count in ways.items():
        if count > SELDOM * leaving[before]:
            usual.setdefault(before, []).append(after)
    return usual.pop(_NONE, []), usual


def _is_whole(known: Sequence[str], start: Sequence[str], then: Mapping[str, Sequence[str]]) -> bool:
    """Whether every step is reached and some step is an end."""
    reached = set(start)
    while more := {after for step in reached for after in then.get(step, ())} - reached:
        reached |= more
    return reached >= {*known} and any(step not in then for step in known)


def _within(rows: Rows, leaving: Sequence[str]) -> dict[str, str]:
    """How long all but one of a hundred stay in a step, rounded up."""
    longest = dict(
        rows.all("select before, quantile_cont(waited, 0.99) from walks where before <> s group by all")
    )
    found = {
        step: next((span for span in _SPANS if span.total_seconds() >= longest[step]), None)
        for step in leaving
    }
    return {step: _written(span) for step, span in found.items() if span is not None}


def _written(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _evidence(
    case: Guess,
    ways: Mapping[tuple[str, str], int],
    usual: Mapping[str, Sequence[str]],
    kept: int,
    gone: int,
) -> tuple[str, ...]:
    seldom = [
        f"{before or 'beginning with'} -> {after} ({count:,})"
        for (before, after), count in ways.items()
        if after not in usual.get(before, ())
    ]
    lines = [
        f"{case.facts.distinct:,} different {case.heading} in {case.facts.filled:,} rows; in order of time"
        f" {kept:,} of {gone:,} steps go one of these ways. within: 99 of 100 stay no longer."
    ]
    if seldom:
        lines.append(f"seldom, left out, would be flagged: {', '.join(seldom[:5])}")
    return tuple(lines)

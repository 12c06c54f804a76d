"""The ratios that are proposed: parts of a whole, amounts an event, amounts a person; with their figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from streams.authoring.facts import Rows
from streams.authoring.guess import Guess
from streams.authoring.relations import Relation

MOST = 4
_LONGEST_NAME, _LONGEST_TITLE = 38, 60
_PERSONS = ("cn_id", "mobile", "insurance_no", "bank_card")


@dataclass(frozen=True)
class Proposed:
    """A ratio as a contract says it, and what it comes to in the sample."""

    name: str
    said: Mapping[str, str]
    evidence: str


def ratios_of(
    rows: Rows, guesses: Sequence[Guess], relations: Sequence[Relation], measures: Mapping[str, Any]
) -> list[Proposed]:
    """Ratios of measures that are proposed already: shares first, then averages. `measures`: by name."""
    by_name = {guess.name: guess for guess in guesses}
    named = {str(measure["of"]): name for name, measure in measures.items()}
    taken = {*measures, *(each["title"] for each in measures.values())}
    found: list[Proposed] = []
    for each in (*_shares(rows, by_name, relations, named), *_averages(rows, by_name, named)):
        if not {each.name, each.said["title"]} & taken:
            taken |= {each.name, each.said["title"]}
            found.append(each)
    return found[:MOST]


def _shares(
    rows: Rows, by_name: Mapping[str, Guess], relations: Sequence[Relation], named: Mapping[str, str]
) -> Iterator[Proposed]:
    """What the sample binds: a part of a sum, or what is never more than the other."""
    for relation in relations:
        part, whole = by_name[relation.parts[0]], by_name[relation.whole]
        of, to = named.get(f"sum {part.name}"), named.get(f"sum {whole.name}")
        if of is None or to is None:
            continue
        parts, all_ = _sums(rows, part, whole)
        if not all_:
            continue
        yield Proposed(
            name=f"{of.removesuffix('_fen')[: _LONGEST_NAME - 6]}_share".replace("__", "_"),
            said={
                "title": f"{part.spec.title}占{whole.spec.title}之比"[:_LONGEST_TITLE],
                "of": of,
                "to": to,
                "unit": "percent",
            },
            evidence=f"{parts / all_:.1%} in the sample: {parts:,} of {all_:,}",
        )


def _averages(rows: Rows, by_name: Mapping[str, Guess], named: Mapping[str, str]) -> Iterator[Proposed]:
    """Money an event and money a person, of the column with the most of it."""
    amounts = [g for g in by_name.values() if g.spec.type == "fen" and f"sum {g.name}" in named]
    if not amounts:
        return
    amount = max(amounts, key=lambda guess: _sums(rows, guess, guess)[0])
    total = _sums(rows, amount, amount)[0]
    of = named[f"sum {amount.name}"]
    short = of.removesuffix("_fen")[: _LONGEST_NAME - 11]
    title = amount.spec.title
    events = named.get("count")
    if events is not None and rows.count:
        said = {"title": f"件均{title}"[:_LONGEST_TITLE], "of": of, "to": events, "unit": "fen"}
        yield Proposed(f"{short}_per_event", said, f"{total / rows.count / 100:,.2f} yuan an event")
    person = next((g for g in by_name.values() if g.spec.type in _PERSONS), None)
    people = named.get(f"distinct {person.name}") if person is not None else None
    if person is not None and people is not None and person.facts.distinct:
        said = {"title": f"人均{title}"[:_LONGEST_TITLE], "of": of, "to": people, "unit": "fen"}
        evidence = f"{total / person.facts.distinct / 100:,.2f} yuan a person, over all days of the sample"
        yield Proposed(f"{short}_per_person", said, evidence)


def _sums(rows: Rows, first: Guess, second: Guess) -> tuple[int, int]:
    found = rows.one(f"select sum({first.value}), sum({second.value}) from rows")  # noqa: S608 (SQL of forms.py)
    return int(found[0] or 0), int(found[1] or 0)

"""Examples for a contract that was read off a sample: numbers and choices of a row, everything else made up.

No personal value, identifier, name or free text of the sample comes into an example; days are moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from streams.authoring.facts import Rows
from streams.authoring.guess import Guess
from streams.authoring.nesting import Nested
from streams.authoring.relations import Relation
from streams.authoring.uniqueness import Once
from streams.contract.model import NESTED, FieldSpec
from streams.contract.types import NAMED_TYPES, range_of
from streams.importer.columns import split_unit
from streams.importer.values import converter
from streams.zone import ZONE

MOVED = timedelta(days=91)
MOST_OF_A_KIND = 2
_SEED = 1
_FREE = "示例文本"


def good_examples(
    rows: Rows, guesses: Sequence[Guess], relations: Sequence[Relation]
) -> list[dict[str, Any]]:
    """A row with everything, and one with as little as there is; data of events, as they stand in Kafka."""
    required = [g.facts.column for g in guesses if not g.spec.optional]
    there = " and ".join(f"{column} is not null" for column in required) or "true"
    filled = " + ".join(f"({g.facts.column} is not null)::int" for g in guesses)
    columns = ", ".join(g.facts.column for g in guesses)
    found = [
        row
        for order in ("desc", "asc")
        for row in rows.all(
            f"select {columns} from few where {there} order by {filled} {order}, line limit 40"  # noqa: S608 (of columns c<n>)
        )
    ]
    random = Random(_SEED)  # noqa: S311 (made-up values, nothing secret)
    candidates = [_example(guesses, cells, random, number) for number, cells in enumerate(found, 1)]
    return candidates or [_example(guesses, [None] * len(guesses), random, 1)]


def _example(
    guesses: Sequence[Guess], cells: Sequence[str | None], random: Random, number: int
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for guess, cell in zip(guesses, cells, strict=True):
        if cell is not None or not guess.spec.optional:
            data[guess.name] = _value(guess, cell, random, number)
    return data


def _value(guess: Guess, cell: str | None, random: Random, number: int) -> Any:
    spec = guess.spec
    named = NAMED_TYPES[spec.type]
    if named.personal:
        return f"tk_{random.getrandbits(128):032x}"
    if spec.type == "text" and spec.pattern is None:
        return f"{_FREE}{number}"[: spec.max_length or 200]
    if cell is None or spec.type in ("text", "uscc"):
        return named.make(random, spec)
    value = converter(spec, unit=guess.unit or split_unit(guess.heading)[1], zone=ZONE, form=guess.form)(cell)
    return _moved(value) if spec.type in ("date", "timestamp") else value


def _moved(text: Any) -> Any:
    """A day or an instant, some weeks off: a date of birth leads to a person."""
    try:
        if len(text) == len("2022-01-01"):
            return (date.fromisoformat(text) - MOVED).isoformat()
        return (datetime.fromisoformat(text) - MOVED).isoformat()
    except (ValueError, TypeError):
        return text


def bad_examples(
    guesses: Sequence[Guess],
    relations: Sequence[Relation],
    good: Mapping[str, Any],
    once: Sequence[Once] = (),
) -> list[dict[str, Any]]:
    """Candidates of counter-examples: each breaks one rule of the first good example, if the judge agrees."""
    random = Random(_SEED + 1)  # noqa: S311 (made-up values, nothing secret)
    found: list[dict[str, Any]] = []
    for guess in guesses:
        found += _some(found, guess.name, guess.spec, random)
    found += [_against(relation, good) for relation in relations]
    # The first good one again, under another id.
    found += [
        {"because": f"unique:{rule.name}"}
        for rule in once
        if all(good.get(name) is not None for name in rule.said["fields"])
    ]
    found.append({"because": "unknown_field", "field": "weather", "change": {"weather": "晴"}})
    found.append({"because": "too_new", "time": "2099-01-01T12:00:00+08:00"})
    return found


def bad_items(lists: Sequence[Nested]) -> list[dict[str, Any]]:
    """Candidates of counter-examples of lists: an item without anything in it."""
    return [
        {
            "because": "missing",
            "field": f"{each.name}[1]__{min(each.required).partition('__')[2]}",
            "change": {each.name: [{}]},
        }
        for each in lists
    ]


def made_lists(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A list of one item for each entry under `fields`; everything is made up."""
    random = Random(_SEED)  # noqa: S311 (made-up values, nothing secret)
    return {name: _made(FieldSpec.model_validate(said), random) for name, said in sections.items()}


def made_examples(fields: Mapping[str, FieldSpec]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A good example and candidates of bad ones where there is no sample: everything is made up."""
    random = Random(_SEED)  # noqa: S311 (made-up values, nothing secret)
    good = {name: _made(spec, random) for name, spec in fields.items()}
    found: list[dict[str, Any]] = []
    for name, spec in fields.items():
        found += _some(found, name, spec, random) if spec.type not in NESTED else []
    return good, found


def _made(spec: FieldSpec, random: Random) -> Any:
    if spec.type == "object":
        return {name: _made(inner, random) for name, inner in spec.fields.items()}
    if spec.type == "list":
        return [{name: _made(inner, random) for name, inner in spec.fields.items()}]
    named = NAMED_TYPES[spec.type]
    return f"tk_{random.getrandbits(128):032x}" if named.personal else named.make(random, spec)


def _some(
    found: Sequence[Mapping[str, Any]], name: str, spec: FieldSpec, random: Random
) -> list[dict[str, Any]]:
    """Counter-examples of a field, of kinds of which there are not enough yet."""
    return [
        {"because": code, "field": name, **change}
        for code, change in _faults(name, spec, random)
        if sum(each["because"] == code for each in found) < MOST_OF_A_KIND
    ]


def _faults(name: str, spec: FieldSpec, random: Random) -> Iterator[tuple[str, dict[str, Any]]]:
    named = NAMED_TYPES[spec.type]
    if not spec.optional:
        yield "missing", {"without": [name]}
    if named.personal:
        yield "untokenised", {"change": {name: named.make(random, spec)}}
        return
    if named.json in ("integer", "number"):
        yield "wrong_type", {"change": {name: "免费"}}
        bounds = range_of(spec)
        if bounds is not None:
            yield "out_of_range", {"change": {name: _plain(bounds[1]) + 1}}
    if spec.type == "bool":
        yield "wrong_type", {"change": {name: "是"}}
    if spec.values or named.labels:
        yield "not_in_enum", {"change": {name: "不在其中"}}
    if spec.pattern is not None or spec.type in ("date", "timestamp"):
        yield "bad_pattern", {"change": {name: "？"}}
    if named.checksum is not None:
        right = str(named.make(random, spec))
        yield "bad_checksum", {"change": {name: right[:-1] + ("0" if right[-1] != "0" else "1")}}


def _against(relation: Relation, good: Mapping[str, Any]) -> dict[str, Any]:
    """The relation's first part made too large, by one or by just enough."""
    part = relation.parts[0]
    value = good.get(part, 0) + 1 if relation.is_sum else good.get(relation.whole, 0) + 1
    return {"because": f"check:{relation.name}", "change": {part: value}}


def _plain(bound: Any) -> Any:
    return bound if isinstance(bound, int) else float(bound)

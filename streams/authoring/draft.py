"""A sample and what its owner says of it -> the contract that is proposed, and how its file is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from streams.authoring.across import across_of
from streams.authoring.chosen import Chosen, choose
from streams.authoring.example_verdicts import example_verdicts
from streams.authoring.examples import bad_examples, bad_items, good_examples, made_lists
from streams.authoring.exports import without_sums
from streams.authoring.facts import Rows, facts_of, listed
from streams.authoring.guess import Guess, LeftOut
from streams.authoring.json_cells import with_objects
from streams.authoring.mapping import mapping_of
from streams.authoring.measures import metrics_of
from streams.authoring.native import within
from streams.authoring.ratios import Proposed, ratios_of
from streams.authoring.relations import Relation, relations_of
from streams.authoring.rhythm import UNKNOWN, Rhythm, rhythm_of
from streams.authoring.roles import dimensions_of
from streams.authoring.sample import TIME_ATTRIBUTE, Sample
from streams.authoring.simulation import of_list, simulate_of, unbound
from streams.authoring.writing import written
from streams.contract.loader import parse_contract
from streams.contract.model import Contract

SHORT_HISTORY_DAYS = 60
"""What a contract accepts unless it says otherwise (streams.contract.model.Accept)."""

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Wishes:
    """What a sample cannot tell. `names`: heading -> the name that its field is to have.

    `time`, `id`, `key`: headings of the columns that are the event's time, its id and its place.
    """

    source: str
    title: str
    about: str
    owner: str
    names: Mapping[str, str] = field(default_factory=dict)
    time: str | None = None
    id: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Draft:
    """`text`: the contract's YAML; `mapping`: that of the importer's mapping, None where none is needed.

    `sums`: lines of the sample that hold sums, and are no events.
    """

    contract: Contract
    text: str
    mapping: str | None
    chosen: Chosen
    left_out: tuple[LeftOut, ...]
    sums: tuple[int, ...] = ()


def draft(sample: Sample, wishes: Wishes, today: date, progress: Progress = lambda _: None) -> Draft:
    """Propose a contract. `today`: from which the age of the sample's events counts.

    Raises NoContract where the sample holds no field that could be a place.
    """
    sample, sums = without_sums(sample)
    sample = with_objects(sample)
    rows = Rows.of(sample)
    try:
        count = len(sample.headings)
        facts = facts_of(rows, lambda done: progress(0.6 * done / count))
        time = TIME_ATTRIBUTE if sample.is_events else wishes.time
        chosen = choose(rows, facts, wishes.names, time=time, id=wishes.id, key=wishes.key)
        progress(0.7)
        return _written(rows, wishes, _kept(rows, chosen), today, sums, progress)
    finally:
        rows.close()


def _kept(rows: Rows, chosen: Chosen) -> Chosen:
    """The same, with every typed value computed once: what follows asks for them again and again."""
    guesses = [*chosen.fields, *([chosen.time] if chosen.time is not None else [])]
    columns = rows.keep([guess.value for guess in guesses])
    kept = [replace(guess, value=column) for guess, column in zip(guesses, columns, strict=True)]
    count = len(chosen.fields)
    key = next(guess for guess in kept[:count] if guess.name == chosen.key.name)
    return replace(chosen, fields=tuple(kept[:count]), time=kept[count] if kept[count:] else None, key=key)


def _written(  # noqa: PLR0917 (what a draft is made of)
    rows: Rows, wishes: Wishes, chosen: Chosen, today: date, sums: Sequence[int], progress: Progress
) -> Draft:
    relations = unbound(relations_of(rows, [g for g in chosen.fields if "__" not in g.name]))
    fields = _with_common_ranges(chosen.fields, relations)
    progress(0.8)
    rhythm = _rhythm(rows, chosen.time)
    document: dict[str, Any] = {
        "source": wishes.source,
        "title": wishes.title,
        "about": wishes.about,
        "owner": wishes.owner,
        "topic": {"partitions": 2, "retention": "7d", "key": chosen.key.name},
    }
    if rhythm.first is not None and (today - rhythm.first).days >= SHORT_HISTORY_DAYS - 1:
        document["accept"] = {"past": f"{(today - rhythm.first).days + 31}d", "future": "1d"}
    document["fields"] = _fields(fields, chosen)
    if relations:
        document["checks"] = {each.name: {"title": each.title, "that": each.that} for each in relations}
    top = [guess for guess in fields if "__" not in guess.name]
    comments = _comments(fields, chosen, relations, rhythm)
    across = across_of(rows, top, chosen.time)
    document |= across.said
    dimensions = dimensions_of(fields, chosen.key.name, chosen.twins)
    document["metrics"] = metrics_of(wishes.title, fields, chosen.key.name, dimensions, chosen.lists)
    ratios = ratios_of(rows, top, relations, document["metrics"]["events"]["measures"])
    if ratios:
        document["metrics"]["events"]["ratios"] = {each.name: dict(each.said) for each in ratios}
    document["expect"] = rhythm.expect
    document["simulate"] = simulate_of(rows, top, relations, chosen.key.name)
    document["simulate"] |= across.simulated(top, chosen.key.name)
    document["simulate"] |= {each.name: of_list(each, rows.count) for each in chosen.lists}
    comments |= across.comments | _of_ratios(ratios)
    heading = _heading(rows.sample, sums)
    candidates = good_examples(rows, fields, relations)
    progress(0.9)
    lists = made_lists({each.name: document["fields"][each.name] for each in chosen.lists})
    document["examples"] = {"good": [within(each) | lists for each in candidates]}
    document["examples"]["good"] = _accepted(parse_contract(written(document, {}), wishes.source))
    document["examples"]["bad"] = bad_examples(top, relations, document["examples"]["good"][0], across.once)
    document["examples"]["bad"] += bad_items(chosen.lists)
    document["examples"]["bad"] = _confirmed(document, wishes.source)
    text = written(document, comments, heading)
    contract = parse_contract(text, wishes.source)
    progress(1.0)
    mapping = mapping_of(rows.sample, contract, chosen)
    return Draft(contract, text, mapping, chosen, tuple(chosen.left_out), tuple(sums))


def _of_ratios(ratios: Sequence[Proposed]) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {("metrics", "events", "ratios", each.name): (each.evidence,) for each in ratios}


def _accepted(contract: Contract) -> list[dict[str, Any]]:
    """The first good example that the judge accepts, and the last one: it has the fewest fields."""
    verdicts, _ = example_verdicts(contract)
    right = [
        dict(data)
        for data, verdict in zip(contract.examples.good, verdicts, strict=True)
        if not verdict.reasons
    ]
    chosen = right or [dict(contract.examples.good[0])]
    return [chosen[0]] if chosen[0].keys() == chosen[-1].keys() else [chosen[0], chosen[-1]]


def _confirmed(document: Mapping[str, Any], source: str) -> list[dict[str, Any]]:
    """The counter-examples that are rejected for the reason that they name."""
    contract = parse_contract(written(document, {}), source)
    _, verdicts = example_verdicts(contract)
    return [
        bad
        for bad, verdict in zip(document["examples"]["bad"], verdicts, strict=True)
        if bad["because"].startswith("unique:") or verdict.gives(bad["because"], bad.get("field"))
    ]


def _rhythm(rows: Rows, time: Guess | None) -> Rhythm:
    if time is None:
        return UNKNOWN
    return rhythm_of(rows, time.value, has_clock=time.spec.type == "timestamp")


def _with_common_ranges(guesses: Sequence[Guess], relations: Sequence[Relation]) -> list[Guess]:
    """What adds up has one range: a part may be as large as the whole."""
    wide: dict[str, tuple[Any, Any]] = {}
    by_name = {guess.name: guess for guess in guesses}
    for relation in relations:
        names = (relation.whole, *relation.parts)
        bounds = [by_name[name].spec.range or (0, 0) for name in names]
        wide |= dict.fromkeys(names, (min(low for low, _ in bounds), max(high for _, high in bounds)))
    return [
        Guess(**{**vars(guess), "spec": guess.spec.model_copy(update={"range": wide[guess.name]})})
        if guess.name in wide
        else guess
        for guess in guesses
    ]


def _fields(fields: Sequence[Guess], chosen: Chosen) -> dict[str, Any]:
    """The section `fields`: objects stand as such, behind the others."""
    flat = {guess.name: _spec(guess) for guess in fields if "__" not in guess.name}
    return flat | {each.name: each.section(_spec) for each in chosen.nested}


def _spec(guess: Guess) -> dict[str, Any]:
    said = guess.spec.model_dump(exclude_defaults=True)
    ordered = {key: said[key] for key in ("title", "type") if key in said}
    return ordered | {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in said.items()
        if key not in ordered
    }


def _comments(
    fields: Sequence[Guess], chosen: Chosen, relations: Sequence[Relation], rhythm: Rhythm
) -> dict[tuple[str, ...], tuple[str, ...]]:
    comments: dict[tuple[str, ...], tuple[str, ...]] = {("topic",): (chosen.key_because,)}
    within_lists = [guess for each in chosen.lists for guess in each.fields]
    said = [*fields, *within_lists]
    comments |= {_path(g.name): (f"{g.heading}: {'; '.join(g.evidence)}",) for g in said}
    comments |= {
        ("fields", each.name): (f"{each.heading}: {'; '.join(each.evidence)}",) for each in chosen.lists
    }
    if chosen.time is not None and chosen.clock is not None:
        comments["fields",] = (f"time of the event: {'; '.join(chosen.time.evidence)}",)
    comments["fields", "*"] = tuple(f"left out: {each.heading}: {each.why}" for each in chosen.left_out)
    comments |= {("checks", each.name): (each.evidence,) for each in relations}
    comments["expect",] = rhythm.evidence
    if rhythm.first is not None:
        comments["accept",] = (
            f"The sample begins on {rhythm.first}. Narrow this once the history is imported: past: 60d.",
        )
    comments["examples",] = (
        "Made up, but for numbers and choices: no identifier, name or text of the sample is here.",
    )
    return comments


def _path(name: str) -> tuple[str, ...]:
    """Where a field of that flat name stands."""
    outer, _, inner = name.partition("__")
    return ("fields", outer, "fields", inner) if inner else ("fields", name)


def of_sums(lines: Sequence[int]) -> str:
    """What is said of rows of sums."""
    named = listed(lines[:5], len(lines))
    return f"{named}: sums (合计, 总计, 小计), no events; left out here. Remove them before importing."


def _heading(sample: Sample, sums: Sequence[int]) -> tuple[str, ...]:
    part = "" if sample.is_whole else " (the first ones of more)"
    lines = [
        f"Proposed from {sample.rows.num_rows:,} rows of {sample.name}{part}. Read it, correct it, then:",
        "minsheng contract check, minsheng contract try, minsheng contract deploy.",
    ]
    if sample.header_row > 1:
        lines.append(f"Its headings stand on line {sample.header_row}; what is above them is no row.")
    if sums:
        lines.append(of_sums(sums))
    if sample.unreadable:
        shown = ", ".join(f"{line} ({fault})" for line, fault in sample.unreadable[:5])
        lines.append(f"{len(sample.unreadable):,} lines could not be read: {shown}")
    return tuple(lines)

"""Verdicts of one source's events: the fast statement for all, the slow way for what it cannot pass."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.contract import places
from streams.envelope import Reason
from streams.judge.engine import engine, run_isolating
from streams.judge.mask import mask
from streams.judge.plan import Plan
from streams.judge.reading import Reading, read, shown, value_at
from streams.judge.rules import Rule
from streams.judge.schema import REASON_LIST

MOST_REASONS = 20
"""Reasons that one event gets at most."""

_CLAIM = pa.binary(16)
# Of a rejected event only this is told, as far as it is known and sound.
_TOLD = ("event_id", "event_at", "division", "place", "event_day", "minute", "made_under")

Columns = dict[str, pa.Array]


def of_source(plan: Plan, received: pa.Array, values: pa.Array) -> Columns:
    """Columns of the verdicts of events on a source's topic; not those that tell the record."""
    rows = pa.table({"_received": received, "_value": _texts(values)})
    found = run_isolating(plan.fast, rows, lambda row: _no_answer(plan.fast, row))
    columns = {name: found[name].combine_chunks() for name in found.column_names}
    right = columns["accepted"] = pc.fill_null(columns.pop("_ok"), False)
    if not pc.all(right).as_py():
        wrong = pc.invert(right)
        slow = _slow(plan, received.filter(wrong), values.filter(wrong))
        columns = {
            name: pc.replace_with_mask(column, wrong, slow[name].cast(column.type))
            for name, column in columns.items()
        }
        is_right = right.to_numpy(zero_copy_only=False)
        places = pa.array(np.cumsum(~is_right) - 1, mask=is_right)
        columns |= {name: slow[name].take(places) for name in ("reasons", "excerpt")}
    columns["claim_id"] = columns["claim_id"].cast(_CLAIM)
    columns["content"] = _first_eight(columns["content"].cast(_CLAIM))
    return columns


def reasons_one_by_one(plan: Plan, received: pa.Array, values: pa.Array) -> pa.Array:
    """The reasons of each event by the slow way alone, none where it is accepted: the same as by both.

    Dearer an event, but one statement to plan instead of two: for a few events of many contracts.
    """
    return _slow(plan, received, values)["reasons"]


def of_no_source(values: pa.Array) -> Columns:
    """Columns of the verdicts of events on a topic that has no contract."""
    return {
        "accepted": pa.repeat(pa.scalar(False), len(values)),
        "reasons": _reasons([[Reason("unknown_source")]] * len(values)),
        "excerpt": pa.array(map(excerpt, values.to_pylist()), pa.string()),
    }


def _slow(plan: Plan, received: pa.Array, values: pa.Array) -> Columns:
    """The verdicts of events one by one: all reasons, exactly; none for those that are right after all."""
    raw = values.to_pylist()
    readings = [read(value, plan) for value in raw]
    rows = _rows(plan, received, readings)
    found = run_isolating(plan.slow, rows, lambda row: _no_answer(plan.slow, row))
    reasons = [reading.reasons for reading in readings]
    for index, rule in enumerate(plan.rules):
        for place, number in _broken(rule, found[f"_r{index}"]):
            _add_broken(rule, number, readings[place], reasons[place], of_time=index < plan.window)
    for row in np.flatnonzero(found["_r0"].is_null().to_numpy()):
        reasons[row].append(Reason("undecidable"))
    for row in np.flatnonzero(found["made_under"].is_valid().to_numpy()):
        # No reason by itself, but it may be why there are others.
        if reasons[row]:
            reasons[row].append(Reason("other_version", "dataschema", found["made_under"][int(row)].as_py()))
    rejected = pa.array([bool(listed) for listed in reasons])
    columns = {"accepted": pc.invert(rejected)}
    for name in found.column_names[len(plan.rules) :]:
        column = found[name].combine_chunks()
        if name not in _TOLD:
            column = pc.if_else(rejected, pa.nulls(len(column), column.type), column)
        columns[name] = column
    _untell(plan, columns, readings, reasons)
    columns["reasons"] = _reasons([_in_order(plan, listed) for listed in reasons])
    columns["excerpt"] = pa.array(
        (
            excerpt(value, reading.persons) if listed else None
            for value, reading, listed in zip(raw, readings, reasons, strict=True)
        ),
        pa.string(),
    )
    return columns


def _rows(plan: Plan, received: pa.Array, readings: Sequence[Reading]) -> pa.Table:
    """What the slow statement reads."""

    def texts(values: list[str | None]) -> pa.Array:
        return pa.array(values, pa.string())

    return pa.table(
        {
            "_received": received,
            "_id": texts([reading.event_id for reading in readings]),
            "_source": texts([reading.source for reading in readings]),
            "_time": texts([reading.time for reading in readings]),
            "_schema": texts([reading.schema for reading in readings]),
            **{
                f"_t_{name}": texts([reading.texts.get(name) for reading in readings])
                for name in plan.columns
            },
            **{
                f"_l_{spec.name}": pa.array(
                    [reading.items.get(spec.name) for reading in readings],
                    pa.list_(pa.struct([(inner.name, pa.string()) for inner in spec.fields])),
                )
                for spec in plan.fields
                if spec.json == "list"
            },
        }
    )


def _broken(rule: Rule, kept: pa.ChunkedArray) -> Iterator[tuple[int, int]]:
    """(row, number of the item, or 0) wherever the rule is broken; `kept`: its Rule.verdict."""
    if rule.within is None:
        yield from ((int(place), 0) for place in np.flatnonzero(~pc.fill_null(kept, True).to_numpy()))
        return
    for row, items in enumerate(kept.to_pylist()):
        yield from ((row, number) for number, right in enumerate(items or (), 1) if not right)


def _add_broken(rule: Rule, number: int, reading: Reading, reasons: list[Reason], *, of_time: bool) -> None:
    """Note a broken rule, of a list's item the one of that number."""
    place = rule.field
    if rule.within is not None:
        place = places.within(places.item(rule.within, number), rule.field or "")
    if any(reason.code == rule.code and reason.field == place for reason in reasons):
        return
    seen = reading.time if of_time else value_at(reading, rule.field, number, rule.within)
    personal = rule.code == "untokenised"
    reasons.append(Reason(rule.code, place, None if seen is None or personal else shown(seen)))


def _untell(
    plan: Plan, columns: Columns, readings: Sequence[Reading], reasons: Sequence[Sequence[Reason]]
) -> None:
    """Take back, in place, what is unsound in rejected events: a faulty place, a time out of this world."""
    faulty = [frozenset(reason.field for reason in listed) for listed in reasons]
    for column, name in (("division", plan.division), ("place", plan.place)):
        kept = (
            text if not fields or name not in fields else None
            for text, fields in zip(columns[column].to_pylist(), faulty, strict=True)
        )
        columns[column] = pa.array(kept, pa.string())
    timeless = pa.array([any(r.code in ("too_old", "too_new") for r in listed) for listed in reasons])
    for name in ("event_at", "event_day", "minute"):
        columns[name] = pc.if_else(timeless, pa.nulls(len(timeless), columns[name].type), columns[name])
    ids = (
        mask(reading.event_id) if listed and reading.event_id is not None else reading.event_id
        for reading, listed in zip(readings, reasons, strict=True)
    )
    columns["event_id"] = pa.array(ids, pa.string())


def _in_order(plan: Plan, reasons: list[Reason]) -> list[Reason]:
    """Envelope first, then the fields as the contract has them, then what it does not have, then checks."""
    if len(reasons) <= 1:
        return reasons
    order = {place: index for index, place in enumerate(_places(plan))}

    def rank(reason: Reason) -> int:
        if reason.code == "other_version":
            return len(order) + 2
        if reason.code.startswith("check:"):
            return len(order) + 1
        if reason.code == "unknown_field":
            return len(order)
        in_data = reason.code not in ("bad_envelope", "bad_time", "too_old", "too_new", "wrong_topic")
        return order.get(places.pattern_of(reason.field or ""), -1) if in_data else -1

    return sorted(reasons, key=rank)[:MOST_REASONS]


def _places(plan: Plan) -> Iterator[str]:
    """Every place that a reason may name, an item without its number, in the contract's order."""
    for field in plan.fields:
        outer = places.item_free(field.name) if field.json == "list" else field.name
        yield from dict.fromkeys((field.name, outer))
        yield from (places.within(outer, inner.name) for inner in field.fields)


def _reasons(listed: Sequence[Sequence[Reason]]) -> pa.Array:
    return pa.array([reasons or None for reasons in listed], REASON_LIST)


def excerpt(value: bytes | None, persons: Sequence[str] = ()) -> str:
    """What the quarantine shows of an event: its beginning, without whatever may name a person.

    persons: texts that stand where tokens belong. A number is masked wherever it stands; a name is not known
    for one but by where it stands.
    """
    text = (value or b"")[:_EXCERPT_BYTES].decode("utf-8", "replace")
    for person in persons:
        if person.strip() and mask(person) == person:
            text = _without(text, person)
    return mask(text)


def _without(text: str, person: str) -> str:
    """The text with stars in place of a JSON text, or nothing of it where that has a spelling of its own."""
    small = json.dumps(person)
    large = _CODE_POINT.sub(lambda match: match[0].upper().replace("U", "u"), small)
    for spelling in (json.dumps(person, ensure_ascii=False), small, large):
        if spelling in text:
            return text.replace(spelling, '"***"')
    return "***"


_CODE_POINT = re.compile(r"\\u[0-9a-f]{4}")
_EXCERPT_BYTES = 64_000


def _texts(values: pa.Array) -> pa.Array:
    """Values as text, null where they are not UTF-8."""
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array(map(_text, values.to_pylist()), pa.string())


def _text(value: bytes | None) -> str | None:
    try:
        return value.decode("utf-8") if value is not None else None
    except UnicodeDecodeError:
        return None


def _no_answer(statement: str, row: pa.Table) -> pa.Table:
    """A row of nulls with the columns that the statement gives."""
    empty = engine().run(statement, row.slice(0, 0))
    if empty is None:
        raise AssertionError("a statement failed on no rows at all")
    return pa.table([pa.nulls(1, field.type) for field in empty.schema], schema=empty.schema)


def _first_eight(digests: pa.FixedSizeBinaryArray) -> pa.Array:
    """The first eight bytes of 16-byte digests as little-endian bigint."""
    words = np.frombuffer(digests.buffers()[1], "<i8").reshape(-1, 2)
    words = words[digests.offset : digests.offset + len(digests), 0]
    return pa.array(words, pa.int64(), mask=digests.is_null().to_numpy(zero_copy_only=False))

"""What is wrong with faulty events: every kind that the contract has a rule against, by the judge's code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Literal

import numpy as np
import orjson

from streams.contract.model import NESTED, Contract, FieldSpec
from streams.contract.types import NAMED_TYPES, max_length_of, range_of, values_of
from streams.judge.shape import leaves
from streams.simulator.breaking import breaking_values
from streams.simulator.nested import holder
from streams.simulator.values import Column

Event = dict[str, Any]
WayName = Literal["kafka", "gateway"]
EVERY_WAY: frozenset[WayName] = frozenset({"kafka", "gateway"})
Change = Callable[[Event, np.random.Generator], None]

NOT_TEXT = b"\xb2\xbb\xca\xc7UTF-8"
"""GB18030 where UTF-8 was promised: the most usual wrong encoding of the city's older systems."""

MARKUP = "<script>alert(1)</script>'; drop table ops.claim; --"
FORMULA = '=HYPERLINK("http://example.invalid")'


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    code, field: what the judge says. change: spoils the event in place. spoil: makes bytes that are no event
    any more. ways: by which way in the fault shows; a personal value that is wrong can only be seen at the
    gateway, one that was not tokenised only behind it.
    """

    code: str
    field: str | None
    change: Change
    spoil: Callable[[bytes], bytes] | None = None
    ways: frozenset[WayName] = EVERY_WAY


def faults(contract: Contract, columns: Mapping[str, Column], way: WayName) -> tuple[Fault, ...]:
    """All faults that events of this contract can have on that way. `columns`: some right events of it."""
    every = (*_whole_event(), *_by_field(contract), *_by_check(contract, columns))
    return tuple(fault for fault in every if way in fault.ways)


def _whole_event() -> Iterator[Fault]:
    yield Fault("not_json", None, nothing, spoil=lambda value: value[: len(value) * 2 // 3])
    yield Fault("not_utf8", None, nothing, spoil=lambda value: value[:-2] + NOT_TEXT + value[-2:])
    yield Fault("not_an_object", None, nothing, spoil=lambda value: b"[" + value + b"]")
    yield Fault("bad_envelope", None, _without_id)
    yield Fault("bad_time", None, partial(_set_time, time="2026-02-30T25:61:00+08:00"))
    yield Fault("too_old", None, partial(_set_time, time="2001-01-01T08:00:00.000+08:00"))
    yield Fault("too_new", None, partial(_set_time, time="2099-01-01T08:00:00.000+08:00"))
    yield Fault("unknown_field", "remark_of_sender", partial(_set, field="remark_of_sender", values=[MARKUP]))


def _by_field(contract: Contract) -> Iterator[Fault]:
    for field, spec in contract.fields.items():
        if spec.type in NESTED and not spec.optional:
            yield Fault("missing", field, partial(_without, field=field))
    for field, spec in contract.lists.items():
        yield Fault("wrong_type", field, partial(_set, field=field, values=["a text", {"an": "object"}, 12]))
        too_many: list[Any] = [{}] * (spec.most_items + 1)
        yield Fault("too_many", field, partial(_set, field=field, values=[too_many]))
    for field, _, spec in leaves(contract):
        named = NAMED_TYPES[spec.type]
        if not spec.optional:
            yield Fault("missing", field, partial(_without, field=field))
        if spec.pii is not None:
            raw = partial(_raw, field=field, spec=spec)
            yield Fault("untokenised", field, raw, ways=frozenset({"kafka"}))
            if named.checksum is not None:
                change = partial(_other_check_digit, field=field, spec=spec)
                yield Fault("bad_checksum", field, change, ways=frozenset({"gateway"}))
            continue
        wrong = ["12"] if named.json in ("integer", "number", "boolean") else [12]
        yield Fault(
            "wrong_type", field, partial(_set, field=field, values=[*wrong, ["a", "list"], {"an": "object"}])
        )
        yield from _by_rule(field, spec)


def _by_rule(field: str, spec: FieldSpec) -> Iterator[Fault]:
    named = NAMED_TYPES[spec.type]
    bounds, longest = range_of(spec), max_length_of(spec)
    if bounds is not None and named.json == "integer":
        outside = [int(bounds[0]) - 1, int(bounds[1]) + 1, 2**63]
        yield Fault("out_of_range", field, partial(_set, field=field, values=outside))
    if named.checksum is not None:
        yield Fault("bad_checksum", field, partial(_other_check_digit, field=field, spec=spec))
    if values_of(spec):
        yield Fault("not_in_enum", field, partial(_set, field=field, values=["unheard_of", FORMULA]))
    elif spec.pattern is not None:
        yield Fault("bad_pattern", field, partial(_set, field=field, values=["\u200b", FORMULA]))
    elif longest is not None and named.json == "string":
        yield Fault("too_long", field, partial(_set, field=field, values=["长" * (longest + 1)]))


def _by_check(contract: Contract, columns: Mapping[str, Column]) -> Iterator[Fault]:
    for check in contract.checks:
        if broken := breaking_values(contract, check, columns):
            yield Fault(f"check:{check}", None, partial(_replace, choices=broken))


def nothing(event: Event, chance: np.random.Generator) -> None:
    """Leave the event as it is: the fault is in its bytes, or in what was sent before."""


def _without_id(event: Event, chance: np.random.Generator) -> None:
    del event["id"]


def _set_time(event: Event, chance: np.random.Generator, *, time: str) -> None:
    event["time"] = time


def _without(event: Event, chance: np.random.Generator, *, field: str) -> None:
    data, key = holder(event["data"], field)
    data.pop(key, None)


def _set(event: Event, chance: np.random.Generator, *, field: str, values: list[Any]) -> None:
    data, key = holder(event["data"], field)
    data[key] = values[int(chance.integers(len(values)))]


def _raw(event: Event, chance: np.random.Generator, *, field: str, spec: FieldSpec) -> None:
    """Give the event a value of the type where it has none: what is not there cannot be wrong."""
    data, key = holder(event["data"], field)
    if not data.get(key):
        random = Random(int(chance.integers(2**63)))  # noqa: S311 (synthetic values, repeatable)
        data[key] = NAMED_TYPES[spec.type].make(random, spec)


def _other_check_digit(event: Event, chance: np.random.Generator, *, field: str, spec: FieldSpec) -> None:
    _raw(event, chance, field=field, spec=spec)
    data, key = holder(event["data"], field)
    data[key] = data[key][:-1] + ("0" if data[key][-1] != "0" else "1")


def _replace(event: Event, chance: np.random.Generator, *, choices: list[dict[str, Any]]) -> None:
    for field, value in choices[int(chance.integers(len(choices)))].items():
        data, key = holder(event["data"], field)
        data[key] = value


def as_bytes(event: Event, fault: Fault) -> bytes:
    """A faulty event as it is sent."""
    value = orjson.dumps(event)
    return fault.spoil(value) if fault.spoil is not None else value

"""A contract compiled to the two SQL statements that judge its events.

The fast statement (fast.py) takes raw values and says of each whether everything is right, in one boolean.
The slow one takes the rows that failed, taken apart by reading.py, and says of each rule whether it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from streams.contract.model import Contract, FieldSpec
from streams.contract.types import NAMED_TYPES, Json
from streams.judge import columns, fast, shape
from streams.judge.rules import Rule, may_hide_a_person, rules_of
from streams.judge.schema import division_field, slots_of
from streams.judge.sql import ROWS
from streams.judge.uniqueness import UniqueKey, unique_keys


@dataclass(frozen=True)
class FieldPlan:
    """What reading.py must know of a field; `fields` and `most` (items) of an object or a list."""

    name: str
    json: Json | Literal["object", "list"]
    optional: bool
    personal: bool = False
    free_text: bool = False
    fields: tuple[FieldPlan, ...] = ()
    most: int = 0

    @cached_property
    def known(self) -> frozenset[str]:
        """Names of the fields within."""
        return frozenset(field.name for field in self.fields)


def field_plans(fields: Mapping[str, FieldSpec]) -> tuple[FieldPlan, ...]:
    """Plans of the fields, in the contract's order."""
    return tuple(_field_plan(name, spec) for name, spec in fields.items())


def _field_plan(name: str, spec: FieldSpec) -> FieldPlan:
    if spec.type == "object":
        return FieldPlan(name, "object", spec.optional, fields=field_plans(spec.fields))
    if spec.type == "list":
        inner = field_plans(spec.fields)
        return FieldPlan(name, "list", spec.optional, fields=inner, most=spec.most_items)
    personal, free_text = spec.pii is not None, may_hide_a_person(spec)
    return FieldPlan(name, NAMED_TYPES[spec.type].json, spec.optional, personal, free_text)


@dataclass(frozen=True)
class Plan:
    """Everything that the judge knows of one source; plain values, so that it is pickled quickly.

    Both statements give the same columns; the fast one `_ok` before them, the slow one `_r0`.. (Rule.verdict
    of rule 0..); the first `window` rules are on the time. `columns`: flat names of what the slow one reads
    as texts. `slots`: flat name -> output column.
    """

    source: str
    fields: tuple[FieldPlan, ...]
    columns: tuple[str, ...]
    rules: tuple[Rule, ...]
    fast: str
    slow: str
    slots: dict[str, str]
    place: str
    division: str | None
    unique: tuple[UniqueKey, ...] = ()
    window: int = 2


def compile_contract(contract: Contract) -> Plan:
    """The plan of a contract. Cheap: a few milliseconds, nothing is prepared yet."""
    rules = (*_window(contract), *rules_of(contract))
    slots = slots_of(contract)
    return Plan(
        source=contract.source,
        fields=field_plans(contract.fields),
        columns=tuple(name for name, _, _ in shape.leaves(contract)),
        rules=rules,
        fast=fast.statement(contract, rules, slots),
        slow=_slow(contract, rules, slots),
        slots=slots,
        place=contract.topic.key,
        division=division_field(contract),
        unique=unique_keys(contract),
    )


def _window(contract: Contract) -> tuple[Rule, Rule]:
    past, future = (
        int(span.total_seconds() * 1_000_000) for span in (contract.accept.past, contract.accept.future)
    )
    apart = "epoch_us(_moment) - epoch_us(_received)"
    return (
        Rule("too_old", "time", f"{apart} >= -{past}"),
        Rule("too_new", "time", f"{apart} <= {future}"),
    )


def _slow(contract: Contract, rules: tuple[Rule, ...], slots: dict[str, str]) -> str:
    verdicts = [f"{rule.verdict()} as _r{index}" for index, rule in enumerate(rules)]
    return f"""
with {columns.typed(contract, ROWS)}
select {", ".join(verdicts)}, {", ".join(columns.outputs(contract, slots))} from typed"""  # noqa: S608 (of a checked contract, quoted)

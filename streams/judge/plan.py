"""A contract compiled to the two SQL statements that judge its events.

The fast statement (fast.py) takes raw values and says of each whether everything is right, in one boolean.
The slow one takes the rows that failed, taken apart by reading.py, and says of each rule whether it holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES, Json
from streams.judge import columns, fast
from streams.judge.rules import Rule, may_hide_a_person, rules_of
from streams.judge.schema import division_field, slots_of
from streams.judge.sql import ROWS


@dataclass(frozen=True)
class FieldPlan:
    """What reading.py must know of a field."""

    name: str
    json: Json
    optional: bool
    personal: bool
    free_text: bool


@dataclass(frozen=True)
class Plan:
    """Everything that the judge knows of one source; plain values, so that it is pickled quickly.

    `outputs`: columns that both statements give, in order; the fast one gives `_ok` before them, the slow one
    `_r0`.. (true where rule 0.. is broken); the first `window` rules are on the time. `slots`: field ->
    output column.
    """

    source: str
    fields: tuple[FieldPlan, ...]
    rules: tuple[Rule, ...]
    fast: str
    slow: str
    slots: dict[str, str]
    place: str
    division: str | None
    window: int = 2


def compile_contract(contract: Contract) -> Plan:
    """The plan of a contract. Cheap: a few milliseconds, nothing is prepared yet."""
    rules = (*_window(contract), *rules_of(contract))
    slots = slots_of(contract)
    return Plan(
        source=contract.source,
        fields=tuple(
            FieldPlan(
                name,
                NAMED_TYPES[spec.type].json,
                spec.optional,
                spec.pii is not None,
                may_hide_a_person(spec),
            )
            for name, spec in contract.fields.items()
        ),
        rules=rules,
        fast=fast.statement(contract, rules, slots),
        slow=_slow(contract, rules, slots),
        slots=slots,
        place=contract.topic.key,
        division=division_field(contract),
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
    broken = [f"not coalesce({rule.holds}, true) as _r{index}" for index, rule in enumerate(rules)]
    return f"""
with {columns.typed(contract, ROWS)}
select {", ".join(broken)}, {", ".join(columns.outputs(contract, slots))} from typed"""  # noqa: S608 (of a checked contract, quoted)

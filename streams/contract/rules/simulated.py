"""Rules for `simulate`: hints that the simulator can follow. What belongs to what it checks itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streams import reference
from streams.contract import checks
from streams.contract.expressions import ExpressionError, Names, parse
from streams.contract.model import Contract, Simulated
from streams.contract.rules.complaint import Complaint, about, about_expression
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of
from streams.contract.types import range_of, values_of

WAYS = ("weights", "between", "about", "share", "formula", "serial", "reference", "distinct", "by")
CLOCKS: Names = {"case_minutes": "number", "step_minutes": "number"}
"""What a formula may name beside the fields where the contract has a life cycle."""
_WORDS = (("by", "hour"), ("once_per", "day"))
"""Where a word that is no field may stand."""
_SERIAL = "a text with {number} and, if you want, {day}, such as 'JK{day}{number}'"


def complaints(contract: Contract) -> Iterator[Complaint]:
    for name, hint in contract.simulate.items():
        path: Path = ("simulate", name)
        if name in contract.lists:
            yield from _list(path, hint)
        elif name not in contract.columns:
            known = [*contract.columns, *contract.lists]
            yield about(path, f"no field '{name}'", one_of(known), did_you_mean(name, known))
        else:
            yield from _way(path, hint)
            yield from _values(path, contract, hint)
            yield from _serial(path, contract, hint)
            yield from _same(path, contract, hint)
            yield from _names(path, contract, hint)


def _list(path: Path, hint: Simulated) -> Iterator[Complaint]:
    said = hint.model_fields_set - {"between", "present"}
    if said:
        yield about(path, f"a list with {', '.join(sorted(said))}", "between (how many items), present")


def _way(path: Path, hint: Simulated) -> Iterator[Complaint]:
    ways = [way for way in WAYS if getattr(hint, way) is not None]
    if len(ways) > 1:
        yield about(path, f"says {' and '.join(ways)}", f"one of {', '.join(WAYS)}")
    if hint.step <= 0:
        yield about((*path, "step"), f"{hint.step}", "a step above 0")
    for key in ("between", "about"):
        low, high = getattr(hint, key) or (0, 0)
        if key == "between" and low > high:
            yield about((*path, key), f"[{low}, {high}] holds no value", "the lower bound first")


def _values(path: Path, contract: Contract, hint: Simulated) -> Iterator[Complaint]:
    spec = contract.columns[str(path[-1])]
    known = ("true", "false") if spec.type == "bool" else tuple(values_of(spec))
    for value in hint.weights or {} if known else {}:
        if value not in known:
            where = (*path, "weights", value)
            yield about(where, f"'{value}' is no value of it", one_of(known), did_you_mean(value, known))
    bounds = range_of(spec)
    if hint.between and bounds and (hint.between[0] < bounds[0] or hint.between[1] > bounds[1]):
        what = f"[{hint.between[0]}, {hint.between[1]}]"
        yield about((*path, "between"), what, f"values within the field's range [{bounds[0]}, {bounds[1]}]")
    if hint.present < 100 and not spec.optional:  # noqa: PLR2004 (percent)
        yield about((*path, "present"), "the field is required", "an optional field", "Drop 'present'.")


def _serial(path: Path, contract: Contract, hint: Simulated) -> Iterator[Complaint]:
    if hint.serial is None:
        return
    spec, where = contract.columns[str(path[-1])], (*path, "serial")
    value = hint.serial.replace("{day}", "20220615").replace("{number}", "000001")
    if "{number}" not in hint.serial or "{" in value:
        yield about(where, f"'{hint.serial}'", _SERIAL)
    elif spec.type != "text":
        yield about(where, f"a {spec.type} has no serial text", "a field of type text")
    elif spec.pattern is not None and not re.fullmatch(spec.pattern, value, re.ASCII):
        yield about(where, f"'{value}' does not match the field's pattern", spec.pattern)


def _same(path: Path, contract: Contract, hint: Simulated) -> Iterator[Complaint]:
    if hint.turn is not None and hint.distinct is None:
        yield about((*path, "turn"), "turns of what is not listed", "distinct: how many there are")
    case = contract.life_cycle.case if contract.life_cycle is not None else None
    if hint.same and path[-1] != case:
        yield about((*path, "same"), f"'{path[-1]}' is not the case of a life cycle", f"life_cycle: {case}")


def _names(path: Path, contract: Contract, hint: Simulated) -> Iterator[Complaint]:
    if hint.reference is not None:
        yield from _reference(path, hint)
    if hint.formula is not None:
        names: Names = {
            "event_day": "day",
            **(CLOCKS if contract.life_cycle is not None else {}),
            **{name: checks.kind_of(spec) for name, spec in contract.columns.items() if name != path[-1]},
        }
        try:
            parse(hint.formula, names)
        except ExpressionError as error:
            yield about_expression((*path, "formula"), error)
    named = {"of": (hint.of,), "by": (hint.by,), "once_per": hint.once_per, "same": hint.same}
    for key, used in named.items():
        for name in used:
            known = [*contract.columns, *(contract.lists if key == "same" else ())]
            if name is not None and name not in known and (key, name) not in _WORDS:
                yield about((*path, key), f"no field '{name}'", one_of(known), did_you_mean(name, known))


def _reference(path: Path, hint: Simulated) -> Iterator[Complaint]:
    table = str(hint.reference)
    if table not in reference.tables():
        remedy = did_you_mean(table, reference.tables())
        yield about((*path, "reference"), f"no reference table '{table}'", one_of(reference.tables()), remedy)
        return
    columns = reference.columns(table)
    if path[-1] not in columns:
        yield about(
            (*path, "reference"), f"'{table}' has no column '{path[-1]}'", f"it has {', '.join(columns)}"
        )
    if hint.weigh is not None and checks.reference_names(table).get(hint.weigh) != "number":
        numbers = [column for column, kind in checks.reference_names(table).items() if kind == "number"]
        what = f"'{hint.weigh}' is no column of numbers in '{table}'"
        yield about((*path, "weigh"), what, one_of(numbers), did_you_mean(hint.weigh, numbers))

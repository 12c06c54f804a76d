"""Rules for `simulate`: hints that the simulator can follow. What belongs to what it checks itself."""

from __future__ import annotations

from collections.abc import Iterator

from streams import reference
from streams.contract import checks
from streams.contract.expressions import ExpressionError, Names, parse
from streams.contract.model import Contract, Simulated
from streams.contract.rules.complaint import Complaint, about, about_expression
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of
from streams.contract.types import range_of, values_of

WAYS = ("weights", "between", "about", "share", "formula", "reference", "distinct", "by")


def complaints(contract: Contract) -> Iterator[Complaint]:
    for name, hint in contract.simulate.items():
        path: Path = ("simulate", name)
        if name not in contract.fields:
            yield about(
                path, f"no field '{name}'", one_of(contract.fields), did_you_mean(name, contract.fields)
            )
        else:
            yield from _way(path, hint)
            yield from _values(path, contract, hint)
            yield from _names(path, contract, hint)


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
    spec = contract.fields[str(path[-1])]
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


def _names(path: Path, contract: Contract, hint: Simulated) -> Iterator[Complaint]:
    if hint.reference is not None:
        yield from _reference(path, hint)
    if hint.formula is not None:
        names: Names = {
            "event_day": "day",
            **{name: checks.kind_of(spec) for name, spec in contract.fields.items() if name != path[-1]},
        }
        try:
            parse(hint.formula, names)
        except ExpressionError as error:
            yield about_expression((*path, "formula"), error)
    named = {"of": (hint.of,), "by": (hint.by,), "once_per": hint.once_per}
    for key, used in named.items():
        for name in used:
            if name is not None and name not in contract.fields and (key, name) != ("by", "hour"):
                remedy = did_you_mean(name, contract.fields)
                yield about((*path, key), f"no field '{name}'", one_of(contract.fields), remedy)


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

"""Rules for metrics: dimensions that group, measures that can be added up."""

from __future__ import annotations

from collections.abc import Iterator

from streams.contract.model import Contract, FieldSpec, Measure, Metric
from streams.contract.rules.complaint import Complaint, about
from streams.contract.rules.fields import RESERVED
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of
from streams.contract.tables import metric_tables
from streams.contract.types import NAMED_TYPES

MAX_DIMENSION_LENGTH = 64
RESERVED_MEASURES = RESERVED | {"dimension", "label", "value"}
"""Columns that stand beside measures and ratios where they are shown by the values of a dimension."""


def complaints(contract: Contract) -> Iterator[Complaint]:
    for name, metric in contract.metrics.items():
        path: Path = ("metrics", name)
        yield from _dimensions(path, contract, metric)
        yield from _titles(path, metric)
        for key, measure in metric.measures.items():
            yield from measure_complaints((*path, "measures", key), contract, measure)
    for table in metric_tables(contract):
        seen = set(table.dimensions)
        for column in table.columns:
            path = ("metrics", table.metric, "measures", column.measure)
            if column.name in RESERVED_MEASURES:
                what = f"'{column.name}' is a name of the platform's own"
                yield about(path, what, "another name", "Call it by what it measures.")
            if column.name in seen:
                yield about(path, f"'{column.name}' is a dimension already", "another name for the measure")
            seen.add(column.name)


def measure_complaints(path: Path, contract: Contract, measure: Measure) -> Iterator[Complaint]:
    """A measure's field exists and can be aggregated in that way."""
    if measure.field is None:
        return
    where = (*path, "of")
    spec = contract.columns.get(measure.field)
    if spec is None:
        remedy = did_you_mean(measure.field, contract.columns)
        yield about(where, f"no field '{measure.field}'", one_of(contract.columns), remedy)
    elif measure.aggregate == "count":
        if not spec.optional:
            yield about(where, f"'{measure.field}' is in every event", "'count'", "Write 'of: count'.")
    elif measure.aggregate != "distinct" and not NAMED_TYPES[spec.type].number:
        numbers = [name for name, field in contract.columns.items() if NAMED_TYPES[field.type].number]
        what = f"{measure.aggregate} of '{measure.field}', a {spec.type}"
        yield about(
            where, what, f"a whole number: {one_of(numbers)}", "Keep it in a smaller unit, as money in fen."
        )


def _dimensions(path: Path, contract: Contract, metric: Metric) -> Iterator[Complaint]:
    usable = [name for name, spec in contract.columns.items() if groups(spec)]
    for index, name in enumerate(metric.by):
        where = (*path, "by", index)
        spec = contract.columns.get(name)
        if spec is None:
            yield about(where, f"no field '{name}'", one_of(usable), did_you_mean(name, usable))
        elif spec.pii is not None:
            yield about(
                where, f"'{name}' is personal", one_of(usable), f"Count people by 'of: distinct {name}'."
            )
        elif not groups(spec):
            remedy = f"Give the text a pattern or max_length of at most {MAX_DIMENSION_LENGTH}."
            yield about(where, f"'{name}', a {spec.type}, cannot group", one_of(usable), remedy)
        if name in metric.by[:index]:
            yield about(where, f"'{name}' twice", "each dimension once")


def groups(spec: FieldSpec) -> bool:
    """Whether a field's type lets a metric be grouped by it; a personal field never may."""
    if spec.type == "text":
        return (
            spec.pattern is not None or (spec.max_length or MAX_DIMENSION_LENGTH + 1) <= MAX_DIMENSION_LENGTH
        )
    return NAMED_TYPES[spec.type].dimension


def _titles(path: Path, metric: Metric) -> Iterator[Complaint]:
    seen: dict[str, str] = {}
    for name, measure in metric.measures.items():
        if measure.title in seen:
            what = f"'{measure.title}' is the title of '{seen[measure.title]}' too"
            yield about((*path, "measures", name, "title"), what, "a title of its own")
        seen.setdefault(measure.title, name)

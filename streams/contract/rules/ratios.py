"""Rules for the ratios of metrics: what is divided exists, fits the metric's groups, and ends somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from streams import reference
from streams.contract import checks
from streams.contract.model import Contract, Metric
from streams.contract.rules.complaint import Complaint, about
from streams.contract.rules.metrics import RESERVED_MEASURES
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of

_SIDES = ("of", "to")


def complaints(contract: Contract) -> Iterator[Complaint]:
    for name, metric in contract.metrics.items():
        path: Path = ("metrics", name, "ratios")
        for key, ratio in metric.ratios.items():
            yield from _name(path, metric, key)
            for side in _SIDES:
                yield from _part((*path, key, side), metric, getattr(ratio, side))
            if ratio.of == ratio.to:
                yield about((*path, key), f"'{ratio.of}' divided by itself", "two different figures")
        yield from _cycle(path, metric)
        yield from _titles(path, metric)


def _name(path: Path, metric: Metric, key: str) -> Iterator[Complaint]:
    taken = {
        *RESERVED_MEASURES,
        *metric.by,
        *metric.measures,
        *(f"{name}__{part}" for name in metric.measures for part in ("sum", "count")),
    }
    if key in taken:
        what = f"'{key}' is a measure, a dimension or a column of the platform's already"
        yield about((*path, key), what, "another name for the ratio")


def _part(path: Path, metric: Metric, name: str) -> Iterator[Complaint]:
    table, dot, column = name.partition(".")
    if dot:
        yield from _reference(path, metric, table, column)
    elif name not in metric.measures and name not in metric.ratios:
        known = [*metric.measures, *metric.ratios]
        expected = f"{one_of(known)}, or <reference>.<column>"
        yield about(path, f"no measure or ratio '{name}' in this metric", expected, did_you_mean(name, known))


def _reference(path: Path, metric: Metric, table: str, column: str) -> Iterator[Complaint]:
    if table not in reference.tables():
        remedy = did_you_mean(table, reference.tables())
        yield about(path, f"no reference table '{table}'", one_of(reference.tables()), remedy)
        return
    numbers = [name for name, kind in checks.reference_names(table).items() if kind == "number"]
    shared = [name for name in reference.columns(table) if name in metric.by]
    if column not in numbers:
        what = f"'{column}' is no column of numbers in '{table}'"
        yield about(path, what, one_of(numbers) if numbers else "one", did_you_mean(column, numbers))
    elif not shared:
        what = f"'{table}' has none of this metric's dimensions ({', '.join(metric.by) or 'there are none'})"
        remedy = f"Group the metric by one of {', '.join(reference.columns(table))}."
        yield about(path, what, "a dimension that is a column of the table", remedy)


def _cycle(path: Path, metric: Metric) -> Iterator[Complaint]:
    needs = {
        key: [name for name in (ratio.of, ratio.to) if name in metric.ratios]
        for key, ratio in metric.ratios.items()
    }
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        remedy = "Divide measures, or ratios that stand by themselves."
        yield about((*path, error.args[1][0]), f"needs itself: {circle}", "an end", remedy)


def _titles(path: Path, metric: Metric) -> Iterator[Complaint]:
    seen = {measure.title: name for name, measure in metric.measures.items()}
    for key, ratio in metric.ratios.items():
        if ratio.title in seen:
            what = f"'{ratio.title}' is the title of '{seen[ratio.title]}' too"
            yield about((*path, key, "title"), what, "a title of its own")
        seen.setdefault(ratio.title, key)

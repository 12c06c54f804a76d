"""What must come of a simulated day, known before anything is sent: counts, sums, and every metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from streams.contract.model import Measure
from streams.contract.types import NAMED_TYPES
from streams.simulator.day import SimulatedDay
from streams.simulator.plan import Kind

AGGREGATES = {
    "count": "count({field})",
    "sum": "sum({field})",
    "min": "min({field})",
    "max": "max({field})",
    "mean": "avg({field})",
    "distinct": "count(distinct {field})",
}


@dataclass(frozen=True)
class Answer:
    """How many of the sendings come to what, and the sums of the number fields over what is accepted.

    sent = accepted + quarantined + duplicate + conflict. quarantined_because: by the judge's reason code.
    """

    source: str
    day: date
    sent: int
    accepted: int
    quarantined: int
    duplicate: int
    conflict: int
    late: int
    quarantined_because: Mapping[str, int]
    sums: Mapping[str, int]


def expected(day: SimulatedDay, begin: int | None = None, end: int | None = None) -> Answer:
    """The answer for the sendings from `begin` on and before `end`, microseconds since 1970 UTC."""
    kinds, events = _sent(day, begin, end)
    counts = Counter(kinds.tolist())
    faulty = [int(event) for event in events[kinds == Kind.FAULTY]]
    accepted = events[kinds == Kind.GOOD]
    sums = {
        field: sum(value for value in day.columns[field][accepted].tolist() if value is not None)
        for field, spec in day.contract.columns.items()
        if NAMED_TYPES[spec.type].number
    }
    return Answer(
        source=day.contract.source,
        day=day.day,
        sent=len(kinds),
        accepted=counts[Kind.GOOD],
        quarantined=counts[Kind.FAULTY],
        duplicate=counts[Kind.RESENT] + counts[Kind.RESERIALISED],
        conflict=counts[Kind.CONFLICTING],
        late=int(day.late[accepted].sum()),
        quarantined_because=dict(Counter(day.fault_of(event).code for event in faulty)),
        sums=sums,
    )


def accepted_rows(day: SimulatedDay, begin: int | None = None, end: int | None = None) -> pa.Table:
    """What is accepted of those sendings: event_at (timestamp in microseconds, UTC) and every field, typed.

    Personal values are raw here, tokens on the platform: as many different ones.
    """
    kinds, events = _sent(day, begin, end)
    accepted = np.sort(events[kinds == Kind.GOOD])
    columns: dict[str, Any] = {"event_at": pa.array(day.times[accepted], pa.timestamp("us", tz="UTC"))}
    for field, spec in day.contract.columns.items():
        columns[field] = pa.array(day.columns[field][accepted].tolist(), _arrow(NAMED_TYPES[spec.type].json))
    return pa.table(columns)


def expected_metric(
    day: SimulatedDay, metric: str, begin: int | None = None, end: int | None = None
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Every group of a metric (its dimensions' values in order) with its measures, over the whole day."""
    spec = day.contract.metrics[metric]
    measures = [f'{_sql(measure)} as "{name}"' for name, measure in spec.measures.items()]
    groups = [f'"{field}"' for field in spec.by]
    query = f"select {', '.join((*groups, *measures))} from rows group by all"  # noqa: S608 (the contract's names)
    with duckdb.connect() as connection:
        connection.register("rows", accepted_rows(day, begin, end))
        answers = connection.sql(query).fetchall()
    width = len(spec.by)
    return {row[:width]: dict(zip(spec.measures, row[width:], strict=True)) for row in answers}


def _sent(day: SimulatedDay, begin: int | None, end: int | None) -> tuple[Any, Any]:
    at = day.plan.at
    there = np.ones(len(at), bool)
    if begin is not None:
        there &= at >= begin
    if end is not None:
        there &= at < end
    return day.plan.kind[there], day.plan.event[there]


def _sql(measure: Measure) -> str:
    return AGGREGATES[measure.aggregate].format(field=f'"{measure.field}"' if measure.field else "*")


def _arrow(json: str) -> pa.DataType:
    kinds: dict[str, pa.DataType] = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    return kinds.get(json, pa.string())

"""What goes into the judge and what comes out: columns, and slots for the fields of metrics."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES
from streams.judge.uniqueness import KEY

TIME = pa.timestamp("us", tz="UTC")

INPUT = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("received_at", TIME),
        ("value", pa.binary()),
    ]
)

REASON_LIST = pa.list_(pa.struct([("code", pa.string()), ("field", pa.string()), ("detail", pa.string())]))

VERDICT = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("received_at", TIME),
        ("source", pa.string()),
        ("accepted", pa.bool_()),
        ("reasons", REASON_LIST),
        ("event_id", pa.string()),
        ("event_at", TIME),
        ("division", pa.string()),
        ("place", pa.string()),
        ("excerpt", pa.string()),
        ("claim_id", pa.binary(16)),
        ("content", pa.int64()),
        ("event_day", pa.int32()),
        ("minute", pa.int32()),
        ("made_under", pa.string()),
    ]
)

_SLOT_TYPES = {"s": pa.string(), "n": pa.int64(), "x": pa.float64()}


def division_field(contract: Contract) -> str | None:
    """The field that says where in the city an event happened: the first of type division."""
    return next((name for name, spec in contract.columns.items() if spec.type == "division"), None)


def slots_of(contract: Contract) -> dict[str, str]:
    """Field -> output column, for every field that a metric or a life cycle uses.

    A division and a place are columns already; the others get `s0`.. (text), `n0`.. (bigint), `x0`..
    (double).
    """
    slots: dict[str, str] = {}
    counts = dict.fromkeys(_SLOT_TYPES, 0)
    for name in _used_fields(contract):
        if name in slots:
            continue
        kind = _kind(NAMED_TYPES[contract.columns[name].type].duckdb)
        if kind == "s" and name == division_field(contract):
            slots[name] = "division"
        elif kind == "s" and name == contract.topic.key:
            slots[name] = "place"
        else:
            slots[name] = f"{kind}{counts[kind]}"
            counts[kind] += 1
    return slots


def verdict_schema(slots: Mapping[str, Mapping[str, str]], keys: int = 0) -> pa.Schema:
    """VERDICT, as many slots as the contract with the most of a kind needs, and `keys` columns `u0`.."""
    used = {column for columns in slots.values() for column in columns.values()} - set(VERDICT.names)
    schema = VERDICT
    for column in sorted(used, key=lambda column: ("snx".index(column[0]), int(column[1:]))):
        schema = schema.append(pa.field(column, _SLOT_TYPES[column[0]]))
    for index in range(keys):
        schema = schema.append(pa.field(f"u{index}", KEY))
    return schema


def _used_fields(contract: Contract) -> list[str]:
    names: list[str] = []
    for metric in contract.metrics.values():
        names.extend(metric.by)
        names.extend(measure.field for measure in metric.measures.values() if measure.field)
    if contract.life_cycle is not None:
        names.extend((contract.life_cycle.case, contract.life_cycle.step))
    return names


def _kind(duckdb_type: str) -> str:
    if duckdb_type == "BIGINT":
        return "n"
    return "x" if duckdb_type.startswith(("DECIMAL", "DOUBLE")) else "s"

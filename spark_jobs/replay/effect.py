"""What a replay changes in the numbers of a day. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from spark_jobs.live.counting import LIVE, SPAN
from streams.contract.model import Contract
from streams.contract.tables import MetricTable
from streams.days import EPOCH, ONE_DAY
from streams.zone import ZONE


@dataclass
class Effect:
    """What is added to one source's event day: events, and each sum and count by (metric, column).

    Minima, maxima and distinct counts do not add up and are left out.
    """

    events: int = 0
    added: Counter[tuple[str, str]] = field(default_factory=Counter)


Effects = defaultdict[tuple[str, date], Effect]


def no_effects() -> Effects:
    return defaultdict(Effect)


def add_counted(effects: Effects, counted: Mapping[str, pa.Table], tables: Mapping[str, MetricTable]) -> None:
    """Add what a piece counted (spark_jobs.live.counting.count) to `effects`."""
    if SPAN in counted:
        for row in counted[SPAN].to_pylist():
            effects[row["source"], EPOCH + ONE_DAY * row["event_day"]].events += row["events"]
    for name, table in tables.items():
        if LIVE + name not in counted:
            continue
        columns = [column.name for column in table.columns if not column.nullable]
        for row in counted[LIVE + name].to_pylist():
            day = datetime.fromtimestamp(row["minute"] * 60, ZONE).date()
            for column in columns:
                effects[table.source, day].added[table.metric, column] += row[column]


def as_json(effects: Effects, contracts: Mapping[str, Contract]) -> list[dict[str, Any]]:
    """By source and day: events, and every sum and count that changes, with title and unit."""
    return [
        {
            "source": source,
            "day": day.isoformat(),
            "events": effect.events,
            "measures": [
                {"metric": metric, "measure": column, **_named(contracts[source], metric, column), "added": n}
                for (metric, column), n in sorted(effect.added.items())
                if n
            ],
        }
        for (source, day), effect in sorted(effects.items())
    ]


def _named(contract: Contract, metric: str, column: str) -> dict[str, str | None]:
    """Title and unit; of the two columns of a mean, the count has no unit."""
    name, _, part = column.partition("__")
    measures = contract.metrics[metric].measures
    measure = measures.get(column) or measures[name]
    suffix = {"sum": "（总和）", "count": "（笔数）"}.get(part, "") if column not in measures else ""
    return {"title": measure.title + suffix, "unit": None if suffix == "（笔数）" else measure.unit}

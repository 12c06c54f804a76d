"""What a rollup found of one source and day, as plain values: what is judged by the gate and published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from streams.contract.model import Contract


@dataclass(frozen=True)
class Counts:
    """Events of the day by outcome. A rejected event without a readable time belongs to its received day."""

    accepted: int
    quarantined: int
    duplicate: int
    conflict: int


@dataclass(frozen=True)
class DistinctCount:
    """How many different values: of one measure, in one group of one subset of the metric's dimensions."""

    metric: str
    measure: str
    dimensions: Mapping[str, str | None]
    value: int

    @property
    def key(self) -> str:
        """The dimensions as canonical JSON."""
        return json.dumps(self.dimensions, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Day:
    """A day of a source, counted exactly.

    metrics: metric -> table of its dimensions (string) and additive columns (int64), sorted by the
    dimensions. distinct: sorted by metric, measure and dimensions. position: partition -> first offset that
    was not read. provisional: the day was not complete when it was read.
    """

    contract: Contract
    day: date
    counts: Counts
    metrics: Mapping[str, pa.Table]
    distinct: tuple[DistinctCount, ...]
    position: Mapping[int, int]
    provisional: bool

    @property
    def fingerprint(self) -> str:
        """64 hex digits over every number that is shown: equal if and only if a reader sees the same.

        How often events were told again is not part of it: that changes no number.
        """
        shown = {
            "provisional": self.provisional,
            "accepted": self.counts.accepted,
            "metrics": {
                name: [table.column_names, *(list(row.values()) for row in table.to_pylist())]
                for name, table in self.metrics.items()
            },
            "distinct": [(count.metric, count.measure, count.key, count.value) for count in self.distinct],
        }
        canonical = json.dumps(shown, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

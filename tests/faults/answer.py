"""What must stand in every table, by DuckDB's batch computation over what was sent and its known outcomes.

Nothing of the platform computes here: contracts are only asked for what their metrics and rules are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

import duckdb
import pyarrow as pa

from streams.contract.model import Contract
from streams.contract.tables import Column, MetricTable, metric_tables
from streams.judge.uniqueness import CODE as UNIQUE
from tests.faults.traffic import Sent

Rows = Counter[tuple[Any, ...]]
Distinct = dict[tuple[Any, ...], set[str]]

_SENT = """
    create table sent as select
        topic, source, partition, "offset", (partition::bigint << 40) | "offset" as position, received_at,
        received_at::date as received_day, outcome, code, value, gone,
        event->>'id' as id, event->>'source' as sender,
        (event->>'time')::timestamptz as event_at, event_at::date as event_day,
        date_trunc('minute', event_at) as minute, event->'data' as data,
        md5((event->>'source') || chr(31) || (event->>'id'))::uuid as claim
    from told
"""


class Answer:
    """Each method gives the rows that must stand in one table."""

    def __init__(self, contracts: Mapping[str, Contract], sent: Iterable[Sent]) -> None:
        self._contracts = contracts
        self._duckdb = duckdb.connect(config={"threads": 1})
        self._duckdb.execute("set timezone = 'Asia/Shanghai'")
        self._duckdb.register("told", _told(sent))
        self._duckdb.execute(_SENT)
        self._duckdb.unregister("told")

    def rows(self, question: str, *values: object) -> Rows:
        """Of `sent`: topic, source, partition, offset, position, received_at, received_day, outcome, code,
        value, gone, and of valid events id, sender, event_at, event_day, minute, data (JSON), claim (uuid).
        """
        return Counter(self._duckdb.execute(question, list(values)).fetchall())

    def metric(self, table: MetricTable) -> Rows:
        """minute, dimensions, columns."""
        dimensions = [f"data->>'{name}'" for name in table.dimensions]
        columns = [f"({_aggregate(column)})::bigint" for column in table.columns]
        return self.rows(
            f"select {', '.join(['minute', *dimensions, *columns])} from sent"
            " where source = ? and outcome = 'accepted' group by all",
            table.source,
        )

    def distinct(self) -> Distinct:
        """The values behind each row of live.distinct_day, by source, metric, measure, day, dimensions."""
        found: Distinct = {}
        for contract in self._contracts.values():
            for table in metric_tables(contract):
                for name in table.distinct:
                    field = contract.metrics[table.metric].measures[name].field
                    for chosen in _subsets(table.dimensions):
                        for day, values, *group in self._distinct(contract.source, str(field), chosen):
                            key = json.dumps(dict(zip(chosen, group, strict=True)), sort_keys=True)
                            found[contract.source, table.metric, name, day, key] = set(values)
        return found

    def unique_claims(self) -> Rows:
        """source, bucket (None: not of a day), event_day, position: what each rule let through."""
        found: Rows = Counter()
        for contract in self._contracts.values():
            names = list(contract.unique)
            for number, rule in enumerate(contract.unique.values()):
                later = [UNIQUE + other for other in names[number + 1 :]]
                bucket = "event_day" if rule.per == "day" else "null::date"
                found += self.rows(
                    f"select source, {bucket}, event_day, position"
                    f" from (select *, {_fields(contract)} from sent)"
                    f" where source = ? and ({rule.where or 'true'})"
                    " and (outcome = 'accepted' or list_contains(?, code))"
                    f" and {' and '.join(f'{field} is not null' for field in rule.fields)}",
                    contract.source,
                    later,
                )
        return found

    def steps(self) -> Rows:
        """source, case, step, position."""
        found: Rows = Counter()
        for contract in self._contracts.values():
            if (cycle := contract.life_cycle) is not None:
                found += self.rows(
                    f"select source, data->>'{cycle.case}', data->>'{cycle.step}', position from sent"
                    " where source = ? and outcome = 'accepted'",
                    contract.source,
                )
        return found

    def places(self) -> Rows:
        """source, received_day, place, events: of all events that are valid by themselves."""
        found: Rows = Counter()
        for contract in self._contracts.values():
            found += self.rows(
                f"select source, received_day, data->>'{contract.topic.key}', count(*) from sent"
                f" where source = ? and event_day is not null group by all",
                contract.source,
            )
        return found

    def _distinct(self, source: str, field: str, chosen: tuple[str, ...]) -> Iterable[tuple[Any, ...]]:
        groups = [f"data->>'{name}'" for name in chosen]
        return self._duckdb.execute(
            f"select {', '.join(['event_day', f'''list(distinct data->>'{field}')''', *groups])} from sent"
            f" where source = ? and outcome = 'accepted' and data->>'{field}' is not null group by all",
            [source],
        ).fetchall()


def _told(sent: Iterable[Sent]) -> pa.Table:
    each = list(sent)
    events = [None if s.made.event is None else json.dumps(s.made.event) for s in each]
    return pa.table(
        {
            "topic": pa.array([s.topic for s in each], pa.string()),
            "source": pa.array([s.made.source for s in each], pa.string()),
            "partition": pa.array([s.partition for s in each], pa.int32()),
            "offset": pa.array([s.offset for s in each], pa.int64()),
            "received_at": pa.array([s.received_at for s in each], pa.timestamp("us", "UTC")),
            "outcome": pa.array([s.made.outcome for s in each], pa.string()),
            "code": pa.array([s.made.code for s in each], pa.string()),
            "value": pa.array([s.made.value for s in each], pa.binary()),
            "gone": pa.array([s.gone for s in each], pa.bool_()),
            "event": pa.array(events, pa.string()),
        }
    )


def _aggregate(column: Column) -> str:
    if column.field is None:
        return "count(*)"
    if column.aggregate == "count":
        return f"count(data->>'{column.field}')"
    value = f"{column.aggregate}((data->>'{column.field}')::bigint)"
    return value if column.nullable else f"coalesce({value}, 0)"


def _fields(contract: Contract) -> str:
    """The contract's fields as columns, numbers as numbers, for the conditions of its rules."""
    numbers = {
        name for example in contract.examples.good for name, value in example.items() if type(value) is int
    }
    return ", ".join(
        f"(data->>'{name}')::bigint as {name}" if name in numbers else f"data->>'{name}' as {name}"
        for name in contract.fields
        if name not in ("source", "partition", "id")
    )


def _subsets(dimensions: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for size in range(len(dimensions) + 1):
        yield from combinations(dimensions, size)

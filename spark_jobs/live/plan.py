"""What a batch is judged and counted by: the contracts that are deployed at that moment."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from spark_jobs.live.counting import STEP_COLUMNS, Counted
from spark_jobs.live.judging import Judging
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables
from streams.judge.judge import Judge
from streams.judge.uniqueness import UniqueKey
from streams.registry import Deployed
from streams.topic_name import topic_name


@dataclass(frozen=True)
class Plan:
    """Made once for each set of deployed contracts."""

    judging: Judging
    counted: Mapping[int, Counted]
    tables: Mapping[str, MetricTable]
    sources: Mapping[int, tuple[str, str]]
    """number -> (source, topic)"""
    rules: Mapping[int, Sequence[UniqueKey]]
    """number -> its rules of uniqueness; only of sources that have some"""


def make_plan(deployed: Deployed, topic_prefix: str) -> Plan:
    """Pure."""
    judge = Judge(dict(deployed.contracts), topic_prefix)
    numbers = {source: deployed.numbers[source] for source in deployed.contracts}
    counted = {
        numbers[source]: _counted(contract, judge.slots[source])
        for source, contract in deployed.contracts.items()
    }
    extra = {
        source: STEP_COLUMNS[1:] for source, contract in deployed.contracts.items() if contract.life_cycle
    }
    return Plan(
        judging=Judging(deployed.revision, pickle.dumps(judge), numbers, extra),
        counted=counted,
        tables={table.name: table for each in counted.values() for table in each.tables},
        sources={number: (source, topic_name(topic_prefix, source)) for source, number in numbers.items()},
        rules={numbers[source]: rules for source, rules in judge.unique.items() if rules},
    )


def _counted(contract: Contract, columns: Mapping[str, str]) -> Counted:
    tables = metric_tables(contract)
    distinct = {
        table.name: {
            name: contract.metrics[table.metric].measures[name].field or "" for name in table.distinct
        }
        for table in tables
    }
    cycle = contract.life_cycle
    steps = (columns[cycle.case], columns[cycle.step]) if cycle else None
    return Counted(contract.source, tables, columns, distinct, steps)


class Plans:
    """The plan of now, asked of the registry for every batch (one small query).

    A batch is planned before it asks: whatever was sent after a contract's deployment is judged by it, and
    nothing by the contract of a source that was retired before.
    """

    def __init__(self, deployed: Callable[[], Deployed], topic_prefix: str) -> None:
        self._deployed = deployed
        self._prefix = topic_prefix
        self._revision: str | None = None
        self._plan: Plan | None = None

    def now(self) -> Plan:
        deployed = self._deployed()
        if self._plan is None or deployed.revision != self._revision:
            self._plan, self._revision = make_plan(deployed, self._prefix), deployed.revision
        return self._plan

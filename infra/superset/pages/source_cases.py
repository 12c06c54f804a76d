"""The part of a source's page that is about its cases, where the contract has a life cycle."""

from __future__ import annotations

from infra.superset.assets import Row, Section
from infra.superset.charts import PALE_RED, ranked, table, warn, where
from infra.superset.data.cases import cases_now, illegal_steps
from infra.superset.pages.source_tiles import key_of
from streams.contract.model import Contract

MOST_CASES = 100


def cases(contract: Contract) -> list[Row | Section]:
    """Cases by step, those that are overdue, and steps that may not follow each other; nothing without a
    life cycle."""
    cycle = contract.life_cycle
    if cycle is None:
        return []
    standing = cases_now(contract, cycle)
    overdue = table(
        key_of(contract, "life-cycle", "overdue"),
        "超期办件 · 当前",
        standing,
        ["case_id", "division__label", "step", "since", "due", "late_hours"],
        width=8,
        filters=[where("is_overdue", True)],
        order=[("late_hours", False)],
        formats={"late_hours": ",.1f"},
        rules=[warn("late_hours", 24, PALE_RED)],
        most=MOST_CASES,
    )
    by_step = ranked(
        key_of(contract, "life-cycle", "steps"),
        "各环节办件数 · 当前",
        standing,
        "cases__figure",
        "step",
        width=4,
    )
    wrong = table(
        key_of(contract, "life-cycle", "illegal"),
        "不合流程的环节（按事件时间）",
        illegal_steps(contract, cycle),
        ["case_id", "division__label", "previous_step", "step", "at", "received"],
        width=12,
        order=[("received", False)],
        most=MOST_CASES,
    )
    return [Section("办件"), (by_step, overdue), (wrong,)]

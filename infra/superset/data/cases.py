"""Data sets over the cases of a source with a life cycle: where each stands, and which steps are wrong."""

from __future__ import annotations

from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.dimensions import COUNTY_COLUMNS
from streams.contract.model import Contract, LifeCycle

BEGINNING = "（未见开始）"
_COUNTY = f"coalesce(d.name, {sql.inert('c.division')}, {sql.text(sql.NOT_GIVEN)})"
_DIVISIONS = "left join ref.division d on d.code = c.division"


def cases_now(contract: Contract, cycle: LifeCycle) -> Dataset:
    """One row a case: its step now, since when, and until when it may stay there."""
    query = (
        f"select {sql.inert('c.case_id')} as case_id, c.division, {_COUNTY} as division__label,"
        f" coalesce(l.label, c.step) as step, {sql.local('c.since')} as since,"
        f" {sql.local('c.due_at')} as due,"
        " round((extract(epoch from now() - c.due_at) / 3600)::numeric, 1) as late_hours,"
        " c.is_closed, c.is_overdue"
        f" from ops.case_now c {_label(contract, cycle, 'l', 'c.step')} {_DIVISIONS}"
        f" where c.source = {sql.text(contract.source)}"
    )
    return Dataset(
        key=f"live {contract.source} cases",
        title=f"{contract.title}：办件",
        sql=query,
        columns=(
            Column("case_id", contract.columns[cycle.case].title),
            *COUNTY_COLUMNS,
            Column("step", "当前环节"),
            Column("since", "进入环节", "TIMESTAMP"),
            Column("due", "应办结环节时间", "TIMESTAMP"),
            Column("late_hours", "超期（小时）", "NUMERIC"),
            Column("is_closed", "已办结", "BOOLEAN"),
            Column("is_overdue", "超期", "BOOLEAN"),
        ),
        figures=(Figure("cases__figure", "办件数", "count(*)"),),
    )


def illegal_steps(contract: Contract, cycle: LifeCycle) -> Dataset:
    """One row a step that may not follow the one before it."""
    query = (
        f"select {sql.inert('c.case_id')} as case_id, c.division, {_COUNTY} as division__label,"
        f" coalesce(p.label, c.previous_step, {sql.text(BEGINNING)}) as previous_step,"
        f" coalesce(l.label, c.step) as step, {sql.local('c.event_at')} as at,"
        f" {sql.local('c.received_at')} as received"
        f" from ops.case_illegal c {_label(contract, cycle, 'l', 'c.step')}"
        f" {_label(contract, cycle, 'p', 'c.previous_step')} {_DIVISIONS}"
        f" where c.source = {sql.text(contract.source)}"
    )
    return Dataset(
        key=f"live {contract.source} illegal steps",
        title=f"{contract.title}：不合流程的环节",
        sql=query,
        columns=(
            Column("case_id", contract.columns[cycle.case].title),
            *COUNTY_COLUMNS,
            Column("previous_step", "上一环节"),
            Column("step", "环节"),
            Column("at", "事件时间", "TIMESTAMP"),
            Column("received", "接收时间", "TIMESTAMP"),
        ),
    )


def _label(contract: Contract, cycle: LifeCycle, alias: str, step: str) -> str:
    """A left join of the Chinese name of a step."""
    return (
        f"left join ref.label {alias} on {alias}.source = {sql.text(contract.source)}"
        f" and {alias}.field = {sql.text(cycle.step)} and {alias}.value = {step}"
    )

"""The ledger of the running day: each event in Kafka is booked under one outcome, or still under way."""

from __future__ import annotations

from collections.abc import Mapping

from infra.ledger import READ
from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.overview import OUTCOMES, titles
from streams.contract.model import Contract


def ledger_of_today(contracts: Mapping[str, Contract], topic_prefix: str) -> Dataset:
    """One row a source. received = accepted + quarantined + duplicate + conflict + in flight + residue.

    The same query as `minsheng ledger`, asked for today: what an operator sees and what the command says
    are one.
    """
    entries = READ % {"prefix": sql.text(topic_prefix), "source": "null", "day": sql.TODAY}
    outcomes = "".join(f" coalesce(l.{outcome}, 0) as {outcome}," for outcome in OUTCOMES)
    booked = " - ".join(f"l.{outcome}" for outcome in OUTCOMES)
    query = (
        "select s.position, s.source, s.title as source__label, coalesce(l.sent, 0) as received,"
        f"{outcomes} coalesce(l.in_flight, 0) as in_flight,"
        f" coalesce(l.sent - {booked} - l.in_flight, 0) as residue"
        f" from {titles(contracts)} left join ({entries}) l on l.source = s.source"
    )
    return Dataset(
        key="live ledger",
        title="今日对账（按接收日）",
        sql=query,
        columns=(
            Column("position", "序号", "BIGINT"),
            Column("source", "来源（代码）"),
            Column("source__label", "来源"),
            Column("received", "已接收", "BIGINT"),
            *(Column(outcome, title, "BIGINT") for outcome, title in OUTCOMES.items()),
            Column("in_flight", "在途", "BIGINT"),
            Column("residue", "差额", "BIGINT"),
        ),
        figures=(
            Figure("received__figure", "已接收", "coalesce(sum(received), 0)"),
            *(
                Figure(f"{name}__figure", title, f"coalesce(sum({name}), 0)")
                for name, title in OUTCOMES.items()
            ),
            Figure("in_flight__figure", "在途", "coalesce(sum(in_flight), 0)"),
            Figure("residue__figure", "差额", "sum(abs(residue))"),
        ),
    )


def open_alerts(contracts: Mapping[str, Contract]) -> Dataset:
    """Alerts that are not cleared."""
    query = (
        f"select {sql.local('a.raised_at')} as raised, coalesce(s.title, a.source, '平台') as source__label,"
        f" {sql.inert('a.message')} as message"
        f" from ops.alert a left join {titles(contracts)} on s.source = a.source where a.cleared_at is null"
    )
    return Dataset(
        key="live alerts",
        title="未解除告警",
        sql=query,
        columns=(
            Column("raised", "时间", "TIMESTAMP"),
            Column("source__label", "来源"),
            Column("message", "告警"),
        ),
        figures=(Figure("alerts__figure", "未解除告警", "count(*)"),),
        time_column="raised",
    )

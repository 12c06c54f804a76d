"""The ledger: each event in Kafka is booked under one outcome, or under way. By day, hour and sender."""

from __future__ import annotations

from collections.abc import Mapping

from infra.ledger import HOURS, MOST_HOURS, READ, SENDERS
from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.dimensions import SOURCE_COLUMNS
from infra.superset.data.overview import OUTCOMES, titles
from streams.contract.model import Contract
from streams.zone import ZONE_NAME

BOOKED = " - ".join(f"l.{outcome}" for outcome in OUTCOMES)
SHOWN = {"accepted": OUTCOMES["accepted"], "replayed": "其中重放", **OUTCOMES}
"""Outcomes, and how many of the accepted were in quarantine first: a part of them, and no term of the sum."""
SINCE = f"(date_trunc('hour', now()) - interval '{MOST_HOURS - 1} hours')"


def ledger_of_today(contracts: Mapping[str, Contract], topic_prefix: str) -> Dataset:
    """One row a source, one that was retired too if it has numbers today.

    received = accepted + quarantined + duplicate + conflict + in flight + residue.

    The same query as `minsheng ledger`, asked for today: what an operator sees and what the command says
    are one.
    """
    entries = READ % {"prefix": sql.text(topic_prefix), "source": "null", "day": sql.TODAY, "since": "null"}
    outcomes = "".join(f" coalesce(l.{outcome}, 0) as {outcome}," for outcome in OUTCOMES)
    query = (
        f"select coalesce(s.position::bigint, {len(contracts) + 1}) as position,"
        " coalesce(s.source, l.source) as source, coalesce(s.title, l.source) as source__label,"
        " coalesce(l.sent, 0) as received,"
        f"{outcomes} coalesce(l.in_flight, 0) as in_flight,"
        f" coalesce(l.sent - {BOOKED} - l.in_flight, 0) as residue"
        f" from {titles(contracts)} full join ({entries}) l on l.source = s.source"
        f" where s.source is not null or l.sent <> 0 or l.sent - {BOOKED} - l.in_flight <> 0"
    )
    return Dataset(
        key="live ledger",
        title="今日对账（按接收日）",
        sql=query,
        columns=(
            Column("position", "序号", "BIGINT"),
            *SOURCE_COLUMNS,
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


def ledger_of_days(contracts: Mapping[str, Contract], topic_prefix: str) -> Dataset:
    """One row a source and day of receipt, retired sources and refused events of no source included."""
    entries = READ % {"prefix": sql.text(topic_prefix), "source": "null", "day": "null", "since": "null"}
    query = (
        "select l.received_day, l.source, coalesce(s.title, l.source) as source__label, l.acknowledged,"
        f" l.refused, l.sent as received, {', '.join(f'l.{name}' for name in SHOWN)}, l.in_flight,"
        f" l.sent - {BOOKED} - l.in_flight as residue, l.archived, l.to_archive,"
        " l.sent - l.archived - l.to_archive as archive_residue,"
        " case when l.is_over then greatest(l.acknowledged - l.sent, 0) else 0 end as lost_upstream"
        f" from ({entries}) l left join {titles(contracts)} on s.source = l.source"
    )
    numbers = {
        "acknowledged": "上游确认",
        "refused": "拒收",
        "received": "已接收",
        **SHOWN,
        "in_flight": "在途",
        "residue": "差额",
        "archived": "已归档",
        "to_archive": "待归档",
        "archive_residue": "归档差额",
        "lost_upstream": "上游差额",
    }
    return Dataset(
        key="ledger days",
        title="账实相符（按接收日）",
        sql=query,
        columns=(
            Column("received_day", "接收日", "DATE"),
            *SOURCE_COLUMNS,
            *(Column(name, title, "BIGINT") for name, title in numbers.items()),
        ),
        figures=tuple(
            Figure(f"{name}__figure", title, f"coalesce(sum(abs({name})), 0)")
            for name, title in numbers.items()
        ),
        time_column="received_day",
    )


def ledger_of_hours(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a source, retired or not, and hour of the last day: what came, what was booked, the worst
    residue.
    """
    first_day = f"((({SINCE}) at time zone '{ZONE_NAME}')::date - 1)"
    entries = HOURS % {"since": SINCE, "first_day": first_day, "source": "null"}
    numbers = {
        "sent": "已接收",
        "carried": "上时在途",
        **SHOWN,
        "in_flight": "在途",
        "residue": "差额",
        "worst_residue": "最大差额",
    }
    query = (
        f"select {sql.local('l.hour')} as local_hour, l.source, coalesce(s.title, l.source) as source__label,"
        " l.sent, l.carried,"
        f" {', '.join(f'l.{name}' for name in SHOWN)}, l.in_flight,"
        f" l.sent + l.carried - {BOOKED} - l.in_flight as residue, l.worst_residue"
        f" from ({entries}) l left join {titles(contracts)} on s.source = l.source"
    )
    return Dataset(
        key="ledger hours",
        title="账实相符（近 24 小时）",
        sql=query,
        columns=(
            Column("local_hour", "时段", "TIMESTAMP"),
            *SOURCE_COLUMNS,
            *(Column(name, title, "BIGINT") for name, title in numbers.items()),
        ),
        figures=(
            Figure("sent__figure", "已接收", "coalesce(sum(sent), 0)"),
            Figure("residue__figure", "最大差额", "coalesce(max(worst_residue), 0)"),
        ),
        time_column="local_hour",
    )


def senders(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a sender that numbers its events, and day of receipt."""
    entries = SENDERS % {"source": "null", "day": "null"}
    numbers = {
        "events": "事件",
        "numbered": "有序号",
        "lowest": "最小序号",
        "highest": "最大序号",
        "missing": "缺号",
        "repeated": "重号",
        "unreadable": "无法读取",
    }
    gaps = (
        "(select string_agg(case when g.value->>0 = g.value->>1 then g.value->>0"
        " else concat(g.value->>0, '-', g.value->>1) end, '、' order by g.number)"
        " from jsonb_array_elements(l.gaps) with ordinality g (value, number))"
    )
    query = (
        f"select l.received_day, l.source, coalesce(s.title, l.source) as source__label,"
        f" {sql.inert('l.sender')} as sender, {', '.join(f'l.{name}' for name in numbers)}, {gaps} as gaps"
        f" from ({entries}) l left join {titles(contracts)} on s.source = l.source"
    )
    return Dataset(
        key="ledger senders",
        title="发送方序号",
        sql=query,
        columns=(
            Column("received_day", "接收日", "DATE"),
            *SOURCE_COLUMNS,
            Column("sender", "发送方"),
            *(Column(name, title, "BIGINT") for name, title in numbers.items()),
            Column("gaps", "缺的序号（前几段）"),
        ),
        figures=(Figure("missing__figure", "缺号", "coalesce(sum(missing), 0)"),),
        time_column="received_day",
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

"""The minutes of the last hours, asked every few minutes: without Spark, over PostgreSQL and pandas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import great_expectations.expectations as gxe
import pandas as pd
import psycopg
from psycopg import sql

from expectations import alerts, docs, record, total_rules, wording
from expectations.answers import Answer
from expectations.questioner import Questioner
from expectations.rule import Rule, rule
from spark_jobs.rollup.errors import NotDeployed
from spark_jobs.rollup.ledger import Connection
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables
from streams.days import begin, day_of
from streams.registry import deployed
from streams.settings import Settings

HLL_SLACK = 1.05
"""Estimates of 4,096 registers are 1.6 % off (one standard deviation): three of them."""

KEPT_DAYS = 14
"""For how many days answers about minutes are kept; those about days are kept for ever."""


def validate(
    settings: Settings, hours: float, now: datetime, sources: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[Answer]]]:
    """Ask each deployed source (or those named) about its last `hours`; keep the answers; give them back.

    Then raise and clear the alerts of every deployed source.

    Raises NotDeployed before anything is asked, psycopg.OperationalError, ExpectationsError.
    """
    contracts = deployed(settings).contracts
    for source in sources:
        if source not in contracts:
            raise NotDeployed(source, contracts)
    questioner = Questioner(settings.home, f"live {now:%Y%m%dT%H%M%SZ}")
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        for source in sources or sorted(contracts):
            found = list(_ask(questioner, connection, contracts[source], now - timedelta(hours=hours), now))
            record.record(connection, "live", source, day_of(now), found)
            yield source, found
        connection.execute(
            "delete from ops.validation where scope = 'live' and validated_at < %s",
            (now - timedelta(days=KEPT_DAYS),),
        )
        alerts.settle(connection, contracts, now, settings.topic_prefix)
    docs.build(questioner, settings.home)


def _ask(
    questioner: Questioner, connection: Connection, contract: Contract, since: datetime, now: datetime
) -> Iterator[Answer]:
    for table in metric_tables(contract):
        frame = total_rules.asked(minutes(connection, table, since), contract, table, ["minute"])
        rules = [*total_rules.total_rules(contract, table, ["minute"]), *_minute_rules(contract, now)]
        yield from questioner.ask_pandas(
            f"{contract.source}.live_{table.metric}", frame, rules, table.dimensions
        )
        if table.distinct:
            estimates = _estimates(connection, table, now)
            name = f"{contract.source}.live_distinct_{table.metric}"
            yield from questioner.ask_pandas(name, estimates, list(_distinct_rules(table)), ["measure"])


def minutes(connection: Connection, table: MetricTable, since: datetime) -> pd.DataFrame:
    """The rows of a live table since then: minute, dimensions as text, columns as whole numbers."""
    columns = ["minute", *table.dimensions, *(column.name for column in table.columns)]
    query = sql.SQL("select {} from {} where minute >= %s").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("live", table.name)
    )
    rows = connection.execute(query, (since,)).fetchall()
    kinds = dict.fromkeys(table.dimensions, "string") | {column.name: "Int64" for column in table.columns}
    frame = pd.DataFrame(rows, columns=columns).astype(kinds)
    return frame.assign(minute=pd.to_datetime(frame["minute"], utc=True))


def _minute_rules(contract: Contract, now: datetime) -> Iterator[Rule]:
    latest = now + contract.accept.future
    yield rule(
        "minute.not_ahead",
        wording.MINUTE_NOT_AHEAD,
        gxe.ExpectColumnValuesToBeBetween,
        column="minute",
        max_value=latest.isoformat(),
    )


def _estimates(connection: Connection, table: MetricTable, now: datetime) -> pd.DataFrame:
    """measure, estimate and events of the running day, for each distinct measure over the whole city."""
    counts = [column.name for column in table.columns if column.aggregate == "count" and column.field is None]
    if not counts:
        return pd.DataFrame({"measure": [], "estimate": [], "most": []})
    query = sql.SQL(
        "select measure, estimate, (select coalesce(sum({count}), 0) from {live} where minute >= %(begin)s"
        " and minute < %(begin)s + interval '1 day') from live.distinct_day"
        " where source = %(source)s and metric = %(metric)s and event_day = %(day)s and dimensions = '{{}}'"
    ).format(count=sql.Identifier(counts[0]), live=sql.Identifier("live", table.name))
    day = day_of(now)
    at = {"begin": begin(day), "day": day, "source": table.source, "metric": table.metric}
    rows = [
        (name, estimate, float(events) * HLL_SLACK + 1)
        for name, estimate, events in connection.execute(query, at)
    ]
    return pd.DataFrame(rows, columns=["measure", "estimate", "most"])


def _distinct_rules(table: MetricTable) -> Iterator[Rule]:
    title = wording.text(wording.DISTINCT_BOUND, title=table.title)
    kind = gxe.ExpectColumnPairValuesAToBeGreaterThanB
    yield rule("distinct.bound", title, kind, column_A="most", column_B="estimate", or_equal=True)

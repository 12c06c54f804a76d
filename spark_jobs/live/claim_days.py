"""Partitions of tables of claims: one for each event day, made when first needed, dropped when too old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

import psycopg
from psycopg import sql

from spark_jobs.fence import turn
from streams.contract.model import Contract
from streams.days import day_of
from streams.registry import Deployed

_DAYS = """
    select to_date(substr(c.relname, length(%(table)s) + 2), 'YYYYMMDD')
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = ('ops.' || %(table)s)::regclass and c.relname ~ '_[0-9]{8}$' order by 1
"""


class ClaimDays:
    """The days that have a partition of ops.<table>; asks the database only once for each."""

    def __init__(self, connection: psycopg.Connection, table: str = "claim") -> None:
        self._connection = connection
        self._table = table
        self._parent = sql.Identifier("ops", table)
        self._known = set(existing(connection, table))

    def ensure(self, days: Iterable[date]) -> None:
        """Make what is missing, each in a transaction of its own: the batch's takes no lock on the parent.

        ATTACH instead of `create table ... partition of`, which would wait for every reader of the table.
        """
        for day in sorted(set(days) - self._known):
            name = self._partition(day)
            with self._connection.transaction():
                turn(self._connection)
                if day in existing(self._connection, self._table):  # a replay was first
                    self._known.add(day)
                    continue
                self._connection.execute(
                    sql.SQL("create table {} (like {} including all)").format(name, self._parent)
                )
                self._connection.execute(
                    sql.SQL("alter table {} attach partition {} for values from ({}) to ({})").format(
                        self._parent, name, sql.Literal(day), sql.Literal(day + timedelta(days=1))
                    )
                )
            self._known.add(day)

    def drop_before(self, day: date) -> list[date]:
        """Forget the claims of event days before `day`; gives back the days dropped.

        Waits one second at most for readers (raises psycopg.errors.LockNotAvailable): the live query must not
        queue up behind a drop that waits.
        """
        old = [each for each in existing(self._connection, self._table) if each < day]
        for each in old:
            name = self._partition(each)
            with self._connection.transaction():
                self._connection.execute("set local lock_timeout = '1s'")
                self._connection.execute(sql.SQL("drop table {}").format(name))
            self._known.discard(each)
        return old

    def _partition(self, day: date) -> sql.Identifier:
        return sql.Identifier("ops", f"{self._table}_{day:%Y%m%d}")


def existing(connection: psycopg.Connection, table: str) -> list[date]:
    """Event days that have a partition of ops.<table>, ascending."""
    return [day for (day,) in connection.execute(_DAYS, {"table": table})]


def forget_of_sources(connection: psycopg.Connection, oldest: Mapping[int, date]) -> int:
    """Delete claims that their own source needs no more, in partitions that another one keeps; how many.

    oldest: number of the source -> the oldest event day that it accepts. No lock beyond the rows.
    """
    gone = 0
    for table, column in (("claim", "event_day"), ("unique_claim", "bucket")):
        statement = sql.SQL("delete from {} where {} = %s and source = any(%s)").format(
            sql.Identifier("ops", table), sql.Identifier(column)
        )
        for day in existing(connection, table):
            numbers = [number for number, own in oldest.items() if day < own]
            gone += connection.execute(statement, (day, numbers)).rowcount if numbers else 0
    return gone


def oldest_days(deployed: Deployed, claim_days: int, now: datetime) -> dict[int, date]:
    """The oldest event day whose claims each source still needs, by its number."""
    return {
        deployed.numbers[source]: oldest_day([contract], claim_days, now)
        for source, contract in deployed.contracts.items()
    }


def oldest_day(contracts: Iterable[Contract], claim_days: int, now: datetime) -> date:
    """The oldest event day whose claims are still needed: no contract accepts events of a day before it.

    `claim_days` back, or further where a contract's acceptance window reaches further.
    """
    past = max((contract.accept.past for contract in contracts), default=timedelta())
    return day_of(now - max(past, timedelta(days=claim_days)))

"""Partitions of ops.claim: one for each event day, made when it is first needed, dropped when too old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import psycopg
from psycopg import sql

from streams.contract.model import Contract
from streams.days import day_of

_DAYS = """
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'ops.claim'::regclass
"""
_PREFIX = "claim_"


class ClaimDays:
    """The days that have a partition; asks the database only once for each."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._known = set(existing(connection))

    def ensure(self, days: Iterable[date]) -> None:
        """Make what is missing, each in a transaction of its own: the batch's takes no lock on the parent.

        ATTACH instead of `create table ... partition of`, which would wait for every reader of ops.claim.
        """
        for day in sorted(set(days) - self._known):
            name = sql.Identifier("ops", f"{_PREFIX}{day:%Y%m%d}")
            with self._connection.transaction():
                turn(self._connection)
                if day in existing(self._connection):  # a replay was first
                    self._known.add(day)
                    continue
                self._connection.execute(
                    sql.SQL("create table {} (like ops.claim including all)").format(name)
                )
                self._connection.execute(
                    sql.SQL("alter table ops.claim attach partition {} for values from ({}) to ({})").format(
                        name, sql.Literal(day), sql.Literal(day + timedelta(days=1))
                    )
                )
            self._known.add(day)

    def drop_before(self, day: date) -> list[date]:
        """Forget the claims of event days before `day`; gives back the days dropped.

        Waits one second at most for readers (raises psycopg.errors.LockNotAvailable): the live query must not
        queue up behind a drop that waits.
        """
        old = [each for each in existing(self._connection) if each < day]
        for each in old:
            name = sql.Identifier("ops", f"{_PREFIX}{each:%Y%m%d}")
            with self._connection.transaction():
                self._connection.execute("set local lock_timeout = '1s'")
                self._connection.execute(sql.SQL("drop table {}").format(name))
            self._known.discard(each)
        return old


def existing(connection: psycopg.Connection) -> list[date]:
    """Event days that have a partition, ascending."""
    names = (name for (name,) in connection.execute(_DAYS))
    return sorted(date.fromisoformat(name.removeprefix(_PREFIX)) for name in names)


def oldest_day(contracts: Iterable[Contract], claim_days: int, now: datetime) -> date:
    """The oldest event day whose claims are still needed: no contract accepts events of a day before it.

    `claim_days` back, or further where a contract's acceptance window reaches further.
    """
    past = max((contract.accept.past for contract in contracts), default=timedelta())
    return day_of(now - max(past, timedelta(days=claim_days)))

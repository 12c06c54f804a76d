"""As of when the ledger tells: what Kafka was sent is known as of the last time that Kafka was looked at.

The Spark application looks, every ten seconds. While it is down, `sent` stands still: the ledger goes on to
balance, and does not know of what came since.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import psycopg

from streams import days

STALE = timedelta(minutes=3)
"""A look that is older, or as far in the future, says nothing about this moment."""


def looked_at(connection: psycopg.Connection, prefix: str) -> datetime | None:
    """When Kafka's topics that begin with `prefix` were last looked at; None where none of them ever was."""
    row = connection.execute(
        "select max(observed_at) from ops.sent where starts_with(topic, %s) and gone_at is null", (prefix,)
    ).fetchone()
    return row[0] if row else None


def tells(as_of: datetime | None, now: datetime, until: date | None = None) -> bool:
    """Whether a look at `as_of` knows all that was sent by the end of day `until`; None: by this moment.

    A day that is over needs no fresh look: one after its offsets were final is enough for ever. A look closes
    every day before it that had events; the row of a partition that had none that day stays open.
    """
    if as_of is None:
        return False
    if until is not None and as_of >= days.end(until) + days.CLOSING:
        return True
    return abs(now - as_of) <= STALE

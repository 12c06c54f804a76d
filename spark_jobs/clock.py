"""What time it is, where acting too early cannot be undone."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg


def earlier_now(connection: psycopg.Connection) -> datetime:
    """The earlier of this machine's time and the database's.

    Claims are forgotten and a day's offsets are final once they are old enough. A clock that runs ahead alone
    must bring about neither; one that is behind only delays both.
    """
    ((theirs,),) = connection.execute("select clock_timestamp()").fetchall()
    earlier: datetime = min(datetime.now(UTC), theirs)
    return earlier

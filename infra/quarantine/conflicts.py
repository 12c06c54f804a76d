"""Events that came a second time under the same id with another content: the first counts, both are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from infra.quarantine.errors import NoSuchConflict
from spark_jobs.live.position import offset_of, partition_of
from spark_jobs.replay.originals import earlier
from streams import strict_json
from streams.judge.mask import mask
from streams.settings import Settings

_SHOWN = 200
_COLUMNS = "number, source, event_day, topic, first_position, second_position, received_at"
_LIST = f"""
    select {_COLUMNS} from ops.conflict
    where (%(source)s::text is null or source = %(source)s)
        and (%(first)s::timestamptz is null or received_at >= %(first)s)
        and (%(last)s::timestamptz is null or received_at < %(last)s)
    order by received_at desc, number desc limit %(limit)s
"""  # noqa: S608 (a constant of this module)
_ONE = f"select {_COLUMNS} from ops.conflict where number = %s"  # noqa: S608 (a constant of this module)


@dataclass(frozen=True)
class Conflict:
    """`received_at`: when the second one came. Positions are partition << 40 | offset."""

    number: int
    source: str
    event_day: date
    topic: str
    first_position: int
    second_position: int
    received_at: datetime

    def as_json(self) -> dict[str, Any]:
        plain = {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(self).items()}
        del plain["first_position"], plain["second_position"]
        return plain | {
            "first": place(self.topic, self.first_position),
            "second": place(self.topic, self.second_position),
        }


@dataclass(frozen=True)
class Difference:
    """One value of both events, masked; None where it is absent."""

    name: str
    first: str | None
    second: str | None

    @property
    def differs(self) -> bool:
        return self.first != self.second


def place(topic: str, position: int) -> str:
    """`topic/partition/offset`."""
    return f"{topic}/{partition_of(position)}/{offset_of(position)}"


def conflicts(
    connection: psycopg.Connection,
    source: str | None = None,
    first: datetime | None = None,
    last: datetime | None = None,
    limit: int = 50,
) -> list[Conflict]:
    """The newest conflicts, of one source or time if asked."""
    at = {"source": source, "first": first, "last": last, "limit": limit}
    with connection.cursor(row_factory=class_row(Conflict)) as cursor:
        return cursor.execute(_LIST, at).fetchall()


def one(connection: psycopg.Connection, number: int) -> Conflict:
    """Raises NoSuchConflict."""
    with connection.cursor(row_factory=class_row(Conflict)) as cursor:
        found = cursor.execute(_ONE, (number,)).fetchone()
    if found is None:
        raise NoSuchConflict(f"There is no conflict of the number {number}. `minsheng conflicts list`.")
    return found


def compared(settings: Settings, conflict: Conflict) -> list[Difference] | None:
    """Both contents side by side, value by value; None where one of the records is kept no more.

    Raises KafkaAway.
    """
    values = [
        earlier(settings, conflict.topic, partition_of(position), offset_of(position), conflict.received_at)
        for position in (conflict.first_position, conflict.second_position)
    ]
    if any(value is None for value in values):
        return None
    try:
        first, second = (flat(value or b"") for value in values)
    except strict_json.JsonRefused:  # Kafka gave the offset to another record meanwhile
        return None
    return [Difference(name, first.get(name), second.get(name)) for name in dict.fromkeys([*first, *second])]


def flat(value: bytes) -> Mapping[str, str]:
    """An event's attributes and the values of its data by name, as masked text."""
    event = strict_json.loads(value)
    attributes = {name: each for name, each in event.items() if name != "data"}
    data = {f"data.{name}": each for name, each in event["data"].items()}
    return {
        name: mask(each if isinstance(each, str) else json.dumps(each, ensure_ascii=False), _SHOWN)
        for name, each in (attributes | data).items()
    }

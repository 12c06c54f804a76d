"""Which events in quarantine: by source, reason, place, county, time, state, or by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

OPEN, REPLAYED, CLOSED = "待核实", "已重放", "已关闭"
STATES = (OPEN, REPLAYED, CLOSED)


@dataclass(frozen=True)
class Selection:
    """Every condition that is given must hold. `first` and `last` (not included): when received, aware.

    `reason`: the code of one of an event's reasons. `ids`: numbers of ops.quarantine.
    """

    source: str | None = None
    reason: str | None = None
    place: str | None = None
    division: str | None = None
    first: datetime | None = None
    last: datetime | None = None
    states: tuple[str, ...] = (OPEN,)
    ids: tuple[int, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether anything but states is given: what changes events must not take all of them by accident."""
        return self != Selection(states=self.states)

    @property
    def not_replayed(self) -> Selection:
        """The same without events that were replayed: they count."""
        return replace(self, states=tuple(each for each in self.states if each != REPLAYED))

    def as_json(self) -> dict[str, Any]:
        """What is given, for ops.replay."""
        given = {key: value for key, value in asdict(self).items() if value not in (None, ())}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in given.items()}

    @property
    def arguments(self) -> Mapping[str, Any]:
        """For CONDITION."""
        return asdict(self) | {"ids": list(self.ids) or None, "states": list(self.states)}


CONDITION = """
    q.state = any(%(states)s)
    and (%(source)s::text is null or q.source = %(source)s)
    and (%(place)s::text is null or q.place = %(place)s)
    and (%(division)s::text is null or q.division = %(division)s)
    and (%(first)s::timestamptz is null or q.received_at >= %(first)s)
    and (%(last)s::timestamptz is null or q.received_at < %(last)s)
    and (%(ids)s::bigint[] is null or q.id = any(%(ids)s))
    and (%(reason)s::text is null
        or q.reasons @> jsonb_build_array(jsonb_build_object('code', %(reason)s::text)))
"""
"""Of a row `q` of ops.quarantine, with the arguments of a Selection."""

_CANDIDATES = f"""
    select q.id, q.source, q.topic, q.partition, q."offset", q.received_at
    from ops.quarantine q where {CONDITION}
    order by q.received_at, q.topic, q.partition, q."offset"
"""  # noqa: S608 (a constant of this module)


@dataclass(frozen=True)
class Origin:
    """Where a record stands. An offset that Kafka gave away anew has another received time."""

    topic: str
    partition: int
    offset: int
    received_at: datetime


@dataclass(frozen=True)
class Candidate:
    """An event in quarantine that is to be judged anew."""

    id: int
    source: str
    topic: str
    partition: int
    offset: int
    received_at: datetime

    @property
    def origin(self) -> Origin:
        return Origin(self.topic, self.partition, self.offset, self.received_at)


def candidates(connection: psycopg.Connection, selection: Selection) -> list[Candidate]:
    """What is selected now, the first received first: the first of an id counts."""
    with connection.cursor(row_factory=class_row(Candidate)) as cursor:
        return cursor.execute(_CANDIDATES, selection.arguments).fetchall()

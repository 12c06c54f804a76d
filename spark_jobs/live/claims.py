"""Exactly once across days: ids are claimed in PostgreSQL, in the transaction of their batch.

The primary key of ops.claim decides. Rows that are probably new go by binary COPY straight into the table, in
the index's order; rows that may be known go through ON CONFLICT. If the guess was wrong, the COPY fails under
its savepoint and all go through ON CONFLICT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from numpy.typing import NDArray

from spark_jobs.live.binary_copy import copy_rows, days, first_bits, fixed, packed
from spark_jobs.live.counting import CONFLICT, DUPLICATE, OUTCOMES, Exclusions
from spark_jobs.live.hint import Hint

_INSERT = """
    with inserted as (
        insert into ops.claim (event_day, source, id, content, position)
        select event_day, source, id, content, position from known order by 1, 2, 3, position
        on conflict do nothing
        returning source, position
    )
    insert into claimed select source, position from inserted
"""
# Not by comparing positions: an event that Kafka gives a second time stands where its claim says.
_KNOWN = """
    select k.source, k.position, k.content <> c.content, k.id, k.event_day, c.position
    from known k join ops.claim c using (event_day, source, id)
    where not exists (select from claimed n where (n.source, n.position) = (k.source, k.position))
    order by 1, 2
"""


@dataclass(frozen=True)
class Conflict:
    """An id that was sent again with another content. The first counts."""

    number: int
    id: str
    event_day: date
    first_position: int
    second_position: int


@dataclass(frozen=True)
class Claimed:
    """What the database answered: rows that do not count, by number of the source, and conflicts."""

    excluded: Mapping[int, Exclusions]
    conflicts: tuple[Conflict, ...]


class Claims:
    """Claims ids on one connection; remembers which may be known."""

    def __init__(self, connection: psycopg.Connection, hint: Hint | None = None) -> None:
        self._connection = connection
        self._hint = hint or Hint()
        self._guess_failed = False
        connection.execute(
            "create temporary table if not exists known (event_day date, source smallint, id uuid,"
            " content bigint, position bigint) on commit delete rows"
        )
        connection.execute(
            "create temporary table if not exists claimed (source smallint, position bigint)"
            " on commit delete rows"
        )

    def claim(self, claims: pa.Table) -> Claimed:
        """Claim the ids, within the caller's transaction. The partitions of their days must exist.

        claims: number int16, position int64, event_day int32, claim_id binary(16), content int64.
        """
        rows, ids, groups = _rows(claims)
        order = np.lexsort((ids, groups))
        rows, ids, groups = rows[order], ids[order], groups[order]
        again = np.zeros(len(rows), np.bool_)
        tied = (ids[1:] == ids[:-1]) & (groups[1:] == groups[:-1])
        again[1:] |= tied
        again[:-1] |= tied
        foreseen = again | self._hint.may_know(ids)
        self._hint.add(ids)
        direct = not self._guess_failed and self._copy_new(rows[~foreseen])
        rest = rows[foreseen] if direct else rows
        found = self._insert_known(rest) if len(rest) else []
        # What the hint did not foresee costs a COPY in vain; such duplicates come in numbers, so the next
        # batch goes through ON CONFLICT at once.
        unforeseen = rows["position"][~foreseen].astype(np.int64)
        self._guess_failed = not direct and bool(np.isin([row[1] for row in found], unforeseen).any())
        return _claimed(found)

    def _copy_new(self, rows: NDArray[np.void]) -> bool:
        if not len(rows):
            return True
        try:
            with self._connection.transaction():
                copy_rows(self._connection, ("ops", "claim"), rows)
        except psycopg.errors.UniqueViolation:
            return False
        return True

    def _insert_known(self, rows: NDArray[np.void]) -> list[tuple[Any, ...]]:
        copy_rows(self._connection, ("known",), rows)
        if self._connection.execute(_INSERT).rowcount == len(rows):
            return []
        self._connection.execute("analyze known, claimed")
        return self._connection.execute(_KNOWN).fetchall()


def _rows(claims: pa.Table) -> tuple[NDArray[np.void], NDArray[np.uint64], NDArray[np.int64]]:
    """COPY's rows, the first 64 bits of their ids, and one number for (event day, source)."""
    claims = claims.combine_chunks()
    day, number = claims.column("event_day").to_numpy(), claims.column("number").to_numpy()
    ids = fixed(claims.column("claim_id"))
    rows = packed(
        {
            "event_day": days(day),
            "source": (">i2", number),
            "id": ("V16", ids),
            "content": (">i8", claims.column("content").to_numpy()),
            "position": (">i8", claims.column("position").to_numpy()),
        }
    )
    return rows, first_bits(ids), day.astype(np.int64) * 65_536 + number


def _claimed(found: list[tuple[Any, ...]]) -> Claimed:
    excluded = {}
    numbers = np.array([row[0] for row in found], np.int64)
    positions = np.array([row[1] for row in found], np.int64)
    known = [OUTCOMES.index(CONFLICT if row[2] else DUPLICATE) for row in found]
    outcomes = np.array(known, np.int8)
    for number in np.unique(numbers):
        own = numbers == number
        excluded[int(number)] = Exclusions(positions[own], outcomes[own])
    conflicts = tuple(
        Conflict(source, str(id_), day, first, second)
        for source, second, conflicting, id_, day, first in found
        if conflicting
    )
    return Claimed(excluded, conflicts)

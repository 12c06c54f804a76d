"""Life cycles of deployed contracts as rows of ref.step, which the views of cases go by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

import psycopg

from streams.contract.model import Contract

Step = tuple[str, str, int, bool, list[str], timedelta | None]

_WRITE = """
    insert into ref.step (source, step, number, is_start, may_follow, within) values (%s, %s, %s, %s, %s, %s)
    on conflict (source, step) do update set (number, is_start, may_follow, within)
        = (excluded.number, excluded.is_start, excluded.may_follow, excluded.within)
    where (step.number, step.is_start, step.may_follow, step.within)
        is distinct from (excluded.number, excluded.is_start, excluded.may_follow, excluded.within)
"""


def steps(contract: Contract) -> Iterator[Step]:
    """(source, step, place among the steps, whether a case may begin so, what may follow, for how long)."""
    cycle = contract.life_cycle
    if cycle is None:
        return
    for number, step in enumerate(contract.columns[cycle.step].values or {}):
        follow = list(cycle.then.get(step, ()))
        yield contract.source, step, number, step in cycle.start, follow, cycle.within.get(step)


def write_steps(connection: psycopg.Connection, contracts: Iterable[Contract]) -> None:
    """Bring ref.step up to date for these contracts, in the caller's transaction."""
    for contract in contracts:
        rows = list(steps(contract))
        connection.execute(
            "delete from ref.step where source = %s and step <> all(%s)",
            (contract.source, [row[1] for row in rows]),
        )
        with connection.cursor() as cursor:
            cursor.executemany(_WRITE, rows)

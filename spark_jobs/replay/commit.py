"""A piece of a replay into PostgreSQL: counted, moved out of quarantine, all of it in one transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import psycopg
import pyarrow as pa

from spark_jobs.fence import turn
from spark_jobs.live.booking import QUERY, Booked, Books
from spark_jobs.live.counting import ACCEPTED, OUTCOMES, QUARANTINED, TALLY
from spark_jobs.live.judging import CLAIMS
from spark_jobs.live.position import BITS
from spark_jobs.replay.errors import Stale
from spark_jobs.replay.piece import Piece
from spark_jobs.replay.selection import REPLAYED, Candidate
from spark_jobs.tally import add_tally
from streams.days import EPOCH, ONE_DAY, day_of

_STANDING = "select id from ops.quarantine where id = any(%s) and state <> %s order by id for update"
_VERSIONS = "select source, version from ops.contract where retired_at is null and source = any(%s)"
# What broke a rule of uniqueness has claimed its id, and the keys of the rules before that: all at its own
# position, which is not another event's.
_OWN_CLAIMS = """
    delete from ops.claim where event_day = %s and source = %s
        and (id, position) in (select * from unnest(%s::uuid[], %s::bigint[]))
"""
_REPLAYED = """
    with moved as (
        insert into ops.replayed
            (quarantine_id, replay, source, event_day, received_day, outcome, patched, contract_version)
        select id, %(replay)s, source, event_day, received_day, outcome, %(patched)s, version
        from unnest(%(ids)s::bigint[], %(sources)s::text[], %(event_days)s::date[], %(received_days)s::date[],
                    %(outcomes)s::text[], %(versions)s::text[])
            m (id, source, event_day, received_day, outcome, version)
    ), noted as (
        insert into ops.quarantine_history (quarantine_id, state, by, note)
        select unnest(%(ids)s::bigint[]), %(state)s, %(by)s, %(note)s
    )
    update ops.quarantine set state = %(state)s, state_at = now(), state_by = %(by)s where id = any(%(ids)s)
"""
_PATCHED = """
    insert into ops.patch (topic, partition, "offset", received_at, source, received_day, value, replay)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Told:
    """Who replays, why, and under which number of ops.replay; None: it is only tried."""

    by: str
    note: str
    replay: int | None


@dataclass(frozen=True)
class Move:
    """One event that leaves quarantine."""

    candidate: Candidate
    event_day: date
    outcome: str


@dataclass(frozen=True)
class Moved:
    """What left quarantine, and what was counted for it (by kind, as a live batch has it).

    `broken`: number in quarantine -> code of the rule of uniqueness that an event which is right by itself
    would break.
    """

    moves: tuple[Move, ...]
    counted: Mapping[str, pa.Table]
    broken: Mapping[int, str]


def move(connection: psycopg.Connection, piece: Piece, told: Told) -> Moved:
    """Count what passes and take it out of quarantine. With `told.replay` None all of it is rolled back.

    Raises Stale, and has written nothing, where events were replayed or a contract deployed meanwhile.
    """
    asked = piece.small.get(CLAIMS)
    if asked is None:
        return Moved((), {}, {})
    books = Books(connection)
    with connection.transaction(force_rollback=told.replay is None):
        turn(connection)
        _check(connection, piece)
        books.make_room(piece.small)
        _release_own(connection, asked)
        books.release_keys(piece.small, piece.plan)
        booked = books.book(piece.small, piece.plan, piece.count)
        if TALLY in booked.counted:
            add_tally(connection, QUERY, _taken_back(booked.counted[TALLY]))
        broken = dict(_broken(piece, booked))
        moves = tuple(_moves(piece, asked, booked, broken))
        if told.replay is not None:
            _note(connection, piece, moves, told)
    return Moved(moves, booked.counted, broken)


def _check(connection: psycopg.Connection, piece: Piece) -> None:
    passing = [each.id for each in piece.passing]
    standing = connection.execute(_STANDING, (passing, REPLAYED)).fetchall()
    if len(standing) != len(passing):
        raise Stale("some of the events were replayed by somebody else meanwhile")
    sources = sorted({each.source for each in piece.candidates})
    versions: dict[str, str] = dict(connection.execute(_VERSIONS, (sources,)).fetchall())
    if any(versions.get(source) != piece.versions.get(source) for source in sources):
        raise Stale("a contract was deployed meanwhile")


def _release_own(connection: psycopg.Connection, asked: pa.Table) -> None:
    by_day: defaultdict[tuple[date, int], list[tuple[str, int]]] = defaultdict(list)
    for row in asked.select(["event_day", "number", "claim_id", "position"]).to_pylist():
        key = (EPOCH + ONE_DAY * row["event_day"], row["number"])
        by_day[key].append((row["claim_id"].hex(), row["position"]))
    # Day by day: each looks into one partition.
    for (day, number), own in by_day.items():
        ids, positions = zip(*own, strict=True)
        connection.execute(_OWN_CLAIMS, (day, number, list(ids), list(positions)))


def _taken_back(tally: pa.Table) -> Iterator[dict[str, object]]:
    """What was booked under an outcome is no longer quarantined."""
    for row in tally.to_pylist():
        yield row | {"outcome": QUARANTINED, "events": -row["events"]}


def _places(piece: Piece) -> dict[tuple[int, int], Candidate]:
    """(number of the source, position) -> each event that is right by itself, in their order."""
    numbers = {source: number for number, (source, _) in piece.plan.sources.items()}
    return {(numbers[e.source], e.partition << BITS | e.offset): e for e in piece.passing}


def _broken(piece: Piece, booked: Booked) -> Iterator[tuple[int, str]]:
    places = _places(piece)
    for number, broken in booked.broken.items():
        for position, code in zip(broken.positions.tolist(), broken.codes, strict=True):
            yield places[number, position].id, code


def _moves(piece: Piece, asked: pa.Table, booked: Booked, broken: Mapping[int, str]) -> Iterator[Move]:
    """The events that were counted or known already, in their order."""
    days = {(row["number"], row["position"]): EPOCH + ONE_DAY * row["event_day"] for row in asked.to_pylist()}
    known = {
        (number, position): OUTCOMES[outcome]
        for number, excluded in booked.claimed.excluded.items()
        for position, outcome in zip(excluded.positions.tolist(), excluded.outcomes.tolist(), strict=True)
    }
    for place, each in _places(piece).items():
        if each.id not in broken:
            yield Move(each, days[place], known.get(place, ACCEPTED))


def _note(connection: psycopg.Connection, piece: Piece, moves: tuple[Move, ...], told: Told) -> None:
    connection.execute(
        _REPLAYED,
        {
            "replay": told.replay,
            "by": told.by,
            "note": told.note,
            "state": REPLAYED,
            "patched": piece.patched,
            "ids": [each.candidate.id for each in moves],
            "sources": [each.candidate.source for each in moves],
            "event_days": [each.event_day for each in moves],
            "received_days": [day_of(each.candidate.received_at) for each in moves],
            "outcomes": [each.outcome for each in moves],
            "versions": [piece.versions[each.candidate.source] for each in moves],
        },
    )
    if piece.patched:
        with connection.cursor() as cursor:
            cursor.executemany(_PATCHED, [_patched(piece, each.candidate, told) for each in moves])


def _patched(piece: Piece, each: Candidate, told: Told) -> tuple[object, ...]:
    where = (each.topic, each.partition, each.offset, each.received_at)
    return (*where, each.source, day_of(each.received_at), piece.values[each.origin], told.replay)


def begin(connection: psycopg.Connection, by: str, note: str, selection: object, patch: object) -> int:
    """Write down that a replay begins; gives back its number."""
    row = connection.execute(
        "insert into ops.replay (by, note, selection, patch) values (%s, %s, %s, %s) returning id",
        (
            by,
            note,
            json.dumps(selection, ensure_ascii=False),
            json.dumps(patch, ensure_ascii=False) if patch else None,
        ),
    ).fetchone()
    assert row is not None  # noqa: S101 (an insert with returning has a row)
    return int(row[0])


def finish(connection: psycopg.Connection, replay: int) -> None:
    """Write down that it came to its end."""
    connection.execute("update ops.replay set finished_at = clock_timestamp() where id = %s", (replay,))

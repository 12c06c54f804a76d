"""What PostgreSQL knows of sources, and of the platform, that operators may have to be told of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from expectations.cases import IN_ORDER, Cases, read_cases
from spark_jobs.replay.selection import REPLAYED
from streams.contract.model import Contract
from streams.days import day_of

LEDGER_DAYS = 7
"""A residue that somebody has decided on raises no alert after so many days; it stays in the ledger."""

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Failed:
    """A validation that forbids publishing: when it was made, and the titles of the rules."""

    at: datetime
    titles: tuple[str, ...]


@dataclass(frozen=True)
class Residue:
    """A received day that does not balance: what is neither booked nor on its way, neither archived nor
    waiting for it, acknowledged and not in Kafka."""

    live: int
    archive: int
    upstream: int


@dataclass(frozen=True)
class Known:
    """What is known of a deployed source. `heard_at`: when its newest valid event was received, if any was.

    quarantined: events that were received since, and are in quarantine. refused: events that gateway and
    importer have refused today.

    live: its newest validation, if that failed. days: event day -> its newest validation, where that failed.
    residues: received day -> what does not balance. unexplained: published day -> events without a cause by
    which it differs from live. cases: those that are not in order.
    """

    contract: Contract
    deployed_at: datetime
    heard_at: datetime | None = None
    live: Failed | None = None
    days: Mapping[date, Failed] = field(default_factory=dict)
    residues: Mapping[date, Residue] = field(default_factory=dict)
    unexplained: Mapping[date, int] = field(default_factory=dict)
    cases: Cases = IN_ORDER
    quarantined: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Beat:
    """The last sign of life of a query, `live` or `archive`. stuck_since: it commits nothing although there
    is something to read. behind: events that it has not committed."""

    query: str
    beat_at: datetime
    behind: int
    stuck_since: datetime | None


@dataclass(frozen=True)
class Platform:
    """What is about no deployed source. residues: of retired sources, and of topics without a contract."""

    beats: Sequence[Beat] = ()
    residues: Mapping[str, Mapping[date, Residue]] = field(default_factory=dict)


NOTHING_ELSE = Platform()


def read_platform(
    connection: Connection, contracts: Mapping[str, Contract], topic_prefix: str, now: datetime
) -> Platform:
    """What PostgreSQL knows besides the deployed sources."""
    beats = [Beat(*row) for row in connection.execute(_BEATS)]
    residues = read_residues(connection, topic_prefix, now)
    return Platform(beats, {source: days for source, days in residues.items() if source not in contracts})


def read_residues(
    connection: Connection, topic_prefix: str, now: datetime
) -> Mapping[str, Mapping[date, Residue]]:
    """Source -> received day -> what does not balance, of the last days."""
    residues: dict[str, dict[date, Residue]] = {}
    since = day_of(now) - timedelta(days=LEDGER_DAYS)
    for source, day, *numbers in connection.execute(_RESIDUES, (topic_prefix, since)):
        residues.setdefault(source, {})[day] = Residue(*numbers)
    return residues


def read_known(
    connection: Connection, contracts: Mapping[str, Contract], topic_prefix: str, now: datetime
) -> Iterator[Known]:
    """What PostgreSQL knows of each deployed source."""
    heard = {source: of_it for source, *of_it in connection.execute(_HEARD, (REPLAYED, day_of(now)))}
    live: dict[str, Failed] = {}
    days: dict[str, dict[date, Failed]] = {}
    for scope, source, day, at, titles in connection.execute(_FAILED):
        failed = Failed(at, tuple(titles))
        if scope == "live":
            live[source] = failed
        else:
            days.setdefault(source, {})[day] = failed
    residues = read_residues(connection, topic_prefix, now)
    unexplained: dict[str, dict[date, int]] = {}
    for source, day, events in connection.execute(_UNEXPLAINED):
        unexplained.setdefault(source, {})[day] = events
    cases = read_cases(connection, now)
    for source, contract in contracts.items():
        if source in heard:
            deployed_at, heard_at, quarantined, refused = heard[source]
            yield Known(
                contract,
                deployed_at,
                heard_at,
                live=live.get(source),
                days=days.get(source, {}),
                residues=residues.get(source, {}),
                unexplained=unexplained.get(source, {}),
                cases=cases.get(source, IN_ORDER),
                quarantined=quarantined,
                refused=refused,
            )


_BEATS = "select query, beat_at, behind, stuck_since from ops.heartbeat order by query desc"
_HEARD = """
    select c.source, c.deployed_at, f.last_received_at,
        (select count(*) from ops.quarantine q where q.source = c.source and q.state <> %s
            and q.received_at > greatest(f.last_received_at, c.deployed_at)),
        (select coalesce(sum(r.events), 0)::bigint from ops.refusal r
            where r.source = c.source and r.received_day = %s)
    from ops.contract c left join ops.freshness f using (source) where c.retired_at is null
"""
# The newest answer counts: of a source for live minutes, of each event day for days.
_FAILED = """
    select v.scope, v.source, v.event_day, v.validated_at, array(
        select r.value ->> 'title' from jsonb_array_elements(v.results) with ordinality r (value, number)
        where not (r.value ->> 'success')::boolean and r.value ->> 'severity' = 'critical' order by r.number)
    from (
        select distinct on (scope, source, case scope when 'day' then event_day end) *
        from ops.validation
        order by scope, source, case scope when 'day' then event_day end, validated_at desc, id desc
    ) v where not v.success
"""
_RESIDUES = """
    select * from (
        select source, received_day,
            sent - accepted - quarantined - duplicate - conflict - in_flight as live,
            sent - archived - to_archive as archive,
            case when is_over then greatest(acknowledged - sent, 0) else 0 end as upstream
        from ops.ledger(%s)
        where received_day > %s
    ) l where live <> 0 or archive <> 0 or upstream <> 0
"""
_UNEXPLAINED = """
    select d.source, d.event_day, d.events
    from mart.difference d join mart.publication p using (source, event_day, revision)
    where p.is_current and d.cause = 'unexplained'
"""

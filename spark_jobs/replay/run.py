"""Replaying a selection of the quarantine, piece by piece. Killed at any moment and run again, nothing counts
twice: what was counted has left the selection, in the same transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from spark_jobs.replay import commit, effect
from spark_jobs.replay.commit import Told
from spark_jobs.replay.effect import Effects, no_effects
from spark_jobs.replay.errors import Stale
from spark_jobs.replay.originals import originals
from spark_jobs.replay.piece import Changes, judged
from spark_jobs.replay.selection import Candidate, Selection, candidates
from streams.contract.model import Contract
from streams.registry import Deployed, Registry
from streams.settings import Settings

AT_ONCE = 1_000
TRIED_AT_ONCE = 20_000
ATTEMPTS = 3


@dataclass(frozen=True)
class Wish:
    """What to replay; events that were replayed already are left out of the selection.

    `by`, `note`: who, and why, for the history of every event.
    """

    selection: Selection
    by: str
    note: str
    changes: Changes | None = None
    dry_run: bool = False


@dataclass
class Report:
    """What came of it. `selected`: events looked at. `lost`: of which no original was found.

    `failing`: (source, code, field) -> events that still are not right for that reason; an event with two
    reasons counts under both. `pieces`: transactions. A dry run rolls back each of them, so that one
    does not know what another would count: of two events of one id, or of one turn of a rule of uniqueness,
    that are tried in two of them, both are told as accepted.
    """

    selected: int = 0
    pieces: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    still: int = 0
    lost: int = 0
    failing: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    effects: Effects = field(default_factory=no_effects)
    replay: int | None = None

    def as_json(self, contracts: Mapping[str, Contract]) -> dict[str, Any]:
        return {
            "replay": self.replay,
            "selected": self.selected,
            "pieces": self.pieces,
            **{name: self.outcomes[name] for name in ("accepted", "duplicate", "conflict")},
            "still_quarantined": self.still,
            "original_lost": self.lost,
            "reasons": [
                {"source": source, "code": code, "field": name, "events": events}
                for (source, code, name), events in self.failing.most_common()
            ],
            "days": effect.as_json(self.effects, contracts),
        }


def replay(settings: Settings, wish: Wish, done: Callable[[int, int], None]) -> Report:
    """Replay, or only try to; `done(events, of)` is told after every piece.

    Raises Stale, KafkaAway, psycopg.OperationalError, JudgeFailed; what `done` was told of
    is counted, and the rest stands in quarantine: run it again.
    """
    report = Report()
    wish = replace(wish, selection=wish.selection.not_replayed)
    registry = Registry(settings.postgres_dsn)
    with connect(settings) as connection:
        try:
            wanted = candidates(connection, wish.selection)
            report.selected = len(wanted)
            if not wish.dry_run and wanted:
                patch = wish.changes.patch.model_dump(mode="json") if wish.changes else None
                report.replay = commit.begin(connection, wish.by, wish.note, wish.selection.as_json(), patch)
            told = Told(wish.by, wish.note, report.replay)
            finished = 0
            for piece in _pieces(wanted, TRIED_AT_ONCE if wish.dry_run else AT_ONCE):
                _replay(settings, connection, registry, piece, wish, told, report)
                report.pieces += 1
                finished += len(piece)
                done(finished, len(wanted))
            if report.replay is not None:
                commit.finish(connection, report.replay)
        finally:
            registry.close()
    return report


def connect(settings: Settings) -> psycopg.Connection:
    """A connection whose transactions cannot keep the live query waiting: hanging, they are ended."""
    return psycopg.connect(
        settings.postgres_dsn,
        autocommit=True,
        application_name="minsheng replay",
        options="-c idle_in_transaction_session_timeout=10s -c lock_timeout=60s -c statement_timeout=120s",
    )


def _pieces(wanted: Sequence[Candidate], size: int) -> Iterator[Sequence[Candidate]]:
    return (wanted[start : start + size] for start in range(0, len(wanted), size))


def _replay(  # noqa: PLR0917 (one step of `replay`)
    settings: Settings,
    connection: psycopg.Connection,
    registry: Registry,
    wanted: Sequence[Candidate],
    wish: Wish,
    told: Told,
    report: Report,
) -> None:
    values = originals(settings, (each.origin for each in wanted))
    kept = [each for each in wanted if each.origin in values]
    report.lost += len(wanted) - len(kept)
    for attempt in range(ATTEMPTS):
        deployed: Deployed = registry.deployed()
        piece = judged(deployed, settings.topic_prefix, kept, values, wish.changes)
        try:
            moved = commit.move(connection, piece, told)
        except Stale:
            if attempt == ATTEMPTS - 1:
                raise
            only = Selection(states=wish.selection.states, ids=tuple(each.id for each in kept))
            kept = candidates(connection, only) if kept else []
            continue
        break
    report.outcomes.update(each.outcome for each in moved.moves)
    report.still += len(kept) - len(moved.moves)
    for each in kept:
        reasons = {(r.code, r.field) for r in piece.failing.get(each.id, ())}
        if each.id in moved.broken:
            reasons.add((moved.broken[each.id], None))
        report.failing.update((each.source, code, name) for code, name in reasons)
    effect.add_counted(report.effects, moved.counted, piece.plan.tables)

"""Backfills that somebody reviews: days are built anew where nobody sees them, then published together.

A review's days are revisions that are not current. Publishing makes all of them current in one transaction,
or none: a day that was published otherwise in between refuses it. They can be taken back, all together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from psycopg.rows import class_row

from spark_jobs.rollup import publish
from spark_jobs.rollup.day import Day
from spark_jobs.rollup.errors import ReviewRefused
from spark_jobs.rollup.ledger import Connection

Outcome = Literal["staged", "unchanged", "refused", "failed"]
MOST_NAMED = 5

_OPEN = """
    insert into ops.review (made_by, first_day, last_day, sources) values (%s, %s, %s, %s) returning id
"""
_DAY = """
    insert into ops.review_day (review, source, event_day, outcome, base, revision, message, run)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_DAYS = """
    select source, event_day, outcome, base, revision, message, run from ops.review_day
    where review = %s order by event_day, source
"""
_REVIEWS = """
    select id, made_at, made_by, first_day, last_day, sources, state, decided_at, decided_by
    from ops.review where %(id)s::bigint is null or id = %(id)s order by id desc limit %(limit)s
"""
_CURRENT = """
    update mart.publication set is_current = %(current)s, published_at = case when %(now)s then now()
        else published_at end
    where source = %(source)s and event_day = %(day)s and revision = %(revision)s
"""
# What ops.rollup says of the day now: null where the day was never rolled up.
_REMEMBER = """
    update ops.review_day d set run = d.run || jsonb_build_object('before', (
        select to_jsonb(r) from ops.rollup r where r.source = d.source and r.event_day = d.event_day))
    where d.review = %(review)s and d.source = %(source)s and d.event_day = %(day)s
"""
_FORGET_RUN = "delete from ops.rollup where source = %(source)s and event_day = %(day)s"
_RECALL = """
    insert into ops.rollup
    select b.* from ops.review_day d, jsonb_populate_record(null::ops.rollup, d.run -> 'before') b
    where d.review = %(review)s and d.source = %(source)s and d.event_day = %(day)s
        and jsonb_typeof(d.run -> 'before') = 'object'
"""
_FORGET_VALIDATION = """
    delete from ops.validation
    where scope = 'day' and source = %(source)s and event_day = %(day)s and revision = %(revision)s
"""
_NOTE_RUN = """
    insert into ops.rollup
        (source, event_day, outcome, revision, contract_version, provisional, span, seconds)
    values (%(source)s, %(day)s, 'published', %(revision)s, %(contract_version)s, %(provisional)s, %(span)s,
        %(seconds)s)
    on conflict (source, event_day) do update set
        ran_at = now(), outcome = excluded.outcome, revision = excluded.revision,
        contract_version = excluded.contract_version, provisional = excluded.provisional,
        span = excluded.span, seconds = excluded.seconds
"""
_VALIDATION = """
    insert into ops.validation (scope, source, event_day, revision, success, evaluated, failed, results)
    values ('day', %s, %s, %s, true, %s, %s, %s)
"""


@dataclass(frozen=True)
class ReviewedDay:
    """One day of a review. base: the revision that readers saw when it was built. run: what is noted of the
    run when it is published."""

    source: str
    event_day: date
    outcome: Outcome
    base: int | None
    revision: int | None
    message: str
    run: dict[str, Any] | None


@dataclass(frozen=True)
class Review:
    """A backfill. state: building, ready, published or taken_back."""

    id: int
    made_at: datetime
    made_by: str
    first_day: date
    last_day: date
    sources: list[str]
    state: str
    decided_at: datetime | None
    decided_by: str | None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        document: dict[str, Any] = json.loads(json.dumps(asdict(self), default=lambda at: at.isoformat()))
        return document


def begin(connection: Connection, by: str, first: date, last: date, sources: Sequence[str]) -> int:
    """A new review; nothing of it can be published before it is `finish`ed."""
    row = connection.execute(_OPEN, (by, first, last, json.dumps(list(sources)))).fetchone()
    assert row is not None  # noqa: S101 (an insert with returning always has a row)
    return int(row[0])


def stage(
    connection: Connection, review: int, day: Day, run: dict[str, Any]
) -> tuple[Outcome, publish.Publication | None]:
    """Write a day where nobody sees it, in the caller's transaction; the caller holds the day's lock."""
    base, made = publish.stage(connection, day)
    outcome: Outcome = "unchanged" if made is None else "staged"
    note(
        connection,
        review,
        ReviewedDay(
            day.contract.source,
            day.day,
            outcome,
            None if base is None else base.revision,
            None if made is None else made.revision,
            "" if made is None else made.reason,
            {**run, "contract_version": day.contract.version, "provisional": day.provisional},
        ),
    )
    return outcome, made or base


def note(connection: Connection, review: int, day: ReviewedDay) -> None:
    """Keep what came of one day."""
    run = None if day.run is None else json.dumps(day.run, ensure_ascii=False)
    key = (review, day.source, day.event_day, day.outcome)
    connection.execute(_DAY, (*key, day.base, day.revision, day.message, run))


def finish(connection: Connection, review: int) -> None:
    """Every day was built: it may be published."""
    connection.execute("update ops.review set state = 'ready' where id = %s", (review,))


def reviews(connection: Connection, limit: int, number: int | None = None) -> list[Review]:
    """The last reviews, or that one."""
    with connection.cursor(row_factory=class_row(Review)) as cursor:
        return cursor.execute(_REVIEWS, {"id": number, "limit": limit}).fetchall()


def days_of(connection: Connection, review: int) -> list[ReviewedDay]:
    """What came of each of its days."""
    with connection.cursor(row_factory=class_row(ReviewedDay)) as cursor:
        return cursor.execute(_DAYS, (review,)).fetchall()


def publish_review(
    connection: Connection, review: int, by: str, *, partial: bool = False
) -> list[ReviewedDay]:
    """Make every staged day of it what readers see, in one transaction; gives them back.

    Raises ReviewRefused where it is not ready, days of it failed (unless `partial`), or a day was published
    otherwise meanwhile; AlreadyRunning where a day is being rolled up. Then nothing was published.
    """
    with _deciding(connection, review, "ready", "published", by) as found:
        failed = [each for each in found if each.outcome in ("refused", "failed")]
        if failed and not partial:
            raise ReviewRefused(
                f"Review {review}: {len(failed)} of its days could not be built ({_named(failed)}). Look at"
                f" `minsheng rollup reviews show {review}`; publish the others with --partial."
            )
        staged = [each for each in found if each.outcome == "staged"]
        _expect(connection, review, staged, base=True)
        for each in staged:
            _switch(connection, each, each.base, each.revision, published_now=True)
            _note_run(connection, review, each)
    return staged


def take_back(connection: Connection, review: int, by: str) -> list[ReviewedDay]:
    """Give readers the revisions that they saw before it was published, in one transaction.

    What is noted of the days' last runs is what was noted then: a day that was due before is due again.
    Raises ReviewRefused where it is not published, or a later revision of a day stands; AlreadyRunning.
    """
    with _deciding(connection, review, "published", "taken_back", by) as found:
        staged = [each for each in found if each.outcome == "staged"]
        _expect(connection, review, staged, base=False)
        for each in staged:
            _switch(connection, each, each.revision, each.base, published_now=False)
            _recall_run(connection, review, each)
    return staged


@contextmanager
def _deciding(
    connection: Connection, review: int, expected: str, then: str, by: str
) -> Iterator[list[ReviewedDay]]:
    with connection.transaction():
        row = connection.execute(
            "select state from ops.review where id = %s for update", (review,)
        ).fetchone()
        if row is None:
            raise ReviewRefused(f"There is no review {review}. `minsheng rollup reviews list` lists them.")
        if row[0] != expected:
            raise ReviewRefused(f"Review {review} is {row[0]}, not {expected}: there is nothing to do.")
        yield days_of(connection, review)
        connection.execute(
            "update ops.review set state = %s, decided_at = now(), decided_by = %s where id = %s",
            (then, by, review),
        )


def _expect(connection: Connection, review: int, days: Sequence[ReviewedDay], *, base: bool) -> None:
    """That readers see of each day what they saw when it was built (`base`), or what the review published."""
    others = []
    for each in days:
        publish.hold(connection, each.source, each.event_day)
        now = publish.current(connection, each.source, each.event_day)
        if (None if now is None else now.revision) != (each.base if base else each.revision):
            others.append(each)
    if others:
        raise ReviewRefused(
            f"Review {review}: {_named(others)} {'was' if len(others) == 1 else 'were'} published otherwise"
            " meanwhile. Nothing was changed. "
            + ("Build these days again: `minsheng rollup backfill`." if base else "Later revisions stand.")
        )


def _switch(
    connection: Connection, day: ReviewedDay, old: int | None, new: int | None, *, published_now: bool
) -> None:
    key = {"source": day.source, "day": day.event_day}
    for revision, current in ((old, False), (new, True)):
        if revision is not None:
            now = current and published_now
            connection.execute(_CURRENT, {**key, "revision": revision, "current": current, "now": now})


def _note_run(connection: Connection, review: int, day: ReviewedDay) -> None:
    connection.execute(_REMEMBER, {"review": review, "source": day.source, "day": day.event_day})
    run = day.run or {}
    span = run.get("span")
    connection.execute(
        _NOTE_RUN,
        {
            "source": day.source,
            "day": day.event_day,
            "revision": day.revision,
            "contract_version": run["contract_version"],
            "provisional": run["provisional"],
            "span": None if span is None else json.dumps(span),
            "seconds": run["seconds"],
        },
    )
    answers = run["answers"]
    failed = sum(not answer["success"] for answer in answers)
    connection.execute(
        _VALIDATION,
        (
            day.source,
            day.event_day,
            day.revision,
            len(answers),
            failed,
            json.dumps(answers, ensure_ascii=False),
        ),
    )


def _recall_run(connection: Connection, review: int, day: ReviewedDay) -> None:
    """What is not remembered, as of a review that was published by an older version, leaves the day due."""
    key = {"source": day.source, "day": day.event_day}
    connection.execute(_FORGET_RUN, key)
    connection.execute(_RECALL, {**key, "review": review})
    connection.execute(_FORGET_VALIDATION, {**key, "revision": day.revision})


def _named(days: Sequence[ReviewedDay]) -> str:
    shown = ", ".join(f"{each.source} {each.event_day}" for each in days[:MOST_NAMED])
    return shown if len(days) <= MOST_NAMED else f"{shown} and {len(days) - MOST_NAMED} more"

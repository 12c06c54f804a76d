"""`minsheng rollup backfill`, `publish`, `takeback`, `reviews`: days built anew, and looked at first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import psycopg
import typer
from rich.table import Table

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, fail, out, print_json
from infra.cli.review_tables import SHOWN, print_changes
from infra.cli.rollup import DryRun, Patience, Sources, end_with, refuse_forgotten, roll_up
from infra.who import who
from spark_jobs.rollup import review
from spark_jobs.rollup.ledger import Connection
from spark_jobs.rollup.measures import Change, changes, measures
from spark_jobs.rollup.review import Review, ReviewedDay
from streams.contract.model import Contract
from streams.days import span
from streams.registry import deployed, ever_deployed
from streams.settings import Settings
from streams.zone import ZONE

reviews = typer.Typer(no_args_is_help=True, help="Backfills: what they would change, and what came of them.")

FromOption = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First event day.")]
ToOption = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last event day.")]
Number = Annotated[int, typer.Argument(help="As `minsheng rollup reviews list` shows it.")]
Partial = Annotated[
    bool, typer.Option("--partial", help="Publish the others where days were refused or failed.")
]
REVIEWS = ("编号", "状态", "首日", "末日", "来源", "建立", "决定")
STATES = {"building": "未建完", "ready": "待审核", "published": "已发布", "taken_back": "已撤回"}


def register(app: typer.Typer) -> None:
    """Put these commands into the group of rollups."""
    app.command()(backfill)
    app.command()(publish)
    app.command()(takeback)
    app.add_typer(reviews, name="reviews")


@failures()
def backfill(  # noqa: PLR0917 (options of a command)
    first: FromOption,
    last: ToOption,
    source: Sources = None,
    yes: Annotated[bool, typer.Option("--yes", help="Publish at once, if every day could be built.")] = False,
    dry_run: DryRun = False,
    patience: Patience = 180.0,
    as_json: AsJson = False,
) -> None:
    """Build every day of a range anew where nobody sees it, and show what would change.

    `minsheng rollup publish` makes all of it what readers see, in one transaction, or --yes does so at once;
    `minsheng rollup takeback` undoes that. Killed in the middle, nothing of it is published.
    """
    if last < first:
        raise typer.BadParameter(f"{last:%Y-%m-%d} is before {first:%Y-%m-%d}", param_hint="--to")
    settings = Settings()
    sources = source or sorted(deployed(settings).contracts)
    wanted = [(each, day) for day in span(first.date(), last.date()) for each in sources]
    if dry_run:
        rehearsed = roll_up(settings, wanted, dry_run=True, patience=patience, quiet=as_json)
        if as_json:
            print_json([report.as_json() for report in rehearsed])
        end_with(rehearsed)
        return
    refuse_forgotten(settings, wanted)
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        number = review.begin(connection, who(), first.date(), last.date(), sources)
        reports = roll_up(settings, wanted, patience=patience, review=number, quiet=as_json)
        for report in reports:
            if report.outcome == "failed":
                failed = ReviewedDay(report.source, report.day, "failed", None, None, report.message, None)
                review.note(connection, number, failed)
        review.finish(connection, number)
        days = review.days_of(connection, number)
        found = review_changes(connection, ever_deployed(settings), days)
        sound = all(report.exit_code == exits.OK for report in reports)
        if yes and sound:
            review.publish_review(connection, number, who())
        (made,) = review.reviews(connection, 1, number)
    if as_json:
        print_json(
            made.as_json()
            | {
                "days": [report.as_json() for report in reports],
                "changes": [each.as_json() for each in found],
            }
        )
    else:
        print_changes(found, ever_deployed(settings), days)
        if made.state == "published":
            out.print(f"Published as review {number}. `minsheng rollup takeback {number}` undoes it.")
        else:
            out.print(f"Review {number} waits. `minsheng rollup publish {number}` publishes all of it.")
    end_with(reports)


@failures()
def publish(
    number: Number, partial: Partial = False, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Publish every day of a backfill, in one transaction.

    Exit code 3 where a day was published otherwise meanwhile, or could not be built; 75 where one is being
    rolled up: try again later. Nothing is published then. --dry-run does all of it and rolls it back: it ends
    as the real one would.
    """
    with _transaction(dry_run) as connection:
        days = review.publish_review(connection, number, who(), partial=partial)
    switched = [(day, day.base, day.revision) for day in days]
    _say(number, switched, "published", dry_run=dry_run, as_json=as_json)


@failures()
def takeback(number: Number, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Give readers the revisions back that they saw before a backfill was published, in one transaction.

    Days that wanted a rollup before it was published want one again: the next one publishes them. Exit code 3
    where a later revision of a day stands: nothing is changed then. --dry-run does all of it and rolls it
    back.
    """
    with _transaction(dry_run) as connection:
        days = review.take_back(connection, number, who())
    switched = [(day, day.revision, day.base) for day in days]
    _say(number, switched, "taken back", dry_run=dry_run, as_json=as_json)


@reviews.command(name="list")
@failures()
def list_reviews(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 30, as_json: AsJson = False
) -> None:
    """List the backfills, the newest first."""
    with psycopg.connect(Settings().postgres_dsn) as connection:
        rows = review.reviews(connection, limit)
    if as_json:
        print_json([row.as_json() for row in rows])
        return
    table = Table(*REVIEWS, box=None)
    for row in rows:
        table.add_row(*_cells(row))
    out.print(table)


@reviews.command()
@failures()
def show(number: Number, as_json: AsJson = False) -> None:
    """Show what a backfill would change, or has changed, by source and measure; and what came of its days."""
    settings = Settings()
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = review.reviews(connection, 1, number)
        if not rows:
            fail(f"There is no review {number}. `minsheng rollup reviews list` lists them.", exits.USAGE)
        days = review.days_of(connection, number)
        found = review_changes(connection, ever_deployed(settings), days)
    if as_json:
        told = [
            {"source": day.source, "day": day.event_day.isoformat(), "outcome": day.outcome, "base": day.base,
             "revision": day.revision, "message": day.message}
            for day in days
        ]  # fmt: skip
        print_json(rows[0].as_json() | {"days": told, "changes": [each.as_json() for each in found]})
        return
    table = Table(*REVIEWS, box=None)
    table.add_row(*_cells(rows[0]))
    out.print(table)
    for day in days:
        if day.outcome in ("refused", "failed"):
            out.print(f"  {day.event_day} {day.source}: {day.outcome} - {day.message}", markup=False)
    print_changes(found, ever_deployed(settings), days)


def review_changes(
    connection: Connection, contracts: Mapping[str, Contract], days: Sequence[ReviewedDay]
) -> list[Change]:
    """What readers saw when a review's days were built, against what it has staged."""
    found = []
    for each in days:
        if each.outcome == "staged" and each.source in contracts:
            contract = contracts[each.source]
            before = measures(connection, contract, each.event_day, each.base)
            after = measures(connection, contract, each.event_day, each.revision)
            found += changes(contract, each.event_day, before, after)
    return found


def _cells(row: Review) -> list[str]:
    decided = f"{row.decided_at.astimezone(ZONE):%Y-%m-%d %H:%M} {row.decided_by}" if row.decided_at else "-"
    made = f"{row.made_at.astimezone(ZONE):%Y-%m-%d %H:%M} {row.made_by}"
    days = (row.first_day.isoformat(), row.last_day.isoformat())
    return [f"{row.id}", STATES[row.state], *days, "、".join(row.sources), made, decided]


@contextmanager
def _transaction(dry_run: bool) -> Iterator[Connection]:
    """A connection with one transaction around what is done; a dry run's is rolled back."""
    with (
        psycopg.connect(Settings().postgres_dsn, autocommit=True) as connection,
        connection.transaction(force_rollback=dry_run),
    ):
        yield connection


def _say(
    number: int,
    switched: Sequence[tuple[ReviewedDay, int | None, int | None]],
    what: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """What readers see of each day from now on, and saw before."""
    if as_json:
        told = [
            {"source": day.source, "day": day.event_day.isoformat(), "from": old, "to": new}
            for day, old, new in switched
        ]
        print_json({"review": number, "dry_run": dry_run, "days": told})
        return
    if not dry_run:
        out.print(f"Review {number}: {len(switched)} days {what}.")
        return
    out.print(f"Review {number}: {len(switched)} days would be {what}. Nothing was changed.")
    for day, old, new in switched[:SHOWN]:
        out.print(f"  {day.event_day} {day.source}: {_revision(old)} -> {_revision(new)}", markup=False)
    if len(switched) > SHOWN:
        out.print(f"  … and {len(switched) - SHOWN:,} more (--json lists all)")


def _revision(revision: int | None) -> str:
    return "unpublished" if revision is None else f"revision {revision}"

"""`minsheng rollup`: publish days, publish them again, see what is published and what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, err, fail, out, print_json
from infra.cli.sources import refuse_never_deployed
from infra.retention import forgotten
from spark_jobs.rollup.due import Due, plain
from spark_jobs.rollup.due import due as due_days
from spark_jobs.rollup.due import published as published_days
from streams.days import day_of
from streams.registry import deployed, ever_deployed, everything
from streams.settings import Settings

if TYPE_CHECKING:
    from expectations.report import Report

app = typer.Typer(
    no_args_is_help=True,
    help="Days: roll up, publish, look. Exit code 0 published or nothing to do, 3 refused by the gate,"
    " 75 not complete or busy (try again later), 2 no such source, 1 anything else.",
)

DayOption = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Event day, YYYY-MM-DD.")]
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="A source; all deployed ones by default.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Build and ask, but write nothing.")]
Incomplete = Annotated[
    bool,
    typer.Option("--allow-incomplete", help="Publish a provisional revision of a day that is not complete."),
]
Back = Annotated[int, typer.Option(min=1, help="How many days back to look.")]
Patience = Annotated[float, typer.Option(min=0, help="Seconds to wait until the archive has caught up.")]


@app.command()
@failures()
def run(  # noqa: PLR0917 (options of a command)
    day: DayOption,
    source: Sources = None,
    allow_incomplete: Incomplete = False,
    dry_run: DryRun = False,
    patience: Patience = 180.0,
    as_json: AsJson = False,
) -> None:
    """Roll up one day, all sources in one Spark application. Doing it again changes nothing; late events make
    the next revision.
    """
    settings = Settings()
    wanted = [(each, day.date()) for each in source or sorted(deployed(settings).contracts)]
    _roll_up(settings, wanted, allow_incomplete, dry_run, patience, as_json=as_json)


@app.command()
@failures()
def late(
    days: Back = 62,
    limit: Annotated[int, typer.Option(min=1, help="At most so many; the rest is due next time.")] = 200,
    dry_run: DryRun = False,
    patience: Patience = 180.0,
    as_json: AsJson = False,
) -> None:
    """Roll up every day that is due, oldest first, in one Spark application."""
    settings = Settings()
    wanted = [(each.source, each.day) for each in _due(settings, days)]
    gone = forgotten(settings, wanted, day_of(datetime.now(UTC)))
    kept = [each for each in wanted if each not in gone][:limit]
    _roll_up(settings, kept, False, dry_run, patience, as_json=as_json)


@app.command(name="list")
@failures()
def list_published(
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many days.")] = 60,
    as_json: AsJson = False,
) -> None:
    """List what is published: day, revision and why there is one, events, what came of the last run."""
    settings = Settings()
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = published_days(connection, source, limit)
    if not rows:
        refuse_never_deployed(settings, source)
    if as_json:
        print_json([plain(row) for row in rows])
        return
    names = ("day", "source", "revision", "accepted", "reason", "last_outcome")  # --json has the rest
    table = Table(*names, box=None)
    for row in rows:
        table.add_row(*(str(getattr(row, name) if getattr(row, name) is not None else "-") for name in names))
    out.print(table)


@app.command()
@failures()
def due(days: Back = 62, as_json: AsJson = False) -> None:
    """List the days that want a rollup: unpublished, provisional, touched by late events or a contract."""
    rows = _due(Settings(), days)
    if as_json:
        print_json([plain(row) for row in rows])
        return
    table = Table("day", "source", "reason", box=None)
    for row in rows:
        table.add_row(row.day.isoformat(), row.source, row.reason)
    out.print(table)


def _due(settings: Settings, days: int) -> list[Due]:
    """The days that want a rollup, as far as so many days back from yesterday; oldest first.

    Of a source that was retired, those up to the day of its retirement.
    """
    versions = {name: contract.version for name, contract in ever_deployed(settings).items()}
    until = {source: day_of(retired.at) for source, retired in everything(settings).retired.items()}
    yesterday = day_of(datetime.now(UTC)) - timedelta(days=1)
    with psycopg.connect(settings.postgres_dsn) as connection:
        found = due_days(connection, versions, yesterday - timedelta(days=days - 1), yesterday)
        return [each for each in found if each.day <= until.get(each.source, each.day)]


def _roll_up(
    settings: Settings,
    wanted: list[tuple[str, date]],
    allow_incomplete: bool,
    dry_run: bool,
    patience: float,
    *,
    as_json: bool,
) -> None:
    """Roll up, print, and end with the gravest code."""
    reports = roll_up(
        settings, wanted, allow_incomplete=allow_incomplete, dry_run=dry_run, patience=patience, quiet=as_json
    )
    if as_json:
        print_json([report.as_json() for report in reports])
    end_with(reports)


def end_with(reports: Sequence[Report]) -> None:
    """End the command with the gravest code of the reports, if there is one."""
    from expectations.report import exit_code  # noqa: PLC0415 (as below)

    if code := exit_code(reports):
        raise typer.Exit(code)


def refuse_forgotten(settings: Settings, wanted: list[tuple[str, date]]) -> None:
    """End the command where the lake does not have all events of a day any more."""
    if gone := forgotten(settings, wanted, day_of(datetime.now(UTC))):
        listed = ", ".join(f"{source} {day}" for source, day in gone[:5])
        fail(
            f"The lake keeps events for {settings.lake_retention_days} days (MINSHENG_LAKE_RETENTION_DAYS),"
            f" and some of these days' are gone: {listed}. What is published of them stays; leave them out.",
            exits.USAGE,
        )


def roll_up(
    settings: Settings,
    wanted: list[tuple[str, date]],
    *,
    allow_incomplete: bool = False,
    dry_run: bool = False,
    patience: float,
    review: int | None = None,
    quiet: bool = False,
) -> list[Report]:
    """Roll the days up in one application, with a progress bar; say what came of each unless `quiet`."""
    refuse_forgotten(settings, wanted)
    # Spark and Great Expectations take seconds to import: not for `list` and `due`.
    from spark_jobs.rollup.lake import starting  # noqa: PLC0415

    with starting(settings, wanted):
        from expectations import logs  # noqa: PLC0415
        from expectations.application import Options  # noqa: PLC0415
        from expectations.application import run as run_application  # noqa: PLC0415

    logs.to_stderr()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    reports = []
    with Progress(*columns, TimeElapsedColumn(), console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task("rollup", total=len(wanted))
        options = Options(allow_incomplete, dry_run, patience, review)
        for report in run_application(settings, wanted, options, lambda: datetime.now(UTC)):
            progress.update(task, advance=1, description=f"{report.day} {report.source}")
            reports.append(report)
            if not quiet:
                tell(report, progress.console)
    return reports


def tell(report: Report, console: Console) -> None:
    """What came of a day, as text: errors and values of events may hold what Rich takes for its markup."""
    revision = "" if report.revision is None else f" revision {report.revision}"
    said = [f"{report.day} {report.source}: {report.outcome}{revision} - {report.message}"]
    said += (f"    {answer.title}：{answer.message}" for answer in report.refused)
    console.print("\n".join(said), markup=False, soft_wrap=True)

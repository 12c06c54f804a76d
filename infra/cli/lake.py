"""`minsheng lake`: keep the archived events quick to read, and within their size."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from infra.airflow.retention import prune as prune_airflow
from infra.cli.failures import failures
from infra.cli.output import AsJson, out, print_json
from infra.retention import oldest_kept, prune
from streams.days import day_of
from streams.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The lake: every event as it was received, in Delta.")


@app.command()
@failures()
def maintain(
    retain_hours: Annotated[int, typer.Option(min=168, help="Keep files of versions this old.")] = 168,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would go, do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what is older than the settings keep (received days of the lake; quarantine and validations of
    days; Airflow's runs and logs), compact small files of days that are over, and delete unused files.
    """
    # Spark takes seconds to import and to start: only here.
    from spark_jobs.rollup.lake import rollup_session  # noqa: PLC0415
    from spark_jobs.rollup.maintenance import maintain as maintain_lake  # noqa: PLC0415

    settings = Settings()
    today = day_of(datetime.now(UTC))
    pruned = prune(settings, today, dry_run=dry_run)
    oldest_run = today - timedelta(days=settings.airflow_retention_days)
    airflow = prune_airflow(settings, oldest_run, dry_run=dry_run)
    done = maintain_lake(
        rollup_session(settings),
        settings.lake_dir,
        today,
        oldest_kept(settings, today),
        retain_hours,
        dry_run=dry_run,
    )
    if as_json:
        print_json({**asdict(done), "pruned": pruned, "airflow": asdict(airflow)})
    else:
        rows = ", ".join(f"{count:,} of ops.{table}" for table, count in pruned.items())
        verb = "would delete" if dry_run else "deleted"
        out.print(f"{verb} {done.days_deleted} received days; rows: {rows}")
        out.print(f"{verb} {airflow.runs:,} runs of Airflow and {airflow.logs:,} files of their logs")
        out.print(
            f"compacted {done.files_removed} files into {done.files_added};"
            f" {verb} {done.files_deleted} that nobody refers to"
        )

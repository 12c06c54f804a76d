"""`minsheng backup` and `minsheng restore`: what cannot be derived again, in one folder; secrets apart."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from infra.backup import make as making
from infra.backup import restore as restoring
from infra.backup.errors import BackupRefused
from infra.backup.manifest import Manifest
from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, DryRun, err, out, print_json
from infra.local.folders import make_folders
from infra.local.stack import Stack
from infra.postgres.prepare import prepare_database
from streams.settings import Settings

DATABASE = "postgres"


@failures()
def backup(
    to: Annotated[Path, typer.Argument(help="A folder that does not exist yet, best on another disk.")],
    secrets: Annotated[
        Path | None,
        typer.Option(help="Another folder, for secrets and certificates: keep it apart from backups."),
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Back up PostgreSQL, the lake and the contracts while everything runs.

    One snapshot of the database, and the lake as that snapshot knows it; checksums of every file stand in
    manifest.json, which is written last. Kafka is not in it: what was received after the backup is read from
    there again. Secrets are not in it either: --secrets writes them to a folder of their own.
    Exit code 3 when the folder is there already or the disk is too small, 75 when PostgreSQL is away.
    """
    settings = Settings()
    if secrets is not None and secrets.resolve().is_relative_to(to.resolve()):
        raise BackupRefused(f"{secrets} lies within {to}: secrets are kept apart from what they protect.")
    if dry_run:
        with psycopg.connect(settings.postgres_dsn) as connection:
            planned = making.plan(settings, connection)
        if as_json:
            print_json({**asdict(planned), "to": str(to)})
        else:
            out.print(
                f"would write up to {planned.bytes:,} bytes to {to}: {planned.lake_files} files of the lake"
                f" ({planned.lake_bytes:,}), the database ({planned.database_bytes:,} before compression)"
            )
        return
    with _bars(quiet=as_json) as bars:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None)
            bars.update(tasks[what], completed=done)

        made = making.make(settings, to, told)
    kept = making.save_secrets(settings, secrets) if secrets is not None else []
    if as_json:
        summary = {name: value for name, value in asdict(made).items() if name != "files"}
        print_json({**summary, "to": str(to), "files": len(made.files), "bytes": made.bytes, "secrets": kept})
        return
    out.print(f"{to}: {len(made.files)} files, {made.bytes:,} bytes, as of {made.made_at}")
    if secrets is not None:
        out.print(f"{secrets}: {len(kept)} secrets and certificates; whoever has them may do everything")
    else:
        err.print(
            "Secrets are not in it, and `secrets/tokens` cannot be made again: keep a copy of them elsewhere"
            " (--secrets FOLDER)."
        )


@failures()
def restore(
    of: Annotated[Path, typer.Argument(help="The folder that `minsheng backup` wrote.")],
    secrets: Annotated[
        Path | None, typer.Option(help="The folder of secrets, where this installation has none.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Take the place of the installation that is here; it is set aside."),
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Verify a backup, then restore it into this installation; nothing else may run meanwhile.

    Starts the embedded PostgreSQL where it does not run. Refuses (exit code 3) an installation that is alive,
    or lived in: --replace sets its database and lake aside under other names and deletes nothing. A backup of
    a newer version, or one that is damaged, is refused before anything is changed (exit code 2).
    Afterwards `minsheng up` goes on: events received since the backup are read from Kafka again, each once.
    --dry-run verifies every checksum and says what would be refused; it needs the database to run.
    """
    settings = Settings()
    with _bars(quiet=as_json) as bars:
        task = bars.add_task("verify", total=None)
        found = restoring.verified(of, lambda done, total: bars.update(task, completed=done, total=total))
    if dry_run:
        _say_what_would_be(settings, of, found, replace=replace, as_json=as_json)
        return
    make_folders(settings)
    if secrets is not None:
        restoring.restore_secrets(settings, secrets)
    _demand_secrets(settings)
    if settings.postgres_local:
        Stack.of(settings, err).up([DATABASE])
    else:
        prepare_database(settings)
    with err.status("restoring the lake, then the database"):
        done = restoring.restore(settings, of, found, replace=replace)
    if as_json:
        print_json(asdict(done))
        return
    out.print(f"restored as of {done.made_at}: the database, {done.lake_files} files of the lake")
    out.print(f"Kafka: {done.kafka}")
    for name in done.set_aside:
        err.print(f"set aside: {name}")
    err.print("`minsheng up` goes on from here.")


def _say_what_would_be(
    settings: Settings, of: Path, found: Manifest, *, replace: bool, as_json: bool
) -> None:
    refused = restoring.obstacles(settings, found, replace=replace)
    if as_json:
        print_json({"made_at": found.made_at, "refused": refused})
    else:
        out.print(f"{of} is whole, as of {found.made_at}")
        for each in refused:
            out.print(f"would be refused: {each}")
    raise typer.Exit(exits.NO if refused else exits.OK)


def _demand_secrets(settings: Settings) -> None:
    """Others would be made: then the same person would get another token, in every source."""
    if not (settings.secrets_dir / "tokens").is_file():
        raise BackupRefused(
            f"There is no {settings.secrets_dir / 'tokens'}: restore the secrets that belong to this backup"
            " (--secrets FOLDER). With a new key the same person would get another token."
        )


def _bars(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description:>10}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, disable=quiet or not err.is_terminal)

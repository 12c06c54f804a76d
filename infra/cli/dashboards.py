"""`minsheng dashboards`: bring Superset to what the deployed contracts ask for, or write it down as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, DryRun, err, fail, out, print_json
from infra.superset.sync import Plan, export
from infra.superset.sync import bring as bring_all
from streams.registry import everything
from streams.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Dashboards in Superset: derived from the deployed contracts, beside hand-made pages.",
)
WORDS = {"create": "new", "change": "changed", "restore": "edited by hand, put back", "remove": "removed"}


@app.command(name="sync")
@failures()
def bring(dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Make Superset show exactly the deployed contracts: a page each, the overview, the daily report.

    A new contract adds its page, a retired one keeps its published days, and what was edited in Superset by
    hand is put back. `minsheng contract deploy` does the same on its way. A second call changes nothing.
    Exit code 75 when PostgreSQL or Superset's database is away.
    """
    settings = Settings()
    known = everything(settings)
    with err.status("Comparing Superset with the deployed contracts, importing what differs ..."):
        plan = bring_all(settings, known, dry_run=dry_run)
    for source, problem in known.unreadable.items():
        err.print(
            f"{source} cannot be read and its page is left as it is: {problem}", markup=False, soft_wrap=True
        )
    if as_json:
        print_json({**asdict(plan), "dry_run": dry_run})
    else:
        _print(plan, dry_run=dry_run)


@app.command(name="export")
@failures()
def write(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made where it is missing.")],
    as_json: AsJson = False,
) -> None:
    """Write the bundle that `sync` would import as files, in Superset's own form. It holds no password."""
    settings = Settings()
    known = everything(settings)
    try:
        retired = {source: each.contract for source, each in known.retired.items()}
        written = export(settings, known.deployed, folder, retired=retired)
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}. Choose another folder.", exits.FAILURE)
    if as_json:
        print_json([str(path) for path in written])
    else:
        out.print(f"{len(written)} files below {folder}", soft_wrap=True)


def _print(plan: Plan, *, dry_run: bool) -> None:
    for kind, word in WORDS.items():
        for path in getattr(plan, kind):
            out.print(f"{path}: {word}", markup=False, soft_wrap=True)
    if plan.is_empty:
        out.print(f"Nothing to change: all {plan.unchanged} assets are as they should be.")
    else:
        done = sum(len(getattr(plan, kind)) for kind in WORDS)
        tense = "would change" if dry_run else "changed"
        out.print(f"{done} assets {tense}, {plan.unchanged} are as they should be.")

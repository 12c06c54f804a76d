"""`minsheng dashboards`: bring Superset to what the deployed contracts ask for, or write it down as files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import psycopg
import typer
from rich.console import Console

from infra.superset.errors import SupersetError
from infra.superset.sync import Plan, export, sync
from streams.contract.errors import ContractError
from streams.contract.model import Contract
from streams.registry import Registry
from streams.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Dashboards in Superset: derived from the deployed contracts, beside hand-made pages.",
)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
FAILED, AWAY = 1, 3
WORDS = {"create": "new", "change": "changed", "restore": "edited by hand, put back", "remove": "removed"}
_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)


@app.command(name="sync")
def bring(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make Superset show exactly the deployed contracts: a page each, the overview, the daily report.

    A new contract adds its page, a retired one takes it away, and what was edited in Superset by hand is put
    back. A second call changes nothing. Exit code 3 when PostgreSQL or Superset's database is away.
    """
    settings = Settings()
    contracts = _deployed(settings)
    try:
        if as_json or dry_run:
            plan = sync(settings, contracts, dry_run=dry_run)
        else:
            with _err.status("Comparing Superset with the deployed contracts, importing what differs ..."):
                plan = sync(settings, contracts)
    except SupersetError as error:
        _fail(str(error), AWAY if error.is_away else FAILED)
    if as_json:
        typer.echo(json.dumps({**asdict(plan), "dry_run": dry_run}, ensure_ascii=False))
    else:
        _print(plan, dry_run=dry_run)


@app.command(name="export")
def write(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; made where it is missing.")],
    as_json: AsJson = False,
) -> None:
    """Write the bundle that `sync` would import as files, in Superset's own form. It holds no password."""
    settings = Settings()
    try:
        written = export(settings, _deployed(settings), folder)
    except OSError as error:
        _fail(f"{folder} cannot be written: {error.strerror}. Choose another folder.", FAILED)
    if as_json:
        typer.echo(json.dumps([str(path) for path in written], ensure_ascii=False))
    else:
        _out.print(f"{len(written)} files below {folder}", soft_wrap=True)


def _deployed(settings: Settings) -> Mapping[str, Contract]:
    try:
        with closing(Registry(settings.postgres_dsn)) as registry:
            return registry.deployed().contracts
    except (psycopg.Error, FileNotFoundError) as error:
        _fail(
            f"The deployed contracts cannot be read from PostgreSQL on {settings.postgres_host}:"
            f"{settings.postgres_port}: {error}. Start the stack with `minsheng up`, then try again.",
            AWAY,
        )
    except ContractError as error:
        _fail(f"{error}\nDeploy the contract again with this version: `minsheng contract deploy`.", FAILED)


def _print(plan: Plan, *, dry_run: bool) -> None:
    for kind, word in WORDS.items():
        for path in getattr(plan, kind):
            _out.print(f"{path}: {word}", markup=False, soft_wrap=True)
    if plan.is_empty:
        _out.print(f"Nothing to change: all {plan.unchanged} assets are as they should be.")
    else:
        done = sum(len(getattr(plan, kind)) for kind in WORDS)
        tense = "would change" if dry_run else "changed"
        _out.print(f"{done} assets {tense}, {plan.unchanged} are as they should be.")


def _fail(message: str, code: int) -> NoReturn:
    _err.print(message, markup=False, style="red", soft_wrap=True)
    raise typer.Exit(code)

"""`minsheng contract`: look at contract files, compare them with what is deployed, deploy them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from infra import deploy as deployment
from infra.errors import NotDeployed
from streams.contract.errors import ContractError, Problem
from streams.contract.json_schema import event_schema
from streams.contract.loader import load_contract, load_contracts
from streams.contract.model import Contract
from streams.contract.tables import ddl, metric_tables
from streams.contract.types import values_of
from streams.errors import KafkaAway
from streams.registry import Registry
from streams.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Contracts: what a source's events are and what is derived from them."
)

WRONG, AWAY = 1, 3
"""Exit codes: a contract is wrong or may not be deployed; PostgreSQL or Kafka is away."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Sources = Annotated[list[str] | None, typer.Argument(help="Sources; all of the folder if none is named.")]

_out, _err = Console(highlight=False), Console(stderr=True, highlight=False)


@app.command()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Contract files or folders; the platform's own if none is named."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read contract files and say everything that is wrong with them. Exit code 1 if anything is."""
    found: dict[str, Contract] = {}
    problems: list[Problem] = []
    for path in paths or [Settings().contracts_dir]:
        try:
            if not path.exists():
                _fail(f"{path} does not exist.", WRONG)
            contracts = load_contracts(path) if path.is_dir() else {path.stem: load_contract(path)}
            found.update(contracts)
        except ContractError as error:
            problems.extend(error.problems)
    if as_json:
        _print_json(
            {
                "contracts": {source: contract.version for source, contract in found.items()},
                "problems": [asdict(problem) for problem in problems],
            }
        )
    else:
        for contract in found.values():
            _out.print(f"[green]ok[/] {contract.source} {contract.version} {contract.title}")
        for problem in problems:
            _err.print(str(problem), markup=False, style="red", soft_wrap=True)
    if problems:
        raise typer.Exit(WRONG)


@app.command(name="list")
def list_contracts(as_json: AsJson = False) -> None:
    """List the sources of the folder and those that are deployed, and whether they agree."""
    settings = Settings()
    with _failures():
        files = load_contracts(settings.contracts_dir)
        registry = Registry(settings.postgres_dsn)
        deployed = registry.deployed().contracts
        registry.close()
    rows = [_row(source, files.get(source), deployed.get(source)) for source in sorted({*files, *deployed})]
    if as_json:
        _print_json(rows)
        return
    table = Table("source", "title", "owner", "state", "file", "deployed", box=None)
    for row in rows:
        table.add_row(
            *(str(row[key] or "-") for key in ("source", "title", "owner", "state", "file", "deployed"))
        )
    _out.print(table)


@app.command()
def show(
    source: Annotated[str, typer.Argument(help="The source, as in `minsheng contract list`.")],
    as_json: AsJson = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of an event.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL that makes its tables.")] = False,
) -> None:
    """Show a contract of the folder: fields, checks, metrics and the tables they are kept in."""
    with _failures():
        contract = _chosen(Settings(), [source])[0]
    if schema:
        _print_json(event_schema(contract))
    elif sql:
        typer.echo(";\n".join(ddl(contract)) + ";")
    elif as_json:
        _print_json({**contract.model_dump(mode="json"), "version": contract.version})
    else:
        _show(contract)


@app.command()
def deploy(sources: Sources = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Make topics and tables, and put the contracts into service. Running it again changes nothing.

    What would break those who read or send events is refused, with the line and the way out.
    """
    settings = Settings()
    with _failures():
        contracts = _chosen(settings, sources)
        with _err.status(f"deploying {len(contracts)} contracts ..."):
            plan = deployment.deploy(settings, contracts, dry_run=dry_run)
    if as_json:
        _print_json({**asdict(plan), "changes": plan.changes, "dry_run": dry_run})
        return
    for contract in plan.contracts:
        before = f" (was {contract.deployed_version})" if contract.action == "change" else ""
        _out.print(
            f"{contract.action:>6}  contract {contract.source} {contract.version}{before} {contract.title}"
        )
    for topic in plan.topics:
        _out.print(f"{topic.action:>6}  topic {topic.topic} {topic.detail}")
    if dry_run:
        _out.print("Nothing was changed (--dry-run).")


@app.command()
def retire(
    source: Annotated[str, typer.Argument(help="A deployed source.")], dry_run: DryRun = False
) -> None:
    """Take a source out of service. Its topic, tables and numbers stay; `deploy` brings it back."""
    settings = Settings()
    with _failures():
        if not dry_run:
            deployment.retire(settings, source)
    _out.print(f"would retire {source}" if dry_run else f"retired {source}")


def _chosen(settings: Settings, sources: list[str] | None) -> list[Contract]:
    contracts = load_contracts(settings.contracts_dir)
    for source in sources or []:
        if source not in contracts:
            _fail(
                f"There is no contract '{source}' in {settings.contracts_dir}: {', '.join(contracts)}.", WRONG
            )
    return [contract for source, contract in contracts.items() if not sources or source in sources]


def _row(source: str, file: Contract | None, deployed: Contract | None) -> dict[str, Any]:
    contract = file or deployed
    if file is None:
        state = "deployed, no file"
    elif deployed is None:
        state = "not deployed"
    else:
        state = "deployed" if file.version == deployed.version else "changed"
    return {
        "source": source,
        "title": contract.title if contract else None,
        "owner": contract.owner if contract else None,
        "state": state,
        "file": file.version if file else None,
        "deployed": deployed.version if deployed else None,
    }


def _show(contract: Contract) -> None:
    _out.print(f"[bold]{contract.source}[/] {contract.title} · {contract.owner} · {contract.version}")
    _out.print(contract.about)
    fields = Table("field", "title", "type", "", "values", box=None, title="fields", title_justify="left")
    for name, spec in contract.fields.items():
        notes = [note for note in ("optional" * spec.optional, "personal" * (spec.pii is not None)) if note]
        bounds = (
            f"{spec.range[0]}..{spec.range[1]}" if spec.range else spec.pattern or ", ".join(values_of(spec))
        )
        fields.add_row(name, spec.title, spec.type, ", ".join(notes), bounds)
    _out.print(fields)
    checks = Table("check", "title", "that", box=None, title="checks", title_justify="left")
    for name, rule in contract.checks.items():
        checks.add_row(name, rule.title, rule.that)
    _out.print(checks)
    metrics = Table("table", "title", "by", "measures", box=None, title="metrics", title_justify="left")
    for table in metric_tables(contract):
        measures = contract.metrics[table.metric].measures
        listed = ", ".join(f"{key} = {measure.of}" for key, measure in measures.items())
        metrics.add_row(table.name, table.title, ", ".join(table.dimensions), listed)
    _out.print(metrics)


@contextmanager
def _failures() -> Iterator[None]:
    """What can go wrong, as a message and an exit code instead of a traceback."""
    try:
        yield
    except (ContractError, NotDeployed) as error:
        _fail(str(error), WRONG)
    except KafkaAway as error:
        _fail(str(error), AWAY)
    except psycopg.errors.UndefinedTable:
        _fail("The database has no tables yet: `minsheng up` makes them.", AWAY)
    except (psycopg.OperationalError, FileNotFoundError) as error:
        _fail(f"PostgreSQL cannot be reached: {error}. Is the platform running (`minsheng status`)?", AWAY)


def _fail(message: str, code: int) -> NoReturn:
    _err.print(message, markup=False, style="red", soft_wrap=True)
    raise typer.Exit(code)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))

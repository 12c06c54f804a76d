"""`minsheng contract`: look at contract files, compare them with what is deployed, deploy them."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from infra.cli import contract_deploy, contract_docs, contract_export, exits
from infra.cli.contract_files import one
from infra.cli.failures import failures
from infra.cli.output import AsJson, err, fail, out, print_json
from streams.contract.errors import ContractError, Problem
from streams.contract.json_schema import event_schema
from streams.contract.loader import load_contract, load_contracts, parse_contract
from streams.contract.model import Contract
from streams.contract.tables import ddl, metric_tables
from streams.contract.types import values_of
from streams.registry import deployed as deployed_now
from streams.settings import Settings

STANDARD_INPUT = Path("-")

app = typer.Typer(
    no_args_is_help=True, help="Contracts: what a source's events are and what is derived from them."
)


@app.command()
@failures()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            allow_dash=True,
            help="Contract files or folders, - for standard input; the platform's own if none is named.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read contract files and say everything that is wrong with them. Exit code 3 if anything is."""
    found: dict[str, Contract] = {}
    problems: list[Problem] = []
    for path in paths or [Settings().contracts_dir]:
        if not path.exists() and path != STANDARD_INPUT:
            fail(f"{path} does not exist.", exits.USAGE)
        try:
            found.update(_read(path))
        except ContractError as error:
            problems.extend(error.problems)
    if as_json:
        print_json(
            {
                "contracts": {source: contract.version for source, contract in found.items()},
                "problems": [asdict(problem) for problem in problems],
            }
        )
    else:
        for contract in found.values():
            out.print(f"[green]ok[/] {contract.source} {contract.version} {contract.title}")
        for problem in problems:
            err.print(str(problem), markup=False, style="red", soft_wrap=True)
    if problems:
        raise typer.Exit(exits.NO)


@app.command(name="list")
@failures()
def list_contracts(
    only_deployed: Annotated[
        bool, typer.Option("--deployed", help="Only what is deployed; reads no file, whatever is in them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the sources of the folder and those that are deployed, and whether they agree."""
    settings = Settings()
    deployed = deployed_now(settings).contracts
    if only_deployed:
        rows = [_named(contract) | {"deployed": contract.version} for contract in deployed.values()]
    else:
        files = load_contracts(settings.contracts_dir)
        known = {**deployed, **files}
        rows = [_row(known[source], files.get(source), deployed.get(source)) for source in sorted(known)]
    if as_json:
        print_json(rows)
        return
    columns = ("source", "title", "owner", *(() if only_deployed else ("state", "file")), "deployed")
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(row[column] or "-" for column in columns))
    out.print(table)


@app.command()
@failures()
def show(
    source: Annotated[str, typer.Argument(help="The source, as in `minsheng contract list`.")],
    as_json: AsJson = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of an event.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL that makes its tables.")] = False,
) -> None:
    """Show a contract of the folder: fields, checks, metrics and the tables they are kept in."""
    contract = one(Settings(), source, as_deployed=False)
    if schema:
        print_json(event_schema(contract))
    elif sql:
        typer.echo(";\n".join(ddl(contract)) + ";")
    elif as_json:
        print_json({**contract.model_dump(mode="json"), "version": contract.version})
    else:
        _show(contract)


for command in (
    contract_deploy.deploy,
    contract_deploy.retire,
    contract_deploy.history,
    contract_deploy.diff,
    contract_deploy.back,
    contract_export.export,
    contract_docs.docs,
):
    app.command()(command)


def _read(path: Path) -> dict[str, Contract]:
    """The contracts of a file, a folder, or standard input. Raises ContractError."""
    if path == STANDARD_INPUT:
        contract = parse_contract(sys.stdin.read(), "standard input")
    elif path.is_dir():
        return load_contracts(path)
    else:
        contract = load_contract(path)
    return {contract.source: contract}


def _row(contract: Contract, file: Contract | None, deployed: Contract | None) -> dict[str, str | None]:
    """One source, of which there is a file, a deployed contract, or both; `contract` is one of them."""
    if file is None:
        state = "deployed, no file"
    elif deployed is None:
        state = "not deployed"
    else:
        state = "deployed" if file.version == deployed.version else "changed"
    return {
        **_named(contract),
        "state": state,
        "file": file.version if file else None,
        "deployed": deployed.version if deployed else None,
    }


def _named(contract: Contract) -> dict[str, str | None]:
    return {"source": contract.source, "title": contract.title, "owner": contract.owner}


def _show(contract: Contract) -> None:
    out.print(f"[bold]{contract.source}[/] {contract.title} · {contract.owner} · {contract.version}")
    out.print(contract.about)
    fields = Table("field", "title", "type", "", "values", box=None, title="fields", title_justify="left")
    for name, spec in contract.columns.items():
        notes = [note for note in ("optional" * spec.optional, "personal" * (spec.pii is not None)) if note]
        bounds = (
            f"{spec.range[0]}..{spec.range[1]}" if spec.range else spec.pattern or ", ".join(values_of(spec))
        )
        fields.add_row(name, spec.title, spec.type, ", ".join(notes), bounds)
    out.print(fields)
    checks = Table("check", "title", "that", box=None, title="checks", title_justify="left")
    for name, rule in contract.checks.items():
        checks.add_row(name, rule.title, rule.that)
    out.print(checks)
    metrics = Table("table", "title", "by", "measures", box=None, title="metrics", title_justify="left")
    for table in metric_tables(contract):
        measures = contract.metrics[table.metric].measures
        listed = ", ".join(f"{key} = {measure.of}" for key, measure in measures.items())
        metrics.add_row(table.name, table.title, ", ".join(table.dimensions), listed)
    out.print(metrics)

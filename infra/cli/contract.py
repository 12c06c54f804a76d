"""`minsheng contract`: look at contract files, compare them with what is deployed, deploy them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from infra.cli import (
    contract_check,
    contract_deploy,
    contract_docs,
    contract_export,
    contract_new,
    contract_try,
)
from infra.cli.contract_files import one
from infra.cli.failures import failures
from infra.cli.output import AsJson, out, print_json
from streams.contract.json_schema import event_schema
from streams.contract.loader import load_contracts
from streams.contract.model import Contract
from streams.contract.tables import ddl, metric_tables
from streams.contract.types import values_of
from streams.registry import deployed as deployed_now
from streams.registry import everything
from streams.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Contracts: what a source's events are and what is derived from them."
)


app.command()(contract_new.new)
app.command()(contract_check.check)
app.command(name="try")(contract_try.try_contract)


@app.command(name="list")
@failures()
def list_contracts(
    only_deployed: Annotated[
        bool, typer.Option("--deployed", help="Only what is deployed; reads no file, whatever is in them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the sources of the folder and those that are or were deployed, and whether they agree."""
    settings = Settings()
    deployed = deployed_now(settings).contracts
    if only_deployed:
        rows = [_named(contract) | {"deployed": contract.version} for contract in deployed.values()]
    else:
        files = load_contracts(settings.contracts_dir)
        retired = {source: each.contract for source, each in everything(settings).retired.items()}
        known = {**retired, **deployed, **files}
        rows = [
            _row(known[source], files.get(source), deployed.get(source), is_retired=source in retired)
            for source in sorted(known)
        ]
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


def _row(
    contract: Contract, file: Contract | None, deployed: Contract | None, *, is_retired: bool
) -> dict[str, str | None]:
    """One source, of which there is a file, a deployed or retired contract, or both; `contract` is one."""
    if is_retired:
        state = "retired"
    elif file is None:
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

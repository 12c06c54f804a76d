"""`minsheng contract show`: one contract of the folder, and what follows from it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from infra.cli.contract_files import one
from infra.cli.failures import failures
from infra.cli.output import AsJson, out, print_json
from streams.contract.json_schema import event_schema
from streams.contract.model import Contract
from streams.contract.tables import ddl, metric_tables
from streams.contract.types import values_of
from streams.settings import Settings


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

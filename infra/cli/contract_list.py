"""`minsheng contract list`: sources of the folder, and what is deployed of them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from infra.cli.failures import failures
from infra.cli.output import AsJson, out, print_json
from streams.contract.loader import load_contracts
from streams.contract.model import Contract
from streams.registry import deployed as deployed_now
from streams.registry import everything
from streams.settings import Settings


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

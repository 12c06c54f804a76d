"""Which contracts a command is about: sources of the folder, files, or what is deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from infra.cli import exits
from infra.cli.output import fail
from streams.contract.loader import SUFFIX, load_contract, load_contracts
from streams.contract.model import Contract
from streams.registry import deployed
from streams.settings import Settings

Sources = Annotated[
    list[str] | None,
    typer.Argument(help="Sources or contract files; all contracts of the folder if none is named."),
]
Deployed = Annotated[bool, typer.Option("--deployed", help="As it is deployed, whatever is in the files.")]


def chosen(settings: Settings, named: list[str] | None) -> list[Contract]:
    """The contracts of these sources or files; only their files are read. Raises ContractError."""
    if not named:
        return list(load_contracts(settings.contracts_dir).values())
    return [load_contract(_file(settings, name)) for name in dict.fromkeys(named)]


def one(settings: Settings, source: str, *, as_deployed: bool) -> Contract:
    """The contract of a source or file, or the one that is deployed. Raises ContractError, psycopg.Error."""
    if not as_deployed:
        return chosen(settings, [source])[0]
    contracts = deployed(settings).contracts
    if source not in contracts:
        there = ", ".join(contracts) or "none is"
        fail(f"The source '{source}' is not deployed: {there}.", exits.USAGE)
    return contracts[source]


def _file(settings: Settings, name: str) -> Path:
    if name.endswith(SUFFIX):
        path = Path(name)
        if not path.is_file():
            fail(f"{path} does not exist.", exits.USAGE)
        return path
    path = settings.contracts_dir / f"{name}{SUFFIX}"
    if not path.is_file():
        there = ", ".join(sorted(file.stem for file in settings.contracts_dir.glob(f"*{SUFFIX}"))) or "none"
        fail(f"There is no contract '{name}' in {settings.contracts_dir}: {there}.", exits.USAGE)
    return path

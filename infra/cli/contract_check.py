"""`minsheng contract check`: everything about contract files that can be known without running them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from infra.cli import exits
from infra.cli.failures import failures
from infra.cli.output import AsJson, err, fail, out, print_json
from streams.authoring.review import example_problems, warnings
from streams.contract.errors import ContractError, Problem
from streams.contract.loader import load_contract, load_contracts, parse_contract
from streams.contract.model import Contract
from streams.settings import Settings

STANDARD_INPUT = Path("-")


@failures()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            allow_dash=True,
            help="Contract files or folders, - for standard input; the platform's own if none is named.",
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read contract files, ask the judge about their examples, and say everything that is wrong.

    Warnings name what is allowed and probably not meant: a personal-looking field that is not marked, a
    dimension with too many values, a rule that no counter-example breaks, an alarm for nothing.
    Exit code 3 if anything is wrong; with --strict also if there is a warning.
    """
    found: dict[str, Contract] = {}
    problems: list[Problem] = []
    remarks: list[Problem] = []
    for path in paths or [Settings().contracts_dir]:
        if not path.exists() and path != STANDARD_INPUT:
            fail(f"{path} does not exist.", exits.USAGE)
        try:
            for name, contract in _read(path):
                found[contract.source] = contract
                problems += example_problems(contract, name)
                remarks += warnings(contract, name)
        except ContractError as error:
            problems.extend(error.problems)
    if as_json:
        print_json({
            "contracts": {source: contract.version for source, contract in found.items()},
            "problems": [asdict(problem) for problem in problems],
            "warnings": [asdict(remark) for remark in remarks],
        })  # fmt: skip
    else:
        _print(found, problems, remarks)
    if problems or (strict and remarks):
        raise typer.Exit(exits.NO)


def _read(path: Path) -> Iterator[tuple[str, Contract]]:
    """File and contract, of a file, a folder, or standard input. Raises ContractError."""
    if path == STANDARD_INPUT:
        yield "standard input", parse_contract(sys.stdin.read(), "standard input")
    elif path.is_dir():
        yield from ((str(path / f"{source}.yaml"), each) for source, each in load_contracts(path).items())
    else:
        yield str(path), load_contract(path)


def _print(found: dict[str, Contract], problems: list[Problem], remarks: list[Problem]) -> None:
    for contract in found.values():
        out.print(f"[green]ok[/] {contract.source} {contract.version} {contract.title}")
    for remark in remarks:
        err.print(f"warning: {remark}", markup=False, style="yellow", soft_wrap=True)
    for problem in problems:
        err.print(str(problem), markup=False, style="red", soft_wrap=True)

"""Contract files -> contracts. Strict: whatever is not understood is an error with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from streams.contract import complaints, examples, rules, strict_yaml
from streams.contract.errors import ContractError, Problem
from streams.contract.model import Contract

SUFFIX = ".yaml"


def parse_contract(text: str, name: str) -> Contract:
    """Read a contract from YAML. `name` stands in messages. Raises ContractError with every problem found."""
    document = strict_yaml.read(text, name)
    problems = list(examples.resolve(document))
    try:
        contract = Contract.model_validate(_texts(document.root))
    except ValidationError as error:
        problems.extend(complaints.problems(error, document))
        raise ContractError(problems) from None
    problems.extend(
        Problem(name, document.line(path), what, expected, remedy)
        for path, what, expected, remedy in rules.complaints(contract)
    )
    if problems:
        raise ContractError(problems)
    contract._text = text
    return contract


def load_contract(path: Path, beside: Sequence[Path] = ()) -> Contract:
    """Read one file; its name must be `<source>.yaml`. Raises ContractError, OSError.

    `beside`: the contracts of its folder, one of which may be of that source.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ContractError(
            [Problem(str(path), line, "not UTF-8", "UTF-8", "Save the file in UTF-8, not in GB18030.")]
        ) from error
    contract = parse_contract(text, str(path))
    if path.stem != contract.source:
        line = strict_yaml.read(text, str(path)).line(("source",))
        first = path.with_name(contract.source + SUFFIX)
        if first in beside:
            what, expected = f"a second contract for the source '{contract.source}'", "one contract a source"
            remedy = f"{first.name} is the other: remove one of them, or give this one a source of its own."
        else:
            what, expected = f"source '{contract.source}'", f"'{path.stem}', as the file is named"
            remedy = f"Rename the file to {first.name}, or correct the source."
        raise ContractError([Problem(str(path), line, what, expected, remedy)])
    return contract


def load_contracts(folder: Path) -> dict[str, Contract]:
    """All contracts of a folder by source, sorted. Raises one ContractError for all problems of all files."""
    contracts: dict[str, Contract] = {}
    problems: list[Problem] = []
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        problems.append(Problem(str(folder), 1, "no contract", f"files named <source>{SUFFIX}"))
    problems.extend(_misnamed(folder))
    for path in paths:
        try:
            contract = load_contract(path, paths)
            contracts[contract.source] = contract
        except ContractError as error:
            problems.extend(error.problems)
    if problems:
        raise ContractError(problems)
    return contracts


def _misnamed(folder: Path) -> Iterator[Problem]:
    for path in folder.glob("*.yml"):
        yield Problem(str(path), 1, "a file named .yml", f"the suffix {SUFFIX}", "Rename the file.")


def _texts(value: Any) -> Any:
    """Plain scalars become ordinary texts; examples are typed already."""
    if isinstance(value, dict):
        return {str(key): _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return str(value) if isinstance(value, strict_yaml.Plain) else value

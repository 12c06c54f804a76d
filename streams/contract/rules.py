"""What a contract must satisfy beyond its form: names that exist, types that fit, nothing that cannot be derived."""

from __future__ import annotations

from collections.abc import Iterator

from streams.contract.model import Contract
from streams.contract.strict_yaml import Path

Complaint = tuple[Path, str, str, str]
"""(path in the file, what was found, what was expected, remedy)"""


def complaints(contract: Contract) -> Iterator[Complaint]:
    """Everything that is wrong with a contract that pydantic let pass."""
    yield from ()

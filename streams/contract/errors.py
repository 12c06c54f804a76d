"""What may be wrong with contracts.

ContractError                a contract cannot be used; carries every problem that was found
└── EvolutionError           a contract is sound, but may not replace the one that is deployed
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong: where, what was found, what was expected, what to do."""

    file: str
    line: int
    what: str
    expected: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {self.what}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.remedy:
            text += f". {self.remedy}"
        return text


class ContractError(Exception):
    """A contract cannot be used. `problems` are sorted by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ContractError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class EvolutionError(ContractError):
    """A contract may not replace the one that is deployed under its name."""

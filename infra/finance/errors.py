"""Why a finance file was not compared.

FinanceError (an InfraError)
├── FileRefused        it cannot be read, or is not what it seems: nothing is guessed
└── HeadingsRefused    no row of headings leads to fields of the contract
"""

from __future__ import annotations

from infra.errors import InfraError


class FinanceError(InfraError):
    """Nothing was compared and nothing stored; the text says what is wrong, where, and what to do."""


class FileRefused(FinanceError):
    """The file cannot be read, or cells of it have no value."""


class HeadingsRefused(FinanceError):
    """No row of the file is one of headings that the contract knows, or two lead to the same."""

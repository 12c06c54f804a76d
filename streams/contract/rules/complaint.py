"""One thing that is wrong with a contract, before it has a line."""

from __future__ import annotations

from typing import NamedTuple

from streams.contract.expressions import ExpressionError
from streams.contract.strict_yaml import Path, dotted


class Complaint(NamedTuple):
    """`path` leads to the key in the file; the texts are those of a Problem."""

    path: Path
    what: str
    expected: str
    remedy: str = ""


def about(path: Path, what: str, expected: str, remedy: str = "") -> Complaint:
    """A complaint whose text begins with its place."""
    return Complaint(path, f"{dotted(path)}: {what}", expected, remedy)


def about_expression(path: Path, error: ExpressionError) -> Complaint:
    """What an expression was refused for."""
    return about(path, error.what, error.expected, error.remedy)

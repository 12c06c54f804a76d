"""One thing that is wrong with a contract, before it has a line."""

from __future__ import annotations

from collections.abc import Iterable
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


def about_expression(path: Path, error: ExpressionError, personal: Iterable[str] = ()) -> Complaint:
    """What an expression was refused for; `personal`: names that it may not know."""
    named = next((name for name in personal if f"'{name}'" in error.what), None)
    if named is None:
        return about(path, error.what, error.expected, error.remedy)
    what = f"'{named}' is personal and arrives as a token"
    remedy = "Count it instead (of: distinct), or name it in a rule of uniqueness."
    return about(path, what, "fields that are not personal", remedy)

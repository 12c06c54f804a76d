"""Reference tables of the city: what a code stands for, how many seats a canteen has.

Each is a CSV file of this folder, named after its table. A table's first column is its key.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Division:
    """A county-level division. `terrain`: mountain, island or coastal."""

    code: str
    name: str
    level: str
    parent: str
    terrain: str


@dataclass(frozen=True)
class Township:
    """A township-level division: nine digits, of which the first six are its county's code.

    `kind`: street (sub-district), town, township, or none where a county has no townships.
    """

    code: str
    division: str
    name: str
    kind: str


@cache
def tables() -> tuple[str, ...]:
    """Names of all reference tables."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.csv")))


@cache
def rows(table: str) -> tuple[dict[str, str], ...]:
    """The rows of a reference table, all values text. Raises FileNotFoundError for an unknown table."""
    with (FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def columns(table: str) -> tuple[str, ...]:
    """The columns of a reference table; the first is its key."""
    return tuple(rows(table)[0])


@cache
def divisions() -> tuple[Division, ...]:
    """The divisions that events may name, by code."""
    return tuple(
        Division(row["division"], row["name"], row["level"], row["parent"], row["terrain"])
        for row in rows("divisions")
    )


@cache
def townships() -> tuple[Township, ...]:
    """The townships, towns and sub-districts that events may name, by code."""
    return tuple(
        Township(row["township"], row["division"], row["name"], row["kind"]) for row in rows("townships")
    )

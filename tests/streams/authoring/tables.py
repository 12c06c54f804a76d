"""Small tables as departments export them, and what is proposed for them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from streams.authoring.draft import Draft, Wishes, draft
from streams.authoring.sample import read_sample

TODAY = date(2026, 3, 1)


def drafted(
    folder: Path,
    headings: str,
    rows: Iterable[Sequence[object]],
    *,
    key: str | None = None,
    identity: str | None = None,
) -> Draft:
    """The draft for a CSV of these rows; `headings` are parted by commas. `key`, `identity`: as given."""
    path = folder / "sample.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings.split(","))
        writer.writerows(rows)
    wishes = Wishes("a_source", "某来源", "一条事件", "某部门", key=key, id=identity)
    return draft(read_sample(path), wishes, TODAY)


def types_of(made: Draft) -> dict[str, str]:
    """Heading -> type of every field that is proposed."""
    return {guess.heading: guess.spec.type for guess in made.chosen.fields}


def left_out_of(made: Draft) -> dict[str, str]:
    """Heading -> why no field is proposed for it."""
    return {each.heading: each.why for each in made.left_out}


def evidence_of(made: Draft, heading: str) -> str:
    (found,) = (guess for guess in made.chosen.fields if guess.heading == heading)
    return "; ".join(found.evidence)


def at(number: int) -> str:
    """A time of its own for each row."""
    return f"2026-02-{number // 1_440 + 1:02d} {number // 60 % 24:02d}:{number % 60:02d}:00"

"""How the importer is told to read the sample's file: only what it would not find out by itself."""

from __future__ import annotations

from typing import Any

from streams.authoring.chosen import Chosen
from streams.authoring.guess import Guess
from streams.authoring.headings import is_chinese
from streams.authoring.sample import Sample
from streams.authoring.writing import written
from streams.contract.model import Contract
from streams.errors import ImportRefused
from streams.importer.columns import Columns
from streams.importer.mapping import ColumnMapping
from streams.zone import ZONE, ZONE_NAME


def mapping_of(sample: Sample, contract: Contract, chosen: Chosen) -> str | None:
    """The mapping file's YAML; None where `minsheng import` needs none."""
    if sample.is_events:
        return None
    columns = _columns(chosen)
    foreign = not all(is_chinese(heading) for heading in columns)
    told = any(not isinstance(column, str) for column in columns.values())
    where = {"header_row": sample.header_row} if sample.is_told_where else {}
    if not foreign and not told and not where and _found(sample, contract) == columns:
        return None
    heading = (f"How `minsheng import` reads {sample.name}: heading -> field, or id or time of the event.",)
    said = {"sender": f"/import/{contract.source}", "zone": ZONE_NAME, **where, "columns": columns}
    return written(said, {}, heading)


def _columns(chosen: Chosen) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for guess in chosen.fields:
        if "__" not in guess.name:
            columns[guess.heading] = _told(guess)
    for each in chosen.nested:
        inner = {guess.heading: _told(guess) for guess in each.fields}
        columns |= inner if each.is_told else {each.heading: each.name}
    if chosen.id is not None:
        columns[chosen.id.heading] = "id"
    if chosen.time is not None:
        said = {"format": chosen.time.form, "clock": chosen.clock}
        columns[chosen.time.heading] = _short("time", said)
    return columns


def _told(guess: Guess) -> Any:
    return _short(guess.name, {"format": guess.form, "unit": guess.unit})


def _short(to: str, said: dict[str, str | None]) -> Any:
    there = {key: value for key, value in said.items() if value is not None}
    return {"to": to, **there} if there else to


def _found(sample: Sample, contract: Contract) -> dict[str, str] | None:
    """Where the importer sends each heading without being told."""
    try:
        targets = Columns(contract, ColumnMapping(), ZONE).match(sample.headings)
    except ImportRefused:
        return None
    return {target.heading: target.name for target in targets}

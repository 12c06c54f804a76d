"""Rules for examples: known reasons and fields; a typing mistake is found here and not by the judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streams.contract import places
from streams.contract.model import Contract, FieldSpec
from streams.contract.rules.complaint import Complaint, about
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of

EXAMPLE_CODES = frozenset({
    "bad_checksum", "bad_envelope", "bad_pattern", "bad_time", "missing", "not_in_enum", "out_of_range",
    "too_large", "too_long", "too_many", "too_new", "too_old", "unknown_field", "untokenised", "wrong_type",
})  # fmt: skip
"""Codes of reasons that an example's data or time can give; `check:<name>`, `unique:<name>` beside them."""


def complaints(contract: Contract) -> Iterator[Complaint]:
    for index, data in enumerate(contract.examples.good):
        yield from _whole(("examples", "good", index), contract.fields, data)
    known = [
        *sorted(EXAMPLE_CODES),
        *(f"check:{name}" for name in contract.checks),
        *(f"unique:{name}" for name in contract.unique),
    ]
    for index, bad in enumerate(contract.examples.bad):
        if bad.because not in known:
            remedy = did_you_mean(bad.because, known)
            yield about(("examples", "bad", index, "because"), f"'{bad.because}'", one_of(known), remedy)
        found = places.spec_at(contract, bad.field)
        if bad.field is not None and found is None and bad.because != "unknown_field":
            remedy = did_you_mean(bad.field, contract.columns)
            where = ("examples", "bad", index, "field")
            yield about(where, f"no field '{bad.field}'", one_of(contract.columns), remedy)


def _whole(path: Path, fields: Mapping[str, FieldSpec], data: Mapping[str, Any]) -> Iterator[Complaint]:
    """A good example has every required field and none that is unknown, within objects and items too."""
    for name in data:
        if name not in fields:
            yield about((*path, name), f"no field '{name}'", one_of(fields), did_you_mean(name, fields))
    for name, spec in fields.items():
        value = data.get(name)
        if not spec.optional and value is None:
            yield about(path, f"has no '{name}'", "every required field")
        if isinstance(value, Mapping) and spec.type == "object":
            yield from _whole((*path, name), spec.fields, value)
        for number, each in enumerate(value if isinstance(value, list) and spec.type == "list" else ()):
            if isinstance(each, Mapping):
                yield from _whole((*path, name, number), spec.fields, each)

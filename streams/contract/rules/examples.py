"""Rules for examples: known reasons and fields; a typing mistake is found here and not by the judge."""

from __future__ import annotations

from collections.abc import Iterator

from streams.contract.model import Contract
from streams.contract.rules.complaint import Complaint, about
from streams.contract.suggestions import did_you_mean, one_of

EXAMPLE_CODES = frozenset({
    "bad_checksum", "bad_envelope", "bad_pattern", "bad_time", "missing", "not_in_enum", "out_of_range",
    "too_large", "too_long", "too_new", "too_old", "unknown_field", "untokenised", "wrong_type",
})  # fmt: skip
"""Codes of reasons that an example's data or time can give; `check:<name>` beside them."""


def complaints(contract: Contract) -> Iterator[Complaint]:
    for index, data in enumerate(contract.examples.good):
        for name in data:
            if name not in contract.fields:
                remedy = did_you_mean(name, contract.fields)
                path = ("examples", "good", index, name)
                yield about(path, f"no field '{name}'", one_of(contract.fields), remedy)
        for name, spec in contract.fields.items():
            if not spec.optional and data.get(name) is None:
                yield about(("examples", "good", index), f"has no '{name}'", "every required field")
    known = [*sorted(EXAMPLE_CODES), *(f"check:{name}" for name in contract.checks)]
    for index, bad in enumerate(contract.examples.bad):
        if bad.because not in known:
            remedy = did_you_mean(bad.because, known)
            yield about(("examples", "bad", index, "because"), f"'{bad.because}'", one_of(known), remedy)
        if bad.field is not None and bad.field not in contract.fields and bad.because != "unknown_field":
            remedy = did_you_mean(bad.field, contract.fields)
            path = ("examples", "bad", index, "field")
            yield about(path, f"no field '{bad.field}'", one_of(contract.fields), remedy)

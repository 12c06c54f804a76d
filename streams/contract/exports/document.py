"""A contract as plain values in the form of a contract file: what is written as YAML, and carried by ODCS."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

from streams.contract.model import BadExample, Contract
from streams.contract.scalars import WEEKDAYS

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))
EXAMPLES = "examples"


def document(contract: Contract) -> dict[str, Any]:
    """Sections in the contract's order; what has its default is not said. Values are dicts, lists, texts,
    booleans, None, int, float and Decimal."""
    said = contract.model_dump(exclude_defaults=True)
    written = {name: _plain(value) for name, value in said.items()}
    written["expect"]["open"] = _opening_hours(contract.expect.open)
    written[EXAMPLES] = _examples(contract)
    return written


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, timedelta):
        return _duration(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _duration(span: timedelta) -> str:
    for name, unit in _UNITS:
        if span % unit == timedelta(0):
            return f"{span // unit}{name}"
    return f"{span // timedelta(seconds=1)}s"


def _opening_hours(hours: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Neighbouring weekdays of the same hours are one line, as people write them."""
    written = {}
    for span, days in groupby(WEEKDAYS, key=hours.get):
        listed = list(days)
        if span is not None:
            name = listed[0] if len(listed) == 1 else f"{listed[0]}-{listed[-1]}"
            written[name] = "-".join(span)
    return written


def _examples(contract: Contract) -> dict[str, Any]:
    first = contract.examples.good[0]
    written: dict[str, Any] = {"good": [dict(data) for data in contract.examples.good]}
    if contract.examples.bad:
        written["bad"] = [_difference(bad, first, contract) for bad in contract.examples.bad]
    return written


def _difference(bad: BadExample, first: Mapping[str, Any], contract: Contract) -> dict[str, Any]:
    """A bad example as the loader takes it: what it changes of the first good one, and leaves out."""
    written: dict[str, Any] = {"because": bad.because}
    if bad.field is not None:
        written["field"] = bad.field
    if change := _change(first, bad.data):
        written["change"] = change
    if without := [name for name in first if name not in bad.data]:
        written["without"] = without
    if bad.time is not None:
        written["time"] = bad.time
    if list(bad.before) != [dict(first)] * _times(contract, bad):
        written["before"] = [_change(first, data) for data in bad.before]
    return written


def _change(first: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in first or not _same(first[name], value)}


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is not true, and 1.0 is written otherwise than 1."""
    return repr(one) == repr(other)


def _times(contract: Contract, bad: BadExample) -> int:
    kind, _, name = bad.because.partition(":")
    return contract.unique[name].times if kind == "unique" and name in contract.unique else 0

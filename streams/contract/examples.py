"""Examples as they are written in YAML -> whole events.

A good example is the `data` of an event, as JSON. A bad one is the first good example with one thing wrong:

    - {because: out_of_range, field: price_fen, change: {price_fen: -1}}
    - {because: missing, field: meal, without: [meal]}
    - {because: too_old, time: '2001-01-01T08:00:00+08:00'}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.contract.errors import Problem
from streams.contract.strict_yaml import Document, as_json
from streams.contract.suggestions import did_you_mean, one_of

_KEYS = ("because", "field", "change", "without", "time")


def resolve(document: Document) -> Iterator[Problem]:
    """Replace the document's examples by whole events, in place; yields what cannot be resolved."""
    section = document.root.get("examples")
    if not isinstance(section, dict):
        return
    good = section.get("good")
    if isinstance(good, list):
        section["good"] = as_json(good)
    bad = section.get("bad")
    if not isinstance(bad, list):
        return
    first = section["good"][0] if isinstance(good, list) and good and isinstance(good[0], dict) else {}
    resolved = []
    for index, item in enumerate(bad):
        if not isinstance(item, dict):
            resolved.append(item)
            continue
        yield from _refused(document, index, item, first)
        resolved.append(_event(item, first))
    section["bad"] = resolved


def _event(item: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    change = item.get("change")
    without = item.get("without")
    data = {**first, **(as_json(change) if isinstance(change, dict) else {})}
    for name in without if isinstance(without, list) else ():
        data.pop(name, None)
    return {"data": data, **{key: item[key] for key in ("because", "field", "time") if key in item}}


def _refused(
    document: Document, index: int, item: dict[str, Any], first: dict[str, Any]
) -> Iterator[Problem]:
    path = ("examples", "bad", index)

    def problem(key: str | None, what: str, expected: str, remedy: str = "") -> Problem:
        line = document.line(path if key is None else (*path, key))
        return Problem(document.name, line, what, expected, remedy)

    for key in item:
        if key not in _KEYS:
            yield problem(key, f"unknown key '{key}'", one_of(_KEYS), did_you_mean(key, _KEYS))
    if not {"change", "without", "time"} & item.keys():
        yield problem(None, "a bad example without a fault", "change, without or time")
    if "change" in item and not isinstance(item["change"], dict):
        yield problem("change", "change is not a mapping", "field: value")
    if "without" in item and not isinstance(item["without"], list):
        yield problem("without", "without is not a list", "[field, ...]")
    for name in item["without"] if isinstance(item.get("without"), list) else ():
        if name not in first:
            yield problem("without", f"'{name}' is not in the first good example", "one of its fields")

"""Examples as they are written in YAML -> whole events.

A good example is the `data` of an event, as JSON. A bad one is the first good example with one thing wrong:

    - {because: out_of_range, field: price_fen, change: {price_fen: -1}}
    - {because: missing, field: meal, without: [meal]}
    - {because: too_old, time: '2001-01-01T08:00:00+08:00'}

One that breaks a rule of uniqueness comes after others, each under an id of its own: after the first good
example, as often as the rule lets it through, or after those that `before` makes of it:

    - {because: 'unique:meal_slot', change: {canteen_id: ST302002}}
    - {because: 'unique:three_a_day', before: [{meal: breakfast}, {meal: lunch}, {meal: dinner}]}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.contract.errors import Problem
from streams.contract.strict_yaml import Document, as_json
from streams.contract.suggestions import did_you_mean, one_of

_KEYS = ("because", "field", "change", "without", "time", "before")


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
        resolved.append(_event(item, first, _times(document.root, item)))
    section["bad"] = resolved


def _event(item: dict[str, Any], first: dict[str, Any], times: int) -> dict[str, Any]:
    change = item.get("change")
    without = item.get("without")
    data = _changed(first, as_json(change) if isinstance(change, dict) else {})
    for name in without if isinstance(without, list) else ():
        _remove(data, str(name))
    before = item.get("before")
    changes = (
        [each for each in before if isinstance(each, dict)] if isinstance(before, list) else [{}] * times
    )
    return {
        "data": data,
        "before": [_changed(first, as_json(each)) for each in changes],
        **{key: item[key] for key in ("because", "field", "time") if key in item},
    }


def _changed(first: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`first` with some values changed; `home__street` is the street of the object `home`."""
    data = {**first}
    for name, value in change.items():
        outer, _, inner = name.partition("__")
        if inner and isinstance(data.get(outer), dict):
            data[outer] = {**data[outer], inner: value}
        else:
            data[name] = value
    return data


def _remove(data: dict[str, Any], name: str) -> None:
    outer, _, inner = name.partition("__")
    if inner and isinstance(data.get(outer), dict):
        data[outer] = {key: value for key, value in data[outer].items() if key != inner}
    else:
        data.pop(name, None)


def _has(data: dict[str, Any], name: str) -> bool:
    outer, _, inner = name.partition("__")
    return name in data or (isinstance(data.get(outer), dict) and inner in data[outer])


def _times(root: dict[str, Any], item: dict[str, Any]) -> int:
    """How often the rule of uniqueness that an example breaks lets an event through; 0 if it breaks none."""
    if not _is_unique(item):
        return 0
    rules = root.get("unique")
    rule = rules.get(str(item["because"]).partition(":")[2]) if isinstance(rules, dict) else None
    times = str(rule.get("times", "1")) if isinstance(rule, dict) else "1"
    return int(times) if times.isascii() and times.isdecimal() and len(times) <= _MOST_DIGITS else 1


_MOST_DIGITS = 4


def _is_unique(item: dict[str, Any]) -> bool:
    return str(item.get("because", "")).startswith("unique:")


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
    if not {"change", "without", "time"} & item.keys() and not _is_unique(item):
        yield problem(None, "a bad example without a fault", "change, without or time")
    if "before" in item and not _is_unique(item):
        yield problem(
            "before", "before an event that breaks no rule of uniqueness", "because: 'unique:<name>'"
        )
    if "before" in item and not (
        isinstance(item["before"], list) and all(isinstance(each, dict) for each in item["before"])
    ):
        yield problem("before", "before is not a list of changes", "[{field: value}, {}]")
    if "change" in item and not isinstance(item["change"], dict):
        yield problem("change", "change is not a mapping", "field: value")
    if "without" in item and not isinstance(item["without"], list):
        yield problem("without", "without is not a list", "[field, ...]")
    for name in item["without"] if isinstance(item.get("without"), list) else ():
        if not _has(first, str(name)):
            yield problem("without", f"'{name}' is not in the first good example", "one of its fields")

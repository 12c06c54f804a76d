"""The metrics that are proposed: how many, how many people, how much, by the fields that group. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from streams.authoring.guess import Guess
from streams.authoring.nesting import Nested
from streams.contract.rules.metrics import groups
from streams.contract.types import NAMED_TYPES

MOST_SUMS = 4
_COUNTED = {"plate": "车辆数", "address": "户数"}
"""What different values of a personal type are, where they are not people."""

_NOTE = re.compile(r"[（(].*[)）]$")
MOST_PLACES = 1_000


def metrics_of(
    title: str, guesses: Sequence[Guess], key: str, dimensions: Sequence[str], lists: Sequence[Nested] = ()
) -> dict[str, Any]:
    """The measures over the dimensions, and again by place where it groups and places are not too many."""
    metrics: dict[str, Any] = {
        "events": {"title": title, "by": list(dimensions), "measures": _measures(guesses, dimensions, lists)}
    }
    place = next(g for g in guesses if g.name == key)
    if key not in dimensions and groups(place.spec) and place.facts.distinct <= MOST_PLACES:
        metrics["places"] = {
            "title": f"按{place.spec.title}",
            "by": [key],
            "measures": _measures(guesses, [key], lists),
        }
    return metrics


def _measures(guesses: Sequence[Guess], dimensions: Sequence[str], lists: Sequence[Nested]) -> dict[str, Any]:
    measures: dict[str, Any] = {_free("events", dimensions): {"title": "件数", "of": "count"}}
    for guess in guesses:
        if guess.spec.pii is not None and guess.spec.type != "person_name":
            title = f"{_COUNTED.get(guess.spec.type, '人数')}（按{guess.spec.title}）"
            measures[_free(f"distinct_{guess.name}", [*dimensions, *measures])] = {
                "title": title,
                "of": f"distinct {guess.name}",
            }
    numbers = [g for g in guesses if NAMED_TYPES[g.spec.type].number]
    for guess in sorted(numbers, key=lambda g: g.spec.type != "fen")[:MOST_SUMS]:
        unit = {"unit": "fen"} if guess.spec.type == "fen" else {}
        name = _free(guess.name, [*dimensions, *measures])
        title = _NOTE.sub("", guess.spec.title) or guess.spec.title
        note = guess.spec.title.removeprefix(title)
        measures[name] = {"title": f"{title}合计{note}", "of": f"sum {guess.name}", **unit}
    for each in lists:
        name = _free(f"{each.name}_count", [*dimensions, *measures])
        measures[name] = {"title": f"{each.title}·项数合计", "of": f"sum {each.name}__count"}
    return measures


def _free(name: str, taken: Sequence[str]) -> str:
    name = name.replace("__", "_")[:36].rstrip("_")
    return name if name not in taken else _free(f"{name}_x"[-38:].lstrip("_0123456789"), taken)

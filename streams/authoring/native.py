"""Values that the importer takes as they are: those of events, and those within JSON unless it is told. Pure.

Nothing converts them: the field must have the very name that the JSON has, and a type that its values have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from streams.authoring.guess import Guess, LeftOut
from streams.contract.types import NAMED_TYPES
from streams.importer.tables import WITHIN
from streams.importer.values import EPOCHS

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_JSON = {"string": {"str"}, "integer": {"int"}, "number": {"int", "float"}, "boolean": {"bool"}}


def native(guess: Guess, key: str, kinds: frozenset[str]) -> Guess | LeftOut:
    """The guess for values that are not converted. `kinds`: Python's names of their JSON types."""
    if not _NAME.fullmatch(key):
        return LeftOut(guess.heading, f"'{key}' cannot be a field's name, and nothing renames it")
    spec = guess.spec
    if spec.type == "fen":
        kind = "count" if kinds == {"int"} else "decimal"
        guess = replace(guess, spec=spec.model_copy(update={"type": kind, "range": None}), unit=None)
        guess = replace(guess, evidence=(*guess.evidence, "not fen: nothing converts it"))
    if guess.form in EPOCHS:
        guess = replace(
            guess,
            spec=spec.model_copy(update={"type": "count"}),
            value=f"try_cast({guess.facts.column} as bigint)",
            evidence=(*guess.evidence[1:], f"{guess.form} since 1970: nothing converts them"),
            form=None,
        )
    named = NAMED_TYPES[guess.spec.type]
    if not kinds <= _JSON[named.json] or not _is_written_so(guess):
        return LeftOut(
            guess.heading, f"it looks like {spec.type}, and is not written so; nothing converts it"
        )
    return replace(guess, name=key)


def _is_written_so(guess: Guess) -> bool:
    """Whether values have the one spelling that events have."""
    values = [value for value, _ in guess.facts.values]
    labels = NAMED_TYPES[guess.spec.type].labels
    if labels:
        return all(value in labels for value in values)
    form = {"timestamp": _MOMENT, "date": _DAY}.get(guess.spec.type)
    return form is None or all(form.fullmatch(value) for value in values)


def as_written(
    found: Sequence[Guess | LeftOut], kinds: Mapping[str, frozenset[str]]
) -> list[Guess] | LeftOut:
    """The guesses for an object's keys, if none of them has to be converted; or the first that has."""
    made: list[Guess] = []
    for each in found:
        key = each.heading.rpartition(WITHIN)[2]
        one = native(each, key, kinds[each.heading]) if isinstance(each, Guess) else each
        if isinstance(one, LeftOut):
            return one
        made.append(one)
    return made


def within(data: Mapping[str, Any]) -> dict[str, Any]:
    """An example of flat names as it is sent: `home__street` stands in the object `home`."""
    sent: dict[str, Any] = {}
    for name, value in data.items():
        outer, _, inner = name.partition("__")
        if inner:
            sent.setdefault(outer, {})[inner] = value
        else:
            sent[name] = value
    return sent

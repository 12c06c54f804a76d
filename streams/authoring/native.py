"""Values that the importer takes as they are: those within JSON objects, and those of events. Pure.

Nothing converts them: the field must have the very name that the JSON has, and a type that its values have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from streams.authoring.guess import Guess, LeftOut
from streams.authoring.headings import name_of, title_of
from streams.contract.types import NAMED_TYPES
from streams.importer.values import EPOCHS

SEPARATOR = "."
"""Between an object's heading and a name within it, in a sample's headings."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_JSON = {"string": {"str"}, "integer": {"int"}, "number": {"int", "float"}, "boolean": {"bool"}}


@dataclass(frozen=True)
class Nested:
    """An object: its heading, its field's name and title, and what stands in it, flatly named."""

    heading: str
    name: str
    title: str
    is_optional: bool
    fields: tuple[Guess, ...]


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


def nested(
    heading: str, found: Sequence[Guess | LeftOut], kinds: Mapping[str, frozenset[str]], taken: Sequence[str]
) -> Nested | LeftOut:
    """An object out of the guesses for what stands in it; whole or not at all, a part would be refused."""
    name = name_of(heading, taken)
    inner: list[Guess] = []
    for each in found:
        made = each
        if isinstance(made, Guess):
            made = native(made, made.heading.removeprefix(heading + SEPARATOR), kinds[made.heading])
        if isinstance(made, LeftOut):
            return LeftOut(heading, f"an object that cannot be taken whole: {made.heading}: {made.why}")
        inner.append(made)
    there = max(guess.facts.filled for guess in inner)
    optional = there < inner[0].facts.rows
    fields = tuple(
        replace(
            guess,
            name=f"{name}__{guess.name}",
            spec=guess.spec.model_copy(update={"optional": optional or guess.facts.filled < there}),
        )
        for guess in inner
    )
    return Nested(heading, name, title_of(heading), optional, fields)


def section(nested_: Nested, said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The object's entry under `fields`. `said`: what is said of each of its fields, by flat name."""
    there = max(guess.facts.filled for guess in nested_.fields)
    inner = {}
    for guess in nested_.fields:
        plain = {key: value for key, value in said[guess.name].items() if key != "optional"}
        key = guess.name.removeprefix(f"{nested_.name}__")
        inner[key] = plain | ({"optional": True} if guess.facts.filled < there else {})
    optional = {"optional": True} if nested_.is_optional else {}
    return {"title": nested_.title, "type": "object", **optional, "fields": inner}


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

"""Where in an event's data something stands, as reasons name it: `elder`, `home__street`, `members[2]__age`.

Items are counted from 1, as people count who read "the second member".
"""

from __future__ import annotations

import re

from streams.contract.model import Contract, FieldSpec

_PLACE = re.compile(r"(?P<field>[a-z0-9_]+?)(?:\[(?P<item>\d+)\])?(?:__(?P<inner>[a-z0-9_]+))?")


def item(field: str, number: int) -> str:
    """The place of a list's item; the first is number 1."""
    return f"{field}[{number}]"


def within(outer: str, inner: str) -> str:
    """The place of a field of an object or of an item."""
    return f"{outer}__{inner}"


def spec_at(contract: Contract, place: str | None) -> FieldSpec | None:
    """What the contract says of a place, its title naming all of the way there; None where it knows none."""
    match = _PLACE.fullmatch(place or "")
    if match is None:
        return None
    spec = contract.fields.get(match["field"])
    if spec is None:
        return contract.columns.get(match[0])
    title = spec.title + (f"第{match['item']}项" if match["item"] else "")
    if match["inner"] is not None:
        inner = spec.fields.get(match["inner"])
        if inner is None:
            return contract.columns.get(match[0])
        spec, title = inner, f"{title}·{inner.title}"
    return spec.model_copy(update={"title": title})


def titles(contract: Contract) -> dict[str, str]:
    """Place -> title of every place that a reason may name; those of a list's items without their number."""
    found: dict[str, str] = {}
    for name, spec in contract.fields.items():
        outer = item_free(name) if spec.type == "list" else name
        found |= {name: spec.title, outer: spec.title}
        for key, inner in spec.fields.items():
            found[within(outer, key)] = f"{spec.title}·{inner.title}"
    return found


def item_free(field: str) -> str:
    """The place of a list's items, whichever."""
    return f"{field}[]"


def pattern_of(place: str) -> str:
    """The place without its number: `members[2]__age` -> `members[]__age`, the same for every item."""
    return re.sub(r"\[\d+\]", "[]", place)

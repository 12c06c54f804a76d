"""Which values are people's, where no checksum says so: names, and what headings announce. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from streams.authoring import hints
from streams.authoring.forms import SURNAMES

NAMES = 0.8
"""Share of the values that look like names, under a heading that says that people stand there."""

NEARLY_ALL = 0.95
ENOUGH = 5
"""Different names that are no chance under any heading."""

_NAME = re.compile(rf"[{SURNAMES}][\u4e00-\u9fff*＊某×]{{1,3}}")
_SURNAMES_AT_LEAST = 3

LED_BY: Mapping[str, tuple[hints.Hint, str]] = {
    "number": (
        hints.PERSON_NUMBER,
        "numbers or accounts of people: no named type makes tokens of them; where people are to be counted,"
        " add their identity number or mobile",
    ),
    "room": (hints.ROOM, "a dwelling: with the place it leads to a household"),
    "birth": (
        hints.BIRTHDAY,
        "a date of birth leads to a person; where age counts, export the age as a number",
    ),
}
"""Kinds of headings under which stands what leads to a person, and why no field is proposed for it."""


def are_names(heading: str, values: Sequence[str]) -> bool:
    """Whether these different values are people's names: most under such a heading, nearly all under any."""
    names = [value for value in values if _NAME.fullmatch(value)]
    if not names:
        return False
    if heading in hints.PERSON:
        return len(names) >= NAMES * len(values)
    if len(values) < ENOUGH or len(names) < NEARLY_ALL * len(values):
        return False
    # 江东区 and 温州 begin like names: places and kinds share their ends, or their beginnings.
    _, alike = Counter(name[-1] for name in names).most_common(1)[0]
    return len({name[0] for name in names}) >= _SURNAMES_AT_LEAST and alike * 2 <= len(names)


def why_personal(heading: str) -> str | None:
    """Why what stands under a heading leads to a person; None where the heading does not say so."""
    return next((why for hint, why in LED_BY.values() if heading in hint), None)

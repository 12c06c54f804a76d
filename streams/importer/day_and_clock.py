"""A day in one column and its time of day in another -> one cell, as if they stood together. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any

from streams.importer.values import text_of

MIDNIGHT = r"[T ]+0{1,2}:00(:00(\.0+)?)?$"
"""What programs write behind a day that has no time of day."""

DAY_ZERO = r"^(1899|1900)[-/]\d{1,2}[-/]\d{1,2}[T ]+"
"""What spreadsheets write before a time of day that has no day."""

_MIDNIGHT, _DAY_ZERO = re.compile(MIDNIGHT, re.ASCII), re.compile(DAY_ZERO, re.ASCII)


def joined(day: Any, clock: Any) -> Any:
    """The cell of a moment; None where the time of day lacks: midnight would be a guess."""
    if clock is None:
        return None
    if isinstance(clock, datetime):
        clock = clock.time()
    if isinstance(day, date) and isinstance(clock, time):
        return datetime.combine(day, clock)
    if isinstance(day, date):
        day = f"{day:%Y-%m-%d}"
    return f"{_MIDNIGHT.sub('', text_of(day))} {_DAY_ZERO.sub('', text_of(clock))}"

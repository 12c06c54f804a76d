"""The small forms that contracts are written in: numbers, durations, weekdays, hours of opening.

Each takes the text that stands in the file and raises PydanticCustomError with `expected` and `remedy` in its
context; a value that is typed already passes, so that models can be made in Python too.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, NoReturn

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DURATION = re.compile(r"([1-9]\d{0,5})(s|m|h|d)", re.ASCII)
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,13})(\.\d{1,4})?", re.ASCII)
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def refuse(what: str, expected: str, remedy: str = "") -> NoReturn:
    """Raise the error that the loader turns into a Problem."""
    raise PydanticCustomError("contract", "{what}", {"what": what, "expected": expected, "remedy": remedy})


def whole_number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    refuse(f"'{value}'", "a whole number, such as 18000")


def decimal_number(value: Any) -> int | Decimal:
    """An int where there is no point, otherwise a Decimal of at most four places."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    refuse(f"'{value}'", "a number, such as 100 or 36.5")


def share(value: Any) -> float:
    """A weight: a number that is not negative."""
    number = float(value) if isinstance(value, float) else float(decimal_number(value))
    if number < 0:
        refuse(f"'{value}'", "a share of 0 or more")
    return number


def truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    refuse(f"'{value}'", "true or false")


def duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    refuse(f"'{value}'", "a duration", "Write a whole number and s, m, h or d: 10m, 7d.")


def weekdays(value: Any) -> tuple[str, ...]:
    """`mon-fri`, `sat` or a list of them, as weekdays in the week's order."""
    items = value if isinstance(value, (list, tuple)) else [value]
    found = {day for item in items for day in _span_of_days(item)}
    return tuple(day for day in WEEKDAYS if day in found)


def _span_of_days(text: Any) -> tuple[str, ...]:
    first, _, last = str(text).partition("-")
    if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
        refuse(f"'{text}'", "weekdays, such as mon-fri or sat", f"Weekdays are {', '.join(WEEKDAYS)}.")
    low, high = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if low > high:
        refuse(f"'{text}'", "weekdays in the week's order", f"Write {WEEKDAYS[high]}-{WEEKDAYS[low]}.")
    return WEEKDAYS[low : high + 1]


def opening_hours(value: Any) -> Any:
    """{'mon-sun': '06:00-18:30'} as weekday -> (opening, closing), both HH:MM."""
    if not isinstance(value, dict):
        refuse(f"'{value}'", "weekdays and hours, such as {mon-sun: '06:00-18:30'}")
    hours: dict[str, Any] = {}
    for days, span in value.items():
        for day in _span_of_days(days):
            if day in hours:
                refuse(f"{day} has two opening hours", "each weekday once")
            hours[day] = span if isinstance(span, tuple) else _hours(span)
    return hours


def _hours(text: Any) -> tuple[str, str]:
    if not isinstance(text, str) or not _HOURS.fullmatch(text):
        refuse(
            f"'{text}'", "opening hours", "Write HH:MM-HH:MM, such as '06:00-18:30'; the day ends at 24:00."
        )
    opening, closing = text.split("-")
    if opening >= closing:
        refuse(
            f"'{text}'", "an opening before the closing", "Hours past midnight are not supported: split them."
        )
    return opening, closing


Whole = Annotated[int, BeforeValidator(whole_number)]
Number = Annotated[int | Decimal, BeforeValidator(decimal_number)]
Share = Annotated[float, BeforeValidator(share)]
Truth = Annotated[bool, BeforeValidator(truth)]
Duration = Annotated[timedelta, BeforeValidator(duration)]
Weekdays = Annotated[tuple[str, ...], BeforeValidator(weekdays)]
OpeningHours = Annotated[dict[str, tuple[str, str]], BeforeValidator(opening_hours)]

"""Cells as people write them -> values as the contract has them.

Each converter gives back the value, or the cell's text as it is where it cannot tell: the judge then refuses
it by the field's own rule. Nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from streams import reference, strict_json
from streams.contract.model import NESTED, FieldSpec
from streams.contract.types import NAMED_TYPES, values_of
from streams.zone import ZONE

Convert = Callable[[Any], Any]
FEN_PER_UNIT = {"元": Decimal(100), "角": Decimal(10), "分": Decimal(1), "万元": Decimal(1_000_000)}
MOST_REMEMBERED = 20_000
EPOCHS = {"epoch seconds": 1, "epoch milliseconds": 1_000}
"""Forms of times that are numbers since 1970-01-01T00:00:00Z -> how many of them make a second."""

EPOCH_SECONDS = range(1_000_000_000, 4_102_444_800)
"""Ten digits, before 2100: other numbers are no moment that anybody meant."""

_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
EXACT_DOUBLE = 10**15  # beyond it a spreadsheet's number has lost digits

_TRUTH = {"是": True, "有": True, "true": True, "y": True, "yes": True, "1": True, "√": True}
_UNTRUTH = {"否": False, "无": False, "false": False, "n": False, "no": False, "0": False, "×": False}
_TRUTHS = {**_TRUTH, **_UNTRUTH}
_TIME = re.compile(
    r"(?P<y>\d{4})(?:[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})|年(?P<m2>\d{1,2})月(?P<d2>\d{1,2})日?"
    r"|(?P<m3>\d{2})(?P<d3>\d{2}))"
    r"(?:[T\s]*(?:(?P<half>上午|下午)\s*)?(?P<H>\d{1,2})(?::|时|点)(?P<M>\d{1,2})(?:(?::|分)(?P<S>\d{1,2})(?:\.(?P<f>\d{1,9}))?秒?|分)?"
    r"|[T\s]*(?P<H2>\d{2})(?P<M2>\d{2})(?P<S2>\d{2}))?"
    r"\s*(?P<zone>Z|z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def text_of(cell: Any) -> str:
    """A cell as text: a spreadsheet's 330302.0 is 330302."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT_DOUBLE:
        return str(int(cell))
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell).strip()


def converter(  # noqa: PLR0911 (one line a kind of type)
    spec: FieldSpec, *, unit: str | None, zone: ZoneInfo, form: str | None
) -> Convert:
    """How cells of a column become values of a field.

    unit: of money, as the heading says (元, 角, 分, 万元). form: of dates and times: strptime's, or one
    of EPOCHS.
    """
    if spec.type in NESTED:
        return nested
    named = NAMED_TYPES[spec.type]
    if spec.type == "fen" and unit is not None:
        return lambda cell: fen(cell, FEN_PER_UNIT[unit])
    if spec.type == "timestamp":
        return lambda cell: instant(cell, zone, form)
    if spec.type == "date":
        return lambda cell: day(cell, form, zone)
    if spec.type == "division":
        return division
    if values_of(spec):
        values = _by_label(values_of(spec))
        return lambda cell: values.get(folded(text_of(cell)), text_of(cell))
    if named.json == "integer":
        return whole
    if named.json == "number":
        return number
    if named.json == "boolean":
        return lambda cell: (
            cell if isinstance(cell, bool) else _TRUTHS.get(folded(text_of(cell)), text_of(cell))
        )
    return _exact_text


def _exact_text(cell: Any) -> Any:
    # An identity number that a spreadsheet kept as a number has lost its last digits: left as it is, a number
    # where text belongs, it is refused.
    lost = isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) >= EXACT_DOUBLE
    return cell if lost else text_of(cell)


def nested(cell: Any) -> Any:
    """An object or a list: as it is in JSON lines, from JSON text in a table's cell."""
    if not isinstance(cell, str) or not cell.strip().startswith(("{", "[")):
        return cell
    try:
        return strict_json.loads(cell.encode("utf-8", "surrogatepass"))
    except strict_json.JsonRefused:
        return cell


def whole(cell: Any) -> Any:
    """`1,200`, `1200.0`, full-width digits -> 1200."""
    value = _decimal(cell)
    return int(value) if value is not None and value == value.to_integral_value() else text_of(cell)


def number(cell: Any) -> Any:
    value = _decimal(cell)
    return text_of(cell) if value is None else float(value)


def fen(cell: Any, fen_per_unit: Decimal) -> Any:
    """An amount in the heading's unit -> whole fen; a fraction of a fen stays text."""
    value = _decimal(cell)
    if value is None:
        return text_of(cell)
    amount = value * fen_per_unit
    return int(amount) if amount == amount.to_integral_value() else text_of(cell)


def division(cell: Any) -> str:
    """The code of a division by its code or name: `鹿城区`, `鹿城`, `温州市鹿城区`."""
    text = folded(text_of(cell))
    known = _divisions()
    if text in known:
        return known[text]
    return next((each.code for each in reference.divisions() if text.endswith(each.name)), text_of(cell))


def instant(cell: Any, zone: ZoneInfo, form: str | None = None) -> str:
    """A time as RFC 3339. Without an offset of its own it is the wall clock of `zone`."""
    moment = _usual(cell) if form is None and isinstance(cell, str) else None
    if moment is None:
        moment = _datetime(cell, form, zone)
    if moment is None:
        return text_of(cell)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return aware.isoformat(timespec="microseconds" if aware.microsecond else "seconds")


def _usual(text: str) -> datetime | None:
    """`2022-06-15 12:00:00`, which most files have, at a tenth of what it costs to look for everything."""
    if len(text) != len("2022-06-15 12:00:00") or not text.isascii():
        return None
    if not (text[4] == text[7] == "-" and text[10] in " T" and text[13] == text[16] == ":"):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def remembered(convert: Convert) -> Convert:
    """The same, once for each of the first texts that come: most columns have few different ones."""
    known: dict[str, Any] = {}

    def converted(cell: Any) -> Any:
        if type(cell) is not str:
            return convert(cell)
        if cell not in known:
            if len(known) >= MOST_REMEMBERED:
                return convert(cell)
            known[cell] = convert(cell)
        return known[cell]

    return converted


def day(cell: Any, form: str | None = None, zone: ZoneInfo = ZONE) -> str:
    """A calendar day as YYYY-MM-DD; of a time since 1970, that of `zone`."""
    moment = _datetime(cell, form, zone)
    return text_of(cell) if moment is None else moment.date().isoformat()


def _datetime(cell: Any, form: str | None, zone: ZoneInfo) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time.min)
    text = _narrow(text_of(cell))
    if form in EPOCHS:
        return _since_1970(text, EPOCHS[form], zone)
    try:
        return datetime.strptime(text, form) if form else _parsed(text)  # noqa: DTZ007 (the caller knows the zone)
    except ValueError:
        return None


def _since_1970(text: str, per_second: int, zone: ZoneInfo) -> datetime | None:
    if not (text.isascii() and text.isdecimal()):
        return None
    seconds, part = divmod(int(text), per_second)
    if seconds not in EPOCH_SECONDS:
        return None
    return datetime.fromtimestamp(seconds, zone).replace(microsecond=part * (1_000_000 // per_second))


def _parsed(text: str) -> datetime | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    part = {name.rstrip("23"): value for name, value in match.groupdict().items() if value is not None}
    offset, half = part.pop("zone", None), part.pop("half", None)
    fraction = part.pop("f", "")[:6].ljust(6, "0")
    y, m, d, hour, minute, second = (int(part.get(name, 0)) for name in "ymdHMS")
    if half is not None:
        hour = _of_24(half, hour)
    naive = datetime(y, m, d, hour, minute, second, int(fraction))  # noqa: DTZ001 (the zone follows)
    return naive if offset is None else datetime.fromisoformat(naive.isoformat() + offset.upper())


def _of_24(half: str, hour: int) -> int:
    """上午 12 is 0, 下午 1 is 13; 下午 13 is said twice, 上午 13 is no hour."""
    noon = 12
    if half == "上午":
        return hour % noon if hour <= noon else 24
    return hour + noon if hour < noon else hour


def _decimal(cell: Any) -> Decimal | None:
    if isinstance(cell, bool):
        return None
    text = _narrow(repr(cell) if isinstance(cell, float) else text_of(cell))
    text = text.strip("¥￥元 ")
    if "," in text:
        # 12,5 may be 12.5 somewhere, or 12 and 5: it is not 125.
        if not _GROUPED.fullmatch(text):
            return None
        text = text.replace(",", "")
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < EXACT_DOUBLE else None


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def folded(text: str) -> str:
    """One spelling of a heading or label: half-width, without blanks, in lower case."""
    return "".join(_narrow(text).split()).casefold()


def _by_label(values: Mapping[str, str]) -> dict[str, str]:
    """Label or value, folded -> value; a value wins over another's label."""
    return {folded(label): value for value, label in values.items()} | {folded(v): v for v in values}


@cache
def _divisions() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for each in reference.divisions():
        names |= {each.code: each.code, each.name: each.code, each.name.rstrip("区县市"): each.code}
    return names

"""Small pieces of DuckDB SQL for plan.py. Names that begin with `_` are ours, never a field's."""

from __future__ import annotations

import json
from collections.abc import Iterable

from streams.contract.model import FieldSpec
from streams.contract.rendering import quoted
from streams.contract.types import NAMED_TYPES
from streams.judge.uniqueness import Period
from streams.zone import ZONE_NAME

MAX_BYTES = 65_536
"""An event of ten fields has 300 to 600 bytes; what is larger than this is not parsed at all."""

ROWS = "judge_rows"
"""What a statement reads: columns _received and _value (fast), or those above (slow)."""

DECIMAL = r"-?\d+(?:\.\d{1,4})?"
"""A number of at most four decimal places, as text."""

# A JSON text of printable ASCII without escapes, in its quotes: what ids and sources nearly always are.
PLAIN_TEXT = r'"[ !#-\[\]-~]+"'
PLAIN_URI = r'"[A-Za-z0-9\-._~:/?#\[\]@!$&\'()*+,;=]+"'
PLAIN_TIME = (
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?"
    r"(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
)


def text_of(field: str) -> str:
    """The column that holds a field's value as text."""
    return quoted(f"_t_{field}")


def items_of(name: str) -> str:
    """The column that holds a list: structs of texts, one an item."""
    return quoted(f"_l_{name}")


def count_of(name: str) -> str:
    """The flat name of how many items a list has."""
    return f"{name}__count"


def of_item(key: str) -> str:
    """A field of the item `x`."""
    return f"x.{quoted(key)}"


def each(items: str, expression: str) -> str:
    """The list of an expression over each item `x`; null where there is no list."""
    return f"list_transform({items}, lambda x: {expression})"


def total(items: str, expression: str) -> str:
    """The sum of an expression over each item `x`; 0 where there is none."""
    return f"coalesce(list_sum({each(items, expression)}), 0)"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def any_of(values: Iterable[str]) -> str:
    return ", ".join(map(literal, values))


def is_one_of(text: str, values: Iterable[str]) -> str:
    """True where a text is one of these (none of which has a control character), null where it is null.

    Not `in (...)`: DuckDB makes a join of that, which takes a millisecond to begin with.
    """
    listed = list(values)
    if len(listed) <= _FEW:
        return f"({' or '.join(f'{text} = {literal(value)}' for value in listed)})"
    # As many comparisons would be slower than to look for the text in all of them.
    whole = literal("".join(f"\x1f{value}" for value in listed) + "\x1f")
    return f"(contains({whole}, chr(31) || {text} || chr(31)) and not contains({text}, chr(31)))"


_FEW = 32


def unquoted(value: str) -> str:
    """The text within the quotes of a JSON text that has no escapes."""
    return f"substr({value}, 2, length({value}) - 2)"


def unstructured(value: str) -> str:
    """True where a JSON text has its quotes and nothing that is escaped within them."""
    return f"(starts_with({value}, '\"') and not contains({value}, '\\'))"


def is_a_text_by_itself(spec: FieldSpec) -> bool:
    """Whether every text that the field's rules let pass could not be a number, true, NaN or an object.

    from_json gives 12 and "12" as the same VARCHAR. Where a rule settles which it was, the field may be
    parsed as VARCHAR; elsewhere it is parsed as JSON, whose quotes tell, and unquoted afterwards.
    """
    if spec.pii is not None or NAMED_TYPES[spec.type].duckdb in ("DATE", "TIMESTAMPTZ"):
        return True
    if spec.values:
        return not any(map(_is_json, spec.values))
    pattern = spec.pattern
    if not pattern or "|" in pattern:
        return False
    # Numbers, true, false, NaN, Infinity, objects and arrays begin otherwise.
    first, second = pattern[0], pattern[1:2]
    return first.isascii() and first.isalpha() and first not in "tfnNI" and second not in ("?", "*", "{")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def typed(spec: FieldSpec, text: str) -> str:
    """A field's value in its own type, from its text; null where the text is none."""
    kind = NAMED_TYPES[spec.type].duckdb
    match kind:
        case "VARCHAR":
            return text
        case "BOOLEAN":
            return f"({text} = 'true')"
        case _:
            return f"try_cast({text} as {kind})"


def canonical(spec: FieldSpec, name: str) -> str:
    """Text of a field's value that is the same for every way to write it in JSON."""
    return canonical_text(spec, text_of(name), quoted(name))


def canonical_text(spec: FieldSpec, text: str, value: str) -> str:
    """The same of any value, given as text and in its type."""
    match NAMED_TYPES[spec.type].duckdb:
        case "TIMESTAMPTZ":
            return f"epoch_us({value})::varchar"
        case kind if kind.startswith("DECIMAL"):
            return f"{value}::varchar"
        case _:
            return text


def event_day(moment: str) -> str:
    """Days since 1970-01-01 in the platform's zone.

    The zone has had UTC+8 and nothing else since 1992; before that it had summer time, which the cast knows.
    """
    exact = f"((timezone('{ZONE_NAME}', {moment}))::date - date '1970-01-01')"
    return (
        f"try_cast(case when {moment} >= timestamptz '1992-01-01 00:00:00+08:00'"
        f" then (epoch_us({moment}) + 28800000000) // 86400000000 else {exact} end as int)"
    )


def minute(moment: str) -> str:
    """Whole minutes since 1970-01-01 00:00 UTC, rounded down before it too; null from the year 6053 on."""
    micros = f"epoch_us({moment})"
    return f"try_cast(({micros} - (({micros} % 60000000) + 60000000) % 60000000) // 60000000 as int)"


def period(per: Period, event_day: str) -> str:
    """Text of the period that a day lies in, of days since 1970-01-01: the day, '2022-06', '2022' or ''."""
    match per:
        case "ever":
            return "''"
        case "day":
            return f"({event_day})::varchar"
        case _:
            form = "%Y-%m" if per == "month" else "%Y"
            # Of a day that no calendar has there is no period, and the event is rejected for its time.
            return f"try(strftime(date '1970-01-01' + {event_day}, '{form}'))"

"""The fast statement: everything right, or not; said of many events at once by DuckDB.

It may fail what is right (that is then judged the slow way), but it never passes what reading.py and the
rules would not. So it is narrower: ids of printable ASCII, whole numbers written as such, no escapes.
"""

from __future__ import annotations

import json

from streams.contract.model import Contract
from streams.contract.patterns import full_match
from streams.contract.rendering import quoted
from streams.contract.types import NAMED_TYPES
from streams.envelope import MAX_TEXT
from streams.judge import columns, sql
from streams.judge.identifiers import HARMLESS_TEXT, HARMLESS_URI, SUSPICIOUS
from streams.judge.rules import Rule, may_hide_a_person, surely_nobody
from streams.judge.sql import DECIMAL, MAX_BYTES, ROWS

# Extensions of CloudEvents that senders do use; an event with another one is judged the slow way.
_EXTENSIONS = ("subject", "sequence", "traceparent")


def statement(contract: Contract, rules: tuple[Rule, ...], slots: dict[str, str]) -> str:
    """SQL over _received and _value: `_ok` and the outputs, one row for each."""
    fields = contract.fields
    plain = {name for name, spec in fields.items() if sql.is_a_text_by_itself(spec)}
    attributes = ("specversion", "type", "id", "source", "time", "datacontenttype", *_EXTENSIONS)
    shape = {
        **{name: "VARCHAR" if name == "time" else "JSON" for name in attributes},
        "data": {name: "VARCHAR" if name in plain else "JSON" for name in fields},
    }
    parsed = [
        *(f"_j.{name}::varchar as _a_{name}" for name in attributes),
        *(f'_j.data."{name}"::varchar as "_r_{name}"' for name in fields),
    ]
    texts = [
        f"{sql.unquoted('_a_id')} as _id",
        f"{sql.unquoted('_a_source')} as _source",
        "_a_time as _time",
        *(
            (
                f'"_r_{name}"'
                if name in plain or NAMED_TYPES[spec.type].json != "string"
                else sql.unquoted(f'"_r_{name}"')
            )
            + f" as {sql.text_of(name)}"
            for name, spec in fields.items()
        ),
    ]
    right = " and ".join(
        (*_envelope(contract), *_values(contract, plain, rules), f"({_shape(contract, plain)})")
    )
    return f"""
with whole as (
    select _received, case when strlen(_value) <= {MAX_BYTES} and json_valid(_value) then _value end as _doc
    from {ROWS}
), parsed as (
    select _received, _doc, from_json(_doc, {sql.literal(json.dumps(shape))}) as _j from whole
), flat as (
    select _received, _doc, {", ".join(parsed)} from parsed
), texts as (
    select *, {", ".join(texts)} from flat
), {columns.typed(contract, "texts")}
select coalesce({right}, false) as _ok, {", ".join(columns.outputs(contract, slots))} from typed"""  # noqa: S608 (of a checked contract, quoted)


def _envelope(contract: Contract) -> list[str]:
    """Conditions for an envelope that streams.envelope would find nothing wrong with; narrower than that."""
    extensions = [
        f"(_a_{name} is null or ({_identifier(f'_a_{name}', sql.PLAIN_TEXT, HARMLESS_TEXT)}"
        f" and strlen(_a_{name}) <= {MAX_TEXT}))"
        for name in _EXTENSIONS
    ]
    return [
        "_a_specversion = '\"1.0\"'",
        f"_a_type = '\"{contract.source}\"'",
        "coalesce(_a_datacontenttype = '\"application/json\"', true)",
        f"strlen(_a_id) <= {MAX_TEXT}",
        _identifier("_a_id", sql.PLAIN_TEXT, HARMLESS_TEXT),
        f"strlen(_a_source) <= {MAX_TEXT}",
        _identifier("_a_source", sql.PLAIN_URI, HARMLESS_URI),
        full_match("_time", sql.PLAIN_TIME),
        *extensions,
    ]


def _identifier(column: str, plain: str, harmless: str) -> str:
    """An attribute of that form in which no number of a person can be."""
    suspicious = f"regexp_matches({column}, {sql.literal(SUSPICIOUS)})"
    return (
        f"case when {full_match(column, harmless)} then true"
        f" else {full_match(column, plain)} and not {suspicious} end"
    )


def _values(contract: Contract, plain: set[str], rules: tuple[Rule, ...]) -> list[str]:
    """Conditions for data in which every value is there, of its type, and passes its rules."""
    conditions = []
    for name, spec in contract.fields.items():
        raw, text = f'"_r_{name}"', sql.text_of(name)
        kind = NAMED_TYPES[spec.type].json
        match kind:
            case "string" if name not in plain:
                form = sql.unstructured(raw)
            case "string":
                form = f"not contains({text}, chr(0))" if spec.type == "text" else f"{text} is not null"
            case "integer":
                form = f"{quoted(name)}::varchar = {text}"
            case "boolean":
                form = f"{text} in ('true', 'false')"
            case _:
                form = f"({full_match(text, DECIMAL)} and {quoted(name)} is not null)"
        if may_hide_a_person(spec):
            form = f"({form} and {surely_nobody(name)})"
        # What is there and cannot be read is null too: only what is absent may be.
        conditions.append(f"({raw} is null or coalesce({form}, false))" if spec.optional else form)
    optional = {name for name, spec in contract.fields.items() if spec.optional}
    for rule in rules:
        conditions.append(f"coalesce({rule.holds}, true)" if rule.field in optional else f"({rule.holds})")
    return conditions


def _shape(contract: Contract, plain: set[str]) -> str:
    """True where the document holds what was parsed and nothing else: no unknown or doubled key, no null.

    A member cannot be written shorter than `"name":value` and a comma. If the document is exactly as long
    as all that was found, nothing else is in it. That is cheap, and settles what compact serialisers write;
    otherwise the keys are counted, and a comma before a brace (which DuckDB lets pass, and JSON does not)
    is looked for.
    """
    attributes = ["specversion", "type", "id", "source", "time"]
    maybe = ["datacontenttype", *_EXTENSIONS]
    required = [name for name, spec in contract.fields.items() if not spec.optional]
    optional = [name for name, spec in contract.fields.items() if spec.optional]

    def cost(name: str, column: str, quotes: int) -> str:
        return f"strlen({column}) + {len(name) + 4 + quotes}"

    def field_cost(name: str) -> str:
        return cost(name, f'"_r_{name}"', 2 if name in plain else 0)

    length = " + ".join(
        (
            "2",
            str(len("data") + 4),
            *(cost(name, f"_a_{name}", 2 if name == "time" else 0) for name in attributes),
            *(f"coalesce({cost(name, f'_a_{name}', 0)}, 0)" for name in maybe),
            *(field_cost(name) for name in required),
            *(f"coalesce({field_cost(name)}, 0)" for name in optional),
        )
    )
    present = " + ".join(("6", *(f"(_a_{name} is not null)::int" for name in maybe)))
    written = str(len(required))
    if optional:
        # An optional field that is written as null is there too, as far as keys are counted.
        paths = sql.any_of(f"$.data.{name}" for name in optional)
        written += f" + list_count(json_extract(_doc, [{paths}]))"
    counted = (
        f"len(json_keys(_doc)) = {present} and len(json_keys(_doc, '$.data')) = {written}"
        " and not regexp_matches(_doc, ',\\s*\\}')"
    )
    if not required:
        counted += " and json_type(_doc, '$.data') = 'OBJECT'"
    # A double is shown in another length than it was written; without a required field `data` may be
    # anything.
    if not required or any(NAMED_TYPES[spec.type].json == "number" for spec in contract.fields.values()):
        return counted
    return f"case when strlen(_doc) = {length} then true else {counted} end"

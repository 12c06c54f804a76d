"""A contract compiled to the two SQL statements that judge its events.

The fast statement takes raw values and says of each whether everything is right, in one boolean. The slow one
takes the rows that failed, already taken apart by reading.py, and says for each rule whether it holds. What
comes out of an event (times, hashes, slots) is the same SQL in both, over the same columns:

    _received timestamptz, _id, _source, _time varchar, and _t_<field> varchar: its value as text, null if
    absent
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES, Json
from streams.envelope import MAX_TEXT
from streams.judge import sql
from streams.judge.rules import Rule, may_hide_a_person, rules_of, surely_nobody
from streams.judge.schema import division_field, slots_of

MAX_BYTES = 65_536
"""An event of ten fields has 300 to 600 bytes; what is larger than this is not parsed at all."""

ROWS = "judge_rows"
"""What a statement reads: columns _received and _value (fast), or those above (slow)."""

DECIMAL = r"-?\d+(?:\.\d{1,4})?"
"""A number of at most four decimal places, as text."""

# Extensions of CloudEvents that senders do use; an event with another one is judged the slow way.
_EXTENSIONS = ("subject", "sequence", "traceparent")
_SEPARATOR = "chr(31)"


@dataclass(frozen=True)
class FieldPlan:
    """What reading.py must know of a field."""

    name: str
    json: Json
    optional: bool
    personal: bool
    free_text: bool


@dataclass(frozen=True)
class Plan:
    """Everything that the judge knows of one source; plain values, so that it is pickled quickly.

    `outputs`: columns that both statements give, in order; the fast one gives `_ok` before them, the slow one
    `_r0`.. (true where rule 0.. is broken); the first `window` rules are on the time. `slots`: field ->
    output column.
    """

    source: str
    fields: tuple[FieldPlan, ...]
    rules: tuple[Rule, ...]
    fast: str
    slow: str
    slots: dict[str, str]
    place: str
    division: str | None
    window: int = 2


def compile_contract(contract: Contract) -> Plan:
    """The plan of a contract. Cheap: a few milliseconds, nothing is prepared yet."""
    rules = (*_window(contract), *rules_of(contract))
    slots = slots_of(contract)
    return Plan(
        source=contract.source,
        fields=tuple(
            FieldPlan(
                name,
                NAMED_TYPES[spec.type].json,
                spec.optional,
                spec.pii is not None,
                may_hide_a_person(spec),
            )
            for name, spec in contract.fields.items()
        ),
        rules=rules,
        fast=_fast(contract, rules, slots),
        slow=_slow(contract, rules, slots),
        slots=slots,
        place=contract.topic.key,
        division=division_field(contract),
    )


def _window(contract: Contract) -> tuple[Rule, Rule]:
    past, future = (
        int(span.total_seconds() * 1_000_000) for span in (contract.accept.past, contract.accept.future)
    )
    apart = "epoch_us(_moment) - epoch_us(_received)"
    return (
        Rule("too_old", "time", f"{apart} >= -{past}"),
        Rule("too_new", "time", f"{apart} <= {future}"),
    )


def _fast(contract: Contract, rules: tuple[Rule, ...], slots: dict[str, str]) -> str:
    fields = contract.fields
    plain = {name for name, spec in fields.items() if sql.is_a_text_by_itself(spec)}
    attributes = ("specversion", "type", "id", "source", "time", "datacontenttype", *_EXTENSIONS)
    shape = {
        **{name: "VARCHAR" if name == "time" else "JSON" for name in attributes},
        "data": {name: "VARCHAR" if name in plain else "JSON" for name in fields},
    }
    columns = [
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
    select _received, _doc, {", ".join(columns)} from parsed
), texts as (
    select *, {", ".join(texts)} from flat
), {_typed(contract, "texts")}
select coalesce({right}, false) as _ok, {", ".join(_outputs(contract, slots))} from typed"""  # noqa: S608 (of a checked contract, quoted)


def _slow(contract: Contract, rules: tuple[Rule, ...], slots: dict[str, str]) -> str:
    broken = [f"not coalesce({rule.holds}, true) as _r{index}" for index, rule in enumerate(rules)]
    return f"""
with {_typed(contract, ROWS)}
select {", ".join(broken)}, {", ".join(_outputs(contract, slots))} from typed"""  # noqa: S608 (of a checked contract, quoted)


def _typed(contract: Contract, rows: str) -> str:
    values = [
        f"{sql.typed(spec, sql.text_of(name))} as {sql.quoted(name)}"
        for name, spec in contract.fields.items()
    ]
    listed = ", ".join(values)
    return f"typed as (select *, try_cast(_time as timestamptz) as _moment, {listed} from {rows})"  # noqa: S608 (of a checked contract, quoted)


def _outputs(contract: Contract, slots: dict[str, str]) -> list[str]:
    """SQL of what an accepted event gives besides its verdict."""
    division = division_field(contract)
    columns = [
        "_id as event_id",
        "_moment as event_at",
        f"{sql.text_of(division) if division else 'null::varchar'} as division",
        f"{sql.text_of(contract.topic.key)} as place",
        f"unhex(md5(concat_ws({_SEPARATOR}, _source, _id))) as claim_id",
        f"unhex(md5({_content(contract)})) as content",
        f"{sql.event_day('_moment')} as event_day",
        f"{sql.minute('_moment')} as minute",
    ]
    for name, column in slots.items():
        if column[0] == "x":
            columns.append(f"{sql.quoted(name)}::double as {column}")
        elif column[0] == "n":
            columns.append(f"{sql.quoted(name)} as {column}")
        elif column not in ("division", "place"):
            columns.append(f"{sql.text_of(name)} as {column}")
    return columns


def _content(contract: Contract) -> str:
    """Text of all that was parsed: type, time, required fields by name, then the optional ones that are
    there.

    A contract may gain an optional field without changing the content of what was sent before it had that.
    """
    required = sorted(name for name, spec in contract.fields.items() if not spec.optional)
    optional = sorted(name for name, spec in contract.fields.items() if spec.optional)
    parts = [
        sql.literal(contract.source),
        "epoch_us(_moment)",
        *(sql.canonical(contract.fields[name], name) for name in required),
        *(f"'{name}=' || {sql.canonical(contract.fields[name], name)}" for name in optional),
    ]
    return f"concat_ws({_SEPARATOR}, {', '.join(parts)})"


def _envelope(contract: Contract) -> list[str]:
    """Conditions for an envelope that streams.envelope would find nothing wrong with; narrower than that."""
    extensions = [
        f"coalesce({sql.full_match(f'_a_{name}', sql.PLAIN_TEXT)} and strlen(_a_{name}) <= {MAX_TEXT}, true)"
        for name in _EXTENSIONS
    ]
    return [
        "_a_specversion = '\"1.0\"'",
        f"_a_type = '\"{contract.source}\"'",
        "coalesce(_a_datacontenttype = '\"application/json\"', true)",
        f"strlen(_a_id) <= {MAX_TEXT}",
        sql.full_match("_a_id", sql.PLAIN_TEXT),
        f"strlen(_a_source) <= {MAX_TEXT}",
        sql.full_match("_a_source", sql.PLAIN_URI),
        sql.full_match("_time", sql.PLAIN_TIME),
        *extensions,
    ]


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
                form = f"{sql.quoted(name)}::varchar = {text}"
            case "boolean":
                form = f"{text} in ('true', 'false')"
            case _:
                form = f"({sql.full_match(text, DECIMAL)} and {sql.quoted(name)} is not null)"
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

"""What comes out of an event (times, hashes, slots): the same SQL in the fast and the slow statement.

It reads these columns, which each statement makes in its own way:

    _received timestamptz, _id, _source, _time, _schema varchar,
    _t_<column> varchar: the value of a field, or of an object's field, as text, null if absent
    _l_<list> struct(<field> varchar ...)[]: the items of a list, null if absent

An object that is absent is one whose fields all are.
"""

from __future__ import annotations

from collections.abc import Iterator

from streams.contract import checks
from streams.contract.model import Contract, FieldSpec
from streams.contract.rendering import quoted
from streams.judge import sql
from streams.judge.schema import division_field
from streams.judge.uniqueness import UniqueKey, unique_keys

_SEPARATOR = "chr(31)"


def typed(contract: Contract, rows: str) -> str:
    """A common table expression `typed`: the rows with `_moment` and every field in its own type."""
    counts = {sql.count_of(name): f"len({sql.items_of(name)})" for name in contract.lists}
    values = [
        f"{sql.typed(spec, sql.text_of(name))} as {quoted(name)}"
        for name, spec in contract.columns.items()
        if name not in counts
    ]
    for name, count in counts.items():
        values += [f"{count} as {quoted(name)}", f"{count}::varchar as {sql.text_of(name)}"]
    listed = ", ".join(values)
    return f"typed as (select *, try_cast(_time as timestamptz) as _moment, {listed} from {rows})"  # noqa: S608 (of a checked contract, quoted)


def outputs(contract: Contract, slots: dict[str, str]) -> list[str]:
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
        f"{_made_under(contract)} as made_under",
    ]
    for name, column in slots.items():
        if column[0] == "x":
            columns.append(f"{quoted(name)}::double as {column}")
        elif column[0] == "n":
            columns.append(f"{quoted(name)} as {column}")
        elif column not in ("division", "place"):
            columns.append(f"{sql.text_of(name)} as {column}")
    columns.extend(f"{_unique_key(contract, key)} as {key.column}" for key in unique_keys(contract))
    return columns


def _made_under(contract: Contract) -> str:
    """SQL of the contract version that `dataschema` names, where it names another one of this source's."""
    named = f"regexp_extract(_schema, '(?:^|[/:]){contract.source}[/:]([0-9a-f]{{12}})$', 1)"
    return f"case when _schema is not null then nullif(nullif({named}, ''), '{contract.version}') end"


def _unique_key(contract: Contract, key: UniqueKey) -> str:
    """SQL of a key of uniqueness: null where one of the fields is, or where the rule is about others."""
    rule = contract.unique[key.name]
    values = [sql.canonical(contract.columns[name], name) for name in rule.fields]
    # With its length before it, no value can look like two.
    measured = [part for value in values for part in (f"strlen({value})", value)]
    period = sql.period(key.per, sql.event_day("_moment"))
    told = (sql.literal(contract.source), sql.literal(key.name), period, *measured)
    text = f"concat_ws({_SEPARATOR}, {', '.join(told)})"
    where = checks.unique_filter(contract, key.name)
    conditions = [f"{value} is not null" for value in values]
    if where is not None:
        conditions.append(f"coalesce({where.sql('duckdb', quoted)}, false)")
    return f"case when {' and '.join(conditions)} then unhex(md5({text})) end"


def _content(contract: Contract) -> str:
    """Text of all that was parsed: type, time, required fields by name, then the optional ones that are
    there.

    A contract may gain an optional field without changing the content of what was sent before it had that.
    """
    texts = {
        name: (spec.optional, sql.canonical(spec, name))
        for name, spec in contract.columns.items()
        if name.removesuffix("__count") not in contract.lists
    }
    texts |= {name: (spec.optional, _canonical_items(name, spec)) for name, spec in contract.lists.items()}
    parts = [sql.literal(contract.source), "epoch_us(_moment)", *_members(texts)]
    return f"concat_ws({_SEPARATOR}, {', '.join(parts)})"


def _canonical_items(name: str, spec: FieldSpec) -> str:
    """Text of a list: its items in their order, each as `_content` has the event."""
    texts = {}
    for key, inner in spec.fields.items():
        text = sql.of_item(key)
        texts[key] = inner.optional, sql.canonical_text(inner, text, sql.typed(inner, text))
    item = f"concat_ws(chr(30), {', '.join(_members(texts))})"
    return f"array_to_string({sql.each(sql.items_of(name), item)}, chr(29))"


def _members(texts: dict[str, tuple[bool, str]]) -> Iterator[str]:
    """Texts of (optional, text) by name: the required in the order of their names, then the optional."""
    for name, (optional, text) in sorted(texts.items(), key=lambda each: (each[1][0], each[0])):
        yield f"'{name}=' || {text}" if optional else text

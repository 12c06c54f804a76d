"""What comes out of an event (times, hashes, slots): the same SQL in the fast and the slow statement.

It reads these columns, which each statement makes in its own way:

    _received timestamptz, _id, _source, _time varchar,
    and _t_<field> varchar: the field's value as text, null if absent
"""

from __future__ import annotations

from streams.contract.model import Contract
from streams.contract.rendering import quoted
from streams.judge import sql
from streams.judge.schema import division_field

_SEPARATOR = "chr(31)"


def typed(contract: Contract, rows: str) -> str:
    """A common table expression `typed`: the rows with `_moment` and every field in its own type."""
    values = [
        f"{sql.typed(spec, sql.text_of(name))} as {quoted(name)}" for name, spec in contract.fields.items()
    ]
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
    ]
    for name, column in slots.items():
        if column[0] == "x":
            columns.append(f"{quoted(name)}::double as {column}")
        elif column[0] == "n":
            columns.append(f"{quoted(name)} as {column}")
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

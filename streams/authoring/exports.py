"""What an export adds to its rows and no event has: a running number of each line, lines with sums."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from streams.authoring import forms
from streams.authoring.facts import Facts, Rows
from streams.authoring.roles import names_events
from streams.authoring.sample import Sample
from streams.importer.columns import ATTRIBUTE_HEADINGS
from streams.importer.values import folded

_SUM = r"^(本[页日月年])?(合\s*计|总\s*计|小\s*计|累\s*计)\s*[:：]?$"
_WHOLE = 1.0
AT_LEAST = 2
FIRST_COLUMNS = 5
"""Where the word stands: in the first cell of its row that is filled, which is one of these."""


def without_sums(sample: Sample) -> tuple[Sample, tuple[int, ...]]:
    """The sample without rows that begin with 合计, 总计, 小计; and the lines on which these stand."""
    columns = [f"c{number}" for number in range(min(len(sample.headings), FIRST_COLUMNS))]
    if sample.is_events or not columns:
        return sample, ()
    first = pc.coalesce(*(sample.rows.column(name) for name in columns))
    is_sum = pc.fill_null(pc.match_substring_regex(first, _SUM), fill_value=False)
    lines = sample.rows.filter(is_sum).column("line").to_pylist()
    if not lines or len(lines) == sample.rows.num_rows:
        return sample, ()
    kept: pa.Table = sample.rows.filter(pc.invert(is_sum))
    return replace(sample, rows=kept), tuple(lines)


def row_number(rows: Rows, facts: Facts) -> str | None:
    """Why a column that counts the file's lines is no field and no id; None where it does not count them."""
    if not (names_events(facts.heading) and facts.rows >= AT_LEAST and facts.share("whole") == _WHOLE):
        return None
    number = f"try_cast({forms.amount(facts.column)} as bigint)"
    query = f"select line, {number} said, row_number() over (order by line) place from rows"  # noqa: S608 (of columns c<n>)
    (is_counted,) = rows.one(f"select bool_and(said = place) from ({query})")  # noqa: S608
    if not is_counted:
        return None
    why = f"it counts the lines of this file, 1 to {facts.rows:,}: another file would begin with the same ids"
    if folded(facts.heading) in ATTRIBUTE_HEADINGS["id"]:
        why += "; remove the column from files, the importer takes one of that heading for the id"
    return why

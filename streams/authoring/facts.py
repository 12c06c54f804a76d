"""What a sample says of each of its columns: counts, by DuckDB over the whole sample."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from streams.authoring import hints
from streams.authoring.forms import FOREIGN, cells, checked, forms, spellings
from streams.authoring.sample import Sample
from streams.contract.types import NAMED_TYPES

SAMPLED_ROWS = 2_000
"""Rows that are asked about every form; the whole column only about those that some of them have."""

MOST_VALUES = 500
WORTH_ASKING = 0.2
SHOWN_LINES = 5


@dataclass(frozen=True)
class Facts:
    """One column. having: form -> filled cells that have it. values: the most frequent, how often each."""

    heading: str
    column: str
    rows: int
    filled: int
    distinct: int
    shortest: int
    longest: int
    having: Mapping[str, int]
    values: tuple[tuple[str, int], ...] = ()
    marks: Mapping[str, int] = field(default_factory=dict)
    """Of the empty cells, those that had a mark of nothing."""

    @property
    def empty(self) -> int:
        return self.rows - self.filled

    def share(self, form: str) -> float:
        """Of the filled cells, how many have a form: 0 to 1."""
        return self.having.get(form, 0) / self.filled if self.filled else 0.0


@dataclass
class Rows:
    """A sample in DuckDB: a table `rows` (line, c0, c1 ...), and `few`, some rows from all over the file."""

    sample: Sample
    connection: duckdb.DuckDBPyConnection = field(repr=False)

    @classmethod
    def of(cls, sample: Sample) -> Rows:
        connection = duckdb.connect(config={"threads": 2})
        connection.execute("set enable_progress_bar = false")
        connection.execute("set timezone = 'Asia/Shanghai'")
        connection.register("sample_rows", sample.rows)
        connection.execute("create table rows as select * from sample_rows")
        step = max(sample.rows.num_rows // SAMPLED_ROWS, 1)
        connection.execute(
            f"create table few as select * from rows where rowid % {step} = 0 limit {SAMPLED_ROWS}"  # noqa: S608 (numbers)
        )
        return cls(sample, connection)

    @property
    def count(self) -> int:
        return int(self.sample.rows.num_rows)

    def one(self, query: str) -> tuple[Any, ...]:
        """The first row of an answer."""
        answer = self.connection.execute(query).fetchone()
        return tuple(answer) if answer is not None else ()

    def all(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def lines(self, condition: str, most: int = SHOWN_LINES) -> list[int]:
        """Lines of the file where a condition holds."""
        query = f"select line from rows where {condition} order by line limit {most}"  # noqa: S608 (of columns c<n>)
        return [line for (line,) in self.all(query)]

    def keep(self, values: Sequence[str]) -> list[str]:
        """Compute each of these SQL expressions over the rows once; the columns that hold them."""
        names = [f"k{number}" for number in range(len(values))]
        if names:
            kept = ", ".join(f"{value} as {name}" for name, value in zip(names, values, strict=True))
            self.connection.execute(f"create or replace table rows as select *, {kept} from rows")  # noqa: S608 (SQL of forms.py)
        return names

    def close(self) -> None:
        self.connection.close()


_BY_HEADING = {"address": hints.HOME, "person_name": hints.PERSON_NAME}
"""Forms that nearly every text has: asked for only where the heading says that it may be one."""


def facts_of(rows: Rows, progress: Callable[[int], None] = lambda _: None) -> list[Facts]:
    """Facts of each heading, in the file's order."""
    found = []
    for number, heading in enumerate(rows.sample.headings):
        found.append(_facts(rows, heading, f"c{number}"))
        progress(number + 1)
    return found


def _facts(rows: Rows, heading: str, column: str) -> Facts:
    filled, distinct, shortest, longest = rows.one(
        f"select count({column}), count(distinct {column}), min(length({column})),"  # noqa: S608 (of columns c<n>)
        f" max(length({column})) from rows"
    )
    marks = rows.sample.marks.get(heading, {})
    if not filled:
        return Facts(heading, column, rows.count, 0, 0, 0, 0, {}, marks=marks)
    values = rows.all(
        f"select {column}, count(*) n from rows where {column} is not null group by all"  # noqa: S608 (of columns c<n>)
        f" order by n desc, 1 limit {MOST_VALUES}"
    )
    names = _plausible(rows, heading, column)
    # Of few values each is asked once.
    few = distinct * 2 < filled
    having = (_weighed if few else _counted)(rows, column, names, "rows") | _members(values)
    known = tuple((value, count) for value, count in values)
    return Facts(heading, column, rows.count, filled, distinct, shortest, longest, having, known, marks)


def _plausible(rows: Rows, heading: str, column: str) -> list[str]:
    """Forms that some of the few rows have; check digits are asked for where the format is right."""
    there = rows.one(f"select count({column}) from few")[0]  # noqa: S608 (of columns c<n>)
    later = {*FOREIGN, *_MEMBERS}
    other = {name for name, hint in _BY_HEADING.items() if heading not in hint}
    plain = [name for name in forms() if not name.endswith("!") and name not in {*later, *other}]
    if not there:
        return plain
    found = _some(rows, column, plain, there)
    if not {"day", "whole", "number"} & {*found}:
        found += _some(rows, column, list(FOREIGN), there)
    return [*found, *(checked(name) for name in found if checked(name) in forms())]


def _some(rows: Rows, column: str, names: list[str], there: int) -> list[str]:
    counts = _counted(rows, column, names, "few")
    return [name for name in names if counts[name] >= WORTH_ASKING * there]


def _counted(rows: Rows, column: str, names: list[str], table: str) -> dict[str, int]:
    if not names:
        return {}
    counts = ", ".join(f"count(*) filter (where {forms()[name]})" for name in names)
    answer = rows.one(f"select {counts} from {cells(column, table)}")  # noqa: S608 (of columns c<n>)
    return dict(zip(names, answer, strict=True))


def _weighed(rows: Rows, column: str, names: list[str], table: str) -> dict[str, int]:
    """The same as `_counted`, of the different values, each as often as it is there."""
    if not names:
        return {}
    counts = ", ".join(f"coalesce(sum(line) filter (where {forms()[name]}), 0)::bigint" for name in names)
    different = f"(select {column}, count(*) as line from {table} group by all)"  # noqa: S608 (of columns c<n>)
    answer = rows.one(f"select {counts} from {cells(column, different)}")  # noqa: S608 (of columns c<n>)
    return dict(zip(names, answer, strict=True))


_MEMBERS = tuple(name for name, named in NAMED_TYPES.items() if named.labels)


def _members(values: list[tuple[Any, ...]]) -> dict[str, int]:
    """How many cells are values of a type that knows all of its values; of the most frequent cells."""
    return {
        name: count
        for name in _MEMBERS
        if (count := sum(n for value, n in values if normalised(value) in spellings(name)))
    }


def normalised(text: str) -> str:
    """As `forms.plain` has it."""
    return unicodedata.normalize("NFKC", text).strip()


def lines_without(rows: Rows, facts: Facts, form: str) -> list[int]:
    """Lines whose filled cell lacks a form."""
    query = f"select line from {cells(facts.column, 'rows')} where not coalesce({forms()[form]}, false)"  # noqa: S608 (of columns c<n>)
    return [line for (line,) in rows.all(f"{query} order by line limit {SHOWN_LINES}")]


def listed(lines: Iterable[int], count: int) -> str:
    """`lines 17, 4031` or `lines 17, 4031, ... (12 of them)`."""
    named = list(lines)
    text = ", ".join(map(str, named))
    word = "line" if count == 1 else "lines"
    return f"{word} {text}" if count <= len(named) else f"lines {text} ... ({count:,} of them)"

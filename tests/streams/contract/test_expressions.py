"""Expressions: what is allowed, what it answers, and that nothing makes it raise."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contract.expressions import ExpressionError, Kind, parse, parse_condition

NAMES: dict[str, Kind] = {
    "a": "number",
    "b": "number",
    "t": "text",
    "order": "text",
    "d": "day",
    "e": "day",
    "f": "truth",
}
TYPES = {"number": "bigint", "text": "varchar", "day": "date", "truth": "boolean"}
Row = tuple[int | None, int | None, str | None, str | None, str | None, str | None, bool | None]
BIG = 2**63 - 1
SOME: Row = (7, 2, "x", "y", "2022-01-31", "2022-02-01", True)
NONE: Row = (None,) * 7


def answers(expressions: Sequence[str], rows: Sequence[Row]) -> list[list[bool]]:
    """For each expression, what its condition says of each row in DuckDB."""
    columns = ", ".join(f'$1[i][{n}]::{TYPES[k]} as "{name}"' for n, (name, k) in enumerate(NAMES.items(), 1))
    texts = [[None if value is None else str(value) for value in row] for row in rows]
    asked = ", ".join(parse_condition(text, NAMES).condition("duckdb") for text in expressions)
    numbered = f"select unnest(range(1, {len(rows)} + 1)) as i"
    sql = f"select {asked} from (select i, {columns} from ({numbered})) order by i"
    found = duckdb.execute(sql, [texts]).fetchall()
    return [list(column) for column in zip(*found, strict=True)]


@pytest.mark.parametrize(
    ("expression", "row", "expected"),
    [
        ("a = b + 5", SOME, True),
        ("a = b + 4", SOME, False),
        ("a % 2 = 1 and a / 2 = 3.5 and -a = -7 and a * b - 4 = 10", SOME, True),
        ("abs(b - a) = 5", SOME, True),
        ("a between 7 and 8 and b in (1, 2, 3) and t not in ('y', 'z')", SOME, True),
        ("order = 'y' and t <> order", SOME, True),
        ("d < e and d = '2022-01-31' and e > '2022-01-31'", SOME, True),
        ("case when f then a > b else a < b end", SOME, True),
        ("greatest(a, b) = a and least(a, b, 9) = b and length(t) = 1 and starts_with(t, 'x')", SOME, True),
        ("strftime(d, '%Y-%m') = '2022-01' and strftime(e, '%Y-%m-%d') = '2022-02-01'", SOME, True),
        ("t = 'it''s'", (1, 1, "it's", None, None, None, None), True),
        ("t = 'back\\slash'", (1, 1, "back\\slash", None, None, None, None), True),
        # NULL in a named column: the check does not apply
        ("a = b", (7, None, None, None, None, None, None), True),
        ("a = 1 and b = 2", (7, None, None, None, None, None, None), True),
        ("not f", NONE, True),
        # ... unless the expression deals with the null itself
        ("a is not null", NONE, False),
        ("a is null or b is not null", (7, None, None, None, None, None, None), False),
        ("coalesce(a, 0) > 0", NONE, False),
        ("f or t is null", (None, None, "x", None, None, None, None), True),
        # what cannot be computed has not been shown to hold
        ("a + b > 0", (BIG, BIG, None, None, None, None, None), False),
        ("a * b > 0", (BIG, 2, None, None, None, None, None), False),
        ("a - b < 0", (-BIG, BIG, None, None, None, None, None), False),
        ("-a < 0 or a < 0", (-BIG - 1, 0, None, None, None, None, None), True),
        ("abs(a) >= 0", (-BIG - 1, 0, None, None, None, None, None), False),
        ("a / b > 0", (1, 0, None, None, None, None, None), False),
        ("a % b >= 0", (1, 0, None, None, None, None, None), False),
        ("a * 2000000000 > 2000000000", (7, 1, None, None, None, None, None), True),
    ],
)
def test_what_a_condition_says(expression: str, row: Row, expected: bool) -> None:
    assert answers([expression], [row]) == [[expected]]


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("a in (select 1)", "query"),
        ("a = (select max(a) from x)", "SELECT"),
        ("exists (select 1)", "exists"),
        ("a = 1; drop table x", "drop table"),
        ("getenv('HOME') = t", "getenv"),
        ("read_csv('/etc/passwd')", "csv"),
        ("a::text = t", "CAST"),
        ("t like 'x%'", "like"),
        ("t ~ 'x'", "regexp"),
        ("x.a = 1", "x.a"),
        ("z = 1", "'z'"),
        ("a between symmetric 1 and 2", "symmetric"),
        ("case a when 1 then true end", "CASE"),
        ("a = null", "null"),
        ("strftime(d, '%s') = t", "%s"),
        ("strftime(a, '%Y') = t", "number"),
        ("strftime(d, t) = t", "STRFTIME"),
        ("a = 1e400", "1e400"),
        ("a = 1234567890123456789", "1234567890123456789"),
        ("a in (b)", "IN"),
        ("a in ()", ""),
        ("sum(a) over () > 1", "SUM"),
        ("count(*) > 1", "COUNT"),
        ("a = ?", "placeholder"),
        ("a = $1", "placeholder"),
        ("1 = 1", "names no field"),
        ("a", "number"),
        ("a and f", "number"),
        ("f + 1 = 2", "truth"),
        ("d + 1 = e", "day"),
        ("t = 1", "'1'"),
        ("d = 'soon'", "'soon'"),
        ("least(a) = 1", "LEAST"),
        ("(a + 1) is null", "NULL"),
        ("f is true", "IS"),
        ("", "''"),
        ("'", "not an SQL"),
        ("(" * 240 + "f" + ")" * 240, ""),
        ("f" + " or f" * 200, "characters"),
        ("a = 1 union select 2", ""),
        ("select f", "select"),
        ("a < b < b", "number"),
        ("case when f then a else t end = 1", "text"),
        ("f -> 1", ""),
        ("[x for x in t]", ""),
        ("a = {'b': 1}", ""),
        ("current_user = t", ""),
        ("now() > d", ""),
    ],
)
def test_what_is_refused(expression: str, what: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse_condition(expression, NAMES)
    assert what in raised.value.what


@given(st.text(max_size=80))
def test_any_text_is_an_expression_or_is_refused(text: str) -> None:
    try:
        told = parse(text, NAMES).text
    except ExpressionError as error:
        told = f"refused: {error.what}"
    assert told == text or told.startswith("refused: ")


def test_names_are_told_in_the_order_of_their_appearance() -> None:
    expression = parse_condition("b > 1 and (a is null or t = 'x') and b < 9", NAMES)
    assert expression.names == ("b", "a", "t")
    assert expression.nullable == {"a"}


numbers = st.deferred(
    lambda: st.one_of(
        st.sampled_from(["a", "b", "0", "1", "3", "999999999999999999"]),
        st.builds("({} {} {})".format, numbers, st.sampled_from("+-*/%"), numbers),
        st.builds("abs({})".format, numbers),
        st.builds("-{}".format, st.sampled_from(["a", "b"])),
        st.builds("coalesce({}, {})".format, numbers, numbers),
        st.builds("case when {} then {} else {} end".format, conditions, numbers, numbers),
    )
)
conditions = st.deferred(
    lambda: st.one_of(
        st.builds("{} {} {}".format, numbers, st.sampled_from(["=", "<>", "<", ">="]), numbers),
        st.sampled_from(
            ["f", "t = 'x'", "t < order", "d <= e", "d = '2022-02-01'", "b is null", "t in ('x', 'é')"]
        ),
        st.builds("({} {} {})".format, conditions, st.sampled_from(["and", "or"]), conditions),
        st.builds("not ({})".format, conditions),
    )
)
integers = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from([BIG, -BIG - 1, 2**31, 10**12]))
texts = st.one_of(st.none(), st.sampled_from(["x", "y", "", "é", "'", "\\"]))
days = st.one_of(st.none(), st.sampled_from(["2022-01-31", "2022-02-01"]))
rows = st.tuples(integers, integers, texts, texts, days, days, st.one_of(st.none(), st.booleans()))


def _fits(expression: str) -> bool:
    names_a_field = re.search(r"\b(a|b|d|e|f|t|order)\b", expression)
    return len(expression) <= 400 and names_a_field is not None


@given(conditions.filter(_fits), st.lists(rows, min_size=1, max_size=5))
def test_a_condition_never_raises_and_is_never_null(expression: str, some: list[Row]) -> None:
    for column in answers([expression], some):
        assert all(isinstance(answer, bool) for answer in column)


@pytest.mark.servers
def test_spark_and_duckdb_agree(tmp_path: Path) -> None:
    """The judge asks DuckDB, Great Expectations may ask Spark: one verdict, not two."""
    pool = Path(__file__).with_name("expressions.json")
    expressions = json.loads(pool.read_text(encoding="utf-8"))
    some: list[Row] = [
        SOME,
        NONE,
        (BIG, BIG, "x", "x", "2022-02-01", "2022-01-31", False),
        (-BIG - 1, -1, "é", "\\", None, None, True),
        (0, 0, "", "'", "2022-02-01", "2022-02-01", None),
        (10**12, 2**31, "y", None, None, "2022-01-31", False),
        (-3, 2, "x", "y", "2022-01-31", None, True),
        (None, 3, None, "x", None, None, None),
    ]
    question = tmp_path / "question.json"
    question.write_text(
        json.dumps(
            {
                "rows": some,
                "conditions": [parse_condition(text, NAMES).condition("spark") for text in expressions],
            }
        ),
        encoding="utf-8",
    )
    # A process of its own: a session of other options must not become that of the jobs' tests.
    asked = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("ask_spark.py")), str(question)],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert asked.returncode == 0, asked.stderr[-3000:]
    told = json.loads(asked.stdout.splitlines()[-1])
    for expression, by_spark, by_duckdb in zip(expressions, told, answers(expressions, some), strict=True):
        assert by_spark == by_duckdb, expression

"""Checked expressions -> SQL of DuckDB and of Spark, which gives the same answer and never raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from sqlglot import exp

Dialect = Literal["duckdb", "spark"]

MAX_DIGITS = 18
"""Digits of a number literal: more would not fit a bigint."""


def quoted(name: str) -> str:
    """A column of that name in DuckDB: always quoted, a field may be called order."""
    return f'"{name}"'


def backquoted(name: str) -> str:
    """The same in Spark."""
    return f"`{name}`"


QUOTES: Mapping[Dialect, Callable[[str], str]] = {"duckdb": quoted, "spark": backquoted}


def render(node: exp.Expression, dialect: Dialect, column: Callable[[str], str]) -> str:
    """SQL of a tree that `expressions.parse` let pass. `column` gives the SQL of a name."""

    def sql(part: exp.Expression) -> str:
        return render(part, dialect, column)

    if isinstance(node, exp.Column):
        return column(node.name)
    if isinstance(node, exp.Literal):
        return _literal(node, dialect)
    if isinstance(node, exp.Boolean):
        return "true" if node.this else "false"
    if isinstance(node, exp.Paren):
        return f"({sql(node.this)})"
    infix = _INFIX.get(type(node))
    if infix is not None:
        return f"({sql(node.this)} {infix} {sql(node.expression)})"
    if isinstance(node, tuple(_ARITHMETIC)):
        return _arithmetic(
            node, dialect, [sql(part) for part in (node.this, node.args.get("expression")) if part]
        )
    if isinstance(node, tuple(_FUNCTIONS)):
        parts = [part for part in (node.this, node.args.get("expression"), *node.expressions) if part]
        return f"{_function(node, dialect)}({', '.join(map(sql, parts))})"
    return _special(node, dialect, sql)


def _special(node: exp.Expression, dialect: Dialect, sql: Callable[[exp.Expression], str]) -> str:
    match node:
        case exp.Abs():
            # abs of the smallest bigint raises; the difference is null there
            negative = _arithmetic(exp.Neg(), dialect, [sql(node.this)])
            return f"case when {sql(node.this)} < 0 then {negative} else {sql(node.this)} end"
        case exp.Not():
            return f"(not {sql(node.this)})"
        case exp.Is():
            return f"({sql(node.this)} is null)"
        case exp.Between():
            return f"({sql(node.this)} between {sql(node.args['low'])} and {sql(node.args['high'])})"
        case exp.In():
            return f"({sql(node.this)} in ({', '.join(map(sql, node.expressions))}))"
        case exp.Case():
            branches = " ".join(f"when {sql(b.this)} then {sql(b.args['true'])}" for b in node.args["ifs"])
            default = node.args.get("default")
            return f"case {branches}" + (f" else {sql(default)}" if default is not None else "") + " end"
    raise NotImplementedError(f"{node.key} is allowed by expressions.py, but cannot be rendered")


def _literal(node: exp.Literal, dialect: Dialect) -> str:
    if not node.is_string:
        # A bare 2 would be a 32-bit integer, and 2 * 2,000,000,000 would overflow.
        return node.name if "." in node.name else f"cast({node.name} as bigint)"
    # Spark reads \\ in a text as an escape, DuckDB does not.
    inner = (
        node.name.replace("\\", "\\\\").replace("'", "\\'")
        if dialect == "spark"
        else node.name.replace("'", "''")
    )
    return f"date '{inner}'" if node.args.get("day") else f"'{inner}'"


def _arithmetic(node: exp.Expression, dialect: Dialect, parts: list[str]) -> str:
    name, operator = _ARITHMETIC[type(node)]
    if isinstance(node, exp.Neg):
        parts = ["cast(0 as bigint)", *parts]
    left, right = parts
    if dialect == "spark":
        return f"{name}({left}, {right})"
    # DuckDB: x / 0.0 is infinity, which compares as a number; null says that there is none.
    return f"try({left} {operator} {f'nullif({right}, 0)' if operator in '/%' else right})"


def _function(node: exp.Expression, dialect: Dialect) -> str:
    names = _FUNCTIONS[type(node)]
    return names[0 if dialect == "duckdb" else 1]


_INFIX: Mapping[type[exp.Expression], str] = {
    exp.And: "and",
    exp.Or: "or",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: Mapping[type[exp.Expression], tuple[str, str]] = {
    exp.Add: ("try_add", "+"),
    exp.Sub: ("try_subtract", "-"),
    exp.Mul: ("try_multiply", "*"),
    exp.Div: ("try_divide", "/"),
    exp.Mod: ("try_mod", "%"),
    exp.Neg: ("try_subtract", "-"),
}
_FUNCTIONS: Mapping[type[exp.Expression], tuple[str, str]] = {
    exp.Coalesce: ("coalesce", "coalesce"),
    exp.Greatest: ("greatest", "greatest"),
    exp.Least: ("least", "least"),
    exp.Length: ("length", "char_length"),
    exp.Nullif: ("nullif", "nullif"),
    exp.StartsWith: ("starts_with", "startswith"),
}

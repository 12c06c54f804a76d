"""Checked expressions -> SQL of DuckDB and of Spark, which gives the same answer and never raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot import exp

Dialect = Literal["duckdb", "spark"]
Column = Callable[[str], str]
"""Gives the SQL of a name."""

MAX_DIGITS = 18
"""Digits of a number literal: more would not fit a bigint."""


DAY_FORMATS = {"%Y": "yyyy", "%m": "MM", "%d": "dd", "%Y-%m": "yyyy-MM", "%Y-%m-%d": "yyyy-MM-dd"}
"""Formats of strftime and what Spark calls them."""


def quoted(name: str) -> str:
    """A column of that name in DuckDB: always quoted, a field may be called order."""
    return f'"{name}"'


def backquoted(name: str) -> str:
    """The same in Spark."""
    return f"`{name}`"


QUOTES: Mapping[Dialect, Column] = {"duckdb": quoted, "spark": backquoted}


def render(tree: exp.Expression, dialect: Dialect, column: Column | None = None) -> str:
    """SQL of a tree that `expressions.parse` let pass. `column` gives the SQL of a name."""
    return _Renderer(dialect, column or QUOTES[dialect]).sql(tree)


@dataclass(frozen=True)
class _Renderer:
    """One method for each kind of node that expressions.py lets pass; sqlglot's nodes are Any here."""

    dialect: Dialect
    column: Column

    def sql(self, node: Any) -> str:
        if type(node) in _INFIX:
            return f"({self.sql(node.this)} {_INFIX[type(node)]} {self.sql(node.expression)})"
        if type(node) in _ARITHMETIC:
            return self._arithmetic(type(node), self.sql(node.this), self.sql(node.expression))
        if type(node) in _FUNCTIONS:
            name = _FUNCTIONS[type(node)][0 if self.dialect == "duckdb" else 1]
            parts = [part for part in (node.this, node.args.get("expression"), *node.expressions) if part]
            return f"{name}({', '.join(map(self.sql, parts))})"
        return _METHODS[type(node)](self, node)

    def _column(self, node: Any) -> str:
        return self.column(node.name)

    def _boolean(self, node: Any) -> str:
        return "true" if node.this else "false"

    def _paren(self, node: Any) -> str:
        return f"({self.sql(node.this)})"

    def _not(self, node: Any) -> str:
        return f"(not {self.sql(node.this)})"

    def _is_null(self, node: Any) -> str:
        return f"({self.sql(node.this)} is null)"

    def _between(self, node: Any) -> str:
        return (
            f"({self.sql(node.this)} between {self.sql(node.args['low'])} and {self.sql(node.args['high'])})"
        )

    def _in(self, node: Any) -> str:
        return f"({self.sql(node.this)} in ({', '.join(map(self.sql, node.expressions))}))"

    def _case(self, node: Any) -> str:
        branches = [f"when {self.sql(b.this)} then {self.sql(b.args['true'])}" for b in node.args["ifs"]]
        default = node.args.get("default")
        otherwise = f" else {self.sql(default)}" if default is not None else ""
        return f"case {' '.join(branches)}{otherwise} end"

    def _literal(self, node: Any) -> str:
        if not node.is_string:
            # A bare 2 would be a 32-bit integer, and 2 * 2,000,000,000 would overflow.
            return str(node.name) if "." in node.name else f"cast({node.name} as bigint)"
        text = node.name.replace("'", "''")
        if self.dialect == "spark":
            # Spark reads \ in a text as an escape, DuckDB does not.
            text = node.name.replace("\\", "\\\\").replace("'", "\\'")
        return f"date '{text}'" if node.args.get("day") else f"'{text}'"

    def _negative(self, node: Any) -> str:
        return self._arithmetic(exp.Sub, "cast(0 as bigint)", self.sql(node.this))

    def _abs(self, node: Any) -> str:
        # abs of the smallest bigint raises; this difference is null.
        value = self.sql(node.this)
        return f"case when {value} < 0 then {self._negative(node)} else {value} end"

    def _strftime(self, node: Any) -> str:
        day, form = self.sql(node.this), node.args["format"].name
        if self.dialect == "spark":
            return f"date_format({day}, '{DAY_FORMATS[form]}')"
        return f"strftime({day}, '{form}')"

    def _arithmetic(self, operation: type[exp.Expression], left: str, right: str) -> str:
        function, operator = _ARITHMETIC[operation]
        if self.dialect == "spark":
            return f"{function}({left}, {right})"
        # DuckDB: x / 0 is infinity, which compares as a number; null says that there is none.
        return f"try({left} {operator} {f'nullif({right}, 0)' if operator in '/%' else right})"


_INFIX: Mapping[type, str] = {
    exp.And: "and",
    exp.Or: "or",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: Mapping[type, tuple[str, str]] = {
    exp.Add: ("try_add", "+"),
    exp.Sub: ("try_subtract", "-"),
    exp.Mul: ("try_multiply", "*"),
    exp.Div: ("try_divide", "/"),
    exp.Mod: ("try_mod", "%"),
}
_FUNCTIONS: Mapping[type, tuple[str, str]] = {
    exp.Coalesce: ("coalesce", "coalesce"),
    exp.Greatest: ("greatest", "greatest"),
    exp.Least: ("least", "least"),
    exp.Length: ("length", "char_length"),
    exp.Nullif: ("nullif", "nullif"),
    exp.StartsWith: ("starts_with", "startswith"),
}
_METHODS: Mapping[type, Callable[[_Renderer, Any], str]] = {
    exp.Column: _Renderer._column,
    exp.Literal: _Renderer._literal,
    exp.Boolean: _Renderer._boolean,
    exp.Paren: _Renderer._paren,
    exp.Not: _Renderer._not,
    exp.Is: _Renderer._is_null,
    exp.Between: _Renderer._between,
    exp.In: _Renderer._in,
    exp.Case: _Renderer._case,
    exp.Neg: _Renderer._negative,
    exp.TimeToStr: _Renderer._strftime,
    exp.Abs: _Renderer._abs,
}

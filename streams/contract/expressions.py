"""SQL expressions of contracts: parsed, held to an allow-list, checked for kinds, rendered for two engines.

No subquery, no function that is not listed, no name that is not given. What is rendered never raises on
either engine: arithmetic that overflows or divides by zero is null on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from streams.contract import rendering
from streams.contract.rendering import Column
from streams.contract.suggestions import did_you_mean, one_of

Kind = Literal["number", "text", "truth", "day", "instant"]
Names = Mapping[str, Kind]

MAX_CHARACTERS = 500

FUNCTIONS = "abs, coalesce, greatest, least, length, nullif, starts_with, strftime, case when ... end"
OPERATORS = "=, <>, <, <=, >, >=, +, -, *, /, %, and, or, not, in (...), between, is null"


class ExpressionError(ValueError):
    """An expression cannot be used: what is wrong, what was expected, what to do."""

    def __init__(self, what: str, expected: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what, self.expected, self.remedy = what, expected, remedy


@dataclass(frozen=True)
class Expression:
    """A checked expression. `names` are the columns it reads, in the order in which they appear.

    `nullable` are those of them whose absence it deals with itself (is null, coalesce).
    """

    text: str
    tree: exp.Expression
    kind: Kind
    names: tuple[str, ...]
    nullable: frozenset[str]

    def sql(self, dialect: rendering.Dialect, column: Column | None = None) -> str:
        """SQL of the bare expression, over columns of those names. Null where it cannot be computed."""
        return rendering.render(self.tree, dialect, column)

    def condition(self, dialect: rendering.Dialect, column: Column | None = None) -> str:
        """SQL that is true or false, never null: true where the condition holds or does not apply.

        It does not apply where a column that it names is null, unless it deals with that null itself. What
        cannot be computed (overflow, division by zero) has not been shown to hold: false.
        """
        column = column or rendering.QUOTES[dialect]
        sql = f"coalesce({self.sql(dialect, column)}, false)"
        absent = " or ".join(f"{column(name)} is null" for name in self.names if name not in self.nullable)
        return f"({absent} or {sql})" if absent else f"({sql})"


def parse(text: str, names: Names) -> Expression:
    """Parse an expression over `names`. Raises ExpressionError."""
    tree = _parsed(text)
    used: dict[str, None] = {}
    nullable: set[str] = set()
    for node in tree.walk():
        _refuse_extras(node)
        if isinstance(node, exp.Column):
            used.setdefault(_known(node, names))
        elif isinstance(node, (exp.Is, exp.Coalesce)):
            nullable.update(column.name for column in node.find_all(exp.Column))
    kind = _Kinds(names).of(tree)
    return Expression(text, tree, kind, tuple(used), frozenset(nullable))


def parse_condition(text: str, names: Names) -> Expression:
    """Parse an expression that is true or false. Raises ExpressionError."""
    expression = parse(text, names)
    if expression.kind != "truth":
        raise ExpressionError(
            f"'{text}' is of the kind {expression.kind}", "a condition that is true or false"
        )
    if not expression.names:
        raise ExpressionError(f"'{text}' names no field", one_of(names))
    return expression


def _parsed(text: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"{len(text)} characters", f"at most {MAX_CHARACTERS}", "Split the rule.")
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        reason = str(error).splitlines()[0] if isinstance(error, SqlglotError) else "nested too deeply"
        raise ExpressionError(f"'{text}' is not an SQL expression: {reason}", OPERATORS) from error
    if len(trees) != 1 or trees[0] is None or isinstance(trees[0], exp.Block):
        raise ExpressionError(f"'{text}'", "one expression", "Drop the semicolon.")
    return trees[0]


def _known(column: exp.Column, names: Names) -> str:
    name = column.name
    if column.args.get("table") or name not in names:
        raise ExpressionError(f"'{column.sql()}' is unknown here", one_of(names), did_you_mean(name, names))
    return name


def _refuse_extras(node: Any) -> None:
    """What an allowed node carries beyond what is rendered (between symmetric) would be lost: refused."""
    extra = [key for key, value in node.args.items() if value and key not in _ARGUMENTS]
    if extra:
        raise ExpressionError(f"'{node.sql(dialect='duckdb')}': {extra[0]}", f"{OPERATORS}; {FUNCTIONS}")


class _Kinds:
    """The kind of each node, bottom up; a node that is not listed is refused."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def of(self, node: exp.Expression) -> Kind:
        found = _LEAVES.get(type(node))
        if found is not None:
            return found
        if isinstance(node, exp.Column):
            return self.names[node.name]
        if isinstance(node, exp.Literal):
            return "text" if node.is_string else self._number(node)
        method = _METHODS.get(type(node))
        if method is None:
            name = node.key if not isinstance(node, exp.Anonymous) else node.name
            raise ExpressionError(f"'{name}' may not be used", f"{OPERATORS}; {FUNCTIONS}")
        return method(self, node)

    def _number(self, node: exp.Literal) -> Kind:
        digits = node.name.replace(".", "", 1)
        if not digits.isdecimal() or not digits.isascii() or len(digits) > rendering.MAX_DIGITS:
            raise ExpressionError(f"'{node.name}'", f"a number of at most {rendering.MAX_DIGITS} digits")
        return "number"

    def _paren(self, node: exp.Expression) -> Kind:
        return self.of(node.this)

    def _logic(self, node: exp.Expression) -> Kind:
        for part in _operands(node):
            self._demand(part, "truth")
        return "truth"

    def _arithmetic(self, node: exp.Expression) -> Kind:
        for part in _operands(node):
            self._demand(part, "number")
        return "number"

    def _same(self, node: exp.Expression) -> Kind:
        """All operands of one kind, which is the result's."""
        operands = list(_operands(node))
        kind = self._common(operands)
        if isinstance(node, (exp.Least, exp.Greatest)) and len(operands) < 2:  # noqa: PLR2004 (of two or more)
            raise ExpressionError(f"'{node.sql()}'", "two values or more")
        return kind

    def _compare(self, node: exp.Expression) -> Kind:
        if isinstance(node, exp.In) and not all(isinstance(item, exp.Literal) for item in node.expressions):
            raise ExpressionError(f"'{node.sql()}'", "in (...) with literal values", "List the values.")
        if isinstance(node, exp.In) and not node.expressions:
            raise ExpressionError(f"'{node.sql()}'", "in (...) with literal values", "List the values.")
        self._common(list(_operands(node)))
        return "truth"

    def _is(self, node: exp.Expression) -> Kind:
        if not isinstance(node.expression, exp.Null) or not isinstance(node.this, exp.Column):
            raise ExpressionError(f"'{node.sql()}'", "a field and 'is null' or 'is not null'")
        return "truth"

    def _length(self, node: exp.Expression) -> Kind:
        self._demand(node.this, "text")
        return "number"

    def _starts_with(self, node: exp.Expression) -> Kind:
        self._demand(node.this, "text")
        self._demand(node.expression, "text")
        return "truth"

    def _strftime(self, node: exp.Expression) -> Kind:
        self._demand(node.this, "day")
        form = node.args["format"]
        if not isinstance(form, exp.Literal) or form.name not in rendering.DAY_FORMATS:
            known = ", ".join(f"'{text}'" for text in rendering.DAY_FORMATS)
            raise ExpressionError(f"'{node.sql(dialect='duckdb')}'", f"strftime(day, one of {known})")
        return "text"

    def _case(self, node: exp.Expression) -> Kind:
        if node.this is not None:
            raise ExpressionError(f"'{node.sql()}'", "case when condition then value ... end")
        for branch in node.args["ifs"]:
            self._demand(branch.this, "truth")
        results = [branch.args["true"] for branch in node.args["ifs"]]
        default = node.args.get("default")
        return self._common([*results, *([default] if default is not None else [])])

    def _demand(self, node: exp.Expression, kind: Kind) -> None:
        found = self.of(node)
        if found != kind:
            raise ExpressionError(
                f"'{node.sql(dialect='duckdb')}' is of the kind {found}", f"the kind {kind}"
            )

    def _common(self, nodes: list[exp.Expression]) -> Kind:
        kinds = [self.of(node) for node in nodes]
        first = next((kind for kind in kinds if kind in ("day", "instant")), kinds[0])
        for node, kind in zip(nodes, kinds, strict=True):
            if kind == first:
                continue
            if first == "day" and isinstance(node, exp.Literal) and _is_day(node.name):
                # rendered as a date by rendering.py
                node.set("day", True)
                continue
            raise ExpressionError(
                f"'{node.sql(dialect='duckdb')}' is of the kind {kind}",
                f"the kind {first}" + (" such as '2022-01-01'" if first == "day" else ""),
                "Quote texts, and do not quote numbers." if {kind, first} == {"text", "number"} else "",
            )
        return first


def _operands(node: exp.Expression) -> Iterator[exp.Expression]:
    """What a node works on, in order: this, low, high, expression, expressions."""
    for key in ("this", "low", "high", "expression"):
        part = node.args.get(key)
        if isinstance(part, exp.Expression):
            yield part
    yield from (part for part in node.expressions if isinstance(part, exp.Expression))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_ARGUMENTS = frozenset({
    "this", "expression", "expressions", "low", "high", "ifs", "true", "default", "is_string", "quoted",
    "ignore_nulls", "table", "format",
})  # fmt: skip
_LEAVES: Mapping[type[exp.Expression], Kind] = {exp.Boolean: "truth"}
_METHODS: Mapping[type[exp.Expression], Callable[[_Kinds, exp.Expression], Kind]] = {
    exp.Paren: _Kinds._paren,
    **dict.fromkeys((exp.And, exp.Or, exp.Not), _Kinds._logic),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Abs), _Kinds._arithmetic),
    **dict.fromkeys((exp.Coalesce, exp.Least, exp.Greatest, exp.Nullif), _Kinds._same),
    **dict.fromkeys(
        (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In), _Kinds._compare
    ),
    exp.Is: _Kinds._is,
    exp.Length: _Kinds._length,
    exp.StartsWith: _Kinds._starts_with,
    exp.TimeToStr: _Kinds._strftime,
    exp.Case: _Kinds._case,
}

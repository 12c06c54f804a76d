"""Columns of numbers: money becomes fen, counts stay counts, and codes that look like numbers stay text."""

from __future__ import annotations

from decimal import Decimal

from streams.authoring import forms, hints
from streams.authoring.facts import Facts, Rows, listed
from streams.authoring.proposal import Proposal, Wrong
from streams.contract.types import NAMED_TYPES
from streams.importer.columns import split_unit
from streams.importer.values import FEN_PER_UNIT

MOST = 0.95
FEW_CODES = 50
"""Different values; a code has few, an amount many."""

LONG_CODE = 6
OUTLIER = 100


def guess_number(rows: Rows, facts: Facts) -> Proposal | None:
    """fen, count, int or decimal; None where the column is no number, or one that nothing is counted by."""
    whole, number = facts.share("whole"), facts.share("number")
    if max(whole, number) < MOST:
        return None
    if whole >= MOST and _is_code(facts):
        return None
    unit = split_unit(facts.heading)[1]
    if unit is not None or (facts.heading in hints.MONEY and facts.share("cents") >= MOST):
        return _money(rows, facts, unit)
    amount = forms.amount(facts.column)
    if whole >= MOST:
        value = f"try_cast(try_cast({amount} as decimal(18, 1)) as bigint)"
        low, high = _bounds(rows, value)
        kind = "count" if low >= 0 else "int"
        return Proposal(kind, value, Wrong("whole", "whole numbers"), *_range(rows, kind, value, low, high))
    value = f"try_cast({amount} as decimal(18, 4))"
    low, high = _bounds(rows, value)
    return Proposal("decimal", value, Wrong("number", "numbers"), *_range(rows, "decimal", value, low, high))


def _is_code(facts: Facts) -> bool:
    """Whether whole numbers name something rather than count it."""
    if facts.share("leading_zero") > 0:
        return True
    if facts.heading in hints.MONEY or facts.heading in hints.MEASURE:
        return False
    if facts.heading in hints.CODE or facts.heading in hints.CATEGORY:
        return True
    few = facts.distinct <= FEW_CODES and facts.distinct * 20 <= facts.filled
    same_length = facts.shortest == facts.longest >= LONG_CODE and facts.distinct > FEW_CODES
    return few or same_length


def _money(rows: Rows, facts: Facts, unit: str | None) -> Proposal:
    """Whole fen. A unit that the heading does not name is told to the importer by the mapping."""
    taken = unit or "元"
    amount = f"try_cast({forms.amount(facts.column)} as decimal(18, 4))"
    value = f"try_cast({amount} * {FEN_PER_UNIT[taken]} as bigint)"
    negative = rows.one(f"select count(*) from rows where {amount} < 0")[0]  # noqa: S608 (of columns c<n>)
    if (facts.share("cents") < MOST and taken == "元") or negative > (1 - MOST) * facts.filled:
        low, high = _bounds(rows, amount)
        return Proposal(
            "decimal", amount, Wrong("number", "numbers"), *_range(rows, "decimal", amount, low, high)
        )
    low, high = _bounds(rows, value)
    said = [f"the heading says {unit}: the importer makes fen of it"] if unit else []
    if unit is None:
        decimals = rows.one(f"select count(*) from rows where {facts.column} like '%.%'")[0]  # noqa: S608
        shown = f"{decimals:,} have decimals" if decimals else "none has decimals"
        said = [
            f"taken for 元, the heading names no unit ({shown}); if it is fen, write unit: 分 in the mapping"
        ]
    options, evidence = _range(rows, "fen", value, low, high)
    form = "cents" if taken == "元" else "number"
    return Proposal(
        "fen",
        value,
        Wrong(form, f"amounts in {taken}"),
        options,
        (*said, *evidence),
        unit=taken if unit is None else None,
    )


def _bounds(rows: Rows, value: str) -> tuple[Decimal, Decimal]:
    low, high = rows.one(f"select min({value}), max({value}) from rows")  # noqa: S608 (of columns c<n>)
    return Decimal(low or 0), Decimal(high or 0)


def _range(
    rows: Rows, kind: str, value: str, low: Decimal, high: Decimal
) -> tuple[dict[str, object], tuple[str, ...]]:
    """A range with room above what was seen, within the type's own; and what was seen."""
    usual = rows.one(f"select quantile_cont({value}, 0.999)::double from rows")[0]  # noqa: S608 (of columns c<n>)
    evidence = [f"from {low.normalize():,f} to {high.normalize():,f}"]
    if usual and usual > 0 and high > OUTLIER * Decimal(usual):
        far = rows.lines(f"{value} > {OUTLIER * usual}")
        count = rows.one(f"select count(*) from rows where {value} > {OUTLIER * usual}")[0]  # noqa: S608
        evidence.append(f"far above all others: {listed(far, count)}; is that right? The range refuses it")
        high = Decimal(round(usual))
    lowest = Decimal(0) if low >= 0 else -rounded_up(-low)
    least, most = NAMED_TYPES[kind].range or (lowest, rounded_up(high))
    if low < least:
        condition = f"{value} < {least}"
        count = rows.one(f"select count(*) from rows where {condition}")[0]  # noqa: S608 (of columns c<n>)
        evidence.append(
            f"{count:,} {'is' if count == 1 else 'are'} below {least} and would be refused:"
            f" {listed(rows.lines(condition), count)}"
        )
    return {"range": (max(int(lowest), least), min(int(rounded_up(high)), most))}, tuple(evidence)


def rounded_up(number: Decimal) -> Decimal:
    """The next of 10, 20, 50, 100 ... above half as much again: room for what the sample has not seen."""
    wanted = max(number * 3 / 2, Decimal(10))
    power = Decimal(10) ** (len(str(int(wanted))) - 1)
    return next(step * power for step in (1, 2, 5, 10) if step * power >= wanted)

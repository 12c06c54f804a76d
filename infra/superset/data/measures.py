"""How a measure of a contract is computed from its columns and shown: yuan for fen, a mean as a mean."""

from __future__ import annotations

from dataclasses import dataclass

from infra.superset.data import sql
from streams.contract.model import Contract, Measure

COUNT, MONEY, DECIMAL = ",d", ",.2f", ",.2f"
WHOLE_TEXT, DECIMAL_TEXT = "FM999,999,999,999,990", "FM999,999,999,999,990.00"
FEN_A_YUAN = 100


@dataclass(frozen=True)
class Shown:
    """A measure that adds up (or takes minimum, maximum or mean) over minutes and dimensions.

    `aggregate` is SQL over its columns in live and mart tables, in the shown unit. Two measures of one
    source with the same `of` have the same total, whatever they are grouped by.
    """

    name: str
    title: str
    aggregate: str
    number_format: str
    of: str
    is_count: bool
    is_money: bool

    @property
    def figure(self) -> str:
        """Its name among a data set's figures; the column of the measure's own name is its raw value."""
        return f"{self.name}__figure"

    @property
    def text_format(self) -> str:
        """The pattern of `to_char` that writes it as `number_format` does."""
        return WHOLE_TEXT if self.number_format == COUNT else DECIMAL_TEXT

    def filtered(self, condition: str) -> str:
        """The aggregate over only the rows that meet the SQL `condition`."""
        return self.aggregate.replace(_FILTER, f" filter (where {condition})")

    @property
    def expression(self) -> str:
        """The aggregate over all rows."""
        return self.aggregate.replace(_FILTER, "")


_FILTER = "/*filter*/"


def additive(contract: Contract, metric: str) -> tuple[Shown, ...]:
    """The measures of `metric` that can be computed from its minutes: all but the distinct ones."""
    measures = contract.metrics[metric].measures
    return tuple(
        _shown(contract, name, each) for name, each in measures.items() if each.aggregate != "distinct"
    )


def distinct(contract: Contract, metric: str) -> dict[str, str]:
    """The distinct measures of `metric`: name -> title. They never add up: each has rows of its own."""
    measures = contract.metrics[metric].measures
    return {name: each.title for name, each in measures.items() if each.aggregate == "distinct"}


def once(contract: Contract) -> dict[str, tuple[Shown, ...]]:
    """Metric -> its additive measures, without those whose total another metric has shown already."""
    seen: set[str] = set()
    chosen = {}
    for metric in contract.metrics:
        fresh = tuple(each for each in additive(contract, metric) if each.of not in seen)
        seen |= {each.of for each in fresh}
        chosen[metric] = fresh
    return chosen


def distinct_once(contract: Contract) -> dict[str, dict[str, str]]:
    """Metric -> its distinct measures (name -> title), each field once."""
    seen: set[str] = set()
    chosen: dict[str, dict[str, str]] = {}
    for metric, spec in contract.metrics.items():
        titles = distinct(contract, metric)
        chosen[metric] = {name: title for name, title in titles.items() if spec.measures[name].of not in seen}
        seen |= {spec.measures[name].of for name in titles}
    return chosen


def _shown(contract: Contract, name: str, measure: Measure) -> Shown:
    is_money = (
        measure.aggregate != "count"
        and measure.field is not None
        and contract.columns[measure.field].type == "fen"
    )
    aggregate = _aggregate(name, measure)
    unit = "元" if is_money else measure.unit
    if is_money:
        aggregate = f"round(({aggregate})::numeric / {FEN_A_YUAN}, 2)"
    return Shown(
        name=name,
        title=f"{measure.title}（{unit}）" if unit else measure.title,
        aggregate=aggregate,
        number_format=MONEY if is_money else DECIMAL if measure.aggregate == "mean" else COUNT,
        of=measure.of,
        is_count=measure.of == "count",
        is_money=is_money and measure.aggregate == "sum",
    )


def _aggregate(name: str, measure: Measure) -> str:
    column = sql.name(name)
    match measure.aggregate:
        case "count" | "sum":
            return f"coalesce(sum({column}){_FILTER}, 0)"
        case "min" | "max":
            return f"{measure.aggregate}({column}){_FILTER}"
        case "mean":
            total, count = sql.name(f"{name}__sum"), sql.name(f"{name}__count")
            return f"sum({total}){_FILTER}::numeric / nullif(sum({count}){_FILTER}, 0)"
        case _:
            raise ValueError(f"measure {name}: {measure.aggregate} cannot be computed from minutes")

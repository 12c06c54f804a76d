"""Rules for day rules: each says one thing, and what it names exists."""

from __future__ import annotations

from collections.abc import Iterator

from streams import reference
from streams.contract import checks
from streams.contract.expressions import ExpressionError
from streams.contract.model import Contract, DayRule
from streams.contract.rules.complaint import Complaint, about, about_expression
from streams.contract.rules.metrics import measure_complaints
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of
from streams.contract.types import values_of

FORMS = ("that", "every", "adds_up")


def complaints(contract: Contract) -> Iterator[Complaint]:
    for name, rule in contract.day_rules.items():
        path: Path = ("day_rules", name)
        found = list(_form(path, contract, rule))
        yield from found
        if not found:
            yield from _groups(path, contract, rule)
            yield from _every(path, contract, rule)
            yield from _adds_up(path, contract, rule)


def _form(path: Path, contract: Contract, rule: DayRule) -> Iterator[Complaint]:
    given = [form for form in FORMS if getattr(rule, form) is not None]
    if len(given) != 1:
        yield about(path, f"says {' and '.join(given) or 'nothing'}", f"one of {', '.join(FORMS)}")
    if (rule.metric is None) == (not rule.measures):
        yield about(path, "needs either metric or measures", "metric: a name, or measures: {...}")
    if rule.metric is not None and rule.metric not in contract.metrics:
        remedy = did_you_mean(rule.metric, contract.metrics)
        yield about((*path, "metric"), f"no metric '{rule.metric}'", one_of(contract.metrics), remedy)
    if rule.measures and rule.that is None:
        yield about((*path, "measures"), "measures without 'that'", "a condition over them")
    if rule.where is not None and not rule.measures:
        yield about(
            (*path, "where"), "where with a metric", "measures of its own", "A metric has no rows to pick."
        )
    known = contract.metrics[rule.metric].by if rule.metric in contract.metrics else tuple(contract.columns)
    for index, name in enumerate(rule.by):
        if name not in known:
            yield about((*path, "by", index), f"no '{name}' here", one_of(known), did_you_mean(name, known))
    for key, measure in rule.measures.items():
        yield from measure_complaints((*path, "measures", key), contract, measure)
    yield from _reference(path, rule)


def _reference(path: Path, rule: DayRule) -> Iterator[Complaint]:
    if rule.reference is None:
        return
    where = (*path, "reference")
    if rule.reference not in reference.tables():
        remedy = did_you_mean(rule.reference, reference.tables())
        yield about(where, f"no reference table '{rule.reference}'", one_of(reference.tables()), remedy)
    elif reference.columns(rule.reference)[0] not in rule.by:
        key = reference.columns(rule.reference)[0]
        yield about(where, f"'{rule.reference}' is looked up by '{key}'", f"'{key}' among by: [...]")
    elif rule.that is None:
        yield about(where, "a reference without 'that'", "a condition over its columns")


def _groups(path: Path, contract: Contract, rule: DayRule) -> Iterator[Complaint]:
    name = str(path[-1])
    try:
        if rule.where is not None:
            checks.rule_filter(contract, name)
    except ExpressionError as error:
        yield about_expression((*path, "where"), error, contract.personal)
    try:
        if rule.that is not None:
            checks.rule_condition(contract, name)
    except ExpressionError as error:
        yield about_expression((*path, "that"), error)


def _every(path: Path, contract: Contract, rule: DayRule) -> Iterator[Complaint]:
    if rule.every is None or rule.metric is None:
        return
    dimensions = contract.metrics[rule.metric].by
    listed = [name for name in dimensions if values_of(contract.columns[name])]
    if rule.every not in listed:
        remedy = did_you_mean(rule.every, listed)
        what = f"'{rule.every}' is no dimension of '{rule.metric}' whose values can be listed"
        yield about((*path, "every"), what, one_of(listed), remedy)


def _adds_up(path: Path, contract: Contract, rule: DayRule) -> Iterator[Complaint]:
    if rule.adds_up is None or rule.metric is None:
        return
    measures = contract.metrics[rule.metric].measures
    additive = [name for name, measure in measures.items() if measure.aggregate in ("count", "sum")]
    if rule.adds_up not in additive:
        remedy = did_you_mean(rule.adds_up, additive)
        what = f"'{rule.adds_up}' is no count or sum of '{rule.metric}'"
        yield about((*path, "adds_up"), what, one_of(additive), remedy)
